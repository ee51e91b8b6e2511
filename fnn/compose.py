"""Combinators: models are built of layers by function composition and by nothing else.

Every combinator of layers is a layer and obeys the same laws; its parts' names are the keys of its parameter tree.
"""

from collections.abc import Callable, Mapping
from itertools import accumulate, pairwise
from typing import Any

from fnn.layer import (
    Back,
    Layer,
    LayerError,
    LayerTypeError,
    Shape,
    check_cotangent,
    check_is_layer,
    check_shape,
    unbroadcast,
)
from fnn.random import Key, fold_in, split
from fnn.tree import Array, Params, Tree, leaves, stack
from fnn.values import whole

__all__ = ["chain", "concat", "ensemble", "residual"]


def _parts(combinator: str, layers: tuple[Layer, ...], named: Mapping[str, Layer]) -> dict[str, Layer]:
    """Layers by name: "0", "1", ... for those without one."""
    parts = {**{str(i): layer for i, layer in enumerate(layers)}, **named}
    if len(parts) < len(layers) + len(named):
        raise LayerError(combinator, f"a name among {sorted(named)} is also a position; choose another")
    for name, layer in parts.items():
        check_is_layer(f"{combinator}[{name!r}]", layer)
    return parts


def _repr(combinator: str, parts: Mapping[str, Layer]) -> str:
    """The call that makes the model, over several lines where one would be long."""
    calls = [part.name if name.isdecimal() else f"{name}={part.name}" for name, part in parts.items()]
    if len(", ".join(calls)) <= 100:
        return f"{combinator}({', '.join(calls)})"
    return f"{combinator}(\n" + "".join("    " + call.replace("\n", "\n    ") + ",\n" for call in calls) + ")"


def _at(place: str, f: Callable[..., Any], *args: Any) -> Any:
    """f(*args), with `place` put in front of the path of an error."""
    try:
        return f(*args)
    except LayerError as error:
        raise error.within(place) from None


def _check_names(combinator: str, params: Any, parts: Mapping[str, Layer]) -> None:
    """Raise a `LayerError` unless `params` has one entry a part."""
    if not isinstance(params, Mapping):
        came = type(params).__name__
        raise LayerTypeError(combinator, f"expected params as a mapping, got {came}; call f(params, x)")
    if params.keys() != parts.keys():
        missing, extra = [k for k in parts if k not in params], [k for k in params if k not in parts]
        raise LayerError(combinator, f"these are parameters of another model: missing {missing}, unexpected {extra}")


def chain(*layers: Layer, **named: Layer) -> Layer:
    """Layers one behind the other: y = fₙ(... f₂(f₁(x))).

    Layers without a name are called "0", "1", ... by their position. With a key, each layer gets it folded with its
    position. A chain of no layers is the identity. A slice is the chain of the layers it takes, under their names, so
    that `model[1:].apply(params[1:], x)` works. Raises `LayerError` for parts that are no layers.

    >>> from fnn.layers import linear, relu
    >>> chain(linear(64), relu, readout=linear(10))
    chain(linear(64), relu, readout=linear(10))
    """
    parts = _parts("chain", layers, named)
    places = {name: f"chain[{name!r}]" for name in parts}

    def init(key: Key, shape: Shape) -> tuple[Params, Shape]:
        check_shape("chain", shape)
        params = {}
        for i, (name, layer) in enumerate(parts.items()):
            params[name], shape = _at(places[name], layer.init, fold_in(key, i), shape)
        return Params(params), shape

    def apply(params: Tree, x: Array) -> Array:
        _check_names("chain", params, parts)
        for name, layer in parts.items():
            x = _at(places[name], layer.apply, params[name], x)
        return x

    def vjp(params: Tree, x: Array, key: Key | None = None) -> tuple[Array, Back]:
        _check_names("chain", params, parts)
        backs = {}
        for i, (name, layer) in enumerate(parts.items()):
            own = None if key is None else fold_in(key, i)
            x, backs[name] = _at(places[name], layer.vjp, params[name], x, own)

        def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Array]:
            # Without need for dx, the pullback ends at the first layer that has parameters.
            first = None if need_dx else next((name for name in parts if leaves(params[name])), None)
            dparams = {name: params[name] for name in parts}  # what is left out has no leaves
            for name in reversed(parts):
                if name == first:
                    dparams[name], _ = _at(places[name], backs[name], dy, False)
                    return dparams, None
                dparams[name], dy = _at(places[name], backs[name], dy)
            return dparams, dy

        return x, back

    return Layer(init, apply, vjp, name=_repr("chain", parts), parts=parts, combine=chain)


def concat(*branches: Layer, **named: Layer) -> Layer:
    """Branches on the same input, their outputs side by side along the last axis: y = [f₁(x), f₂(x), ...].

    Names, keys and slices are as in `chain`. Raises `LayerError` for no branches, and where the outputs differ in
    more than their last axis.
    """
    parts = _parts("concat", branches, named)
    places = {name: f"concat[{name!r}]" for name in parts}
    if not parts:
        raise LayerError("concat", "needs at least one branch")

    def init(key: Key, shape: Shape) -> tuple[Params, Shape]:
        params, shapes = {}, {}
        for i, (name, branch) in enumerate(parts.items()):
            params[name], shapes[name] = _at(places[name], branch.init, fold_in(key, i), shape)
        if len({(len(s), s[:-1]) for s in shapes.values()}) > 1 or () in shapes.values():
            raise LayerError("concat", f"the branches' outputs must agree in all but the last axis, got {shapes}")
        outer = next(iter(shapes.values()))[:-1]
        return Params(params), (*outer, sum(s[-1] for s in shapes.values()))

    def join(ys: list[Array]) -> Array:
        """The outputs side by side; a branch without parameters may lack an ensemble's leading axes."""
        xp = ys[0].__array_namespace__()
        if any(y.shape[:-1] != ys[0].shape[:-1] for y in ys):
            outer = xp.broadcast_arrays(*(y[..., 0] for y in ys))[0].shape
            ys = [xp.broadcast_to(y, (*outer, y.shape[-1])) for y in ys]
        return xp.concat(ys, axis=-1)

    def apply(params: Tree, x: Array) -> Array:
        _check_names("concat", params, parts)
        return join([_at(places[name], branch.apply, params[name], x) for name, branch in parts.items()])

    def vjp(params: Tree, x: Array, key: Key | None = None) -> tuple[Array, Back]:
        _check_names("concat", params, parts)
        ys, backs = {}, {}
        for i, (name, branch) in enumerate(parts.items()):
            own = None if key is None else fold_in(key, i)
            ys[name], backs[name] = _at(places[name], branch.vjp, params[name], x, own)
        y = join(list(ys.values()))

        def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Array]:
            check_cotangent("concat", dy, y.shape)
            ends = pairwise(accumulate((part.shape[-1] for part in ys.values()), initial=0))
            dparams, dx = {}, None
            for (start, stop), (name, part) in zip(ends, ys.items(), strict=True):
                share = unbroadcast(dy[..., start:stop], part)
                if not need_dx:
                    dparams[name], _ = _at(places[name], backs[name], share, False)
                    continue
                dparams[name], dx_part = _at(places[name], backs[name], share)
                dx = dx_part if dx is None else dx + dx_part
            return dparams, dx

        return y, back

    return Layer(init, apply, vjp, name=_repr("concat", parts), parts=parts, combine=concat)


def residual(layer: Layer) -> Layer:
    """A layer around which its input is carried: y = x + f(x) (He et al. 2016, equation 1).

    The parameters are those of `layer`. Raises `LayerError` where f changes the shape of the features.
    """
    check_is_layer("residual", layer)
    name = f"residual({layer.name})"

    def init(key: Key, shape: Shape) -> tuple[Params, Shape]:
        params, out_shape = layer.init(key, shape)
        if out_shape != shape:
            raise LayerError(name, f"x + f(x) needs features of one shape, f makes {out_shape} of {shape}")
        return params, shape

    def apply(params: Tree, x: Array) -> Array:
        return x + layer.apply(params, x)

    def vjp(params: Tree, x: Array, key: Key | None = None) -> tuple[Array, Back]:
        y, back_of_layer = layer.vjp(params, x, key)

        def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Array]:
            if not need_dx:
                return back_of_layer(dy, need_dx=False)
            dparams, dx = back_of_layer(dy)
            return dparams, unbroadcast(dy, x) + dx

        return x + y, back

    combine = layer.combine
    again = None if combine is None else lambda **parts: residual(combine(**parts))
    return Layer(init, apply, vjp, name=name, parts=layer.parts, combine=again)


def ensemble(model: Layer, n: int) -> Layer:
    """`n` networks of one architecture, trained side by side as one: parameters with a leading axis of `n`.

    Network i starts from key i of `split(key, n)`. An input (batch, n_in) is shared by all, one of (n, batch, n_in)
    holds each network's own; the output is (n, batch, n_out). Every layer is free in its leading axes, so that this
    changes nothing but `init`. What a layer draws with a key before the first parameters, while the networks still
    share one input, they share too. Raises `ValueError` unless `n` is a positive integer, and `LayerError` for a model
    of which only a part is an ensemble.
    """
    check_is_layer("ensemble", model)
    n = whole("ensemble(n), the number of networks,", n)
    name = f"ensemble({model.name}, {n})"

    def init(key: Key, shape: Shape) -> tuple[Params, Shape]:
        members = [model.init(each, shape) for each in split(key, n)]
        first, out_shape = members[0]
        if any(part.lead != first.lead for part in first.values() if isinstance(part, Params)):
            raise LayerError(name, "a part of the model is an ensemble already; make one of the whole model instead")
        return stack([params for params, _ in members]), out_shape

    def check(params: Any) -> None:
        if n not in getattr(params, "lead", (n,)):  # an ensemble of ensembles has several
            raise LayerError(
                name, f"the parameters are not of {n} networks but of {params.lead or 'one'}; use its init"
            )

    def apply(params: Tree, x: Array) -> Array:
        check(params)
        return model.apply(params, x)

    def vjp(params: Tree, x: Array, key: Key | None = None) -> tuple[Array, Back]:
        check(params)
        return model.vjp(params, x, key)

    parts = {name: ensemble(part, n) for name, part in model.parts.items()}
    return Layer(init, apply, vjp, name=name, parts=parts, combine=model.combine)
