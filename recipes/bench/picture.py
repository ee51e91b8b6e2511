"""The benchmark as a picture: one panel for each workload, one bar for each peer."""

from collections.abc import Mapping
from math import ceil
from textwrap import fill

from matplotlib.figure import Figure

from fnn.plot.canvas import COLOURS, quiet
from recipes.bench.measure import Measured
from recipes.bench.table import duration

__all__ = ["bars"]


def bars(titles: Mapping[str, str], results: Mapping[str, Mapping[str, Measured]], base: str = "fnn") -> Figure:
    """The median time of every peer, with a line from its fastest round to its slowest; the base has its own colour."""
    rows, tallest = ceil(len(results) / 2), max(map(len, results.values()))
    figure = Figure(figsize=(11, rows * (0.6 + 0.24 * tallest)), layout="constrained")
    axes = figure.subplots(rows, 2, squeeze=False).ravel()
    for ax, (name, row) in zip(axes, results.items(), strict=False):
        there = {peer: each for peer, each in row.items() if not each.missing}
        middle = [each.median for each in there.values()]
        low, high = ([abs(f(each.seconds) - each.median) for each in there.values()] for f in (min, max))
        colours = [COLOURS[1] if peer.startswith(base) else COLOURS[0] for peer in there]
        places = range(len(there))
        ax.barh(places, middle, xerr=(low, high), color=colours, height=0.7, error_kw={"linewidth": 0.8})
        for place, seconds, above in zip(places, middle, high, strict=True):
            ax.annotate(f" {duration(seconds)}", (seconds + above, place), va="center", fontsize=8)
        ax.set_yticks(places, list(there), fontsize=8)
        ax.set_title(fill(titles[name], 56), fontsize=9, loc="left")
        ax.set_xlim(0, 1.2 * max(m + h for m, h in zip(middle, high, strict=True)))
        ax.set_xticks([])
        ax.invert_yaxis()
        quiet(ax)
    for ax in axes[len(results) :]:
        ax.remove()
    return figure
