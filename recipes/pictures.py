"""What the pictures of all experiments share: they say their size, and few runs do not look like a verdict."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["hollow", "sized"]

LINE = 0.25  # the height of a line of text below a picture, in inches
PAD = 0.1  # what keeps a legend from the axes above it, in inches


def sized(figure: Figure, words: str) -> Figure:
    """The figure, a line higher, with these words below everything else; "" changes nothing."""
    if words:
        width, height = figure.get_size_inches()
        height += LINE
        legends = sum(each.get_window_extent().height / figure.dpi + PAD for each in figure.legends)
        below, rest = LINE / height, (LINE + legends) / height
        for legend in figure.legends:  # one outside all axes, at the lower edge, which is to stay above the words
            legend.set_bbox_to_anchor((0, below, 1, 1 - below), figure.transFigure)
        figure.set_size_inches(width, height)
        figure.set_layout_engine("constrained", rect=(0, rest, 1, 1 - rest))
        figure.text(0.5, below / 2, words, ha="center", va="center", fontsize=9, style="italic")
    return figure


def hollow(ax: Axes) -> None:
    """Empty all markers: a filled one stands for an interval that excludes zero, and few runs have no interval."""
    for line in ax.lines:
        line.set_markerfacecolor("white")
