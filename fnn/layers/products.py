"""The three products of a convolution, each linear in both its arrays, and each the other two's derivative.

    gathered    y = sum of x times w over a window         from x and w
    scattered   its adjoint in x                           from y and w
    correlated  its adjoint in w                           from x and y

Axes in front of (batch, *shape, c) of images and (*size, c_in, c_out) of weights are free and broadcast.
"""

from collections.abc import Iterator
from functools import reduce
from math import prod
from operator import add

from fnn.arrays import Array, Shape
from fnn.layers import compiled
from fnn.layers.windows import Windows

__all__: list[str] = []  # for convolution only


def rows_of(y: Array, n_axes: int) -> Array:
    """Images (..., batch, *shape, c) as one row for each place: (..., batch · places, c)."""
    *outer, c = y.shape
    split = len(outer) - n_axes - 1
    return y.__array_namespace__().reshape(y, (*outer[:split], prod(outer[split:]), c))


def joined(parts: list[Array], n_axes: int) -> Array:
    """Images (..., batch, *shape, c) of the blocks of one batch."""
    return parts[0] if len(parts) == 1 else parts[0].__array_namespace__().concat(parts, axis=-n_axes - 2)


def gathered(windows: Windows, x: Array, w: Array) -> Array:
    """The product of each window of x with the weights (..., *size, c_in, c_out)."""
    if compiled.is_jax(x):
        return compiled.gathered(windows, x, w)
    xp, n_axes, count = x.__array_namespace__(), len(windows.size), windows.count(windows.spatial(x))
    matrix = xp.reshape(w, (*w.shape[: -n_axes - 2], prod(w.shape[-n_axes - 2 : -1]), w.shape[-1]))

    def block(x: Array) -> Array:
        y = windows.unfold(x) @ matrix
        return xp.reshape(y, (*y.shape[:-2], x.shape[-n_axes - 2], *count, w.shape[-1]))

    return joined([block(x[some]) for some in windows.blocks(x, count, x.shape[-1])], n_axes)


def scattered(windows: Windows, y: Array, w: Array, shape: Shape) -> Array:
    """The adjoint of `gathered` under the same weights: y (..., c_out) is spread over images of this shape."""
    if compiled.is_jax(y):
        return compiled.scattered(windows, y, w, shape)
    xp, n_axes = y.__array_namespace__(), len(windows.size)
    matrices = xp.reshape(w, (*w.shape[: -n_axes - 2], prod(windows.size), *w.shape[-2:])).mT

    def parts(y: Array) -> Iterator[Array]:
        rows = rows_of(y, n_axes)
        for i in range(prod(windows.size)):
            part = rows @ matrices[..., i, :, :]
            yield xp.reshape(part, (*part.shape[:-2], *y.shape[-n_axes - 2 : -1], part.shape[-1]))

    blocks = windows.blocks(y, windows.count(shape), w.shape[-2])
    return joined([windows.fold(parts(y[some]), shape) for some in blocks], n_axes)


def correlated(windows: Windows, x: Array, dy: Array) -> Array:
    """The gradient of the weights of `gathered`: the windows of x, transposed, times dy."""
    if compiled.is_jax(x):
        return compiled.correlated(windows, x, dy)
    n_axes, count = len(windows.size), windows.count(windows.spatial(x))
    blocks = windows.blocks(x, count, x.shape[-1])
    dw = reduce(add, (windows.unfold(x[some]).mT @ rows_of(dy[some], n_axes) for some in blocks))
    return x.__array_namespace__().reshape(dw, (*dw.shape[:-2], *windows.size, x.shape[-1], dy.shape[-1]))
