"""Statistics of pairs of classes. The sample is the classes: ten of them make 45 pairs, which are not independent."""

from collections.abc import Callable
from functools import partial

import numpy as np

from recipes.claims import Estimate, estimate

__all__ = ["average", "correlation", "distances", "over_classes", "pair_mean", "ranks"]


def distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The distance of each point of `x` (n, d) from each of `y` (m, d): (n, m).

    >>> distances(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 1.0]]))
    array([[5., 1.]])
    """
    x, y = x.astype(np.float64), y.astype(np.float64)
    squares = np.sum(x * x, axis=1)[:, None] + np.sum(y * y, axis=1) - 2 * x @ y.T
    return np.sqrt(np.maximum(squares, 0))


def average(of_pairs: np.ndarray, counted: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The mean of a matrix over those pairs of drawn classes that are counted: (...).

    of_pairs  the matrix: (k, k)
    counted   whether each pair is counted: (k, k)
    classes   the classes of each bootstrap sample, drawn with replacement: (..., k)

    >>> average(np.array([[9.0, 1.0], [3.0, 9.0]]), ~np.eye(2, dtype=bool), np.array([0, 1, 1]))
    np.float64(2.0)
    """
    times = np.sum(classes[..., None] == np.arange(len(of_pairs)), axis=-2).astype(float)  # each class was drawn
    total, weight = (np.sum(times @ each * times, axis=-1) for each in (counted * of_pairs, counted.astype(float)))
    return total / np.maximum(weight, 1)


def ranks(of_pairs: np.ndarray) -> np.ndarray:
    """The ranks of a matrix's elements off the diagonal; equal elements share the mean of their ranks.

    >>> ranks(np.array([[9.0, 0.5, 0.7], [0.5, 9.0, 0.1], [0.7, 0.1, 9.0]]))
    array([[0. , 2.5, 4.5],
           [2.5, 0. , 0.5],
           [4.5, 0.5, 0. ]])
    """
    others = ~np.eye(len(of_pairs), dtype=bool)
    _, places, counts = np.unique(of_pairs[others], return_inverse=True, return_counts=True)
    found = np.zeros(of_pairs.shape)
    found[others] = (np.cumsum(counts) - (counts + 1) / 2)[places]
    return found


def correlation(x: np.ndarray, y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Pearson's correlation of two matrices (k, k) over all pairs of drawn classes (..., k); 0 if one is constant.

    >>> m = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 4.0], [2.0, 4.0, 0.0]])
    >>> correlation(m, 1 - m, np.arange(3)).round(6)
    np.float64(-1.0)
    """
    mean = partial(average, counted=~np.eye(len(x), dtype=bool), classes=classes)
    covariance = mean(x * y) - mean(x) * mean(y)
    scale = np.sqrt(np.maximum(mean(x * x) - mean(x) ** 2, 0) * np.maximum(mean(y * y) - mean(y) ** 2, 0))
    return covariance / np.maximum(scale, 1e-12)


def over_classes(k: int, statistic: Callable[[np.ndarray], np.ndarray]) -> Estimate:
    """A statistic of classes, statistic(drawn classes (..., k)) -> (...), with its interval."""
    return estimate(np.arange(k), statistic, "classes")


def pair_mean(of_pairs: np.ndarray, counted: np.ndarray | None = None) -> Estimate:
    """The mean of a matrix (k, k) over the counted pairs, by default all pairs of different classes."""
    pairs = ~np.eye(len(of_pairs), dtype=bool) if counted is None else counted
    return over_classes(len(of_pairs), partial(average, of_pairs, pairs))
