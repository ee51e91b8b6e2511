"""Combinators of one layer: added to its input, at every place of a sequence or an image, or as many networks."""

from math import prod
from typing import Any

from fnn.arrays import Array, Shape, unbroadcast
from fnn.compose.several import combined
from fnn.layer import Back, Functions, Layer, LayerError, check_is_layer, check_shape, unchanged
from fnn.layers.declared import check_cotangent
from fnn.random import Key, split
from fnn.tree import Params, Tree, stack
from fnn.values import constructor, whole

__all__ = ["each", "ensemble", "residual"]


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


@constructor
def each(layer: Layer, axes: int = 1) -> Layer:
    """`layer`, a layer of vectors, for each position along the `axes` axes in front of the features.

    x (..., batch, time, n_in) goes through `layer` as (..., batch · time, n_in), and y comes back as
    (..., batch, time, n_out). The parameters are those of `layer`. Losses and metrics take the prediction and the
    target with batch and time joined. `axes` is 1 for sequences (time, n), 2 for images (height, width, n).

    `each(linear(8), axes=2)` is a convolution of size 1 x 1. Raises `LayerError` for features of other axes, and if
    `layer` does not make vectors of vectors.

    >>> import numpy as np
    >>> from fnn.layers import linear
    >>> tokens = each(linear(3))
    >>> params, out_shape = tokens.init(Key(0), (7, 2))
    >>> out_shape, tokens.apply(params, np.zeros((5, 7, 2), np.float32)).shape
    ((7, 3), (5, 7, 3))
    """
    check_is_layer("each", layer)
    axes = whole("each(axes)", axes)
    places = "one axis" if axes == 1 else f"{axes} axes"

    def located(name: str, path: str) -> Functions:
        inner = layer.at(path)

        def init(key: Key, shape: Shape) -> tuple[Params, Shape]:
            check_shape(name, path, shape)
            if len(shape) != axes + 1:
                problem = f"expected {places} in front of one axis of features, got {shape}"
                raise LayerError(name, f"{problem}; give each(layer, axes=...) their number", path)
            params, out_shape = inner.init(key, shape[axes:])
            if len(out_shape) != 1:
                raise LayerError(name, f"expected a layer that makes vectors, {layer} makes {out_shape}", path)
            return params, (*shape[:axes], *out_shape)

        def joined(x: Array) -> Array:
            if getattr(x, "ndim", 0) < axes + 2:
                came = getattr(x, "shape", type(x).__name__)
                raise LayerError(name, f"expected x (..., batch, {places}, features), got {came}", path)
            *lead, _ = x.shape[: -axes - 1]
            return x.__array_namespace__().reshape(x, (*lead, prod(x.shape[-axes - 2 : -1]), x.shape[-1]))

        def parted(y: Array, x: Array) -> Array:
            shape = (*y.shape[:-2], *x.shape[-axes - 2 : -1], y.shape[-1])
            return y.__array_namespace__().reshape(y, shape)

        def apply(params: Tree, x: Array) -> Array:
            return parted(inner.apply(params, joined(x)), x)

        def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
            y, back_of_layer = inner.vjp(params, joined(x), key)
            y = parted(y, x)

            def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Array]:
                check_cotangent(name, path, dy, y.shape)
                dparams, dx = back_of_layer(joined(dy), need_dx)
                wanted = need_dx and not layer.integers
                return dparams, dx.__array_namespace__().reshape(dx, x.shape) if wanted else None

            return y, back

        def tune(params: Tree, x: Array) -> Tree:
            return inner.tune(params, joined(x))

        return init, apply, vjp, unchanged if layer.tune is unchanged else tune

    parts = {name: each(part, axes) for name, part in layer.parts.items()}
    return combined("each", located, [layer], parts=parts, combine=layer.combine)


@constructor
def ensemble(model: Layer, n: int) -> Layer:
    """`n` networks of one architecture, trained side by side as one: parameters with a leading axis of `n`.

    Network i starts from key i of `split(key, n)`. An input (batch, n_in) is shared by all networks, an input
    (n, batch, n_in) holds one for each; the output is (n, batch, n_out). Leading axes are free in every layer, so an
    ensemble changes nothing but `init`. What a layer draws in front of the first parameters is shared, too. Raises
    `ValueError` unless `n` is a positive integer, and `LayerError` if only a part of the model is an ensemble.
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
