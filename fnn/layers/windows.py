"""Windows that slide over the spatial axes of an image, or over the one axis of a signal.

`unfold` gathers the numbers of each window in one row, so that a convolution is one matrix product. `fold` is its
adjoint: it adds the rows up at the places where they were gathered.
"""

from collections.abc import Iterable, Iterator
from itertools import product
from math import prod
from typing import Any

import attrs
import numpy as np
from numpy.lib.stride_tricks import as_strided

from fnn.arrays import Array, Shape
from fnn.layer import LayerError
from fnn.values import whole

__all__: list[str] = []  # for layers only

BLOCK = 2**19  # numbers, 2 MiB in float32
AXES = {1: ("length",), 2: ("height", "width")}  # the names of the spatial axes, by their number


def lengths_of(what: str, given: Any, n_axes: int = 0) -> Shape:
    """A whole number for each spatial axis: from a tuple of one or two, or from a number for one axis or `n_axes`.

    >>> lengths_of("size", 3), lengths_of("size", (3, 5)), lengths_of("stride", 2, n_axes=2)
    ((3,), (3, 5), (2, 2))
    """
    lengths = tuple(given) if isinstance(given, (tuple, list)) else (given,) * (n_axes or 1)
    if len(lengths) not in ((n_axes,) if n_axes else AXES):
        number = f"{n_axes}, one for each number of size" if n_axes else "one or two, as in 3 or (3, 3)"
        raise ValueError(f"{what} must have as many numbers as there are spatial axes, {number}, got {given!r}")
    return tuple(whole(what, n) for n in lengths)


@attrs.frozen
class Windows:
    """Windows of `size`, each `stride` from the next, whose elements stand `dilation` apart; all by spatial axis.

    With `same`, zeros around the image make room for ⌈n / stride⌉ windows on an axis of length n. Without, windows lie
    inside the image.
    """

    size: Shape
    stride: Shape
    dilation: Shape
    same: bool = False

    @property
    def extent(self) -> Shape:
        """How far a window reaches on each axis."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.size, self.dilation, strict=True))

    def count(self, shape: Shape) -> Shape:
        """The number of windows on each axis of an image. Raises `LayerError` if the image is smaller than a window.

        >>> Windows((3, 3), (2, 2), (1, 1)).count((28, 29)), Windows((3,), (2,), (1,), same=True).count((29,))
        ((13, 14), (15,))
        """
        if self.same:
            return tuple(-(-n // s) for n, s in zip(shape, self.stride, strict=True))
        if any(n < reach for n, reach in zip(shape, self.extent, strict=True)):
            remedy = 'give larger images, a smaller window or, where there is one, padding="same"'
            raise LayerError("", f"expected images of at least {self.extent}, got {tuple(shape)}; {remedy}")
        return tuple((n - reach) // s + 1 for n, reach, s in zip(shape, self.extent, self.stride, strict=True))

    def covered(self, count: Shape) -> Shape:
        """The lengths of the image from which transposed windows, `count` on each axis, would come.

        >>> Windows((3, 3), (2, 2), (1, 1)).covered((13, 14)), Windows((3,), (2,), (1,), same=True).covered((15,))
        ((27, 29), (30,))
        """
        if self.same:
            return tuple(n * s for n, s in zip(count, self.stride, strict=True))
        return tuple((n - 1) * s + reach for n, s, reach in zip(count, self.stride, self.extent, strict=True))

    def blocks(self, images: Array, count: Shape, c: int) -> list[tuple[Any, ...]]:
        """Indices of a few examples each, whose `count` windows of c channels stay in a cache; of all, but on NumPy."""
        n_axes = len(self.size)
        *lead, batch = images.shape[: -n_axes - 1]
        one = prod(lead) * prod(count) * prod(self.size) * c
        n = max(BLOCK // max(one, 1), 1) if isinstance(images, np.ndarray) else max(batch, 1)
        return [(..., slice(i, i + n), *[slice(None)] * (n_axes + 1)) for i in range(0, max(batch, 1), n)]

    def unfold(self, x: Array) -> Array:
        """The windows of images (..., batch, *shape, c) as rows: (..., batch · windows, size · c)."""
        n_axes, count = len(self.size), self.count(self.spatial(x))
        *outer, batch = x.shape[: -n_axes - 1]
        c, n_rows = x.shape[-1], batch * prod(count)
        if not isinstance(x, np.ndarray):
            xp = x.__array_namespace__()
            return xp.reshape(xp.concat(list(self.parts_of(x)), axis=-1), (*outer, n_rows, prod(self.size) * c))
        x = self._padded(x)
        # A view of the windows, of which the reshape makes one copy: along rows, or for one channel along columns.
        lead, steps = x.strides[: -n_axes - 1], x.strides[-n_axes - 1 : -1]
        along = lead[-1], *(s * step for s, step in zip(self.stride, steps, strict=True))
        within = *(d * step for d, step in zip(self.dilation, steps, strict=True)), x.strides[-1]
        if c > 1:
            view = as_strided(x, (*outer, batch, *count, *self.size, c), (*lead[:-1], *along, *within), writeable=False)
            return view.reshape(*outer, n_rows, prod(self.size) * c)
        view = as_strided(x, (*outer, *self.size, c, batch, *count), (*lead[:-1], *within, *along), writeable=False)
        return view.reshape(*outer, prod(self.size) * c, n_rows).mT

    def fold(self, parts: Iterable[Array], shape: Shape) -> Array:
        """Images (..., batch, *shape, c) that hold the sum of `parts`, each added where `parts_of` would take it."""
        full, inner = self._frame(shape)
        apart = all(s >= reach for s, reach in zip(self.stride, self.extent, strict=True))
        total: Any = 0
        for part, place in zip(parts, self._places(self.count(shape)), strict=True):
            if not isinstance(part, np.ndarray):
                total = total + _placed(part, place, full)
                continue
            if isinstance(total, int):
                total = np.zeros((*part.shape[: -len(shape) - 1], *full, part.shape[-1]), part.dtype)
            if apart:  # no place is met twice
                total[place] = part
            else:
                total[place] += part
        return total[inner]

    def parts_of(self, x: Array) -> Iterator[Array]:
        """For each element of a window, what all windows hold there: arrays (..., batch, *count, c)."""
        padded = self._padded(x)
        return (padded[place] for place in self._places(self.count(self.spatial(x))))

    def features(self, shape: Shape) -> Shape:
        """The spatial lengths of features (*shape, c). Raises `LayerError` for another number of axes."""
        axes = AXES[len(self.size)]
        if len(shape) != len(axes) + 1:
            remedy = "size has a number for each spatial axis: 3 for signals, (3, 3) for images"
            raise LayerError("", f"expected features ({', '.join(axes)}, channels), got {shape}; {remedy}")
        return shape[:-1]

    def spatial(self, x: Array) -> Shape:
        """The lengths of the spatial axes of images (..., batch, *shape, c)."""
        return tuple(x.shape[-len(self.size) - 1 : -1])

    def _places(self, count: Shape) -> Iterator[tuple[Any, ...]]:
        """For each element of a window, the index of what all windows hold there."""
        for element in product(*map(range, self.size)):
            starts = (i * d for i, d in zip(element, self.dilation, strict=True))
            along = zip(starts, count, self.stride, strict=True)
            yield (..., *(slice(start, start + (n - 1) * s + 1, s) for start, n, s in along), slice(None))

    def padding(self, shape: Shape) -> list[tuple[int, int]]:
        """The zeros before and after each axis; of an odd number, one more stands after."""
        if not self.same:
            return [(0, 0)] * len(shape)
        along = zip(shape, self.count(shape), self.stride, self.extent, strict=True)
        totals = [max((m - 1) * s + reach - n, 0) for n, m, s, reach in along]
        return [(total // 2, total - total // 2) for total in totals]

    def _frame(self, shape: Shape) -> tuple[Shape, tuple[Any, ...]]:
        """The lengths of an image with its zeros around, and the index of the image itself."""
        padding = self.padding(shape)
        full = tuple(n + before + after for n, (before, after) in zip(shape, padding, strict=True))
        return full, (
            ...,
            *(slice(before, before + n) for n, (before, _) in zip(shape, padding, strict=True)),
            slice(None),
        )

    def _padded(self, x: Array) -> Array:
        shape = self.spatial(x)
        full, place = self._frame(shape)
        if full == shape:
            return x
        if isinstance(x, np.ndarray):
            padded = np.zeros((*x.shape[: -len(shape) - 1], *full, x.shape[-1]), x.dtype)
            padded[place] = x
            return padded
        return _placed(x, place, full)


def _placed(part: Array, place: tuple[Any, ...], full: Shape) -> Array:
    """Zeros whose spatial lengths are `full`, with `part` at `place`: without a write, for arrays that forbid it."""
    xp = part.__array_namespace__()
    for axis, (where, length) in enumerate(zip(place[1:-1], full, strict=True), part.ndim - 1 - len(full)):

        def zeros(n: int, axis: int = axis) -> Array:
            return xp.zeros((*part.shape[:axis], n, *part.shape[axis + 1 :]), dtype=part.dtype)  # noqa: B023

        n, step = part.shape[axis], where.step or 1
        if step > 1:  # each element, and step - 1 zeros behind it
            spread = xp.stack([part, *[xp.zeros_like(part)] * (step - 1)], axis=axis + 1)
            part = xp.reshape(spread, (*part.shape[:axis], n * step, *part.shape[axis + 1 :]))
            part = part[(*[slice(None)] * axis, slice((n - 1) * step + 1), ...)]
        part = xp.concat([zeros(where.start), part, zeros(length - where.stop)], axis=axis)
    return part
