"""Softmax and its logarithm, over the last axis; for training, the loss `cross_entropy` of logits fuses both.

A logit of -inf is a class without a chance. One of +inf has no difference to itself: its row is NaN, as IEEE has it.
A difference beyond all floats is -inf. None of this warns: the result itself says so.
"""

from typing import Any

import numpy as np

from fnn.layers.parameterless import parameterless
from fnn.tree import Array

__all__ = ["log_softmax", "softmax"]


def shifted(xp: Any, x: Array) -> Array:
    """x minus its greatest element along the last axis: what softmax does not see, and what exp needs."""
    return x - xp.max(x, axis=-1, keepdims=True)


@np.errstate(over="ignore", invalid="ignore")
def _softmax(xp: Any, x: Array) -> Array:
    e = xp.exp(shifted(xp, x))
    return e / xp.sum(e, axis=-1, keepdims=True)


@np.errstate(over="ignore", invalid="ignore")
def _log_softmax(xp: Any, x: Array) -> Array:
    z = shifted(xp, x)
    return z - xp.log(xp.sum(xp.exp(z), axis=-1, keepdims=True))


softmax = parameterless(
    "softmax", _softmax, lambda xp, x, y, dy: y * (dy - xp.sum(y * dy, axis=-1, keepdims=True)), axes=0
)
"""yᵢ = e^xᵢ / Σⱼ e^xⱼ over the last axis."""

log_softmax = parameterless(
    "log_softmax", _log_softmax, lambda xp, x, y, dy: dy - xp.exp(y) * xp.sum(dy, axis=-1, keepdims=True), axes=0
)
"""yᵢ = xᵢ - log Σⱼ e^xⱼ over the last axis."""
