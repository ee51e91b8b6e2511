"""Layers one behind the other."""

from typing import Any

from fnn.arrays import Array, Shape
from fnn.compose.combined import check_names, combined, named_parts, placed_at
from fnn.layer import Back, Functions, Layer, check_shape, unchanged
from fnn.random import Key, fold_in
from fnn.tree import Params, Tree, items
from fnn.values import constructor

__all__ = ["chain"]


@constructor
def chain(*layers: Layer, **named: Layer) -> Layer:
    """Layers one behind the other: y = fₙ(... f₂(f₁(x))).

    Layers without a name are called "0", "1", ... by their position. Each layer gets the key folded with its position.
    A chain of no layers is the identity. A slice is the chain of the layers it takes, under their names, so that
    `model[1:].apply(params[1:], x)` works. Raises `LayerError` if a part is not a layer.

    >>> from fnn.layers import linear, relu
    >>> chain(linear(64), relu, readout=linear(10))
    chain(linear(64), relu, readout=linear(10))
    """
    parts = named_parts("chain", layers, named)
    n_tuned = max((i for i, layer in enumerate(parts.values(), 1) if layer.tune is not unchanged), default=0)

    def located(_: str, path: str) -> Functions:
        placed = placed_at(parts, path or "chain")
        numbered = list(enumerate(placed.items()))

        def init(key: Key, shape: Shape) -> tuple[Params, Shape]:
            check_shape("chain", path, shape)
            params = {}
            for i, (name, layer) in numbered:
                params[name], shape = layer.init(fold_in(key, i), shape)
            return Params(params), shape

        def apply(params: Tree, x: Array) -> Array:
            check_names("chain", path, params, placed)
            for name, layer in placed.items():
                x = layer.apply(params[name], x)
            return x

        def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
            check_names("chain", path, params, placed)
            backs = {}
            for i, (name, layer) in numbered:
                x, backs[name] = layer.vjp(params[name], x, fold_in(key, i))

            def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Array]:
                # Without need for dx, the pullback ends at the first layer that has parameters.
                first = None if need_dx else next((name for name in placed if any(items(params[name]))), None)
                grads = {}
                for name in reversed(placed):
                    grads[name], dy = backs[name](dy, name != first)
                    if name == first:
                        break
                # The layers in front of it have no parameters: their gradient is an empty tree.
                return {name: grads[name] if name in grads else params[name] for name in placed}, dy

            return x, back

        def tune(params: Tree, x: Array) -> Tree:
            check_names("chain", path, params, placed)
            tuned, (*before, last) = dict(params), list(placed)[:n_tuned]
            for name in before:  # each layer sees what the tuned layers before it make of x
                tuned[name] = placed[name].tune(params[name], x)
                x = placed[name].apply(tuned[name], x)
            return {**tuned, last: placed[last].tune(params[last], x)}

        return init, apply, vjp, tune if n_tuned else unchanged

    return combined("chain", located, parts.values(), parts=parts, combine=chain)
