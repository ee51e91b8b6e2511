"""Layers for tokens: a vector for each, and what tells a layer that treats all alike where one stands."""

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from fnn.arrays import Array, Shape
from fnn.initializers import Initializer, normal
from fnn.layer import Back, Layer
from fnn.layers.declared import layer
from fnn.layers.parameterless import Pull, parameterless
from fnn.tree import Tree
from fnn.values import constructor, whole

__all__ = ["embedding", "positions", "sinusoidal_positions"]


@constructor
def embedding(n: int, n_out: int, *, axes: int = 1, weights: Initializer = normal(1.0)) -> Layer:  # noqa: B008
    """A vector for each of `n` tokens: y = W[x], with weights W (..., n, n_out).

    n, n_out   the number of tokens, and of numbers in a vector
    axes       the axes of one example: 1 for sequences, x (..., batch, time) and y (..., batch, time, n_out); 0 for
               one integer each, x (..., batch) and y (..., batch, n_out)

    x has integers from 0 to n - 1, of any integer dtype. The pullback is dW[i] = Σ dy over the places where x is i, and
    dx is None. Raises `ValueError` unless the numbers are whole, and `LayerError` for other tokens, negative ones too,
    which are checked on NumPy alone.

    >>> import fnn
    >>> model = fnn.chain(fnn.embedding(27, 8), fnn.recurrent(fnn.gru(16)), fnn.linear(2))   # words of letters
    >>> params, _ = model.init(fnn.Key(0), (12,))
    >>> model.apply(params, np.zeros((5, 12), np.int64)).shape
    (5, 2)
    """
    n, n_out = whole("embedding(n)", n), whole("embedding(n_out)", n_out)
    axes = whole("embedding(axes)", axes, 0)

    def rows(params: Tree, x: Array) -> tuple[Array, Shape]:
        """The tokens as rows (..., rows), and the axes that became one: all, unless several networks have their own."""
        own = x.shape if params["weights"].ndim == 2 else x.shape[-1 - axes :]
        return x.__array_namespace__().reshape(x, (*x.shape[: x.ndim - len(own)], prod(own))), own

    def apply(params: Tree, x: Array) -> Array:
        xp, w = x.__array_namespace__(), params["weights"]
        flat, own = rows(params, x)
        y = xp.take(w, flat, axis=-2) if flat.ndim == 1 else one_hot(xp, flat, n, w.dtype) @ w
        return xp.reshape(y, (*y.shape[:-2], *own, n_out))

    def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
        def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Array]:
            xp = x.__array_namespace__()
            flat, own = rows(params, x)
            dy = xp.reshape(dy, (*dy.shape[: dy.ndim - 1 - len(own)], prod(own), n_out))
            if isinstance(dy, np.ndarray) and dy.ndim == 2:
                return {"weights": sums_by_token(flat, dy, n)}, None
            return {"weights": one_hot(xp, flat, n, dy.dtype).mT @ dy}, None

        return apply(params, x), back

    features = tuple(f"axis {i}" for i in range(axes))
    return layer(apply, vjp, x=features, y=lambda s: (*s, n_out), integers=n, weights=(weights, (n, n_out)))


def one_hot(xp: Any, tokens: Array, n: int, dtype: Any) -> Array:
    """(..., rows, n) with a one at the place of each token, and zeros elsewhere."""
    return xp.astype(tokens[..., None] == xp.arange(n), dtype)


def sums_by_token(tokens: np.ndarray, dy: np.ndarray, n: int) -> np.ndarray:
    """The sum of the rows of `dy` for each token: NumPy's quick way to the product `one_hot.mT @ dy`.

    `add.reduceat` sums each token's rows, sorted; `add.at` takes three times as long.

    >>> sums_by_token(np.array([2, 0, 2]), np.array([[1.0], [2.0], [3.0]]), 3).tolist()
    [[2.0], [0.0], [4.0]]
    """
    total = np.zeros((n, dy.shape[-1]), dy.dtype)
    if tokens.size:
        order = np.argsort(tokens, kind="stable")
        tokens = tokens[order]
        first = np.flatnonzero(np.diff(tokens, prepend=-1))  # where the rows of a new token begin
        total[tokens[first]] = np.add.reduceat(dy[order], first, axis=-2)
    return total


@constructor
def positions(initializer: Initializer = normal(0.02)) -> Layer:  # noqa: B008  (a value)
    """Adds a learnt vector to each place of a sequence: y = x + p, with x (..., batch, time, n) and p (..., time, n).

    The number of times is that for which p was initialised (Gehring et al. 2017, section 3.1).
    """

    def apply(params: Tree, x: Array) -> Array:
        return x + params["positions"][..., None, :, :]

    def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
        return apply(params, x), lambda dy, need_dx=True: ({"positions": dy}, dy)

    return layer(apply, vjp, x=("time", "n"), positions=(initializer, ("time", "n")))


@lru_cache(maxsize=8)
def waves(time: int, n: int) -> np.ndarray:
    """The p (time, n) of `sinusoidal_positions`, read-only.

    >>> waves(2, 4).round(2)
    array([[0.  , 1.  , 0.  , 1.  ],
           [0.84, 0.54, 0.01, 1.  ]])
    """
    angles = np.arange(time)[:, None] / 10000.0 ** (np.arange(0, n, 2) / n)
    p = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(time, -1)[:, :n]
    p.flags.writeable = False
    return p


def _with_waves(xp: Any, x: Array) -> tuple[Array, Pull]:
    return x + xp.asarray(waves(*x.shape[-2:]), dtype=x.dtype), lambda dy: dy


sinusoidal_positions = parameterless("sinusoidal_positions", _with_waves, x=("time", "n"))
"""Adds sines and cosines of each place to x (..., batch, time, n), for any time (Vaswani et al. 2017, section 3.5).

y = x + p with p[t, 2 i] = sin(t / 10000^(2 i / n)) and p[t, 2 i + 1] = cos(t / 10000^(2 i / n)).
"""
