"""The linear layer: one matrix product and a bias."""

from fnn.initializers import Initializer, he_normal, zeros
from fnn.layer import Back, Layer, LayerError, Shape, check_cotangent, check_input, unbroadcast
from fnn.random import Key, fold
from fnn.tree import Array, Params, Tree

__all__ = ["linear"]


def linear(n_out: int, *, weights: Initializer = he_normal, bias: Initializer | None = zeros) -> Layer:
    """An affine map of the features: y = x W + b.

    x (..., batch, n_in), W (..., n_in, n_out), b (..., n_out) give y (..., batch, n_out); without a bias (`bias=None`)
    y = x W. The pullback is dW = xᵀ dy, db = Σ dy over the batch, dx = dy Wᵀ.

    Raises `LayerError` for an `n_out` that is no positive integer, for features that are not one axis of the length
    the parameters were initialised for, and for parameters of another layer.
    """
    name = f"linear({n_out})"
    names = ("weights",) if bias is None else ("weights", "bias")
    if isinstance(n_out, bool) or not isinstance(n_out, int) or n_out < 1:
        raise LayerError(name, "the number of outputs must be an integer from 1 up")

    def init(key: Key, shape: Shape) -> tuple[Params, Shape]:
        if len(shape) != 1 or shape[0] < 1:
            raise LayerError(name, f"expected one axis of features, got {shape}; put flatten in front of it")
        params = {"weights": weights(fold(key, 0), (*shape, n_out))}
        if bias is not None:
            params["bias"] = bias(fold(key, 1), (n_out,))
        return Params(params), (n_out,)

    def checked(params: Tree, x: Array) -> Array:
        """The weights, once they are known to fit `x`."""
        try:
            w = params["weights"]
            if x.dtype == w.dtype and x.shape[-1] == w.shape[-2] and w.shape[-1] == n_out and x.ndim > 1:
                return w
        except (KeyError, TypeError, AttributeError, IndexError):
            pass
        check_input(name, params, x, names, axes=1)
        w = params["weights"]
        if w.shape[-1] != n_out:
            raise LayerError(name, f"got weights of shape {w.shape}; are these the parameters of another model?")
        if x.shape[-1] != w.shape[-2]:
            raise LayerError(
                name,
                f"x has {x.shape[-1]} features, the parameters were initialised for {w.shape[-2]}; give x of those",
            )
        return w

    def apply(params: Tree, x: Array) -> Array:
        y = x @ checked(params, x)
        if bias is not None:
            y += params["bias"][..., None, :]
        return y

    def vjp(params: Tree, x: Array, key: Key | None = None) -> tuple[Array, Back]:
        y, w = apply(params, x), params["weights"]

        def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Array]:
            check_cotangent(name, dy, y.shape)
            dparams = {"weights": unbroadcast(x.mT @ dy, w)}
            if bias is not None:
                db = dy.__array_namespace__().sum(dy, axis=-2)
                dparams["bias"] = unbroadcast(db, params["bias"])
            return dparams, unbroadcast(dy @ w.mT, x) if need_dx else None

        return y, back

    return Layer(init, apply, vjp, name=name)
