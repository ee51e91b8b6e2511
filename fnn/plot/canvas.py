"""What all pictures share: colours, axes, checks and saving.

Figures are made with `matplotlib.figure.Figure`, since pyplot keeps every figure that it makes in a global list.
"""

import os
import re
from collections.abc import Mapping
from copy import deepcopy
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from fnn.checkpoint.files import checked_name, replace

__all__ = ["COLOURS", "INK", "MARKERS", "axes_or_new", "checked", "checked_each", "interval", "quiet", "save"]

# Okabe and Ito's colours, which colour-blind readers can tell apart, without the pale yellow; and three of Paul Tol's.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#222222", "#882255", "#332288", "#BBBBBB")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
INK = "#444444"


def axes_or_new(ax: Axes | None, width: float, height: float, xlabel: str = "", ylabel: str = "") -> Axes:
    """`ax`, or if it is None, the only axes of a new figure of `width` x `height` inches, with these labels."""
    ax = Figure(figsize=(width, height), layout="constrained").add_subplot() if ax is None else ax
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return ax


def quiet(ax: Axes, grid: Literal["x", "y"] | None = None) -> None:
    """Give axes thin spines on two sides and short ticks, and with `grid` light lines behind the data."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set(linewidth=0.6, color=INK)
    ax.tick_params(width=0.6, length=3, color=INK)
    if grid is not None:
        ax.grid(axis=grid, linewidth=0.5, color="#DDDDDD")
        ax.set_axisbelow(True)


def checked(what: str, values: Any, axes: str, *, nan: bool = False, remedy: str = "reshape them") -> np.ndarray:
    """`values` as an array of real, finite numbers. Raises `ValueError`, in which `what` names them, for others.

    `axes` names the axes that the array must have, such as "(runs, epochs)" or, with a fixed length, "(n, 2)". `nan`
    allows nan, and `remedy` is the advice in the error for other axes.

    >>> checked("boxes: group 'adam'", [0.5, 0.25], "(runs,)")
    array([0.5 , 0.25])
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{what} must have the axes {axes}, got rows of different lengths: pad or cut them") from error
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{what} must be real numbers, got dtype {array.dtype}: convert them to floats")
    names = re.findall(r"\w+", axes)
    fixed = [(n, name) for n, name in zip(array.shape, names, strict=False) if name.isdigit()]
    if array.ndim != len(names) or array.size == 0 or any(str(n) != name for n, name in fixed):
        raise ValueError(f"{what} must have the axes {axes}, none empty, got shape {array.shape}: {remedy}")
    bad = np.isinf(array) if nan else ~np.isfinite(array)
    if bad.any():
        raise ValueError(f"{what} must be finite, got {bad.sum()} values of {bad.size} that are not: leave them out")
    return array


def checked_each(what: str, groups: Mapping[str, Any], axes: str, **options: Any) -> dict[str, np.ndarray]:
    """`checked` values by name. Raises `ValueError`, in which `what` says what is named, also for an empty mapping."""
    if not groups:
        where = what.partition(":")[0]
        raise ValueError(f"{where}: there must be at least one named group to draw, got an empty mapping")
    return {name: checked(f"{what} {name!r}", values, axes, **options) for name, values in groups.items()}


def interval(what: str, values: Any) -> tuple[float, float]:
    """The two numbers (low, high). Raises `ValueError`, in which `what` names them, unless low <= high."""
    low, high = checked(what, values, "(2,)", remedy="give (low, high)").tolist()
    if low > high:
        raise ValueError(f"{what} must be (low, high) with low <= high, got {(low, high)}: swap or recompute them")
    return low, high


def _named_in_order(svg: str) -> str:
    """`svg` with its random ids replaced by numbers, in the order in which they appear.

    >>> _named_in_order('<path id="p0123456789"/><use xlink:href="#p0123456789"/>')
    '<path id="id0"/><use xlink:href="#id0"/>'
    """
    hashed = dict.fromkeys(re.findall(r'\bid="([a-z]*[0-9a-f]{10})"', svg))
    names = {old: f"id{i}" for i, old in enumerate(hashed)}
    return re.sub(r'(?<=["#])[a-z]*[0-9a-f]{10}(?=[")])', lambda found: names.get(found[0], found[0]), svg)


def save(figure: Figure | SubFigure, path: str | os.PathLike[str], *, dpi: float = 200) -> tuple[Path, Path]:
    """Write `figure` to `path` + ".png", with `dpi` pixels per inch, and to `path` + ".svg"; return the two paths.

    A subfigure is saved with its whole figure, so that `save(curves(...).figure, path)` is always right. Equal figures
    give equal bytes: the files have no dates and no versions, and their ids are numbers instead of random names.

    Each file is written whole or not at all. Raises `ValueError` if `path` already ends in .png or .svg, and `OSError`,
    with the name of the file, if a file cannot be written.
    """
    stem = checked_name(path)
    if stem.endswith((".png", ".svg")):
        raise ValueError(f"save: the path must come without a suffix, got {stem!r}: write {stem[:-4]!r}")
    # Draw copies, since each drawing moves a constrained layout a little, and both before a file is written.
    png, svg, whole = BytesIO(), StringIO(), figure.get_figure(root=True)
    deepcopy(whole).savefig(png, format="png", dpi=dpi, metadata={"Software": None})
    deepcopy(whole).savefig(svg, format="svg", dpi=dpi, metadata={"Date": None, "Creator": None})
    paths = Path(f"{stem}.png"), Path(f"{stem}.svg")
    replace(paths[0], [png.getvalue()])
    replace(paths[1], [_named_in_order(svg.getvalue()).encode()])
    return paths
