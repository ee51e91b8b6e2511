"""Pictures of data, drawn with matplotlib. This is the only part of fnn that imports it.

Each function takes arrays and, optionally, the `Axes` to draw on, and returns what it drew on. It changes neither its
arguments nor pyplot nor the rcParams. `save` writes equal figures as equal bytes.
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
