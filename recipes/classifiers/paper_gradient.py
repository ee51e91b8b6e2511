"""The loss of the paper's code, whose gradient is not its derivative: it repeats what the paper saw."""

from typing import Any

import fnn
from fnn.arrays import Array

__all__ = ["PAPER_GRADIENT", "cross_entropy_with_paper_gradient"]

# What is known of the paper's runs, for a claim that fails here.
PAPER_GRADIENT = (
    "not established; a known difference is that the paper's code trains with a gradient that is not the derivative of "
    "its loss (its cosine with finite differences is 0.76); `activations` compares the two"
)


def cross_entropy_with_paper_gradient(logits: Array, labels: Array) -> tuple[Array, Any]:
    """The value of `fnn.cross_entropy` with the gradient (p - t) p (1 - p) instead of p - t, where p = softmax(z).

    p - t is already the derivative through softmax. The paper's code multiplies it once more by the diagonal of
    softmax's Jacobian, p (1 - p). If the network is sure of a wrong class, it then learns next to nothing from that.
    """
    value, pullback = fnn.cross_entropy(logits, labels)

    def wrong_pullback(dvalue: Any = 1.0) -> Array:
        p = fnn.softmax.apply({}, logits)
        return pullback(dvalue) * p * (1 - p)

    return value, wrong_pullback
