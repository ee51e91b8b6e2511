"""The linear layer: one matrix product and a bias."""

from typing import Any

from fnn.arrays import Array
from fnn.initializers import Initializer, he_normal, zeros
from fnn.layer import Back, Layer
from fnn.layers.declared import layer
from fnn.tree import Tree
from fnn.values import constructor, whole

__all__ = ["linear"]


@constructor
def linear(n_out: int, *, weights: Initializer = he_normal, bias: Initializer | None = zeros) -> Layer:
    """An affine map of the features: y = x W + b.

    x (..., batch, n_in), weights W (..., n_in, n_out) and bias b (..., n_out) give y (..., batch, n_out). With
    `bias=None`, y = x W. The pullback is dW = xᵀ dy, db = Σ dy over the batch, dx = dy Wᵀ. Where x and the parameters
    differ in precision, y has the greater one.

    Raises `ValueError` unless `n_out` is a positive integer, and `LayerError` unless the features are one axis of the
    length for which the parameters were initialised.
    """
    n_out = whole("linear(n_out)", n_out)

    def apply(params: Tree, x: Array) -> Array:
        y = x @ params["weights"]
        if bias is not None:
            y += params["bias"][..., None, :]
        return y

    def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
        def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Array]:
            return {"weights": x.mT @ dy, "bias": dy}, dy @ params["weights"].mT if need_dx else None

        return apply(params, x), back

    return layer(apply, vjp, x=("n_in",), y=(n_out,), weights=(weights, ("n_in", n_out)), bias=(bias, (n_out,)))
