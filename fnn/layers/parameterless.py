"""Layers without parameters: a function of one array and its pullback, made a layer."""

from collections.abc import Callable
from typing import Any

from fnn.layer import Back, Layer, Shape, check_cotangent, check_input, check_shape
from fnn.random import Key
from fnn.tree import Array, Params, Tree

__all__ = ["elementwise", "parameterless"]


def parameterless(
    name: str,
    f: Callable[[Any, Array], Array],
    pull: Callable[[Any, Array, Array, Array], Array],
    *,
    axes: int = -1,
    out_shape: Callable[[Shape], Shape] = lambda shape: shape,
) -> Layer:
    """The layer y = f(xp, x) with the pullback dx = pull(xp, x, y, dy); xp is the namespace of x's array library.

    `axes` is the number of axes that x must have more than (-1: any x will do), `out_shape` gives the features' shape.
    """

    def init(key: Key, shape: Shape) -> tuple[Params, Shape]:
        check_shape(name, shape)
        return Params(), out_shape(shape)

    def apply(params: Tree, x: Array) -> Array:
        check_input(name, params, x, axes=axes)
        return f(x.__array_namespace__(), x)

    def vjp(params: Tree, x: Array, key: Key | None = None) -> tuple[Array, Back]:
        check_input(name, params, x, axes=axes)
        xp = x.__array_namespace__()
        y = f(xp, x)

        def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Array]:
            check_cotangent(name, dy, y.shape)
            return {}, pull(xp, x, y, dy) if need_dx else None

        return y, back

    return Layer(init, apply, vjp, name=name)


def elementwise(name: str, f: Callable[[Any, Array], Array], df: Callable[[Any, Array, Array], Array]) -> Layer:
    """The layer that applies a function of one number to each element; `df(xp, x, y)` is its derivative.

    >>> import numpy as np
    >>> square = elementwise("square", lambda xp, x: x * x, lambda xp, x, y: 2 * x)
    >>> square.apply({}, np.array([1.0, 2.0, 3.0]))
    array([1., 4., 9.])
    """
    return parameterless(name, f, lambda xp, x, y, dy: dy * df(xp, x, y))
