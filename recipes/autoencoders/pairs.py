"""Pairs of digits, how far images lie from digits, and what the nearest digits are."""

import numpy as np

import fnn

__all__ = ["nearest", "of_classes", "pairs", "purity"]

BLOCK = 500  # rows at a time, which bounds the memory


def nearest(x: np.ndarray, among: np.ndarray) -> np.ndarray:
    """The squared distance of each point of `x` (n, d) from the nearest of `among` (m, d): (n,).

    >>> nearest(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 2.0]]))
    array([4.])
    """
    squares, found = np.sum(among * among, axis=1), []
    for start in range(0, len(x), BLOCK):
        part = x[start : start + BLOCK]
        found.append(np.sum(part * part, axis=1) + np.min(squares - 2 * part @ among.T, axis=1))
    return np.maximum(np.concatenate(found), 0)


def pairs(labels: np.ndarray, n: int, key: fnn.Key) -> tuple[np.ndarray, np.ndarray]:
    """Up to n random pairs of examples of different classes, as the indices of their two sides.

    >>> a, b = pairs(np.array([0, 0, 1]), 100, fnn.Key(0))
    >>> np.unique(a + b).tolist()  # 0 and 2, or 1 and 2
    [2, 3]
    """
    a, b = fnn.generator(key).integers(len(labels), size=(2, n))
    different = labels[a] != labels[b]
    return a[different], b[different]


def of_classes(labels: np.ndarray, classes: tuple[int, int], n: int, key: fnn.Key) -> tuple[np.ndarray, np.ndarray]:
    """n random pairs of an example of one class and one of the other, as the indices of their two sides.

    >>> of_classes(np.array([7, 8, 9]), (9, 7), 2, fnn.Key(0))
    (array([2, 2]), array([0, 0]))
    """
    rng = fnn.generator(key)
    a, b = (rng.choice(np.flatnonzero(labels == c), size=n) for c in classes)
    return a, b


def purity(points: np.ndarray, labels: np.ndarray, k: int = 5) -> float:
    """The share of each point's k nearest other points that are of its own class, in the mean over all points.

    >>> purity(np.array([[0.0], [0.1], [5.0], [5.1]]), np.array([0, 0, 1, 1]), k=1)
    1.0
    """
    from sklearn.neighbors import NearestNeighbors  # takes seconds, which the list of recipes need not wait for

    found = NearestNeighbors(n_neighbors=min(k, len(points) - 1)).fit(points).kneighbors(return_distance=False)
    return float(np.mean(labels[found] == labels[:, None]))
