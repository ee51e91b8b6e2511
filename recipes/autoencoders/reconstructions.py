"""Ten digits, and their reconstructions from codes of 32 numbers (figure 11).

The network is the one of figure 10 with five hidden layers on either side. Their nearest neighbours among the training
digits, which know nothing of the network or its codes, say whether the reconstructions are still the same digits.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from fnn import plot
from recipes.autoencoders import autoencoder
from recipes.autoencoders.study import study
from recipes.claims import Claim, estimate, judged
from recipes.data import digits
from recipes.recipe import Results

__all__ = ["RECIPE", "figures"]

NAME = "latent 32, depth 5"
# One cell of figure 10.
CONFIG = autoencoder.Config(latent=32, depth=5, loss="mse", rate=1e-3, batch_size=128, epochs=200, patience=5)
READ = 1000  # the number of test digits that the nearest neighbours read
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


def claims(results: Results, data: digits.Digits) -> Sequence[Claim]:
    """Digits are preserved, as read by nearest neighbours, and smoother, by the differences of neighbouring pixels."""
    from sklearn.neighbors import KNeighborsClassifier  # takes seconds, which the list of recipes need not wait for

    (x, labels), n = data.test, min(READ, len(data.test[1]))
    y = autoencoder.reconstruct(CONFIG, results[NAME][0]["params"], x)
    reader = KNeighborsClassifier(5).fit(*data.train)
    right, still_right = (reader.predict(images[:n]) == labels[:n] for images in (x, y))
    lost = estimate(100 * (right.astype(float) - still_right), partial(np.mean, axis=-1), "digits")
    variations = [variation(images.reshape(-1, *data.shape)) for images in (x, y)]
    classes = [[float(v[labels == k].mean()) for k in np.unique(labels)] for v in variations]
    papers, average = results[NAME][0]["scores"], float(np.mean((x - data.train[0].mean(axis=0)) ** 2))
    reason = (
        f"the squared error of the reconstructions is {papers['test_mse']:.4f} a pixel, where the mean training digit "
        f"in their place has {average:.4f}; {papers['coordinates_used']:.0f} of the code's {CONFIG.latent} numbers are "
        "used"
    )
    smoother = estimate(100 * (1 - np.array(classes[1]) / np.array(classes[0])), of="classes of test digits")
    return [
        Claim(
            "The autoencoder preserves the key visual characteristics of each digit.",
            f"their five nearest training digits name {100 * right.mean():.1f} % of {n:,} digits rightly, and "
            f"{100 * still_right.mean():.1f} % of their reconstructions: {lost.said('{:.1f}', ' points')} are lost, to "
            f"stay below {MARGIN}",
            judged(lost, below=MARGIN),
            reason,
        ),
        Claim(
            "The reconstructions appear slightly smoother than originals.",
            f"neighbouring pixels differ less than in the originals, in the mean by {smoother.said('{:.1f}', ' %')}",
            judged(smoother, above=0),
            reason,
        ),
    ]


RECIPE = study("reconstructions", __doc__, "figure 11", {NAME: CONFIG}, figures, claims, first=20, quick=2)
