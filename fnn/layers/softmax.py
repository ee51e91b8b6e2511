"""Softmax and its logarithm, over the last axis; for training, the loss `cross_entropy` of logits fuses both.

A logit of -inf has probability 0. A logit of +inf makes its row NaN, since inf - inf is NaN (IEEE 754). A difference
that no float can hold is -inf. None of these cases warns: they can be seen in the result.
Rows of no logits give rows of no probabilities.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fnn.arrays import Array, method
from fnn.layers.parameterless import parameterless

__all__ = ["log_softmax", "softmax"]


def shifted(x: Array) -> Array:
    """x minus its greatest element along the last axis: softmax is the same, and exp cannot overflow."""
    return x - method(x, "max")(axis=-1, keepdims=True) if x.shape[-1] else x


@np.errstate(over="ignore", invalid="ignore")
def _softmax(xp: Any, x: Array) -> tuple[Array, Callable[[Array], Array]]:
    e = xp.exp(shifted(x))
    y = e / xp.sum(e, axis=-1, keepdims=True)
    return y, lambda dy: y * (dy - xp.sum(y * dy, axis=-1, keepdims=True))


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # of no classes, it takes log 0
def _log_softmax(xp: Any, x: Array) -> tuple[Array, Callable[[Array], Array]]:
    z = shifted(x)
    y = z - xp.log(xp.sum(xp.exp(z), axis=-1, keepdims=True))
    return y, lambda dy: dy - xp.exp(y) * xp.sum(dy, axis=-1, keepdims=True)


softmax = parameterless("softmax", _softmax, x=(..., "n"))
"""yᵢ = e^xᵢ / Σⱼ e^xⱼ over the last axis."""

log_softmax = parameterless("log_softmax", _log_softmax, x=(..., "n"))
"""yᵢ = xᵢ - log Σⱼ e^xⱼ over the last axis."""
