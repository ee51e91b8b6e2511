"""A 784-64-32-10 network learns to read the digits of MNIST (figure 5)."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import attrs
import numpy as np
from matplotlib.figure import Figure

from fnn import plot
from fnn.metrics import iqm
from recipes.claims import Claim, at_least, estimate, judged
from recipes.classifiers import classifier
from recipes.classifiers.study import PAPERS_GRADIENT
from recipes.data import digits
from recipes.recipe import Recipe, Results, Size, scores

__all__ = ["RECIPE", "figures"]

# ReLU, Adam 0.001, batch 128, 20 epochs; the best validation epoch is kept, and none is left out.
CONFIG = classifier.Config(epochs=20, patience=0, curves=True)
SHOWN = 16  # misclassified digits in the figure
SMOOTH = 10  # per cent of the changes of a loss that decreases smoothly may be rises


def median_run(results: Results) -> Any:
    """The run whose test accuracy is the median (the lower one of two)."""
    runs = results["mnist"]
    return runs[np.argsort(scores(runs), kind="stable")[(len(runs) - 1) // 2]]


def figures(results: Results, data: digits.Digits) -> dict[str, Figure]:
    """Loss and accuracy by epoch, and digits that the median run mistook."""
    runs = results["mnist"]
    whose, which = (f"IQM and IQR of {len(runs)} runs", "median") if len(runs) > 1 else ("One run", "only")
    figure = Figure(figsize=(8, 6), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1.05, 0.95), squeeze=False).flat
    above.suptitle(whose, fontsize=10)
    for ax, measure in zip(above.subplots(1, 2), ("loss", "accuracy"), strict=True):
        series = {part: [run["curves"][f"{part}_{measure}"] for run in runs] for part in ("train", "validation")}
        plot.curves(series, ax=ax, ylabel={"loss": "cross-entropy (nats)", "accuracy": "accuracy"}[measure])
    x, labels = data.test
    predicted = median_run(results)["predicted"]
    wrong = np.flatnonzero(predicted != labels)
    shown = wrong[:SHOWN]
    of = f"{len(wrong):,} of {len(labels):,} test digits"
    title = f"The first {len(shown)} of the {of} that the {which} run misclassified"
    below.suptitle(title, fontsize=10)
    if len(shown):
        titles = [f"true {labels[i]}\npredicted {predicted[i]}" for i in shown]
        plot.image_grid(x[shown].reshape(-1, *data.shape), titles=titles, columns=8, figure=below)
    return {"mnist": figure}


def curves_of(runs: Sequence[Any], name: str) -> np.ndarray:
    """One curve of every run: (runs, epochs)."""
    return np.array([run["curves"][name] for run in runs])


def decreases(statement: str, runs: Sequence[Any], part: str) -> Claim:
    """The claim that a loss decreases smoothly: that of the way that a run's curve goes up and down, little is up."""
    loss, train, accuracy = (curves_of(runs, name) for name in (f"{part}_loss", "train_loss", "validation_accuracy"))
    steps, least, each = np.diff(loss, axis=1), loss.argmin(axis=1), np.arange(len(runs))
    found = estimate(100 * np.maximum(steps, 0).sum(axis=1) / np.abs(steps).sum(axis=1))
    above = iqm(100 * (loss[:, -1] / loss.min(axis=1) - 1))
    fall, gain = iqm(1 - train[:, -1] / train[each, least]), iqm(accuracy[:, -1] - accuracy[each, least])
    return Claim(
        statement,
        f"of all changes from epoch to epoch, rises make {found.said('{:.1f}', ' %')}, to stay below {SMOOTH} %; the "
        f"last loss of a run is {above:.1f} % above its least, which comes after epochs {1 + least.min()} to "
        f"{1 + least.max()} of {loss.shape[1]}",
        judged(found, below=SMOOTH),
        f"from the epoch of its least {part} loss to the end, the training loss of a run falls by {100 * fall:.0f} %, "
        f"and the validation accuracy changes by {100 * gain:+.2f} percentage points",
    )


def share_by(epoch: int, curve: Any) -> float:
    """The share of what a curve gains after its first epoch that it has gained by another; 1 where that is nothing.

    >>> share_by(3, np.array([0.5, 0.5, 0.75, 0.625, 1.0]))
    0.5
    """
    gained, whole = curve[:epoch].max() - curve[0], curve.max() - curve[0]
    return float(gained / whole) if whole else 1.0


def improves_early(statement: str, runs: Sequence[Any], n_classes: int) -> Claim:
    """The claim that most of the improvement comes by epoch 10, asked of what the first epoch leaves to gain."""
    accuracy = curves_of(runs, "validation_accuracy")
    by_5, by_10 = ([share_by(n, curve) for curve in accuracy] for n in (5, 10))
    chance = 1 / n_classes
    first = iqm((accuracy[:, 0] - chance) / (accuracy.max(axis=1) - chance))
    claim = at_least(statement, by_10, 0.5, PAPERS_GRADIENT, digits=3)
    return attrs.evolve(
        claim,
        measured=f"epoch 1 makes {100 * first:.1f} % of the whole gain over chance; share of the rest that is made by "
        f"epoch 5: {iqm(by_5):.3f}, by epoch 10: {claim.measured}",
    )


def claims(results: Results, data: digits.Digits) -> Sequence[Claim]:
    """A test accuracy of about 97 %, losses that decrease smoothly, most of the gain in the first ten epochs."""
    runs = results["mnist"]
    n = len(runs[0]["curves"]["validation_accuracy"])
    of_curves: dict[str, Callable[..., Claim]] = {
        "Training loss decreases smoothly.": partial(decreases, part="train"),
        "Validation loss decreases smoothly.": partial(decreases, part="validation"),
        "Most of the improvement comes in the first 5 to 10 epochs.": partial(improves_early, n_classes=data.n_classes),
    }
    return [
        at_least("The network reads 97 % of the test digits.", scores(runs).tolist(), 0.97, PAPERS_GRADIENT),
        *(
            judge(statement, runs) if n > 10 else Claim(statement, f"not measured: only {n} epochs", "undecided")
            for statement, judge in of_curves.items()
        ),
    ]


RECIPE = Recipe(
    name="mnist",
    text=__doc__,
    figure="figure 5",
    groups={"mnist": CONFIG},
    run=classifier.run,
    load=digits.load,
    figures=figures,
    claims=claims,
    paper=Size(15),
    first=Size(1),
    quick=Size(2, epochs=5),
    papers={"mnist": 0.9701},
)
