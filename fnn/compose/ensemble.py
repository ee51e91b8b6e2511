"""Several networks of one architecture, side by side."""

from typing import Any

from fnn.arrays import Array, Shape
from fnn.compose.combined import combined
from fnn.layer import Back, Functions, Layer, LayerError, check_is_layer, unchanged
from fnn.random import Key, split
from fnn.tree import Params, Tree, stack
from fnn.values import constructor, whole

__all__ = ["ensemble"]


@constructor
def ensemble(model: Layer, n: int) -> Layer:
    """`n` networks of one architecture, trained side by side as one: parameters with a leading axis of `n`.

    Network i starts from key i of `split(key, n)`. An input (batch, n_in) is shared by all networks, an input
    (n, batch, n_in) holds one for each; the output is (n, batch, n_out). Leading axes are free in every layer, so that
    an ensemble changes nothing but `init`. What a layer draws with a key in front of the first parameters, where all
    networks still share one input, is shared too. Raises `ValueError` unless `n` is a positive integer, and
    `LayerError` if only a part of the model is an ensemble.
    """
    check_is_layer("ensemble", model)
    n = whole("ensemble(n), the number of networks,", n)

    def located(name: str, path: str) -> Functions:
        inner = model.at(path)

        def init(key: Key, shape: Shape) -> tuple[Params, Shape]:
            members = [inner.init(each, shape) for each in split(key, n)]
            first, out_shape = members[0]
            if any(part.lead != first.lead for part in first.values() if isinstance(part, Params)):
                problem = "a part of the model is an ensemble already; make one of the whole model instead"
                raise LayerError(name, problem, path)
            return stack([params for params, _ in members]), out_shape

        def check(params: Any) -> None:
            if n not in getattr(params, "lead", (n,)):  # an ensemble of ensembles has several leading axes
                count = params.lead or "one"
                problem = f"the parameters are not of {n} networks but of {count}; use its init"
                raise LayerError(name, problem, path)

        def apply(params: Tree, x: Array) -> Array:
            check(params)
            return inner.apply(params, x)

        def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
            check(params)
            return inner.vjp(params, x, key)

        def tune(params: Tree, x: Array) -> Tree:
            check(params)
            return inner.tune(params, x)

        return init, apply, vjp, unchanged if inner.tune is unchanged else tune

    parts = {name: ensemble(part, n) for name, part in model.parts.items()}
    return combined("ensemble", located, [model], parts=parts, combine=model.combine)
