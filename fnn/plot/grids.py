"""Pictures of tables: grids of images, heat maps, and confusion matrices."""

from collections.abc import Iterable, Sequence
from math import ceil
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize, PowerNorm
from matplotlib.figure import Figure, SubFigure
from numpy.typing import ArrayLike

from fnn.plot.canvas import INK, axes_or_new, checked, interval

__all__ = ["confusion", "heat_map", "image_grid"]


def _one_each(what: str, texts: Sequence[Any] | None, n: int) -> list[str]:
    """The `n` texts as strings, or an empty list for None."""
    if texts is not None and len(texts) != n:
        raise ValueError(f"{what} must be {n} in number, got {len(texts)}: give one for each, or leave them out")
    return [] if texts is None else [str(text) for text in texts]


def image_grid(
    images: ArrayLike,
    *,
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    row_labels: Sequence[Any] | None = None,
    column_labels: Sequence[Any] | None = None,
    figure: Figure | SubFigure | None = None,
) -> Figure | SubFigure:
    """Draw grey images, from 0 for black to 1 for white, in a grid on one axes, and return the figure.

    `images` are (n, h, w), drawn in rows of `columns` images, by default up to ten, or six with titles; or a grid
    (rows, cols, h, w), drawn as it is. `titles` has a text to write above each image; break long ones by a newline.
    `row_labels` and `column_labels` are written at the margins. `figure` is by default a new one.

    Raises `ValueError` for other shapes, values outside [0, 1], or a wrong number of columns, titles or labels.

    >>> len(image_grid(np.zeros((2, 28, 28)), titles=["4", "true 4,\\npredicted 9"]).axes[0].images)
    2
    """
    axes = "(rows, cols, h, w)" if np.ndim(images) == 4 else "(n, h, w)"
    array = checked("image_grid: images", images, axes, remedy="a single image is images[None]")
    if array.min() < 0 or array.max() > 1:
        got = f"{array.min():g} to {array.max():g}"
        raise ValueError(f"image_grid: images must lie in [0, 1], got {got}: scale or clip them")
    if columns is not None and columns < 1:
        raise ValueError(f"image_grid: columns must be at least 1, got {columns}: leave it out for a default")
    wide = columns or (array.shape[1] if array.ndim == 4 else min(len(array), 6 if titles else 10))
    flat = array.reshape(-1, *array.shape[-2:])
    high, ratio = ceil(len(flat) / wide), array.shape[-2] / array.shape[-1]
    titles = _one_each("image_grid: titles", titles, len(flat))
    rows = _one_each("image_grid: row labels", row_labels, high)
    cols = _one_each("image_grid: column labels", column_labels, wide)

    # A line of a title is 0.15 inches high, a letter 0.06 inches wide. `down` and `across` count in widths of an image.
    lines = [title.split("\n") for title in titles]
    head = 0.15 * max(map(len, lines), default=0)
    if figure is None:
        inch = max([0.75, *(0.1 + 0.06 * len(line) for title in lines for line in title)])
        margin = 0.2 + 0.1 * max(map(len, rows), default=0)
        size = (margin + 1.06 * inch * wide, 0.2 + 0.2 * bool(cols) + high * (inch * (ratio + 0.06) + head))
        figure = Figure(figsize=size, layout="constrained")
    else:
        inch = min(figure.bbox.width / wide, figure.bbox.height / high / ratio) / figure.dpi
    down, across = ratio + 0.06 + head / inch, 1.06
    ax = figure.add_subplot()
    for i, image in enumerate(flat):
        top, left = i // wide * down, i % wide * across
        ax.imshow(image, extent=(left, left + 1, top + ratio, top), cmap="gray", vmin=0, vmax=1, interpolation="none")
        if titles:
            ax.text(left + 0.5, top - 0.03, titles[i], ha="center", va="bottom", fontsize=8, linespacing=1.1)
    ax.set(xlim=(-0.01, wide * across - 0.05), ylim=(high * down - 0.05 - head / inch, -head / inch - 0.01))
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, top=False, bottom=False, labeltop=True, labelbottom=False)
    ax.set_xticks([0.5 + across * i for i in range(len(cols))], cols)
    ax.set_yticks([ratio / 2 + down * i for i in range(len(rows))], rows)
    return figure


def _table(
    ax: Axes, values: np.ndarray, texts: Iterable[str], rows: list[str], cols: list[str], bar: Any, **colours: Any
) -> Axes:
    """Draw `values` as colours with a colour bar, and on each its text, in black or white, whichever is readable."""
    # A mesh, since some viewers of SVG would blur the few pixels of an image.
    edges = [np.arange(n + 1) - 0.5 for n in values.shape]
    mesh = ax.pcolormesh(edges[1], edges[0], values, edgecolors="white", linewidth=0.8, **colours)
    light = mesh.to_rgba(values)[..., :3] ** 2.2 @ np.array([0.2126, 0.7152, 0.0722])  # relative luminance
    for (row, column), text in zip(np.ndindex(*values.shape), texts, strict=True):
        ink = "black" if light[row, column] > 0.18 else "white"  # at 0.18, both have equal contrast
        ax.text(column, row, text, ha="center", va="center", color=ink, fontsize=9)
    drawn_bar = ax.figure.colorbar(mesh, ax=ax, pad=0.02, aspect=25, **bar)
    drawn_bar.outline.set_visible(False)
    drawn_bar.ax.tick_params(width=0.6, length=3, color=INK)
    drawn_bar.ax.minorticks_off()
    ax.invert_yaxis()
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.set_xticks(range(len(cols)), cols)
    ax.set_yticks(range(len(rows)), rows)
    return ax


def heat_map(
    values: ArrayLike,
    row_labels: Sequence[Any],
    column_labels: Sequence[Any],
    *,
    ax: Axes | None = None,
    xlabel: str = "",
    ylabel: str = "",
    label: str = "",
    format: str = "{:.3f}",
    limits: tuple[float, float] | None = None,
    log: bool = False,
) -> Axes:
    """Draw values as colours from dark to bright, with a colour bar, and write each value into its cell.

    `values` are (rows, cols), and `label` is that of the colour bar. `format` formats a value. `limits` are the values
    of the darkest and the brightest colour, by default the smallest and the largest value. With `log`, equal ratios are
    equal steps of colour.

    Raises `ValueError` for other shapes, values that are not finite (with `log`, not positive), or a wrong number of
    row or column labels.

    >>> [text.get_text() for text in heat_map([[0.5, 0.25]], [1], [4, 8], format="{:.2f}").texts]
    ['0.50', '0.25']
    """
    array = checked("heat_map: values", values, "(rows, cols)", remedy="a single row is values[None]")
    rows = _one_each("heat_map: row labels", row_labels, len(array))
    cols = _one_each("heat_map: column labels", column_labels, array.shape[1])
    low, high = interval("heat_map: limits", limits or (array.min(), array.max()))
    if log and min(low, array.min()) <= 0:
        got = f"{min(low, array.min()):g} among them"
        raise ValueError(f"heat_map: with log=True, values and limits must be positive, got {got}: leave log out")
    ax = axes_or_new(ax, 2 + 0.85 * len(cols), max(2.4, 1 + 0.55 * len(rows)), xlabel, ylabel)
    norm = LogNorm(low, high) if log else Normalize(low, high)
    bar: dict[str, Any] = {"label": label}
    if log:  # matplotlib's powers of ten would be too few
        bar |= {"ticks": np.geomspace(low, high, 5).tolist(), "format": "%.3g"}
    return _table(ax, array, map(format.format, array.flat), rows, cols, bar, norm=norm, cmap="viridis")


def confusion(matrix: ArrayLike, names: Sequence[Any] | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw a confusion matrix: counts (k, k), with a row for each true class and a column for each predicted class.

    The colour of a cell shows the cube root of its share of the row, so that one error in a thousand can be seen.
    `names` are those of the classes, by default their numbers.

    Raises `ValueError` unless the matrix is square and holds integers >= 0, or for a wrong number of names.

    >>> [text.get_text() for text in confusion([[8, 2], [0, 5]]).texts]
    ['8', '2', '0', '5']
    """
    counts = checked("confusion: matrix", matrix, "(k, k)", remedy="count with fnn.metrics")
    if len(counts) != counts.shape[1] or counts.dtype.kind not in "iu" or counts.min() < 0:
        got = f"shape {counts.shape} of {counts.dtype}"
        raise ValueError(f"confusion: matrix must be (k, k) integers >= 0, got {got}: give counts")
    n = len(counts)
    names = _one_each("confusion: names", range(n) if names is None else names, n)
    cell = max(0.5, 0.2 + 0.08 * max(map(len, names)))
    ax = axes_or_new(ax, 2 + cell * n, 1 + max(2, 0.42 * n), "predicted class", "true class")
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    bar = {"label": "share of the true class", "ticks": [0, 0.001, 0.01, 0.1, 0.5, 1], "format": "%.3g"}
    return _table(ax, shares, map(str, counts.flat), names, names, bar, norm=PowerNorm(1 / 3, 0, 1), cmap="Blues")
