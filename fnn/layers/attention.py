"""Self-attention: each token reads from the others."""

from math import sqrt
from typing import Any

import numpy as np

from fnn.arrays import Array, Shape
from fnn.layer import Layer, LayerError
from fnn.layers.parameterless import Pull, parameterless
from fnn.layers.softmax import shifted
from fnn.values import constructor, whole

__all__ = ["attention"]


@constructor
def attention(heads: int, causal: bool = False) -> Layer:
    """Scaled dot-product self-attention (Vaswani et al. 2017, equation 1), in `heads` parts side by side.

    x (..., batch, time, 3 d) holds queries, keys and values, [Q, K, V], of d numbers each; y is (..., batch, time, d).
    Each head has d / heads numbers of the queries, keys and values: y = softmax(Q Kᵀ / √(d / heads)) V. With `causal`,
    a token reads from itself and from the tokens before it. There are no parameters: the usual block is

        residual(chain(layer_norm(), each(linear(3 * d)), attention(heads), each(linear(d))))

    `attention_weights` gives the weights, for a map of what reads from where. They take time² · heads numbers for each
    example. Raises `ValueError` unless `heads` is a positive integer, and `LayerError` unless it divides d.
    """
    heads = whole("attention(heads)", heads)

    def output_shape(shape: Shape) -> Shape:
        return shape[0], _width(heads, shape[1])

    def f(xp: Any, x: Array) -> tuple[Array, Pull]:
        d = _width(heads, x.shape[-1])
        q, k, v = (_split(xp, x[..., i * d : (i + 1) * d], heads) for i in range(3))
        scale = 1 / sqrt(d // heads)
        w = _weights(xp, q, k, scale, causal)
        y = w @ v  # (..., batch, heads, time, d / heads)

        def pull(dy: Array) -> Array:
            dy = _split(xp, dy, heads)
            ds = dy @ v.mT
            ds -= xp.sum(dy * y, axis=-1, keepdims=True)  # Σ w dw over the tokens, since dw = dy vᵀ and y = w v
            ds *= w
            dq, dk = ds @ k, ds.mT @ q
            dq *= scale
            dk *= scale
            return xp.concat([_join(xp, part) for part in (dq, dk, w.mT @ dy)], axis=-1)

        return _join(xp, y), pull

    return parameterless("attention", f, x=("time", "3 d"), y=output_shape)


def attention_weights(x: Array, heads: int, causal: bool = False) -> Array:
    """How much each token reads from each: the softmax in `attention(heads, causal)`.

    x (..., batch, time, 3 d) gives (..., batch, heads, time, time); each row sums to 1.

    >>> attention_weights(np.zeros((1, 2, 3)), heads=1, causal=True)
    array([[[[1. , 0. ],
             [0.5, 0.5]]]])
    """
    xp, d = x.__array_namespace__(), _width(heads, x.shape[-1])
    q, k = (_split(xp, x[..., i * d : (i + 1) * d], heads) for i in range(2))
    return _weights(xp, q, k, 1 / sqrt(d // heads), causal)


def _width(heads: int, n: int) -> int:
    """The number d of outputs, from the number n = 3 d of features."""
    if n % (3 * heads):
        must = f"expected 3 d features (queries, keys and values), where {heads} heads divide d"
        raise LayerError(f"attention({heads})", f"{must}, got {n} features; put each(linear(3 * d)) in front of it")
    return n // 3


def _split(xp: Any, x: Array, heads: int) -> Array:
    """(..., time, d) as (..., heads, time, d / heads)."""
    *outer, d = x.shape
    return xp.moveaxis(xp.reshape(x, (*outer, heads, d // heads)), -2, -3)


def _join(xp: Any, x: Array) -> Array:
    """(..., heads, time, d / heads) as (..., time, d)."""
    *outer, heads, time, n = x.shape
    return xp.reshape(xp.moveaxis(x, -3, -2), (*outer, time, heads * n))


@np.errstate(over="ignore", invalid="ignore")  # as in softmax
def _weights(xp: Any, q: Array, k: Array, scale: float, causal: bool) -> Array:
    """softmax(q kᵀ · scale) over the tokens that are read from."""
    s = q @ k.mT
    s *= scale
    if causal:
        time = xp.arange(s.shape[-1])
        s = xp.where(time[:, None] >= time[None, :], s, -xp.inf)
    e = xp.exp(shifted(xp, s))
    e /= xp.sum(e, axis=-1, keepdims=True)
    return e
