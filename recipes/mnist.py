"""A 784-64-32-10 network learns to read the digits of MNIST (figure 5)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from fnn import plot
from fnn.metrics import bootstrap_interval, iqm
from fnn.random import Key
from recipes import classifier, digits
from recipes.recipe import Recipe, Results

__all__ = ["RECIPE", "figures"]

# ReLU, Adam 0.001, batch 128, 20 epochs; the best validation epoch is kept, and none is left out.
CONFIG = classifier.Config(epochs=20, patience=0, curves=True)
SHOWN = 16  # misclassified digits in the figure


def median_run(results: Results) -> Mapping[str, Any]:
    """The run whose test accuracy is the median (the lower one of two)."""
    runs = results["mnist"]
    ranked = np.argsort([float(run["scores"]["test_accuracy"]) for run in runs], kind="stable")
    return runs[ranked[(len(runs) - 1) // 2]]


def figures(results: Results, data: digits.Digits) -> dict[str, Figure]:
    """Loss and accuracy by epoch, and digits that the median run mistook."""
    runs = results["mnist"]
    figure = Figure(figsize=(8, 5.8), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1, 0.95), squeeze=False).flat
    for ax, measure in zip(above.subplots(1, 2), ("loss", "accuracy"), strict=True):
        series = {part: [run["curves"][f"{part}_{measure}"] for run in runs] for part in ("train", "validation")}
        plot.curves(series, ax=ax, ylabel={"loss": "cross-entropy (nats)", "accuracy": "accuracy"}[measure])
    x, labels = data.test
    median = median_run(results)
    wrong = np.flatnonzero(median["predicted"] != labels)[:SHOWN]
    n_wrong = int(np.sum(median["predicted"] != labels))
    below.suptitle(
        f"The first {len(wrong)} of {n_wrong:,} misclassified among {len(labels):,} test digits", fontsize=10
    )
    if len(wrong):
        titles = [f"true {labels[i]}\npredicted {median['predicted'][i]}" for i in wrong]
        plot.image_grid(x[wrong].reshape(-1, *data.shape), titles=titles, columns=8, figure=below)
    return {"mnist": figure}


def describe(results: Results) -> Sequence[str]:
    """The test accuracy of each run and their interquartile mean."""
    accuracies = [float(run["scores"]["test_accuracy"]) for run in results["mnist"]]
    lines = [f"run {i}: test accuracy {accuracy:.4f}" for i, accuracy in enumerate(accuracies)]
    interval = ""
    if len(accuracies) > 1:
        low, high = bootstrap_interval(accuracies, key=Key(0))
        interval = f", 95 % interval {low:.4f} to {high:.4f}"
    return [*lines, f"IQM of {len(accuracies)} run{'s' * (len(accuracies) > 1)}: {iqm(accuracies):.4f}{interval}"]


RECIPE = Recipe(
    name="mnist",
    summary=(__doc__ or "").strip(),
    groups={"mnist": CONFIG},
    run=classifier.run,
    load=digits.load,
    figures=figures,
    describe=describe,
    paper_runs=15,
)
