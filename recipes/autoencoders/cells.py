"""The cells of the autoencoders' grid: their names, their errors, and contrasts of these."""

from math import exp
from typing import Any

import numpy as np

from fnn.metrics import iqm
from recipes.claims import Estimate, contrast
from recipes.data import digits
from recipes.recipe import Results, scores

__all__ = ["DEPTHS", "LATENTS", "NAMES", "PERCENT", "SCORES", "change", "entropy", "errors", "floors", "group_name"]
__all__ += ["logs", "used"]

LATENTS = (4, 8, 16, 32, 64)
DEPTHS = (1, 2, 3, 4, 5)
SCORES = {"mse": "test_mse", "cross-entropy": "test_cross_entropy"}
NAMES = {"mse": "mean squared error", "cross-entropy": "cross-entropy"}
PERCENT = "{:+.1f}", " %"


def group_name(latent: int, depth: int, loss: str) -> str:
    """The name of one cell of one heat map."""
    return f"latent {latent}, depth {depth}, {loss}"


def errors(results: Results, loss: str, score: str) -> np.ndarray:
    """One score of all networks that were trained with one loss: (latent sizes, depths)."""
    return np.array([[iqm(scores(results[group_name(z, d, loss)], score)) for d in DEPTHS] for z in LATENTS])


def entropy(x: np.ndarray) -> float:
    """The least possible cross-entropy of grey pixels, their own: the mean of -t log t - (1 - t) log(1 - t).

    >>> round(entropy(np.array([0.0, 0.5])), 4)  # log(2) / 2
    0.3466
    """
    t = np.clip(x.astype(np.float64), 1e-12, 1 - 1e-12)
    return float(-np.mean(t * np.log(t) + (1 - t) * np.log(1 - t)))


def used(results: Results, loss: str) -> str:
    """How many numbers of the codes are in use: the reason why a larger code or a deeper network need not be better."""
    count = {z: [iqm(scores(results[group_name(z, d, loss)], "coordinates_used")) for d in DEPTHS] for z in LATENTS}
    return (
        "behind its ReLU, a number of the code can stay at 0 for nearly all digits and carry nothing; trained with the "
        f"{NAMES[loss]}, the networks of depth {DEPTHS[0]} and {DEPTHS[-1]} use "
        f"{', '.join(f'{n[0]:.0f} and {n[-1]:.0f} of {z}' for z, n in count.items())} numbers"
    )


def floors(data: digits.Digits) -> dict[str, float]:
    """The least possible value of each loss on the test digits."""
    return {"mse": 0.0, "cross-entropy": entropy(data.test[0])}


def logs(results: Results, loss: str, least: float) -> np.ndarray:
    """The logarithm of what each training's error exceeds its least possible value by: (latent sizes, depths, runs)."""
    cells = [[scores(results[group_name(z, d, loss)], SCORES[loss]) for d in DEPTHS] for z in LATENTS]
    return np.log(np.maximum(np.array(cells) - least, 1e-12))


def change(cells: np.ndarray, weights: Any, level: float = 0.95) -> Estimate:
    """A contrast of logarithms of errors as a change in per cent; the trainings of all cells are the sample."""
    return contrast(cells, weights, level).mapped(lambda x: 100 * (exp(x) - 1))
