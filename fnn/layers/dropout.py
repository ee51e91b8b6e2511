"""Dropout: the layer that shows what a key is for."""

from fnn.layer import Back, Layer, Shape, check_cotangent, check_input, check_shape
from fnn.random import Key, draw
from fnn.tree import Array, Params, Tree
from fnn.values import number

__all__ = ["dropout"]


def dropout(rate: float) -> Layer:
    """Training with a key: each element is dropped with probability `rate`, the others are scaled by 1 / (1 - rate).

    Without a key, and in `apply`, the identity: the very same array (Srivastava et al. 2014, in the inverted form).
    Raises `ValueError` unless 0 <= rate < 1.
    """
    rate = number("dropout(rate), the probability to drop an element,", rate, 0, 1)
    name = f"dropout({rate})"

    def init(key: Key, shape: Shape) -> tuple[Params, Shape]:
        check_shape(name, shape)
        return Params(), shape

    def apply(params: Tree, x: Array) -> Array:
        check_input(name, params, x)
        return x

    def vjp(params: Tree, x: Array, key: Key | None = None) -> tuple[Array, Back]:
        x = apply(params, x)
        xp = x.__array_namespace__()
        mask = (
            xp.ones_like(x) if key is None else xp.astype(xp.asarray(draw(key, x.shape)) >= rate, x.dtype) / (1 - rate)
        )

        def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Array]:
            check_cotangent(name, dy, x.shape)
            return {}, dy * mask

        return x * mask, back

    return Layer(init, apply, vjp, name=name)
