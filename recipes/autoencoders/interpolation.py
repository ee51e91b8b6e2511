"""What lies between the digits in the space of codes of 64 numbers (figure 13).

The network is the one of figure 10 with five hidden layers on either side. The centroid of a class is the mean code of
its test digits. The decoded centroids are on the diagonal of the picture, and elsewhere the decoded points midway
between two of them. What the paper sees in them is also measured on the same network without training, to tell what
training adds.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import attrs
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import fnn
from fnn import plot
from recipes.autoencoders import autoencoder
from recipes.autoencoders.class_pairs import correlation, distances, over_classes, pair_mean, ranks
from recipes.autoencoders.study import study
from recipes.claims import Claim, all_of, judged
from recipes.data import digits
from recipes.recipe import Results

__all__ = ["RECIPE", "figures"]

NAME = "latent 64, depth 5"
# One cell of figure 10.
CONFIG = autoencoder.Config(latent=64, depth=5, loss="mse", rate=1e-3, batch_size=128, epochs=200, patience=5)
SOUGHT = 10_000, 2000  # the training digits among which the nearest neighbours of the test digits are sought
NATURAL = ((4, 9), (3, 8))  # pairs between which the paper finds the transition natural
UNTRAINED = 5  # networks without training; they scatter by as much as training may add
STEPS = 10  # from one centroid to another


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


def resemblance(data: digits.Digits) -> np.ndarray:
    """How much classes look alike: the share of one class among the nearest neighbours of the other, (k, k).

    The neighbours are the five nearest training digits by their pixels; the share is the mean of both directions.
    """
    from sklearn.neighbors import KNeighborsClassifier  # takes seconds, which the list of recipes need not wait for

    # Spread over the files, which may be sorted by class.
    (x, labels), (y, classes) = (
        [part[:: max(1, len(part) // n)] for part in pair]
        for pair, n in zip((data.train, data.test), SOUGHT, strict=True)
    )
    shares = centroids(KNeighborsClassifier(5).fit(x, labels).predict_proba(y), classes)
    return (shares + shares.T) / 2


@attrs.frozen(eq=False)
class Between:
    """Measures of the way between the centroids of a network's test codes, for each pair of classes (k, k)."""

    step: np.ndarray  # the share of the longest step on the way, in per cent
    midpoint: np.ndarray  # from the decoded midpoint to the nearest test digit
    fade: np.ndarray  # from the mean of the two decoded centroids to the nearest test digit


def kinship(params: Mapping[str, Any], data: digits.Digits, alike: np.ndarray) -> Callable[..., np.ndarray]:
    """The rank correlation of the nearness of centroids with resemblance, as a statistic of drawn classes."""
    encode, _ = autoencoder.coder(CONFIG, params)
    middle = centroids(encode(data.test[0]), data.test[1])
    return partial(correlation, ranks(-distances(middle, middle)), alike)


def between(params: Mapping[str, Any], data: digits.Digits) -> Between:
    """The measures of the ways from centroid to centroid, for a network that is trained or not."""
    x, labels = data.test
    encode, decode = autoencoder.coder(CONFIG, params)
    middle = centroids(encode(x), labels)
    k, ends, way = len(middle), decode(middle), np.linspace(0, 1, STEPS + 1, dtype=x.dtype)[:, None]
    steps = [[largest_share(decode((1 - way) * a + way * b)) for b in middle] for a in middle]
    midpoints = decode(((middle[:, None] + middle) / 2).reshape(k * k, -1))
    fades = ((ends[:, None] + ends) / 2).reshape(k * k, -1)
    nearest = [distances(images, x).min(axis=1).reshape(k, k) for images in (midpoints, fades)]
    return Between(100 * np.array(steps), *nearest)


def natural(of: Between) -> Claim:
    """The claim that the images between 4 and 9, and 3 and 8, look more like digits than those of other pairs."""
    statement = "Some transitions appear natural (4-9, 3-8) while others create unusual hybrid digits."
    if len(of.midpoint) <= max(map(max, NATURAL)):
        return Claim(statement, "these digits are not among the classes", "undecided")
    pairs = ~np.eye(len(of.midpoint), dtype=bool)
    others = pairs.copy()
    others[tuple(np.transpose([*NATURAL, *(pair[::-1] for pair in NATURAL)]))] = False
    further = {pair: pair_mean(of.midpoint - of.midpoint[pair], others) for pair in NATURAL}
    fades = {pair: pair_mean(of.fade - of.fade[pair], others) for pair in NATURAL}
    said = [
        f"{'-'.join(map(str, pair))}'s by {found.said('{:+.2f}')} (a cross-fade's by {fades[pair].value:+.2f})"
        for pair, found in further.items()
    ]
    return Claim(
        statement,
        f"the images midway between other pairs lie further from the nearest test digit than {' and '.join(said)}",
        all_of(*(judged(found, above=0) for found in further.values())),
        f"the distances are {' and '.join(f'{of.midpoint[pair]:.2f}' for pair in NATURAL)}; the least of all pairs is "
        f"{of.midpoint[pairs].min():.2f}, the greatest {of.midpoint[pairs].max():.2f}",
    )


def claims(results: Results, data: digits.Digits) -> Sequence[Claim]:
    """The ways between centroids, compared with those of untrained networks; the classes are the sample."""
    n_pixels, even = data.test[0].shape[1], 100 / STEPS
    model, keys = autoencoder.network(CONFIG, n_pixels), fnn.split(fnn.Key(0), UNTRAINED)
    nulls = [model.init(key, (n_pixels,))[0] for key in keys]
    trained, alike = results[NAME][0]["params"], ranks(resemblance(data))
    ours, null, k = between(trained, data), between(nulls[0], data), len(alike)
    kin, *null_kins = (kinship(params, data, alike) for params in (trained, *nulls))
    more = over_classes(k, lambda classes: kin(classes) - np.mean([each(classes) for each in null_kins], axis=0))
    step, midway, nearer = pair_mean(ours.step), pair_mean(ours.midpoint), pair_mean(ours.fade - ours.midpoint)
    null_step, null_midway = (pair_mean(each).value for each in (null.step, null.midpoint))
    return [
        Claim(
            "The smooth transitions between digits reveal the continuous nature of the learned latent space.",
            f"of {STEPS} equal steps from one centroid to another, the one that changes the image most makes "
            f"{step.said('{:.1f}', ' %')} of the whole change, to stay below {2 * even:.0f} %; it is "
            f"{even:.0f} % where one picture merely fades into the other, and {null_step:.1f} % for the "
            "same network without training",
            judged(step, below=2 * even),
        ),
        Claim(
            "The latent space captures the underlying manifold of handwritten digits.",
            f"the image midway between two centroids lies {midway.said('{:.2f}')} from the nearest test "
            f"digit; it is nearer than a mere cross-fade of the two by {nearer.said('{:+.2f}')}",
            judged(nearer, above=0),
            f"without training, that image lies {null_midway:.2f} from the nearest test digit",
        ),
        Claim(
            "The latent space is semantically organized, with nearby points representing similar visual concepts.",
            "how near the centroids of two classes are, and how often one class is among the five nearest digits, by "
            f"their pixels, of the other, have a rank correlation of {over_classes(k, kin).said('{:.2f}')}, without "
            f"training {np.mean([each(np.arange(k)) for each in null_kins]):.2f} (the mean of {UNTRAINED} networks); "
            f"training adds {more.said('{:+.2f}')}",
            judged(more, above=0),
            "a network that was not trained keeps digits near each other whose pixels are alike",
        ),
        natural(ours),
    ]


RECIPE = study("interpolation", __doc__, "figure 13", {NAME: CONFIG}, figures, claims, first=15, quick=2)
