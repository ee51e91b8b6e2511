"""Flatten: images become vectors."""

from math import prod
from typing import Any

from fnn.arrays import Array, Shape
from fnn.layer import Back, Layer
from fnn.layers.declared import layer
from fnn.tree import Tree
from fnn.values import constructor, whole

__all__ = ["flatten"]


@constructor
def flatten(axes: int = 2) -> Layer:
    """Joins the last `axes` axes: images (..., batch, height, width) become (..., batch, height · width).

    Images with channels, (..., batch, height, width, channels), take `flatten(3)`. All axes in front are free, as in
    every layer, so flatten must be told where an example begins. The result is a view of x where the array library has
    views. Raises `ValueError` unless `axes` is a positive integer, and `LayerError` for features of fewer axes.
    """
    axes = whole("flatten(axes)", axes)

    def joined(shape: Shape) -> Shape:
        return (*shape[:-axes], prod(shape[-axes:]))

    def apply(params: Tree, x: Array) -> Array:
        return x.__array_namespace__().reshape(x, joined(x.shape))

    def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
        return apply(params, x), lambda dy, need_dx=True: ({}, dy.__array_namespace__().reshape(dy, x.shape))

    names = ("height", "width", "channels")[:axes] if axes <= 3 else tuple(f"n{i}" for i in range(axes))
    return layer(apply, vjp, x=(..., *names), y=joined)
