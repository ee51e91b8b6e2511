"""Ten digits, and what an autoencoder makes of them from 32 numbers each (figure 11)."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from fnn import plot
from fnn.metrics import bootstrap_interval, iqm
from recipes import autoencoder, digits
from recipes.autoencoder_study import study
from recipes.claims import KEY, Claim, interval_of, judged
from recipes.recipe import Results

__all__ = ["RECIPE", "figures"]

NAME = "latent 32, depth 5"
CONFIG = autoencoder.Config(latent=32, depth=5)  # one cell of figure 10
READ = 1000  # test digits that the claim about them has read
MARGIN = 0.02  # by which reconstructions may be read less well than digits and count as preserved


def reconstructed(results: Results, x: np.ndarray) -> np.ndarray:
    """Digits (n, pixels) as the first run's autoencoder gives them back."""
    encode, decode = autoencoder.coder(CONFIG, results[NAME][0]["params"])
    return decode(encode(x))


def figures(results: Results, data: digits.Digits) -> dict[str, Figure]:
    """The first test digit of each class above its reconstruction."""
    x, labels = data.test
    shown = x[digits.first_of_each_class(labels)]
    pairs = np.stack([shown, reconstructed(results, shown)])
    figure = Figure(figsize=(8.4, 1.6), layout="constrained")
    plot.image_grid(pairs.reshape(2, -1, *data.shape), row_labels=["original", "reconstruction"], figure=figure)
    return {"reconstructions": figure}


def variation(images: np.ndarray) -> np.ndarray:
    """How much each image (n, h, w) changes from pixel to pixel: the mean of |differences|, down and across."""
    down, across = np.abs(np.diff(images, axis=1)), np.abs(np.diff(images, axis=2))
    return (down.mean(axis=(1, 2)) + across.mean(axis=(1, 2))) / 2


def claims(results: Results, data: digits.Digits) -> Sequence[Claim]:
    """Nearest neighbours among the training digits read both; neighbouring pixels tell how smooth they are."""
    from sklearn.neighbors import KNeighborsClassifier  # takes seconds, which the list of recipes need not wait for

    (x, labels), n = data.test, min(READ, len(data.test[1]))
    y = reconstructed(results, x)
    reader = KNeighborsClassifier(5).fit(*data.train)
    right, still_right = (reader.predict(images[:n]) == labels[:n] for images in (x, y))
    lost = right.astype(float) - still_right
    low, high = bootstrap_interval(lost, partial(np.mean, axis=-1), key=KEY)
    variations = [variation(images.reshape(-1, *data.shape)) for images in (x, y)]
    classes = [[float(v[labels == k].mean()) for k in np.unique(labels)] for v in variations]
    smoother = 1 - np.array(classes[1]) / np.array(classes[0])
    smoothest, least = interval_of(smoother)
    return [
        Claim(
            "The autoencoder preserves the key visual characteristics of each digit.",
            f"five nearest training digits read {100 * still_right.mean():.1f} % of {n:,} reconstructions and "
            f"{100 * right.mean():.1f} % of the digits themselves: {100 * lost.mean():.1f} points lost (95 % interval "
            f"over the digits {100 * low:.1f} to {100 * high:.1f})",
            judged(MARGIN - high, MARGIN - low),
            f"It would hold for a loss of less than {100 * MARGIN:.0f} points.",
        ),
        Claim(
            "The reconstructions appear slightly smoother than originals.",
            f"neighbouring pixels differ by {100 * iqm(smoother):.1f} % less than in the originals (95 % interval "
            f"{100 * smoothest:.1f} to {100 * least:.1f}, over the classes of test digits)",
            judged(smoothest, least),
        ),
    ]


RECIPE = study("reconstructions", __doc__, "figure 11", {NAME: CONFIG}, figures, claims, first=20, quick=2)
