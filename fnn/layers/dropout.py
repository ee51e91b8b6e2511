"""Dropout: the layer that shows what a key is for."""

from typing import Any

from fnn.arrays import Array
from fnn.layer import Back, Layer
from fnn.layers.declared import layer
from fnn.random import draw
from fnn.tree import Tree
from fnn.values import constructor, number

__all__ = ["dropout"]


@constructor
def dropout(rate: float) -> Layer:
    """In training, with a key: drops each element with probability `rate` and multiplies the others by 1 / (1 - rate).

    Without a key, and in `apply`, the identity (Srivastava et al. 2014, in the inverted form).
    Raises `ValueError` unless 0 <= rate < 1.
    """
    rate = number("dropout(rate), the probability to drop an element,", rate, 0, 1)

    def apply(params: Tree, x: Array) -> Array:
        return x

    def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
        if key is None:
            return x, lambda dy, need_dx=True: ({}, dy)
        xp = x.__array_namespace__()
        mask = xp.astype(xp.asarray(draw(key, x.shape)) >= rate, x.dtype)
        mask /= 1 - rate
        return x * mask, lambda dy, need_dx=True: ({}, dy * mask)

    return layer(apply, vjp, needs_key=rate > 0)
