"""Losses: pure functions (prediction, target) -> (value, pullback), with pullback(dvalue=1.0) -> dprediction.

The trailing two axes, (batch, features), are reduced, by their mean or their sum; leading axes are kept, so that an
ensemble of R networks has R values and R independent gradients (images, too, are rows here: flatten them first).
Settings are bound with `functools.partial`. What is beyond all floats becomes inf, and inf - inf NaN, without a
warning: the value itself says so.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fnn.layer import kind
from fnn.layers.activations import logistic
from fnn.layers.softmax import shifted
from fnn.tree import Array
from fnn.values import number

__all__ = ["Loss", "binary_cross_entropy", "cross_entropy", "huber", "mse"]

Pullback = Callable[..., Array]
Loss = Callable[[Array, Array], tuple[Array, Pullback]]


def _check(name: str, prediction: Array, target: Array, hint: str = ": reshape the targets, as in y[:, None]") -> None:
    """Raise unless both are floating-point arrays and the target's shape ends the prediction's."""
    for what, array in (("predictions", prediction), ("targets", target)):
        if not hasattr(array, "__array_namespace__"):
            raise TypeError(f"{name}: expected {what} as an array, got {type(array).__name__}; use np.asarray")
        if kind(array.dtype) != "float":
            raise TypeError(f"{name}: expected floating-point {what}, got {array.dtype}; convert them with astype")
    if prediction.ndim < 2:
        raise ValueError(f"{name}: expected predictions (..., batch, n_out), got shape {prediction.shape}; add an axis")
    if target.ndim < 2 or prediction.shape[-target.ndim :] != target.shape:
        raise ValueError(
            f"{name}: predictions have shape {prediction.shape}, targets {target.shape}; they must be equal, "
            f"but for leading axes that the targets may lack{hint}"
        )


def _count(name: str, reduction: str, n: int) -> int:
    """What a sum over `n` values is divided by."""
    if reduction not in ("mean", "sum"):
        raise ValueError(f'{name}: reduction must be "mean" or "sum", got {reduction!r}')
    if reduction == "mean" and n == 0:
        raise ValueError(f'{name}: an empty batch has no mean; leave it out, or use reduction="sum"')
    return n if reduction == "mean" else 1


@np.errstate(over="ignore", invalid="ignore")
def _pointwise(
    name: str, prediction: Array, target: Array, reduction: str, f: Callable[..., tuple[Array, Callable[..., Array]]]
) -> tuple[Array, Pullback]:
    """The loss of elementwise values and slopes, f(xp, prediction, target) -> (values, slopes(scale)), reduced."""
    _check(name, prediction, target)
    xp = prediction.__array_namespace__()
    n = _count(name, reduction, prediction.shape[-2] * prediction.shape[-1])
    values, slopes = f(xp, prediction, xp.astype(target, prediction.dtype, copy=False))

    def pullback(dvalue: Any = 1.0) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            return slopes(_spread(name, dvalue, prediction.shape[:-2]) / n)

    return xp.sum(values, axis=(-2, -1)) / n, pullback


def _spread(name: str, dvalue: Any, lead: tuple[int, ...]) -> Any:
    """A cotangent of the value, one for each leading index, with axes for batch and features behind it."""
    if isinstance(dvalue, (int, float)):
        return float(dvalue)
    if dvalue.shape != lead:
        raise ValueError(f"{name}: the pullback expects a cotangent in the value's shape, {lead}, got {dvalue.shape}")
    return dvalue[..., None, None]


def mse(prediction: Array, target: Array, *, reduction: str = "mean") -> tuple[Array, Pullback]:
    """Mean squared error: L = 1/n Σ (y - t)² over batch and outputs (n of them; n = 1 for a sum).

    prediction y (..., batch, n_out), target t of the same trailing shape. Gradient: 2/n (y - t).
    Raises `ValueError` for other shapes: nothing is broadcast but leading axes that the target lacks.

    >>> value, pullback = mse(np.array([[1.0], [4.0]]), np.array([[1.0], [2.0]]))
    >>> float(value), pullback().tolist()
    (2.0, [[0.0], [2.0]])
    """

    def f(xp: Any, y: Array, t: Array) -> tuple[Array, Callable[..., Array]]:
        error = y - t
        return error * error, lambda scale: error * (2 * scale)

    return _pointwise("mse", prediction, target, reduction, f)


def huber(prediction: Array, target: Array, *, delta: float = 1.0, reduction: str = "mean") -> tuple[Array, Pullback]:
    """Huber's loss of r = y - t: r²/2 for |r| <= δ, δ (|r| - δ/2) beyond (Huber 1964).

    Written as c (r - c/2) with c = r clipped to [-δ, δ], which is also its slope.
    Shapes and errors are those of `mse`; raises `ValueError` unless δ > 0.
    """
    delta = number("huber(delta)", delta, 0, above=True)

    def f(xp: Any, y: Array, t: Array) -> tuple[Array, Callable[..., Array]]:
        error = y - t
        clipped = xp.clip(error, -delta, delta)
        return clipped * (error - clipped / 2), lambda scale: clipped * scale

    return _pointwise("huber", prediction, target, reduction, f)


def binary_cross_entropy(prediction: Array, target: Array, *, reduction: str = "mean") -> tuple[Array, Pullback]:
    """Cross-entropy of independent Bernoulli variables, from logits z: L = -t log σ(z) - (1 - t) log(1 - σ(z)).

    Written as max(z, 0) - t z + log(1 + e^-|z|), which neither overflows nor cancels; gradient σ(z) - t.
    Shapes are those of `mse`; raises `ValueError` for targets outside [0, 1].
    """
    if isinstance(target, np.ndarray) and target.size and not (target.min() >= 0 and target.max() <= 1):
        raise ValueError(
            "binary_cross_entropy: targets are probabilities from 0 to 1, "
            f"got {target.min()} to {target.max()}; scale them"
        )

    def f(xp: Any, z: Array, t: Array) -> tuple[Array, Callable[..., Array]]:
        values = (xp.maximum(z, 0.0) - t * z) + xp.log1p(xp.exp(-xp.abs(z)))
        return values, lambda scale: (logistic(xp, z) - t) * scale

    return _pointwise("binary_cross_entropy", prediction, target, reduction, f)


def _row_sums(xp: Any, x: Array) -> Array:
    """The sums over the last axis, kept: (..., k) -> (..., 1). For few numbers a product is faster than `sum`."""
    return x @ xp.ones((x.shape[-1], 1), dtype=x.dtype)


def _distribution(xp: Any, logits: Array, target: Array) -> tuple[Array, Any]:
    """Targets as probabilities over the classes, labels as one-hot rows; and what each row sums to.

    The values of labels can be checked where they are NumPy's; a traced array has none to look at.
    """
    if kind(target.dtype) == "float":
        _check("cross_entropy", logits, target, "; labels are integers: labels.astype(int)")
        if isinstance(target, np.ndarray) and not (target >= 0).all():
            raise ValueError("cross_entropy: probabilities are from 0 up, got negative ones or NaN; check the targets")
        t = xp.astype(target, logits.dtype, copy=False)
        return t, _row_sums(xp, t)
    if kind(target.dtype) != "int":
        raise TypeError(f"cross_entropy: labels are integers, probabilities floating-point; got {target.dtype}")
    if target.ndim < 1 or logits.shape[-1 - target.ndim : -1] != target.shape:
        raise ValueError(
            f"cross_entropy: logits have shape {logits.shape}, labels {target.shape}, expected one label an example, "
            f"{logits.shape[-2:-1]}; flatten the labels, or give one-hot rows as floating-point probabilities"
        )
    n_classes = logits.shape[-1]
    hot = target[..., None] == xp.arange(n_classes)
    if isinstance(hot, np.ndarray) and np.count_nonzero(hot) != target.size:
        raise ValueError(
            f"cross_entropy: labels must lie in 0..{n_classes - 1}, the logits' classes; "
            f"got {target.min()} to {target.max()}: does the last layer have as many outputs as there are classes?"
        )
    return xp.astype(hot, logits.dtype), 1.0


@np.errstate(over="ignore", invalid="ignore")
def cross_entropy(
    prediction: Array, target: Array, *, label_smoothing: float = 0.0, reduction: str = "mean"
) -> tuple[Array, Pullback]:
    """Cross-entropy of softmax(z) and a target distribution t over k classes: L = -Σᵢ tᵢ log softmax(z)ᵢ.

    prediction: logits z (..., batch, k). target: integer labels (..., batch), or probabilities t (..., batch, k).
    Label smoothing ε makes t into (1 - ε) t + ε / k (Szegedy et al. 2016, equation 7). Softmax and logarithm are one
    function of the logits; the gradient is softmax(z) - t where t sums to one.
    Raises `ValueError` for labels outside 0..k-1, for shapes that do not fit, and unless 0 <= ε < 1.

    >>> value, pullback = cross_entropy(np.array([[0.0, 0.0]]), np.array([1]))
    >>> round(float(value), 4), pullback().tolist()
    (0.6931, [[0.5, -0.5]])
    """
    label_smoothing = number("cross_entropy(label_smoothing)", label_smoothing, 0, 1)
    _check("cross_entropy", prediction, prediction)
    if not hasattr(target, "__array_namespace__"):
        raise TypeError(f"cross_entropy: expected labels as an array, got {type(target).__name__}; use np.asarray")
    xp = prediction.__array_namespace__()
    t, mass = _distribution(xp, prediction, target)
    if label_smoothing:
        t = (1 - label_smoothing) * t + label_smoothing / prediction.shape[-1]
        mass = (1 - label_smoothing) * mass + label_smoothing
    n = _count("cross_entropy", reduction, prediction.shape[-2])
    z = shifted(xp, prediction)
    e = xp.exp(z)
    total = _row_sums(xp, e)
    log_p = xp.where(t > 0, z - xp.log(total), 0.0)  # what has no weight does not count, be it -inf

    def pullback(dvalue: Any = 1.0) -> Array:
        dz = e * (mass / total)
        dz -= t
        dz *= _spread("cross_entropy", dvalue, prediction.shape[:-2]) / n
        return dz

    return xp.sum(xp.vecdot(t, log_p), axis=-1) / -n, pullback
