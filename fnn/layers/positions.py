"""Positions: what tells a layer that treats all tokens alike, such as attention, where a token stands."""

from functools import lru_cache
from typing import Any

import numpy as np

from fnn.arrays import Array
from fnn.initializers import Initializer, normal
from fnn.layer import Back, Layer
from fnn.layers.declared import layer
from fnn.layers.parameterless import Pull, parameterless
from fnn.tree import Tree
from fnn.values import constructor

__all__ = ["positions", "sinusoidal_positions"]


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
    """Sines and cosines (time, n), read-only: p[t, 2 i] = sin(t / 10000^(2 i / n)), p[t, 2 i + 1] the cosine.

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
