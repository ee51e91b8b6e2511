"""Combinators of several layers, one behind the other or side by side; and what all combinators share."""

from collections.abc import Callable, Collection, Mapping
from itertools import accumulate, pairwise
from typing import Any

from fnn.arrays import Array, Shape, unbroadcast
from fnn.layer import (
    Back,
    Functions,
    Layer,
    LayerError,
    LayerTypeError,
    check_is_layer,
    check_shape,
    not_params,
    unchanged,
)
from fnn.layers.declared import check_cotangent
from fnn.random import Key, fold_in
from fnn.tree import Params, Tree, items
from fnn.values import constructor

__all__ = ["chain", "concat"]

DEEPEST = 60  # levels of combinators inside one another; each takes several of Python's 1000 levels of calls


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
                grads = {name: params[name] for name in placed}  # in front of it, they are empty trees
                for name in reversed(placed):
                    grads[name], dy = backs[name](dy, name != first)
                    if name == first:
                        break
                return grads, dy

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


@constructor
def concat(*branches: Layer, **named: Layer) -> Layer:
    """Branches on the same input, their outputs side by side along the last axis: y = [f₁(x), f₂(x), ...].

    Names, keys and slices are as in `chain`. Raises `LayerError` if there are no branches, and if the outputs differ
    in more than their last axis.
    """
    parts = named_parts("concat", branches, named)
    if not parts:
        raise LayerError("concat", "needs at least one branch")
    integers = min(branch.integers for branch in parts.values())  # those that all branches take

    def located(_: str, path: str) -> Functions:
        placed = placed_at(parts, path or "concat")
        numbered = list(enumerate(placed.items()))

        def init(key: Key, shape: Shape) -> tuple[Params, Shape]:
            params, shapes = {}, {}
            for i, (name, branch) in numbered:
                params[name], shapes[name] = branch.init(fold_in(key, i), shape)
            if len({(len(s), s[:-1]) for s in shapes.values()}) > 1 or () in shapes.values():
                problem = f"the branches' outputs must agree in all but the last axis, got {shapes}"
                raise LayerError("concat", problem, path)
            outer = next(iter(shapes.values()))[:-1]
            return Params(params), (*outer, sum(s[-1] for s in shapes.values()))

        def apply(params: Tree, x: Array) -> Array:
            check_names("concat", path, params, placed)
            return _side_by_side([branch.apply(params[name], x) for name, branch in placed.items()])

        def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
            check_names("concat", path, params, placed)
            ys, backs = {}, {}
            for i, (name, branch) in numbered:
                ys[name], backs[name] = branch.vjp(params[name], x, fold_in(key, i))
            y = _side_by_side(list(ys.values()))

            def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Array]:
                check_cotangent("concat", path, dy, y.shape)
                ends = pairwise(accumulate((part.shape[-1] for part in ys.values()), initial=0))
                dparams, dxs = {}, []
                for (start, stop), (name, part) in zip(ends, ys.items(), strict=True):
                    dparams[name], dx = backs[name](unbroadcast(dy[..., start:stop], part), need_dx)
                    dxs.append(dx)
                return dparams, sum(dxs[1:], dxs[0]) if need_dx and not integers else None

            return y, back

        def tune(params: Tree, x: Array) -> Tree:
            check_names("concat", path, params, placed)
            return {name: branch.tune(params[name], x) for name, branch in placed.items()}

        return init, apply, vjp, tune if any(part.tune is not unchanged for part in parts.values()) else unchanged

    return combined("concat", located, parts.values(), parts=parts, combine=concat, integers=integers)


def _side_by_side(ys: list[Array]) -> Array:
    """The outputs joined along their last axis; a branch without parameters may lack an ensemble's leading axes."""
    xp = ys[0].__array_namespace__()
    if any(y.shape[:-1] != ys[0].shape[:-1] for y in ys):
        outer = xp.broadcast_arrays(*(y[..., 0] for y in ys))[0].shape
        ys = [xp.broadcast_to(y, (*outer, y.shape[-1])) for y in ys]
    return xp.concat(ys, axis=-1)


def named_parts(combinator: str, layers: tuple[Layer, ...], named: Mapping[str, Layer]) -> dict[str, Layer]:
    """The layers by name; those without a name are called "0", "1", ... by their position."""
    parts = {**{str(i): layer for i, layer in enumerate(layers)}, **named}
    if len(parts) < len(layers) + len(named):
        raise LayerError(combinator, f"a name among {sorted(named)} is also a position; choose another")
    for name, layer in parts.items():
        check_is_layer(f"{combinator}[{name!r}]", layer)
    return parts


def combined(
    combinator: str, located: Callable[[str, str], Functions], layers: Collection[Layer], **fields: Any
) -> Layer:
    """The layer that a combinator makes of `layers`: it needs a key if one of them does.

    Raises `LayerError` if combinators stand too deep inside one another for Python.
    """
    depth = 1 + max((layer.depth for layer in layers), default=0)
    if depth > DEEPEST:
        problem = f"combinators may stand at most {DEEPEST} deep inside one another, got {depth} levels"
        raise LayerError(combinator, f"{problem}; give all layers to one chain: chain(*layers)")
    shared = {
        "integers": next((layer.integers for layer in layers), 0),  # the input is that of the first layer
        "needs_key": any(layer.needs_key for layer in layers),
        "depth": depth,
    }
    return Layer.of(located, **{**shared, **fields})


def placed_at(parts: Mapping[str, Layer], place: str) -> dict[str, Layer]:
    """The parts, with errors that say which part of which combinator they are."""
    return {name: layer.at(f"{place}[{name!r}]") for name, layer in parts.items()}


def check_names(combinator: str, path: str, params: Any, parts: Mapping[str, Layer]) -> None:
    """Raise a `LayerError` unless `params` has one entry for each part."""
    if not isinstance(params, Mapping):
        raise LayerTypeError(combinator, not_params(params), path)
    if params.keys() != parts.keys():
        missing, extra = [k for k in parts if k not in params], [k for k in params if k not in parts]
        problem = f"these are parameters of another model: missing {missing}, unexpected {extra}"
        raise LayerError(combinator, problem, path)
