"""Pictures of the plane: labelled points, and the regions of a classifier's classes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike

from fnn.plot.canvas import COLOURS, MARKERS, axes_or_new, checked, quiet

__all__ = ["decision_regions", "points"]


def points(
    x: ArrayLike,
    labels: ArrayLike,
    *,
    ax: Axes | None = None,
    names: Sequence[Any] | None = None,
    xlabel: str = "$x_1$",
    ylabel: str = "$x_2$",
    size: float = 16,
) -> Axes:
    """Draw points in the plane, with a colour and a marker for each class.

    `x` are the points (n, 2), and `labels` their classes (n,), integers from 0 up. `names` has a name for each class,
    which is written at the median of its points. `size` is the area of a marker in square points.

    Each class is one collection, labelled with its name or with "class k", so that `ax.legend()` explains it. Raises
    `ValueError` for other shapes, values that are not finite, labels that are not class indices, or missing names.

    >>> len(points([[0, 0], [1, 1], [2, 2]], [0, 1, 0]).collections)
    2
    """
    at = checked("points: x", x, "(n, 2)", remedy="pick two columns")
    classes = checked("points: labels", labels, "(n,)", remedy="for one-hot rows give labels.argmax(-1)")
    if len(at) != len(classes):
        raise ValueError(f"points: x must have the shape ({len(classes)}, 2), a row for each label, got {at.shape}")
    if classes.dtype.kind not in "biu" or classes.min() < 0:
        raise ValueError("points: labels must be integers >= 0, got others: convert them to class indices")
    if names is not None and len(names) <= classes.max():
        raise ValueError(f"points: names must reach class {classes.max()}, got {len(names)}: name every class")
    ax = axes_or_new(ax, 4.8, 4.8, xlabel, ylabel)
    style: dict[str, Any] = {"s": size, "linewidths": 0.3, "edgecolors": "white", "alpha": 1}
    if len(at) > 2000:  # make them transparent, and store them as pixels: vectors would take megabytes
        style |= {"edgecolors": "none", "alpha": 0.5, "rasterized": True}
    for k in np.unique(classes.astype(int)).tolist():
        own = at[classes == k]
        name = f"class {k}" if names is None else str(names[k])
        ax.scatter(*own.T, color=COLOURS[k % len(COLOURS)], marker=MARKERS[k % len(MARKERS)], label=name, **style)
        if names is not None:
            x1, x2 = np.median(own, axis=0)
            halo = withStroke(linewidth=3, foreground="white")
            ax.text(x1, x2, name, ha="center", va="center", size="large", weight="bold", path_effects=[halo])
    quiet(ax)
    ax.set_aspect("equal", adjustable="datalim")
    return ax


def _margins(scores: np.ndarray) -> np.ndarray:
    """The score of each class (m, k) minus the highest score of the other classes."""
    second, first = np.partition(scores, -2, axis=-1)[:, -2:].T[..., None]
    return scores - np.where(scores == first, second, first)


def decision_regions(
    classify: Callable[[np.ndarray], ArrayLike],
    x: ArrayLike,
    labels: ArrayLike,
    *,
    ax: Axes | None = None,
    resolution: int = 200,
) -> Axes:
    """Draw the region of each class in a light colour, and on top labelled points, as `points` draws them.

    `classify` maps points (m, 2), here a grid of `resolution` x `resolution`, to class indices (m,) or to probabilities
    of the classes (m, k), which make borders smooth. `x` and `labels` are those of `points`.

    Raises the errors of `points`, and `ValueError` if `classify` returns another shape.

    >>> decision_regions(lambda x: x[:, 0] > 1, [[0, 0], [2, 2]], [0, 1]).get_xlabel()
    '$x_1$'
    """
    ax = points(x, labels, ax=ax)
    at = np.asarray(x)
    reach = 0.56 * float(np.ptp(at, axis=0).max()) or 1.0  # equal in both directions, so that panels have one shape
    sides = [np.linspace(c - reach, c + reach, resolution) for c in (at.min(axis=0) + np.ptp(at, axis=0) / 2).tolist()]
    plane = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    answers = np.asarray(classify(plane))
    answers = checked("decision_regions: the result of classify", answers, "(m, k)" if answers.ndim == 2 else "(m,)")
    indices = answers.ndim == 1 and answers.dtype.kind in "biu" and answers.min() >= 0
    if not (indices or (answers.ndim == 2 and answers.shape[1] > 1)) or len(answers) != len(plane):
        got = f"shape {answers.shape} of {answers.dtype} for m = {len(plane)}"
        must = "classify must return class indices (m,) or probabilities (m, k >= 2)"
        raise ValueError(f"decision_regions: {must}, got {got}: for one probability p return p[:, 0] > 0.5")
    scores = np.eye(max(2, int(answers.max()) + 1))[answers.astype(int)] if indices else answers
    for k, margin in enumerate(_margins(scores).T.reshape(-1, resolution, resolution)):
        if margin.max() > 0:
            pale = 0.8 + 0.2 * np.array(to_rgb(COLOURS[k % len(COLOURS)]))
            ax.contourf(*sides, margin, levels=[0, margin.max()], colors=[pale], zorder=0)
            if margin.min() < 0:
                ax.contour(*sides, margin, levels=[0], colors="white", linewidths=1.5, zorder=0.5)
    ax.set_aspect("equal", adjustable="box")
    ax.set(xlim=sides[0][[0, -1]], ylim=sides[1][[0, -1]])
    return ax
