"""What the pictures of all experiments share: they say their size, and few runs do not look like a verdict."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["hollow", "sized"]

LINE = 0.25  # the height of a line of text below a picture, in inches


def sized(figure: Figure, words: str) -> Figure:
    """The figure, a line higher, with these words below everything else; "" changes nothing."""
    if words:
        width, height = figure.get_size_inches()
        below = LINE / (height + LINE)
        rest = (0, below, 1, 1 - below)
        figure.set_size_inches(width, height + LINE)
        figure.set_layout_engine("constrained", rect=rest)
        for legend in figure.legends:  # a legend outside all axes keeps to the edge of the figure
            legend.set_bbox_to_anchor(rest, figure.transFigure)
        figure.text(0.5, below / 2, words, ha="center", va="center", fontsize=9, style="italic")
    return figure


def hollow(ax: Axes) -> None:
    """Empty all markers: a filled one stands for an interval that excludes zero, and few runs have no interval."""
    for line in ax.lines:
        line.set_markerfacecolor("white")
