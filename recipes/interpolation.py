"""What lies between the digits in the space of codes of 64 numbers (figure 13)."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from fnn import plot
from recipes import autoencoder, digits
from recipes.autoencoder_study import study
from recipes.claims import Claim, estimate, judged
from recipes.recipe import Results

__all__ = ["RECIPE", "figures"]

NAME = "latent 64, depth 5"
CONFIG = autoencoder.Config(latent=64, depth=5)  # one cell of figure 10
STEPS = 10  # into which the way from one centroid to another is cut


def centroids(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The mean of each class's points (n, d): (classes, d).

    >>> centroids(np.array([[0.0], [2.0], [5.0]]), np.array([0, 0, 1]))
    array([[1.],
           [5.]])
    """
    return np.stack([points[labels == k].mean(axis=0) for k in np.unique(labels)])


def figures(results: Results, data: digits.Digits) -> dict[str, Figure]:
    """Decoded centroids of the test codes on the diagonal, framed, and elsewhere the midpoint of two."""
    (x, labels), names = data.test, np.unique(data.test[1]).tolist()
    encode, decode = autoencoder.coder(CONFIG, results[NAME][0]["params"])
    middle = centroids(encode(x), labels)
    between = (middle[:, None] + middle) / 2
    images = decode(between.reshape(-1, middle.shape[1])).reshape(*between.shape[:2], *data.shape)
    figure = Figure(figsize=(7, 7), layout="constrained")
    (ax,) = plot.image_grid(images, row_labels=names, column_labels=names, figure=figure).axes
    for image in ax.images[:: len(names) + 1]:
        left, right, bottom, top = image.get_extent()
        frame = Rectangle((left, top), right - left, bottom - top, fill=False, clip_on=False)
        frame.set(edgecolor=plot.COLOURS[1], linewidth=2)
        ax.add_patch(frame)
    return {"interpolation": figure}


def largest_share(path: np.ndarray) -> float:
    """The share of the longest step in the length of a path (points, d): 1 / steps for an even one, 1 for a jump.

    >>> largest_share(np.array([[0.0], [1.0], [4.0]]))
    0.75
    """
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    return float(steps.max() / max(steps.sum(), np.finfo(float).tiny))


def correlation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson's correlation along the last axis, 0 where one side does not vary.

    >>> correlation(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])).round(6)
    np.float64(1.0)
    """
    x, y = x - x.mean(axis=-1, keepdims=True), y - y.mean(axis=-1, keepdims=True)
    scale = np.sqrt(np.sum(x * x, axis=-1) * np.sum(y * y, axis=-1))
    return np.sum(x * y, axis=-1) / np.maximum(scale, np.finfo(float).tiny)


def claims(results: Results, data: digits.Digits) -> Sequence[Claim]:
    """The pairs of classes are the sample: the way between their centroids, and how far they lie apart."""
    x, labels = data.test
    encode, decode = autoencoder.coder(CONFIG, results[NAME][0]["params"])
    middle, mean_images = centroids(encode(x), labels), centroids(x, labels)
    pairs = list(combinations(range(len(middle)), 2))
    way = np.linspace(0, 1, STEPS + 1, dtype=x.dtype)[:, None]
    steps = [largest_share(decode((1 - way) * middle[i] + way * middle[j])) for i, j in pairs]
    share = estimate(100 * np.array(steps), of="pairs of classes")
    apart = [np.array([np.linalg.norm(m[i] - m[j]) for i, j in pairs], np.float64) for m in (middle, mean_images)]

    def resampled(indices: np.ndarray) -> np.ndarray:
        return correlation(*(distances[indices.astype(int)] for distances in apart))

    kinship = estimate(np.arange(len(pairs)), resampled, "pairs of classes")
    return [
        Claim(
            "The smooth transitions between digits reveal the continuous nature of the learned latent space.",
            f"of {STEPS} equal steps from one centroid to another, the one that changes the image most makes "
            f"{share.said('{:.1f}', ' %')} of the whole change, to stay below {200 / STEPS:.0f} %, twice an even share",
            judged(share, below=200 / STEPS),
        ),
        Claim(
            "The latent space is semantically organized, with nearby points representing similar visual concepts.",
            f"the distance of two classes' centroids and that of their mean images have a correlation of "
            f"{kinship.said('{:.2f}')}",
            judged(kinship, above=0),
        ),
    ]


RECIPE = study("interpolation", __doc__, "figure 13", {NAME: CONFIG}, figures, claims, first=15, quick=2)
