"""The three products of a convolution, each linear in both its arrays, and each the other two's derivative.

    gathered    y = sum of x times w over a window         from x and w
    scattered   its adjoint in x                           from y and w
    correlated  its adjoint in w                           from x and y

Axes in front of (batch, *shape, c) of images and (*size, c_in, c_out) of weights are free and broadcast. Arrays of JAX
take its own primitive, which XLA makes much faster than windows in rows.
"""

from collections.abc import Callable, Iterator
from functools import partial, reduce
from math import prod
from operator import add

from fnn.arrays import Array, Shape
from fnn.layers.windows import Windows

__all__: list[str] = []  # for convolution only

# The axes of images, weights and outputs in our order. Within a scan on a CPU, XLA is up to ten times slower in any
# other; JAX makes the transpose of a convolution of one with other axes, so the last two are those whose transposes
# with respect to the images and to the weights have our order.
OURS, FOR_IMAGES, FOR_WEIGHTS = ("N*C", "*IO", "N*C"), ("N*C", "*OI", "N*C"), ("C*N", "I*O", "*NC")


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
    if _is_jax(x):
        return _vectorized(windows, partial(_convolution, windows), "xwy", x, w)
    xp, n_axes, count = x.__array_namespace__(), len(windows.size), windows.count(windows.spatial(x))
    matrix = xp.reshape(w, (*w.shape[: -n_axes - 2], prod(w.shape[-n_axes - 2 : -1]), w.shape[-1]))

    def block(x: Array) -> Array:
        y = windows.unfold(x) @ matrix
        return xp.reshape(y, (*y.shape[:-2], x.shape[-n_axes - 2], *count, w.shape[-1]))

    return joined([block(x[some]) for some in windows.blocks(x, count, x.shape[-1])], n_axes)


def scattered(windows: Windows, y: Array, w: Array, shape: Shape) -> Array:
    """The adjoint of `gathered` under the same weights: y (..., c_out) is spread over images of this shape."""
    if _is_jax(y):

        def one(y: Array, w: Array) -> Array:
            f = partial(_convolution, windows, w=w.mT, axes=FOR_IMAGES)
            return _adjoint(f, (y.shape[0], *shape, w.shape[-2]), y)

        return _vectorized(windows, one, "ywx", y, w)
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
    if _is_jax(x):

        def one(x: Array, dy: Array) -> Array:
            xp, size = x.__array_namespace__(), (x.shape[-1], *windows.size, dy.shape[-1])
            f = partial(_convolution, windows, xp.swapaxes(x, 0, -1), axes=FOR_WEIGHTS)
            return xp.moveaxis(_adjoint(f, size, xp.moveaxis(dy, 0, -2)), 0, -2)

        return _vectorized(windows, one, "xyw", x, dy)
    n_axes, count = len(windows.size), windows.count(windows.spatial(x))
    blocks = windows.blocks(x, count, x.shape[-1])
    dw = reduce(add, (windows.unfold(x[some]).mT @ rows_of(dy[some], n_axes) for some in blocks))
    return x.__array_namespace__().reshape(dw, (*dw.shape[:-2], *windows.size, x.shape[-1], dy.shape[-1]))


def _is_jax(x: Array) -> bool:
    """Whether x is an array or a tracer of JAX, which has then been imported."""
    return bool(x.__array_namespace__().__name__ == "jax.numpy")


def _convolution(windows: Windows, x: Array, w: Array, axes: tuple[str, str, str] = OURS) -> Array:
    """Of x (batch, *shape, c_in) and w (*size, c_in, c_out) or with other `axes`, without leading axes."""
    from jax import lax

    images, weights, outputs = (each.replace("*", "HW"[: len(windows.size)]) for each in axes)
    return lax.conv_general_dilated(
        x,
        w,
        windows.stride,
        windows.padding(windows.spatial(x)),
        rhs_dilation=windows.dilation,
        dimension_numbers=(images, weights, outputs),
    )


def _adjoint(f: Callable[[Array], Array], shape: Shape, y: Array) -> Array:
    """What the adjoint of f, a linear function of an array of this shape, makes of y."""
    from jax import linear_transpose
    from jax import numpy as jnp

    (x,) = linear_transpose(f, jnp.zeros(shape, y.dtype))(y)
    return x


def _vectorized(windows: Windows, f: Callable[..., Array], what: str, *arrays: Array) -> Array:
    """f of two arrays with any leading axes, in the greater precision of the two.

    `what` names both and the result: x the images, y the outputs, w the weights.
    """
    from jax import numpy as jnp

    n, m, k = (",".join(f"{length}{i}" for i in range(len(windows.size))) for length in "nmk")
    axes = {"x": f"(batch,{n},c_in)", "y": f"(batch,{m},c_out)", "w": f"({k},c_in,c_out)"}
    first, second, result = (axes[each] for each in what)
    along = jnp.vectorize(f, signature=f"{first},{second}->{result}")
    return along(*(jnp.asarray(each, jnp.result_type(*arrays)) for each in arrays))
