"""The loss of the paper's own code, whose gradient is not its derivative; kept here to repeat what the paper saw."""

from typing import Any

import fnn
from fnn.arrays import Array

__all__ = ["cross_entropy_with_wrong_gradient"]


def cross_entropy_with_wrong_gradient(logits: Array, labels: Array) -> tuple[Array, Any]:
    """The value of `fnn.cross_entropy` with the gradient (p - t) p (1 - p) instead of p - t, where p = softmax(z).

    p - t is already the derivative through softmax; the paper's code takes it through the diagonal of softmax's
    Jacobian, p (1 - p), once more. An example of which the network is sure and wrong then teaches it next to nothing.
    """
    value, pullback = fnn.cross_entropy(logits, labels)

    def wrong_pullback(dvalue: Any = 1.0) -> Array:
        p = fnn.softmax.apply({}, logits)
        return pullback(dvalue) * p * (1 - p)

    return value, wrong_pullback
