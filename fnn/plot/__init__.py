"""Pictures as functions of data.

Each function takes arrays and, if wanted, the `Axes` to draw on, and returns what it drew on: nothing of pyplot, the
rcParams or the arguments is changed. `save` writes the same figure to the same bytes, every time.
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
