"""Losses that compare predictions and targets element by element."""

from typing import Any

import numpy as np

from fnn.arrays import Array
from fnn.layers.activations import logistic
from fnn.losses.reduction import Pullback, elements, masked, quiet, reduced, weights
from fnn.values import number

__all__ = ["binary_cross_entropy", "huber", "mse"]


@quiet
def mse(
    prediction: Array, target: Array, weight: Array | None = None, *, reduction: str = "mean"
) -> tuple[Array, Pullback]:
    """Mean squared error: L = 1/n Σ (y - t)² over batch and outputs (n of them). Gradient: 2/n (y - t).

    prediction   y (..., batch, n_out)
    target       t of the same trailing shape
    weight       w (..., batch), one for each example, or (..., batch, n_out): L = Σ w (y - t)² / Σ w; 0 is a mask
    reduction    "mean"; "sum", Σ w (y - t)²; or "none", the value of each example, w (y - t)² averaged over its outputs

    Raises `ValueError` for other shapes (only leading axes that target or weight lacks are broadcast), for negative
    weights, and for the mean of weights that are all 0. Of several networks, one whose weights are all 0 has the mean 0
    and the gradient 0. Only NumPy's weights are looked at: a traced array has no values.

    >>> value, pullback = mse(np.array([[1.0], [4.0]]), np.array([[1.0], [2.0]]))
    >>> float(value), pullback().tolist()
    (2.0, [[0.0], [2.0]])
    >>> value, pullback = mse(np.array([[1.0], [4.0]]), np.array([[np.nan], [2.0]]), np.array([0.0, 3.0]))
    >>> float(value), pullback().tolist()
    (4.0, [[0.0], [4.0]])
    """
    t, w = elements("mse", prediction, target), weights("mse", weight, prediction)
    error = prediction - masked(t, w)
    return reduced("mse", error * error, lambda scale: error * (2 * scale), w, reduction)


@quiet
def huber(
    prediction: Array,
    target: Array,
    weight: Array | None = None,
    *,
    delta: float = 1.0,
    reduction: str = "mean",
) -> tuple[Array, Pullback]:
    """Huber's loss of r = y - t: r²/2 for |r| <= δ, δ (|r| - δ/2) beyond (Huber 1964).

    prediction, target, weight, reduction   as in `mse`, which also raises the same errors
    delta                                   δ; raises `ValueError` unless it is positive

    Written as c (r - c/2), where c is r clipped to [-δ, δ]. The slope is c.
    """
    delta = number("huber(delta)", delta, 0, above=True)
    t, w = elements("huber", prediction, target), weights("huber", weight, prediction)
    error = prediction - masked(t, w)
    clipped = error.__array_namespace__().clip(error, -delta, delta)
    values = clipped * (error - clipped / 2)
    return reduced("huber", values, lambda scale: clipped * scale, w, reduction)


@quiet
def binary_cross_entropy(
    prediction: Array, target: Array, weight: Array | None = None, *, reduction: str = "mean"
) -> tuple[Array, Pullback]:
    """Cross-entropy of independent Bernoulli variables, from logits z: L = -t log σ(z) - (1 - t) log(1 - σ(z)).

    prediction          z (..., batch, n_out)
    target              probabilities t from 0 to 1, of the same trailing shape
    weight, reduction   as in `mse`, which also raises the same errors

    Written as max(z, 0) - t z + log(1 + e^-|z|), which neither overflows nor cancels; gradient σ(z) - t.
    Raises `ValueError` for targets outside [0, 1].
    """
    name, z = "binary_cross_entropy", prediction
    t, w = elements(name, z, target), weights(name, weight, z)
    t = masked(t, w)
    if isinstance(t, np.ndarray) and t.size and not (t.min() >= 0 and t.max() <= 1):
        problem = f"targets are probabilities from 0 to 1, got {t.min()} to {t.max()}; scale them"
        raise ValueError(f"{name}: {problem}, or mask what is missing by a weight of 0")
    xp = z.__array_namespace__()

    def slopes(scale: Any) -> Array:
        return (logistic(xp, z) - t) * scale

    values = (xp.maximum(z, 0.0) - t * z) + xp.log1p(xp.exp(-xp.abs(z)))
    return reduced(name, values, slopes, w, reduction)
