"""Pictures of repeated runs: learning curves, final scores, and differences between groups of runs.

The colour and the line style of a group follow from its position in the mapping, the same in every picture.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from fnn.metrics import iqm, iqr
from fnn.plot.canvas import COLOURS, INK, axes_or_new, checked, checked_each, interval, quiet
from fnn.values import number

__all__ = ["boxes", "curves", "differences"]

BAND = "#DDEAF3"  # what is too small to matter
MARKS = {  # of a difference: the marker, its face and its edge
    "a difference": ("o", COLOURS[0], COLOURS[0]),
    "no difference that matters": ("s", INK, INK),
    "undecided": ("o", "white", INK),
}
_LINES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2, 1, 1, 1, 2)), (0, (3, 1)))


def curves(
    series: Mapping[str, ArrayLike],
    *,
    ax: Axes | None = None,
    xlabel: str = "epoch",
    ylabel: str = "",
    start: int = 1,
    x: ArrayLike | None = None,
) -> Axes:
    """Draw learning curves: for each series, the interquartile mean of its runs in a band of the interquartile range.

    `series` maps a name to the values of its runs (runs, epochs). They are drawn at the places `x`, by default at
    `start`, start + 1, ...

    A run that ended early is padded with nan. Once fewer than half of the runs reach an epoch, the line is pale,
    because it may jump when a run ends.

    Raises `ValueError` for an empty mapping, other shapes, infinities, or nan before the end of a run.

    >>> curves({"ReLU": [[0.9, 0.5, 0.4], [0.8, 0.6, 0.5]]}, ylabel="loss").get_ylabel()
    'loss'
    """
    named = checked_each("curves: series", series, "(runs, epochs)", nan=True, remedy="a single run is values[None, :]")
    places = None if x is None else checked("curves: x", x, "(epochs,)")
    ax = axes_or_new(ax, 6.4, 4, xlabel, ylabel)
    for i, (name, runs) in enumerate(named.items()):
        alive = ~np.isnan(runs)
        if not alive[:, 0].all() or (alive[:, 1:] > alive[:, :-1]).any():
            must = f"curves: series {name!r} may have nan only after a run's last epoch"
            raise ValueError(f"{must}, got it earlier: cut such runs")
        epochs = [epoch[running] for epoch, running in zip(runs.T, alive.T, strict=True) if running.any()]
        at = start + np.arange(len(epochs)) if places is None else places[: len(epochs)]
        if len(at) != len(epochs):
            must = f"x must have a place for each of the {len(epochs)} epochs of {name!r}"
            raise ValueError(f"curves: {must}, got {len(at)}: add the others")
        middle = [iqm(epoch) for epoch in epochs]
        half = sum(2 * len(epoch) >= len(runs) for epoch in epochs)
        colour, style = COLOURS[i % len(COLOURS)], _LINES[i % len(_LINES)]
        draw = partial(ax.plot, color=colour, linestyle=style, linewidth=1.6)
        draw(at[:half], middle[:half], label=name)
        if half < len(epochs):
            draw(at[half - 1 :], middle[half - 1 :], alpha=0.4)
        if len(runs) > 1:
            low, high = zip(*map(iqr, epochs), strict=True)
            ax.fill_between(at, low, high, color=colour, alpha=0.16, linewidth=0)
    quiet(ax, "y")
    if x is None:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.margins(x=0.01)
    outside: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1, 0.5)} if len(series) > 5 else {}
    ax.legend(frameon=False, handlelength=2.8, **outside)
    return ax


def boxes(
    groups: Mapping[str, ArrayLike],
    *,
    ax: Axes | None = None,
    xlabel: str = "",
    ylabel: str = "",
    intervals: Mapping[str, tuple[float, float]] | None = None,
) -> Axes:
    """Draw a box for each group of runs, a point for each run, and beside the box the interquartile mean as a diamond.

    A box shows the quartiles and the median; its whiskers reach to the last run within 1.5 times the height of the box.

    `groups` maps a name to the scores of its runs (runs,). `intervals` maps all or some of these names to the 95 %
    interval (low, high) of the interquartile mean.

    Raises `ValueError` for an empty mapping, other shapes, values not finite, or an interval without a group.

    >>> boxes({"SGD": [0.90, 0.91, 0.92], "Adam": [0.96, 0.97, 0.98]}, ylabel="accuracy").get_ylabel()
    'accuracy'
    """
    named = checked_each("boxes: group", groups, "(runs,)")
    intervals = intervals or {}
    if not intervals.keys() <= groups.keys():
        got = f"{list(intervals)}: leave out the others"
        raise ValueError(f"boxes: intervals must name groups of {list(groups)}, got {got}")
    ax = axes_or_new(ax, max(4.0, 1.2 + 0.9 * len(groups)), 4, xlabel, ylabel)
    for i, (name, runs) in enumerate(named.items()):
        colour = COLOURS[i % len(COLOURS)]
        line = {"color": colour, "linewidth": 1}
        box = {"facecolor": f"{colour}22", "edgecolor": colour, "linewidth": 1}
        parts: dict[str, Any] = {"boxprops": box, "medianprops": line | {"linewidth": 1.8}}
        parts |= {"whiskerprops": line, "capprops": line}
        ax.boxplot(runs, positions=[i], widths=0.5, showfliers=False, manage_ticks=False, patch_artist=True, **parts)
        # Multiples of the golden ratio spread any number of points evenly, with neighbours far apart.
        jitter = (np.arange(len(runs)) * 0.618034) % 1 - 0.5
        ax.plot(i + 0.36 * jitter, runs, "o", color=colour, markersize=3.6, alpha=0.75, markeredgewidth=0)
        if name in intervals:
            ax.vlines(i + 0.38, *interval(f"boxes: interval {name!r}", intervals[name]), color=INK, linewidth=1.2)
        label = f"interquartile mean{', 95 % interval' if intervals else ''}" if i == 0 else None
        ax.plot(i + 0.38, iqm(runs), "D", color=INK, markersize=4.5, markeredgewidth=0, label=label)
    quiet(ax, "y")
    ax.set_xticks(range(len(groups)), [name.replace(" ", "\n") for name in groups])
    ax.set_xlim(-0.6, len(groups) - 0.4)
    bottom, top = ax.get_ylim()
    ax.set_ylim(bottom, top + 0.07 * (top - bottom))  # space for the legend above the data
    ax.legend(frameon=False, fontsize="small", handlelength=1)
    return ax


def differences(
    groups: Mapping[str, tuple[float, float, float]],
    *,
    margin: float = 0.0,
    ax: Axes | None = None,
    xlabel: str = "difference",
) -> Axes:
    """Draw each difference (estimate, low, high) as an interval and a circle, filled if the interval excludes zero.

    A band shows the differences within ±`margin`, which are too small to matter; an interval inside it has a square.
    Raises `ValueError` for an empty mapping, other than three finite numbers, low > high, or a margin below 0.

    >>> differences({"Adam - SGD": (0.06, 0.05, 0.07)}, xlabel="accuracy gained").get_xlabel()
    'accuracy gained'
    """
    named = checked_each("differences:", groups, "(3,)", remedy="give (estimate, low, high)")
    margin = number("differences(margin)", margin, 0)
    ax = axes_or_new(ax, 4.6 + 0.08 * max(map(len, groups)), 1.0 + 0.42 * len(groups), xlabel)
    if margin:
        ax.axvspan(-margin, margin, color=BAND, linewidth=0, zorder=0)
    ax.axvline(0, color=INK, linewidth=0.8)
    for i, (name, (estimate, *ends)) in enumerate(named.items()):
        low, high = interval(f"differences: {name!r}", ends)
        small, differs = -margin < low and high < margin, low > 0 or high < 0
        kind = "no difference that matters" if small else "a difference" if differs else "undecided"
        marker, face, edge = MARKS[kind]
        ax.hlines(i, low, high, color=edge, linewidth=1.6)
        ax.plot(estimate, i, marker, color=edge, markerfacecolor=face, markersize=6.5, markeredgewidth=1.4)
    quiet(ax, "x")
    ax.spines["left"].set_visible(False)
    ax.set_yticks(range(len(groups)), list(groups))
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(groups) - 0.4, -0.6)
    return ax
