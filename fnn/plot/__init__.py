"""Pictures of data, drawn with matplotlib. This is the only part of fnn that imports it.

Each function takes arrays and, optionally, `ax`, the `Axes` to draw on, by default those of a new figure, which it
returns, and their labels, `xlabel` and `ylabel`. It changes neither its arguments nor pyplot nor the rcParams.
"""

from fnn.plot.canvas import COLOURS, MARKERS, save
from fnn.plot.grids import confusion, heat_map, image_grid
from fnn.plot.planes import decision_regions, points
from fnn.plot.runs import boxes, curves, differences

__all__ = [
    "COLOURS",
    "MARKERS",
    "boxes",
    "confusion",
    "curves",
    "decision_regions",
    "differences",
    "heat_map",
    "image_grid",
    "points",
    "save",
]
