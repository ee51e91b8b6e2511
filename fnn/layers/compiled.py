"""The products of a convolution by JAX's own primitive, which XLA turns into much faster code than windows in rows.

JAX is imported when the arrays are JAX's, and then it is there already.
"""

from collections.abc import Callable
from typing import Any

from fnn.arrays import Array, Shape
from fnn.layers.windows import Windows

__all__: list[str] = []  # for convolution only

# The axes of images, weights and outputs in our order. Within a scan on a CPU, XLA is up to ten times slower in any
# other; JAX makes the transpose of a convolution of one with other axes, so the last two are those whose transposes
# with respect to the images and to the weights have our order.
OURS, FOR_IMAGES, FOR_WEIGHTS = ("N*C", "*IO", "N*C"), ("N*C", "*OI", "N*C"), ("C*N", "I*O", "*NC")


def is_jax(x: Array) -> bool:
    """Whether x is an array or a tracer of JAX."""
    return bool(x.__array_namespace__().__name__ == "jax.numpy")


def gathered(windows: Windows, x: Array, w: Array) -> Array:
    """As `products.gathered`."""
    return _broadcast(windows, lambda x, w: _convolution(windows, x, w), "xwy", x, w)


def scattered(windows: Windows, y: Array, w: Array, shape: Shape) -> Array:
    """As `products.scattered`."""

    def one(y: Array, w: Array) -> Array:
        from jax import linear_transpose
        from jax import numpy as jnp

        x = jnp.zeros((y.shape[0], *shape, w.shape[-2]), y.dtype)
        w = jnp.swapaxes(w, -1, -2)
        return linear_transpose(lambda x: _convolution(windows, x, w, FOR_IMAGES), x)(y)[0]

    return _broadcast(windows, one, "ywx", y, w)


def correlated(windows: Windows, x: Array, dy: Array) -> Array:
    """As `products.correlated`."""

    def one(x: Array, dy: Array) -> Array:
        from jax import linear_transpose
        from jax import numpy as jnp

        w = jnp.zeros((x.shape[-1], *windows.size, dy.shape[-1]), x.dtype)
        x, dy = jnp.swapaxes(x, 0, -1), jnp.moveaxis(dy, 0, -2)
        return jnp.moveaxis(linear_transpose(lambda w: _convolution(windows, x, w, FOR_WEIGHTS), w)(dy)[0], 0, -2)

    return _broadcast(windows, one, "xyw", x, dy)


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


def _broadcast(windows: Windows, f: Callable[..., Array], what: str, *arrays: Array) -> Array:
    """f of two arrays with any leading axes, in the greater precision of the two.

    `what` names both and the result: x the images, y the outputs, w the weights.
    """
    from jax import numpy as jnp

    n = range(len(windows.size))
    axes = {
        "x": f"(batch,{','.join(f'n{i}' for i in n)},c_in)",
        "y": f"(batch,{','.join(f'm{i}' for i in n)},c_out)",
        "w": f"({','.join(f'k{i}' for i in n)},c_in,c_out)",
    }
    first, second, result = (axes[each] for each in what)
    dtype: Any = jnp.result_type(*arrays)
    along = jnp.vectorize(f, signature=f"{first},{second}->{result}")
    return along(*(jnp.asarray(each, dtype) for each in arrays))
