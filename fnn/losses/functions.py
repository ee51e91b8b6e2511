"""The losses: some compare predictions and targets element by element, and one scores the classes of each example."""

from typing import Any

import numpy as np

from fnn.arrays import Array, dtype_kind, is_array, method, misfit, namespace, ones, picked
from fnn.layers.activations import logistic
from fnn.layers.softmax import shifted
from fnn.losses.reduction import Pullback, elements, masked, predictions, quiet, reduced, same_number, weights
from fnn.values import number

__all__ = ["binary_cross_entropy", "cross_entropy", "huber", "mse"]


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


@quiet
def cross_entropy(
    prediction: Array,
    target: Array,
    weight: Array | None = None,
    *,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> tuple[Array, Pullback]:
    """Cross-entropy of softmax(z) and a target distribution t over k classes: L = -Σᵢ tᵢ log softmax(z)ᵢ.

    prediction        logits z (..., batch, k)
    target            integer labels (..., batch), or probabilities t (..., batch, k)
    weight            w (..., batch), one for each example; under a weight of 0 the target may be missing (-1 or NaN)
    label_smoothing   ε makes t into (1 - ε) t + ε Σ t / k (Szegedy et al. 2016, equation 7)
    reduction         "mean", Σ w L / Σ w over the examples; "sum", Σ w L; or "none", the w L of each example

    The mean is that of PyTorch's class weights, with w = class_weights[labels]. scikit-learn's MLPClassifier takes the
    same mean, its LogisticRegression the sum Σ w L; Keras divides Σ w L by the number of examples.
    The gradient is w (softmax(z) - t) if t sums to one.

    Raises `ValueError` for labels outside 0..k-1, for shapes that do not fit, for k < 2, for negative weights, for the
    mean of weights that are all 0, and unless 0 <= ε < 1. Only NumPy's labels and weights are looked at: a traced array
    has no values.

    >>> value, pullback = cross_entropy(np.array([[0.0, 0.0]]), np.array([1]))
    >>> round(float(value), 4), pullback().tolist()
    (0.6931, [[0.5, -0.5]])
    """
    epsilon = 0.0 if label_smoothing == 0 else number("cross_entropy(label_smoothing)", label_smoothing, 0, 1)
    w = _checked(prediction, target, weight)
    xp = namespace(prediction)
    z = shifted(prediction)
    e = xp.exp(z)
    total = _row_sums(e)
    log_total = xp.log(total)
    rows = _rows(xp, prediction, target, w)
    t = method(rows, "astype")(z.dtype, copy=False)
    plain = w is None and dtype_kind(target.dtype) == "int"
    mass = 1.0 if plain else _row_sums(t)
    if plain and not epsilon:
        values = log_total - picked(z, rows)
    else:
        if epsilon:
            t = (1 - epsilon) * t + epsilon / prediction.shape[-1] * mass
        # Σᵢ tᵢ (log Σⱼ exp zⱼ - zᵢ): both terms are at least 0, a NaN stays, and 0 · log 0 is 0.
        values = mass * log_total - xp.vecdot(t, xp.where(t > 0, z, 0.0))[..., None]

    def slopes(scale: Any) -> Array:
        dz = e * (mass / total)
        dz -= t
        dz *= scale
        return dz

    return reduced("cross_entropy", values, slopes, w, reduction)


def _row_sums(x: Array) -> Array:
    """The sums over the last axis, kept: (..., k) -> (..., 1). For few numbers a product is faster than `sum`."""
    return x @ ones(x.shape[-1], x)[:, None]


def _checked(logits: Array, target: Array, weight: Array | None) -> Array | None:
    """The weights; raises unless logits, target and weight are arrays of the right kinds and shapes."""
    name = "cross_entropy"
    predictions(name, logits)
    if logits.shape[-1] < 2:
        problem = "one class is always right; for one output that says yes or no, use binary_cross_entropy"
        raise ValueError(f"{name}: expected logits of two classes or more, got shape {logits.shape}: {problem}")
    kind = dtype_kind(target.dtype) if is_array(target) else ""
    if kind == "float":
        elements(name, logits, target, "labels are integers: labels.astype(int)")
    elif problem := misfit(target):
        raise TypeError(f"{name}: expected labels as an array of numbers, got {problem}")
    elif kind != "int":
        raise TypeError(f"{name}: labels are integers, probabilities floating-point; got {target.dtype}")
    elif target.ndim < 1 or logits.shape[-1 - target.ndim : -1] != target.shape:
        same_number(name, logits.shape[:-1], target.shape)
        raise ValueError(
            f"{name}: logits have shape {logits.shape}, labels {target.shape}, expected one label for each example, "
            f"{logits.shape[-2:-1]}; flatten the labels, or give one-hot rows as floating-point probabilities"
        )
    return weights(name, weight, logits, per_element=False)


def _rows(xp: Any, logits: Array, target: Array, w: Array | None) -> Array:
    """The target's rows: probabilities, or one-hot bools for labels. Rows of weight 0 are 0 or False."""
    n_classes = logits.shape[-1]
    if dtype_kind(target.dtype) == "float":
        t = masked(xp.astype(target, logits.dtype, copy=False), w)
        if isinstance(t, np.ndarray) and not (t >= 0).all():
            problem = "probabilities must be at least 0, got negative ones or NaN"
            raise ValueError(f"cross_entropy: {problem}; check the targets, or mask what is missing by a weight of 0")
        return t
    hot = target[..., None] == xp.arange(n_classes)
    if w is not None:
        hot = hot & (w > 0)
    if isinstance(hot, np.ndarray):
        n_rows = target.size if w is None else np.count_nonzero(np.broadcast_to(w > 0, (*hot.shape[:-1], 1)))
        if np.count_nonzero(hot) != n_rows:
            raise ValueError(
                f"cross_entropy: labels must lie in 0..{n_classes - 1}, the logits' classes; got {target.min()} to "
                f"{target.max()}: does the last layer have as many outputs as there are classes? A label that is "
                f"missing needs a weight of 0"
            )
    return hot
