"""Claims on the learning curves of a classifier."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fnn.metrics import iqm
from recipes.claims import ANEW, NOT_JUDGED, Claim, all_of, concluded, estimate, judged
from recipes.classifiers.paper_gradient import PAPER_GRADIENT

__all__ = ["decreases", "improves_early", "share_by"]

HALF, MOST_OF_IT = 0.5, 0.9  # of the improvement, by epochs 5 and 10 of 20
FEW = 10  # epochs, too few for a claim on a curve
SMOOTH = 10  # per cent: a loss decreases smoothly if rises make less than that of its changes


def curves_of(runs: Sequence[Any], name: str) -> np.ndarray:
    """One curve of every run: (runs, epochs)."""
    return np.array([run["curves"][name] for run in runs])


def not_measured(statement: str, curves: np.ndarray) -> Claim:
    """The claim on curves (runs, epochs) that have too few epochs."""
    return Claim(statement, f"not measured: only {curves.shape[1]} epochs", NOT_JUDGED)


def decreases(statement: str, runs: Sequence[Any], part: str) -> Claim:
    """The claim that a loss decreases smoothly: rises make a small share of its changes from epoch to epoch."""
    loss, train, accuracy = (curves_of(runs, name) for name in (f"{part}_loss", "train_loss", "validation_accuracy"))
    if loss.shape[1] <= FEW:
        return not_measured(statement, loss)
    steps, least, each = np.diff(loss, axis=1), loss.argmin(axis=1), np.arange(len(runs))
    found = estimate(100 * np.maximum(steps, 0).sum(axis=1) / np.abs(steps).sum(axis=1))
    above = iqm(100 * (loss[:, -1] / loss.min(axis=1) - 1))
    fall, gain = iqm(1 - train[:, -1] / train[each, least]), iqm(accuracy[:, -1] - accuracy[each, least])
    claim = Claim(
        statement,
        f"of all changes from epoch to epoch, rises make {found.said('{:.1f}', ' %')}, to stay below {SMOOTH} %; the "
        f"last loss of a run is {above:.1f} % above its least, which comes after epochs {1 + least.min()} to "
        f"{1 + least.max()} of {loss.shape[1]}",
        judged(found, below=SMOOTH),
        f"from the epoch of its least {part} loss to the end, the training loss of a run falls by {100 * fall:.0f} %, "
        f"and the validation accuracy changes by {100 * gain:+.2f} percentage points",
        bar=ANEW,
    )
    return concluded(claim, found, form="{:.1f}", unit=" %")


def share_by(epoch: int, curve: Any) -> float:
    """The share of a curve's whole gain after the first epoch that it has made by a given epoch; 1 if it gains nothing.

    >>> share_by(3, np.array([0.5, 0.5, 0.75, 0.625, 1.0]))
    0.5
    """
    gained, whole = curve[:epoch].max() - curve[0], curve.max() - curve[0]
    return float(gained / whole) if whole else 1.0


def improves_early(statement: str, runs: Sequence[Any], n_classes: int) -> Claim:
    """The claim that half of the improvement comes by epoch 5, and nine tenths by epoch 10.

    The gain of the first epoch is left out. Half of it by epoch 10 of 20 would say nothing: any curve that is concave
    has that.
    """
    accuracy = curves_of(runs, "validation_accuracy")
    if accuracy.shape[1] <= FEW:
        return not_measured(statement, accuracy)
    by_5, by_10 = (estimate([share_by(n, curve) for curve in accuracy]) for n in (5, 10))
    chance = 1 / n_classes
    first = iqm((accuracy[:, 0] - chance) / (accuracy.max(axis=1) - chance))
    claim = Claim(
        statement,
        f"epoch 1 makes {100 * first:.1f} % of the whole gain over chance; share of the rest that is made by epoch 5: "
        f"{by_5.said('{:.3f}')}, to exceed {HALF}, and by epoch 10: {by_10.said('{:.3f}')}, to exceed {MOST_OF_IT}",
        all_of(judged(by_5, above=HALF), judged(by_10, above=MOST_OF_IT)),
        PAPER_GRADIENT,
        bar=ANEW,
    )
    return concluded(claim, by_5, by_10)
