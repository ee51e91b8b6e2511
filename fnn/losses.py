"""Losses: pure functions (prediction, target) -> (value, pullback), with pullback(dvalue=1.0) -> dprediction.

The trailing two axes, (batch, features), are reduced by their mean or their sum. Leading axes are kept: an ensemble of
R networks has R values and R independent gradients. Flatten images first. `functools.partial` binds settings.
A value too large for a float becomes inf, and inf - inf becomes NaN, without a warning: both can be seen in the value.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fnn.arrays import Array, dtype_kind, is_array
from fnn.layers.activations import logistic
from fnn.layers.softmax import shifted
from fnn.values import number

__all__ = ["Loss", "binary_cross_entropy", "cross_entropy", "huber", "mse"]

Pullback = Callable[..., Array]
Loss = Callable[[Array, Array], tuple[Array, Pullback]]
quiet = np.errstate(over="ignore", invalid="ignore")


@quiet
def mse(prediction: Array, target: Array, *, reduction: str = "mean") -> tuple[Array, Pullback]:
    """Mean squared error: L = 1/n Σ (y - t)² over batch and outputs (n of them; n = 1 for a sum).

    prediction y (..., batch, n_out), target t of the same trailing shape. Gradient: 2/n (y - t).
    Raises `ValueError` for other shapes: only leading axes that the target lacks are broadcast.

    >>> value, pullback = mse(np.array([[1.0], [4.0]]), np.array([[1.0], [2.0]]))
    >>> float(value), pullback().tolist()
    (2.0, [[0.0], [2.0]])
    """
    y, t = _matched("mse", prediction, target)
    error = y - t
    return _over_elements("mse", error * error, lambda scale: error * (2 * scale), reduction)


@quiet
def huber(prediction: Array, target: Array, *, delta: float = 1.0, reduction: str = "mean") -> tuple[Array, Pullback]:
    """Huber's loss of r = y - t: r²/2 for |r| <= δ, δ (|r| - δ/2) beyond (Huber 1964).

    prediction, target   y and t as in `mse`, which also raises the same errors
    delta                δ; raises `ValueError` unless it is positive
    reduction            "mean" over batch and outputs, or "sum"

    Written as c (r - c/2), where c is r clipped to [-δ, δ]. The slope is c.
    """
    delta = number("huber(delta)", delta, 0, above=True)
    y, t = _matched("huber", prediction, target)
    error = y - t
    clipped = y.__array_namespace__().clip(error, -delta, delta)
    return _over_elements("huber", clipped * (error - clipped / 2), lambda scale: clipped * scale, reduction)


@quiet
def binary_cross_entropy(prediction: Array, target: Array, *, reduction: str = "mean") -> tuple[Array, Pullback]:
    """Cross-entropy of independent Bernoulli variables, from logits z: L = -t log σ(z) - (1 - t) log(1 - σ(z)).

    Written as max(z, 0) - t z + log(1 + e^-|z|), which neither overflows nor cancels; gradient σ(z) - t.
    Shapes are those of `mse`; raises `ValueError` for targets outside [0, 1].
    """
    z, t = _matched("binary_cross_entropy", prediction, target)
    if isinstance(t, np.ndarray) and t.size and not (t.min() >= 0 and t.max() <= 1):
        problem = f"targets are probabilities from 0 to 1, got {t.min()} to {t.max()}; scale them"
        raise ValueError(f"binary_cross_entropy: {problem}")
    xp = z.__array_namespace__()
    values = (xp.maximum(z, 0.0) - t * z) + xp.log1p(xp.exp(-xp.abs(z)))
    return _over_elements("binary_cross_entropy", values, lambda scale: (logistic(xp, z) - t) * scale, reduction)


@quiet
def cross_entropy(
    prediction: Array, target: Array, *, label_smoothing: float = 0.0, reduction: str = "mean"
) -> tuple[Array, Pullback]:
    """Cross-entropy of softmax(z) and a target distribution t over k classes: L = -Σᵢ tᵢ log softmax(z)ᵢ.

    prediction        logits z (..., batch, k)
    target            integer labels (..., batch), or probabilities t (..., batch, k)
    label_smoothing   ε makes t into (1 - ε) t + ε / k (Szegedy et al. 2016, equation 7)
    reduction         "mean" over the examples, or "sum"

    Softmax and logarithm are one function of the logits; the gradient is softmax(z) - t if t sums to one.
    Raises `ValueError` for labels outside 0..k-1, for shapes that do not fit, and unless 0 <= ε < 1.

    >>> value, pullback = cross_entropy(np.array([[0.0, 0.0]]), np.array([1]))
    >>> round(float(value), 4), pullback().tolist()
    (0.6931, [[0.5, -0.5]])
    """
    epsilon = 0.0 if label_smoothing == 0 else number("cross_entropy(label_smoothing)", label_smoothing, 0, 1)
    t, mass = _distribution(prediction, target)
    if epsilon:
        t, mass = (1 - epsilon) * t + epsilon / prediction.shape[-1], (1 - epsilon) * mass + epsilon
    xp = prediction.__array_namespace__()
    z = shifted(xp, prediction)
    e = xp.exp(z)
    total = _row_sums(e)
    log_p = xp.where(t > 0, z - xp.log(total), 0.0)  # a class of weight 0 does not count, even if log_p is -inf

    def slopes(scale: Any) -> Array:
        dz = e * (mass / total)
        dz -= t
        dz *= scale
        return dz

    return _reduced("cross_entropy", -xp.sum(xp.vecdot(t, log_p), axis=-1), z.shape[-2], slopes, reduction)


def _over_elements(name: str, values: Array, slopes: Callable[[Any], Array], reduction: str) -> tuple[Array, Pullback]:
    """The mean or sum of values (..., batch, n_out) over batch and outputs, and its pullback; see `_reduced`."""

    def quietly(scale: Any) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            return slopes(scale)

    total = values.__array_namespace__().sum(values, axis=(-2, -1))
    return _reduced(name, total, values.shape[-2] * values.shape[-1], quietly, reduction)


def _reduced(name: str, total: Array, n: int, slopes: Callable[[Any], Array], reduction: str) -> tuple[Array, Pullback]:
    """The total of `n` terms, or their mean, and its pullback; `slopes(scale)` are the total's derivatives, scaled."""
    if reduction not in ("mean", "sum"):
        raise ValueError(f'{name}: reduction must be "mean" or "sum", got {reduction!r}')
    if reduction == "mean" and n == 0:
        raise ValueError(f'{name}: an empty batch has no mean; leave it out, or use reduction="sum"')
    divisor, lead = n if reduction == "mean" else 1, total.shape

    def pullback(dvalue: Any = 1.0) -> Array:
        if isinstance(dvalue, (int, float)):
            scale: Any = float(dvalue) / divisor  # a NumPy scalar would widen float32
        elif dvalue.shape == lead:
            scale = dvalue[..., None, None] / divisor
        else:
            problem = f"the pullback expects a cotangent in the value's shape, {lead}, got {dvalue.shape}"
            raise ValueError(f"{name}: {problem}")
        return slopes(scale)

    return total / divisor, pullback


def _row_sums(x: Array) -> Array:
    """The sums over the last axis, kept: (..., k) -> (..., 1). For few numbers a product is faster than `sum`."""
    return x @ x.__array_namespace__().ones((x.shape[-1], 1), dtype=x.dtype)


def _check_float(name: str, what: str, array: Any) -> None:
    """Raise a `TypeError` unless `array` is an array of floating-point numbers."""
    if not is_array(array):
        raise TypeError(f"{name}: expected {what} as an array, got {type(array).__name__}; use np.asarray")
    if dtype_kind(array.dtype) != "float":
        raise TypeError(f"{name}: expected floating-point {what}, got {array.dtype}; convert them with astype")


def _check_predictions(name: str, prediction: Any) -> None:
    """Raise unless `prediction` is an array (..., batch, n_out) of floating-point numbers."""
    _check_float(name, "predictions", prediction)
    if prediction.ndim < 2:
        raise ValueError(f"{name}: expected predictions (..., batch, n_out), got shape {prediction.shape}; add an axis")


def _matched(
    name: str, prediction: Array, target: Array, remedy: str = "reshape the targets, as in y[:, None]"
) -> tuple[Array, Array]:
    """The prediction, and the target in its dtype. Raises unless the target's shape ends the prediction's."""
    _check_predictions(name, prediction)
    _check_float(name, "targets", target)
    if target.ndim < 2 or prediction.shape[-target.ndim :] != target.shape:
        raise ValueError(
            f"{name}: predictions have shape {prediction.shape}, targets {target.shape}; they must be equal, "
            f"except for leading axes that the targets may lack; {remedy}"
        )
    return prediction, prediction.__array_namespace__().astype(target, prediction.dtype, copy=False)


def _distribution(logits: Array, target: Array) -> tuple[Array, Any]:
    """The target as probabilities over the classes, labels as one-hot rows; and the sum of each row.

    Labels are checked where they are NumPy's; a traced array has no values to look at.
    """
    name = "cross_entropy"
    if is_array(target) and dtype_kind(target.dtype) == "float":
        _, t = _matched(name, logits, target, "labels are integers: labels.astype(int)")
        if isinstance(t, np.ndarray) and not (t >= 0).all():
            raise ValueError(f"{name}: probabilities must be at least 0, got negative ones or NaN; check the targets")
        return t, _row_sums(t)
    _check_predictions(name, logits)
    if not is_array(target):
        raise TypeError(f"{name}: expected labels as an array, got {type(target).__name__}; use np.asarray")
    if dtype_kind(target.dtype) != "int":
        raise TypeError(f"{name}: labels are integers, probabilities floating-point; got {target.dtype}")
    if target.ndim < 1 or logits.shape[-1 - target.ndim : -1] != target.shape:
        raise ValueError(
            f"{name}: logits have shape {logits.shape}, labels {target.shape}, expected one label for each example, "
            f"{logits.shape[-2:-1]}; flatten the labels, or give one-hot rows as floating-point probabilities"
        )
    xp, n_classes = logits.__array_namespace__(), logits.shape[-1]
    hot = target[..., None] == xp.arange(n_classes)
    if isinstance(hot, np.ndarray) and np.count_nonzero(hot) != target.size:
        raise ValueError(
            f"{name}: labels must lie in 0..{n_classes - 1}, the logits' classes; "
            f"got {target.min()} to {target.max()}: does the last layer have as many outputs as there are classes?"
        )
    return xp.astype(hot, logits.dtype), 1.0
