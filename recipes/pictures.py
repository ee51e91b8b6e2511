"""What the pictures of all experiments share: they say their size, and few runs do not look like a verdict."""

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from fnn import plot
from fnn.plot.canvas import COLOURS, quiet
from fnn.plot.runs import BAND, MARKS
from recipes.claims import Measure

__all__ = ["differences", "dots", "hollow", "legible", "minus", "sized"]

LINE = 0.25  # the height of a line of text below a picture, in inches
PAD = 0.1  # what keeps a legend from the axes above it, in inches
LETTERS = 14  # of a line of text, in an inch
SHORT = 32  # letters of a label that stays on one line

Row = tuple[float, float, float]


def sized(figure: Figure, words: str) -> Figure:
    """The figure, higher by a line or more, with these words below everything else; "" changes nothing."""
    if words:
        width, height = figure.get_size_inches()
        lines = wrap(words, int(LETTERS * width))
        below = LINE * len(lines)
        height += below
        legends = sum(each.get_window_extent().height / figure.dpi + PAD for each in figure.legends)
        rest, below = (below + legends) / height, below / height
        for legend in figure.legends:  # one outside all axes, at the lower edge, which is to stay above the words
            legend.set_bbox_to_anchor((0, below, 1, 1 - below), figure.transFigure)
        figure.set_size_inches(width, height)
        figure.set_layout_engine("constrained", rect=(0, rest, 1, 1 - rest))
        figure.text(0.5, below / 2, "\n".join(lines), ha="center", va="center", fontsize=9, style="italic")
    return figure


def legible(figure: Figure) -> Figure:
    """The figure, whose grid lines no longer run through legends. What is drawn of the data stays above them."""
    for ax in figure.axes:
        legend = ax.get_legend()
        if legend is not None and any(line.get_visible() for line in [*ax.get_xgridlines(), *ax.get_ygridlines()]):
            legend.set(frame_on=True, zorder=0.9)  # a grid has 0.5, and data have 1 and more
            legend.get_frame().set(facecolor="white", edgecolor="none", alpha=1)
    return figure


def dots(groups: Mapping[str, ArrayLike], ax: Axes, xlabel: str, ylabel: str, colours: Sequence[str] = COLOURS) -> None:
    """A point for each run of each group, above the group's name.

    groups    the values of each group's runs
    colours   those of the groups, in turn
    """
    for i, values in enumerate(map(np.asarray, groups.values())):
        places = (np.arange(len(values)) * 0.618034) % 1  # spread evenly, with neighbours far apart
        places = i + 0.3 * (places - (places.min() + places.max()) / 2)
        ax.plot(places, values, "o", color=colours[i % len(colours)], markersize=5, alpha=0.75, markeredgewidth=0)
    quiet(ax, "y")
    ax.set_xticks(range(len(groups)), [name.replace(" ", "\n") for name in groups])
    ax.set(xlim=(-0.6, len(groups) - 0.4), xlabel=xlabel, ylabel=ylabel)


def differences(rows: Mapping[str, Row], ax: Axes, measure: Measure, xlabel: str) -> None:
    """Differences with their intervals, in front of the band of those that do not matter; a legend tells the markers.

    rows      each difference and the ends of its interval, by its name
    measure   what the numbers are; its margin is half of the band
    xlabel    what is different

    The markers follow the rule of `claims.judged`.
    """
    plot.differences(rows, margin=measure.margin, ax=ax, xlabel=xlabel)
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], min_n_ticks=3))
    marks = [
        Line2D([], [], linestyle="none", marker=marker, markerfacecolor=face, color=edge, label=name)
        for name, (marker, face, edge) in MARKS.items()
    ]
    band = Patch(color=BAND, label=f"margin: within ±{measure.words()}, too small to matter")
    where: dict[str, Any] = {"loc": "outside lower center", "ncols": 4}
    ax.figure.legend(handles=[*marks, band], frameon=False, fontsize="small", **where)


def minus(a: str, b: str) -> str:
    """The name of a difference A − B, in two lines if it is long.

    >>> minus("Adam", "SGD")
    'Adam − SGD'
    """
    return f"{a}\n− {b}" if len(a + b) + 3 > SHORT else f"{a} − {b}"


def hollow(ax: Axes) -> None:
    """Empty all markers: a filled one stands for an interval that excludes zero, and few runs have no interval."""
    for line in ax.lines:
        line.set_markerfacecolor("white")
