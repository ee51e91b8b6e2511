"""The linear layer: one matrix product and a bias."""

from typing import Any

from fnn.initializers import Initializer, he_normal, zeros
from fnn.layer import (
    Back,
    Layer,
    LayerError,
    LayerTypeError,
    Shape,
    check_cotangent,
    check_input,
    check_shape,
    kind,
    unbroadcast,
)
from fnn.random import Key, fold_in
from fnn.tree.params import Array, Params, Tree, is_array
from fnn.values import whole

__all__ = ["linear"]


def linear(n_out: int, *, weights: Initializer = he_normal, bias: Initializer | None = zeros) -> Layer:
    """An affine map of the features: y = x W + b.

    x (..., batch, n_in), W (..., n_in, n_out), b (..., n_out) give y (..., batch, n_out); without a bias (`bias=None`)
    y = x W. The pullback is dW = xᵀ dy, db = Σ dy over the batch, dx = dy Wᵀ. Where x and the parameters differ in
    precision, y has the greater one.

    Raises `ValueError` for an `n_out` that is no positive integer, `LayerError` for features that are not one axis of
    the length the parameters were initialised for, and for parameters of another layer.
    """
    n_out = whole("linear(n_out)", n_out)
    name = f"linear({n_out})"
    initializers = {"weights": weights} if bias is None else {"weights": weights, "bias": bias}

    def init(key: Key, shape: Shape) -> tuple[Params, Shape]:
        check_shape(name, shape)
        if len(shape) != 1:
            raise LayerError(name, f"expected one axis of features, got {shape}; put flatten in front of it")
        params = {}
        for i, (what, initializer) in enumerate(initializers.items()):
            params[what] = _initial(name, what, initializer, fold_in(key, i), (*shape, n_out)[i:])
        return Params(params), (n_out,)

    def checked(params: Tree, x: Array) -> tuple[Array, Array | None]:
        """The weights and the bias, once they are known to fit `x`."""
        try:
            w, b = params["weights"], None if bias is None else params["bias"]
            whole_params = len(params) == len(initializers) and (b is None or b.shape == (*w.shape[:-2], n_out))
            right_x = x.shape[-1] == w.shape[-2] and x.ndim > 1 and x.dtype == w.dtype and kind(x.dtype) == "float"
            if whole_params and right_x and w.shape[-1] == n_out:
                return w, b
        except (KeyError, TypeError, AttributeError, IndexError):
            pass
        return _explained(name, n_out, params, x, initializers)

    def apply(params: Tree, x: Array) -> Array:
        w, b = checked(params, x)
        y = x @ w
        if b is not None:
            y += b[..., None, :]
        return y

    def vjp(params: Tree, x: Array, key: Key | None = None) -> tuple[Array, Back]:
        y, w = apply(params, x), params["weights"]

        def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Array]:
            check_cotangent(name, dy, y.shape)
            dparams = {"weights": unbroadcast(x.mT @ dy, w)}
            if bias is not None:
                db = dy.__array_namespace__().ones(dy.shape[-2], dtype=dy.dtype) @ dy  # sums the batch, faster than sum
                dparams["bias"] = unbroadcast(db, params["bias"])
            return dparams, unbroadcast(dy @ w.mT, x) if need_dx else None

        return y, back

    return Layer(init, apply, vjp, name=name)


def _initial(name: str, what: str, initializer: Any, key: Key, shape: Shape) -> Array:
    """What an initializer gives; raises a `LayerError` where it is none."""
    try:
        values = initializer(key, shape)
    except TypeError as error:
        raise LayerError(
            name, f"{what} takes an initializer (key, shape) -> array, such as he_normal; {error}"
        ) from error
    if not is_array(values) or values.shape != shape:
        came = f"an array of shape {values.shape}" if is_array(values) else type(values).__name__
        raise LayerError(name, f"the initializer of {what} must return an array of shape {shape}, got {came}")
    return values


def _explained(name: str, n_out: int, params: Tree, x: Array, names: Any) -> tuple[Array, Array | None]:
    """The weights and the bias where all that is odd is a mixed precision; everything else is explained in an error."""
    check_input(name, params, x, names, axes=1)
    for what in names:
        if kind(getattr(params[what], "dtype", None)) != "float":
            came = getattr(params[what], "dtype", type(params[what]).__name__)
            raise LayerTypeError(name, f"expected {what} as a floating-point array, got {came}; use the params of init")
    w, b = params["weights"], params.get("bias")
    shapes = {each: tuple(params[each].shape) for each in names}
    if w.ndim < 2 or w.shape[-1] != n_out or (b is not None and b.shape != (*w.shape[:-2], n_out)):
        raise LayerError(name, f"got parameters of shapes {shapes}; are these the parameters of another model?")
    if x.shape[-1] != w.shape[-2]:
        came, expected = x.shape[-1], w.shape[-2]
        remedy = f"give x of {expected} features, or init the model for {came}"
        raise LayerError(name, f"x has {came} features, the parameters were initialised for {expected}; {remedy}")
    return w, b
