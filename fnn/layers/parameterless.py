"""Layers without parameters, made of a function of one array."""

from collections.abc import Callable
from typing import Any

from fnn.arrays import Array, Shape, namespace
from fnn.layer import Back, Layer
from fnn.layers.declared import layer
from fnn.layers.shapes import Sizes
from fnn.tree import Tree
from fnn.values import Call

__all__ = ["elementwise", "parameterless"]

Pull = Callable[[Array], Array]  # dy -> dx


def parameterless(
    name: str,
    f: Callable[[Any, Array], tuple[Array, Pull]],
    *,
    x: Sizes = (...,),
    y: Callable[[Shape], Shape] | None = None,
) -> Layer:
    """The layer of a function of x that returns its value and its pullback.

    name   what its repr and its errors call it
    f      f(xp, x) -> (y, pull), with pull(dy) -> dx; xp is the namespace of x's array library
    x, y   the shapes of one example's features and outputs, as `fnn.layer` takes them

    >>> import numpy as np
    >>> double = parameterless("double", lambda xp, x: (2 * x, lambda dy: 2 * dy))
    >>> double.apply({}, np.array([1.0, 2.0]))
    array([2., 4.])
    """
    return _layer(f, x, y).remember(Call(parameterless, (name, f), (("x", x), ("y", y)), name))


def elementwise(name: str, f: Callable[[Any, Array], Array], df: Callable[[Any, Array, Array], Array]) -> Layer:
    """The layer that applies a function of one number to each element.

    name   what its repr and its errors call it
    f      f(xp, x) -> y; xp is the namespace of x's array library
    df     df(xp, x, y) -> the derivative dy/dx

    >>> import numpy as np
    >>> square = elementwise("square", lambda xp, x: x * x, lambda xp, x, y: 2 * x)
    >>> square.apply({}, np.array([1.0, 2.0, 3.0]))
    array([1., 4., 9.])
    """

    def with_pullback(xp: Any, x: Array) -> tuple[Array, Pull]:
        y = f(xp, x)
        return y, lambda dy: dy * df(xp, x, y)

    return _layer(with_pullback, (...,), None).remember(Call(elementwise, (name, f, df), (), name))


def _layer(f: Callable[[Any, Array], tuple[Array, Pull]], shape: Sizes, out: Any) -> Layer:
    def apply(params: Tree, x: Array) -> Array:
        return _like(x, f(namespace(x), x)[0])

    def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
        y, pull = f(namespace(x), x)
        return _like(x, y), lambda dy, need_dx=True: ({}, _like(x, pull(dy)) if need_dx else None)

    return layer(apply, vjp, x=shape, y=out)


def _like(x: Array, y: Array) -> Array:
    """`y` in the dtype of x, which it lacks for bfloat16: NumPy makes float32 of it and a Python number."""
    return y if y.dtype == x.dtype else y.__array_namespace__().astype(y, x.dtype)
