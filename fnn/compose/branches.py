"""Branches on the same input: side by side, or added."""

from itertools import accumulate, pairwise
from typing import Any

from fnn.arrays import Array, Shape, unbroadcast
from fnn.compose.chain import check_names, combined, named_parts, placed_at
from fnn.layer import Back, Functions, Layer, LayerError, check_is_layer, unchanged
from fnn.layers.declared import check_cotangent
from fnn.random import Key, fold_in
from fnn.tree import Params, Tree
from fnn.values import constructor

__all__ = ["concat", "residual"]


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
