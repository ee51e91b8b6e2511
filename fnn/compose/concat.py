"""Branches on the same input, side by side."""

from itertools import accumulate, pairwise
from typing import Any

from fnn.arrays import Array, Shape, unbroadcast
from fnn.compose.combined import check_names, combined, named_parts, placed_at
from fnn.layer import Back, Functions, Layer, LayerError, unchanged
from fnn.layers.declared import check_cotangent
from fnn.random import Key, fold_in
from fnn.tree import Params, Tree
from fnn.values import constructor

__all__ = ["concat"]


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
