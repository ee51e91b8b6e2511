"""Ten digits, and their reconstructions from codes of 32 numbers (figure 11).

The network is the one of figure 10 with five hidden layers on either side. Their nearest neighbours among the training
digits, which know nothing of the network or its codes, say whether the reconstructions are still the same digits. The
paper trains it once; here there are five trainings.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from fnn import plot
from fnn.metrics import iqm
from recipes.autoencoders import autoencoder
from recipes.autoencoders.study import looked_at, study
from recipes.claims import ANEW, Claim, concluded, estimate, judged
from recipes.data import digits
from recipes.recipe import Results, scores

__all__ = ["RECIPE", "figures"]

NAME = "latent 32, depth 5"
# One cell of figure 10.
CONFIG = autoencoder.Config(latent=32, depth=5, loss="mse", rate=1e-3, batch_size=128, epochs=200, patience=5)
AMONG = 10_000  # the number of training digits among which the nearest neighbours are sought
MARGIN = 2  # percentage points: digits are preserved if no larger share of them is lost in the reconstruction


def figures(results: Results, data: digits.Digits) -> dict[str, Figure]:
    """The first test digit of each class above its reconstruction."""
    x, labels = data.test
    shown = x[digits.first_of_each_class(labels)]
    pairs = np.stack([shown, autoencoder.reconstruct(CONFIG, results[NAME][0]["params"], shown)])
    figure = Figure(figsize=(8.4, 1.6), layout="constrained")
    plot.image_grid(pairs.reshape(2, -1, *data.shape), row_labels=["original", "reconstruction"], figure=figure)
    return {"reconstructions": figure}


def variation(images: np.ndarray) -> np.ndarray:
    """How much each image (n, h, w) changes from pixel to pixel: the mean absolute difference, down and across."""
    down, across = np.abs(np.diff(images, axis=1)), np.abs(np.diff(images, axis=2))
    return (down.mean(axis=(1, 2)) + across.mean(axis=(1, 2))) / 2


def lost(runs: Sequence[Mapping[str, Any]], data: digits.Digits) -> tuple[float, np.ndarray]:
    """What nearest neighbours read of the test digits, and how much less of each run's reconstructions, in per cent.

    The five nearest training digits, of every fifth one, read the test digits.
    """
    from sklearn.neighbors import KNeighborsClassifier  # takes seconds, which the list of recipes need not wait for

    (x, labels), step = looked_at(data, runs), max(1, len(data.train[1]) // AMONG)
    reader = KNeighborsClassifier(5).fit(*(part[::step] for part in data.train))

    def right(images: np.ndarray) -> float:
        return float(100 * np.mean(reader.predict(images) == labels))

    still = [right(autoencoder.reconstruct(CONFIG, run["params"], x)) for run in runs]
    return right(x), right(x) - np.array(still)


def claims(results: Results, data: digits.Digits) -> Sequence[Claim]:
    """Digits are preserved, as read by nearest neighbours, and smoother, by the differences of neighbouring pixels."""
    runs = results[NAME]
    x, _ = looked_at(data, runs)
    right, points = lost(runs, data)
    rough = variation(x.reshape(-1, *data.shape)).mean()
    images = (autoencoder.reconstruct(CONFIG, run["params"], x).reshape(-1, *data.shape) for run in runs)
    smooth = [100 * float(1 - variation(each).mean() / rough) for each in images]
    fewer, smoother = estimate(points), estimate(smooth)
    average = float(np.mean((x - data.train[0].mean(axis=0)) ** 2))
    reason = (
        f"the squared error of the reconstructions is {iqm(scores(runs, 'test_mse')):.4f} a pixel, where the mean "
        f"training digit in their place has {average:.4f}; {iqm(scores(runs, 'coordinates_used')):.0f} of the code's "
        f"{CONFIG.latent} numbers are used"
    )
    preserves = Claim(
        "The autoencoder preserves the key visual characteristics of each digit.",
        f"their five nearest training digits, of {AMONG:,}, name {right:.1f} % of {len(x):,} test digits rightly; "
        f"of their reconstructions {fewer.said('{:.1f}', ' points')} fewer, to stay below {MARGIN}",
        judged(fewer, below=MARGIN),
        reason,
        bar=ANEW,
    )
    smoothed = Claim(
        "The reconstructions appear slightly smoother than originals.",
        f"neighbouring pixels differ less than in the originals, in the mean by {smoother.said('{:.1f}', ' %')}",
        judged(smoother, above=0),
        reason,
    )
    return [
        concluded(preserves, fewer, form="{:.1f}", unit=" points"),
        concluded(smoothed, smoother, form="{:.1f}", unit=" %"),
    ]


RECIPE = study("reconstructions", __doc__, "figure 11", {NAME: CONFIG}, figures, claims, first=20, quick=2)
