"""A layer whose input is added to its output."""

from typing import Any

from fnn.arrays import Array, Shape, unbroadcast
from fnn.compose.combined import combined
from fnn.layer import Back, Functions, Layer, LayerError, check_is_layer
from fnn.random import Key
from fnn.tree import Params, Tree
from fnn.values import constructor

__all__ = ["residual"]


@constructor
def residual(layer: Layer) -> Layer:
    """A layer whose input is added to its output: y = x + f(x) (He et al. 2016, equation 1).

    The parameters are those of `layer`. Raises `LayerError` if f changes the shape of the features.
    """
    check_is_layer("residual", layer)

    def located(name: str, path: str) -> Functions:
        inner = layer.at(path)

        def init(key: Key, shape: Shape) -> tuple[Params, Shape]:
            params, out_shape = inner.init(key, shape)
            if out_shape != shape:
                problem = f"x + f(x) needs features of one shape, f makes {out_shape} of {shape}"
                raise LayerError(name, problem, path)
            return params, shape

        def apply(params: Tree, x: Array) -> Array:
            return x + inner.apply(params, x)

        def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
            y, back_of_layer = inner.vjp(params, x, key)

            def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Array]:
                dparams, dx = back_of_layer(dy, need_dx)
                return dparams, unbroadcast(dy, x) + dx if need_dx else None

            return x + y, back

        return init, apply, vjp, inner.tune

    combine = layer.combine
    again = None if combine is None else lambda *unnamed, **parts: residual(combine(*unnamed, **parts))
    return combined("residual", located, [layer], parts=layer.parts, combine=again)
