"""A classifier class by class: how many images of each it reads, and some that it reads rightly."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from fnn import plot
from fnn.metrics import iqm
from fnn.plot.canvas import COLOURS, INK
from recipes.claims import FEWEST
from recipes.data.digits import Digits
from recipes.pictures import dots
from recipes.recipe import counted

__all__ = ["accuracies", "by_class"]

OF_EACH = 2  # images of each class that are shown


def accuracies(predicted: np.ndarray, labels: np.ndarray, n_classes: int) -> np.ndarray:
    """The share of each class that is predicted rightly; NaN for a class without examples.

    >>> accuracies(np.array([0, 1, 1, 0]), np.array([0, 0, 1, 1]), 3)
    array([0.5, 0.5, nan])
    """
    of, right = (np.bincount(each, minlength=n_classes) for each in (labels, labels[predicted == labels]))
    return np.divide(right, of, out=np.full(n_classes, np.nan), where=of > 0)


def by_class(runs: Sequence[Mapping[str, Any]], shown: Mapping[str, Any], which: str, data: Digits) -> Figure:
    """Above, the accuracy of every run by class; below, the first images of each class that one run reads rightly.

    runs    the results of all runs, with what they "predicted" of the test digits
    shown   the run whose images are shown
    which   what that run is called
    data    the digits
    """
    (x, labels), figure = data.test, Figure(figsize=(8, 5.6), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1.2, 1), squeeze=False).flat
    found = np.array([accuracies(run["predicted"], labels, data.n_classes) for run in runs])  # (runs, classes)
    classes = [k for k in range(data.n_classes) if not np.isnan(found[:, k]).any()]
    groups = {data.names[k].replace(" ", "\n"): found[:, k] for k in classes}
    ax = above.subplots()
    dots(groups, ax, "class", "test accuracy", COLOURS[:1])
    if len(runs) >= FEWEST:
        middle = np.array([iqm(values) for values in groups.values()])
        mark: dict[str, Any] = {"color": INK, "markersize": 4.5, "markeredgewidth": 0, "label": "interquartile mean"}
        ax.plot(np.arange(len(middle)) + 0.32, middle, "D", **mark)
        ax.legend(frameon=False, fontsize="small", handlelength=1)
    above.suptitle(f"Test accuracy by class, {counted(len(runs), 'run')}", fontsize=10)
    right = [np.flatnonzero((labels == k) & (shown["predicted"] == k))[:OF_EACH] for k in classes]
    places = np.concatenate(right)
    below.suptitle(f"The first {OF_EACH} of each class that the {which} run reads rightly:", fontsize=10)
    if len(places):
        names = [data.names[labels[i]] for i in places]
        titles = [f"true {name}\npredicted {name}" for name in names]
        columns = min(len(places), OF_EACH * -(-len(classes) // 2))
        plot.image_grid(x[places].reshape(-1, *data.shape), titles=titles, columns=columns, figure=below)
    return figure
