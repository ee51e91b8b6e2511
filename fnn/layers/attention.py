"""Self-attention: each token reads from the others."""

from math import sqrt
from typing import Any

import numpy as np

from fnn.arrays import Array, Shape, ones
from fnn.layer import Layer, LayerError
from fnn.layers.parameterless import Pull, parameterless
from fnn.values import constructor, whole

__all__ = ["attention"]

SMALL = 30.0  # within ±SMALL, exponentials and their sums are far from the ends of float32


@constructor
def attention(heads: int, causal: bool = False) -> Layer:
    """Scaled dot-product self-attention (Vaswani et al. 2017, equation 1), in `heads` parts side by side.

    x (..., batch, time, 3 d) holds queries, keys and values, [Q, K, V], of d numbers each; y is (..., batch, time, d).
    Each head has n = d / heads numbers of each: y = softmax(Q Kᵀ / √n) V. With `causal`, a token reads from itself and
    from the tokens before it. There are no parameters: the usual block is

        residual(chain(layer_norm(), each(linear(3 * d)), attention(heads), each(linear(d))))

    The weights, which `attention_weights` gives, take time² · heads numbers an example. Raises `ValueError` unless
    `heads` is a positive integer, and `LayerError` unless it divides d.
    """
    heads = whole("attention(heads)", heads)

    def f(xp: Any, x: Array) -> tuple[Array, Pull]:
        _check_width(heads, x.shape[-1])
        q, k, v = _split(xp, x, 3, heads)
        w = _weights(xp, q, k, causal)
        y = _joined_products(xp, [(w.mT, v)])

        def pull(dy: Array) -> Array:
            """dv = w dy and ds = w (dw - Σ w dw), where dw = v dyᵀ, so that Σ w dw = Σ y dy over a head's numbers."""
            n = q.shape[-1]
            (g,) = _split(xp, dy, 1, heads)
            mean = xp.reshape(xp.reshape(y * dy, (-1, n)) @ ones(n, dy), (*dy.shape[:-1], heads))
            ds = v @ g.mT
            ds -= mean.mT[..., None, :]
            ds *= w
            ds *= 1 / sqrt(n)
            return _joined_products(xp, [(ds.mT, k), (ds, q), (w, g)])

        return y, pull

    def output_shape(shape: Shape) -> Shape:
        _check_width(heads, shape[1])
        return shape[0], shape[1] // 3

    return parameterless("attention", f, x=("time", "3 d"), y=output_shape)


def attention_weights(x: Array, heads: int, causal: bool = False) -> Array:
    """How much each token reads from each: the softmax in `attention(heads, causal)`.

    x (..., batch, time, 3 d) gives (..., batch, heads, time, time); each row sums to 1.

    >>> attention_weights(np.zeros((1, 2, 3)), heads=1, causal=True)
    array([[[[1. , 0. ],
             [0.5, 0.5]]]])
    """
    _check_width(heads, x.shape[-1])
    xp = x.__array_namespace__()
    q, k, _ = _split(xp, x, 3, heads)
    return _weights(xp, q, k, causal).mT


def _check_width(heads: int, n: int) -> None:
    """Raise a `LayerError` unless n features are queries, keys and values for these heads."""
    if n % (3 * heads):
        must = f"expected 3 d features (queries, keys and values), where {heads} heads divide d"
        raise LayerError("", f"{must}, got {n} features; put each(linear(3 * d)) in front of it")


def _split(xp: Any, x: Array, parts: int, heads: int) -> list[Array]:
    """The parts of x (..., time, parts · heads · n), each as (..., heads, time, n)."""
    *outer, width = x.shape
    x = xp.moveaxis(xp.reshape(x, (*outer, parts * heads, width // (parts * heads))), -2, -3)
    return [x[..., i * heads : (i + 1) * heads, :, :] for i in range(parts)]


def _joined_products(xp: Any, pairs: list[tuple[Array, Array]]) -> Array:
    """The products a @ b, each (..., heads, time, n), side by side as (..., time, parts · heads · n)."""
    *outer, heads, time, n = pairs[0][1].shape
    if all(isinstance(a, np.ndarray) for a, _ in pairs):
        y = np.empty((*outer, time, len(pairs) * heads * n), pairs[0][1].dtype)  # faster: each written to its place
        for (a, b), place in zip(pairs, _split(xp, y, len(pairs), heads), strict=True):
            np.matmul(a, b, out=place)
        return y
    products = xp.moveaxis(xp.concat([a @ b for a, b in pairs], axis=-3), -3, -2)
    return xp.reshape(products, (*outer, time, len(pairs) * heads * n))


@np.errstate(over="ignore", invalid="ignore")  # as in softmax
def _weights(xp: Any, q: Array, k: Array, causal: bool) -> Array:
    """softmax(q kᵀ / √n), transposed: (..., time that is read, time that reads).

    A product with ones sums faster than `xp.sum`.
    """
    s = k @ q.mT
    s *= 1 / sqrt(q.shape[-1])
    small = _all_small(s)
    if causal:
        time = xp.arange(s.shape[-1])
        later = time[:, None] > time[None, :]
        s = xp.where(later, xp.asarray(-xp.inf, dtype=s.dtype), s)  # a sum would be NaN where a score is infinite
    if not small:
        s -= xp.max(s, axis=-2, keepdims=True)
    e = xp.exp(s)
    e /= ones(e.shape[-1], e)[None, :] @ e
    return e


def _all_small(s: Array) -> bool:
    """Whether the exponentials of the scores need no shift: asked on NumPy alone, where it saves time."""
    return not s.size or (isinstance(s, np.ndarray) and s.min() > -SMALL and s.max() < SMALL)
