"""A 784-64-32-10 network learns to read the digits of MNIST (figure 5)."""

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from matplotlib.figure import Figure

from fnn import plot
from recipes import classifier, digits
from recipes.claims import Claim, at_least
from recipes.recipe import Recipe, Results, Size, scores

__all__ = ["RECIPE", "figures"]

# ReLU, Adam 0.001, batch 128, 20 epochs; the best validation epoch is kept, and none is left out.
CONFIG = classifier.Config(epochs=20, patience=0, curves=True)
SHOWN = 16  # misclassified digits in the figure


def median_run(results: Results) -> Any:
    """The run whose test accuracy is the median (the lower one of two)."""
    runs = results["mnist"]
    return runs[np.argsort(scores(runs), kind="stable")[(len(runs) - 1) // 2]]


def figures(results: Results, data: digits.Digits) -> dict[str, Figure]:
    """Loss and accuracy by epoch, and digits that the median run mistook."""
    runs = results["mnist"]
    figure = Figure(figsize=(8, 5.8), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1, 0.95), squeeze=False).flat
    for ax, measure in zip(above.subplots(1, 2), ("loss", "accuracy"), strict=True):
        series = {part: [run["curves"][f"{part}_{measure}"] for run in runs] for part in ("train", "validation")}
        plot.curves(series, ax=ax, ylabel={"loss": "cross-entropy (nats)", "accuracy": "accuracy"}[measure])
    x, labels = data.test
    predicted = median_run(results)["predicted"]
    wrong = np.flatnonzero(predicted != labels)
    shown = wrong[:SHOWN]
    title = f"The first {len(shown)} of {len(wrong):,} misclassified among {len(labels):,} test digits"
    below.suptitle(title, fontsize=10)
    if len(shown):
        titles = [f"true {labels[i]}\npredicted {predicted[i]}" for i in shown]
        plot.image_grid(x[shown].reshape(-1, *data.shape), titles=titles, columns=8, figure=below)
    return {"mnist": figure}


def claims(results: Results, data: digits.Digits) -> Sequence[Claim]:
    """Test accuracy of about 97 %, most of the gain in the first five to ten epochs."""
    runs = results["mnist"]
    curves = [run["curves"]["validation_accuracy"] for run in runs]
    early = "Most of the improvement comes in the first 5 to 10 epochs."
    if min(map(len, curves)) <= 10:
        judged = Claim(early, f"not measured: a run has only {min(map(len, curves))} epochs", "undecided")
    else:
        chance = 1 / data.n_classes
        shares = [float((curve[:10].max() - chance) / (curve.max() - chance)) for curve in curves]
        judged = at_least(early, shares, 0.5)
        judged = attrs.evolve(
            judged, measured=f"share of the whole gain over chance that is made by epoch 10: {judged.measured}"
        )
    return [at_least("The network reads 97 % of the test digits.", scores(runs).tolist(), 0.97), judged]


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
