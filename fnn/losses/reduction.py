"""What all losses share: checks of predictions, targets and weights, and the reduction of many values to one.

A target of weight 0 is replaced before anything is computed of it, so that it may be NaN: a weight of 0 is a mask.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from fnn.arrays import Array, Shape, dtype_kind, is_array, is_half, method, misfit, namespace

__all__ = ["Loss", "Pullback", "elements", "floats", "masked", "predictions", "quiet", "reduced", "same_number"]
__all__ += ["total_weight", "weights"]

_USUAL = {np.dtype(np.float32), np.dtype(np.float64)}  # the quick way through the checks

Pullback = Callable[..., Array]
Loss = Callable[..., tuple[Array, Pullback]]  # (prediction, target, weight=None) -> (value, pullback)


quiet = np.errstate(over="ignore", under="ignore", invalid="ignore")  # what is too large is inf, what is too small 0


def floats(name: str, what: str, array: Any) -> None:
    """Raise a `TypeError` unless `array` is an array of floating-point numbers of at least 32 bits."""
    if type(array) is np.ndarray and array.dtype in _USUAL:
        return
    if is_half(getattr(array, "dtype", None)):
        short = f"got {array.dtype}, in which sums overflow and small numbers are 0; convert them to float32"
        raise TypeError(f"{name}: expected {what} of at least 32 bits, {short}")
    if problem := misfit(array):
        raise TypeError(f"{name}: expected {what} as an array of numbers, got {problem}")
    if dtype_kind(array.dtype) != "float":
        raise TypeError(f"{name}: expected floating-point {what}, got {array.dtype}; convert them with astype")


def predictions(name: str, prediction: Any) -> None:
    """Raise unless `prediction` is an array (..., batch, n_out) of floating-point numbers."""
    floats(name, "predictions", prediction)
    if prediction.ndim < 2:
        raise ValueError(f"{name}: expected predictions (..., batch, n_out), got shape {prediction.shape}; add an axis")


def elements(
    name: str, prediction: Array, target: Array, remedy: str = "reshape the targets, as in y[:, None]"
) -> Array:
    """The target in the prediction's dtype. Raises unless the target's shape ends the prediction's."""
    predictions(name, prediction)
    one = getattr(target, "ndim", 0) == 1 and prediction.shape[-1] == 1
    if one and is_array(target) and dtype_kind(target.dtype) in ("int", "bool"):
        came = f"{target.dtype} of shape {target.shape}; give targets.astype(numpy.{prediction.dtype})[:, None]"
        raise TypeError(f"{name}: expected floating-point targets (..., batch, n_out), got {came}")
    floats(name, "targets", target)
    if target.ndim < 2 or prediction.shape[-target.ndim :] != target.shape:
        if target.shape[-1:] == prediction.shape[-1:]:
            same_number(name, prediction.shape[:-1], target.shape[:-1])
        raise ValueError(
            f"{name}: predictions have shape {prediction.shape}, targets {target.shape}; they must be equal, "
            f"except for leading axes that the targets may lack; {remedy}"
        )
    return target if target.dtype == prediction.dtype else namespace(prediction).astype(target, prediction.dtype)


def same_number(name: str, predicted: Shape, targets: Shape) -> None:
    """Raise a `ValueError` if the numbers of examples are all in which two shapes (..., batch) differ.

    The targets may lack leading axes.
    """
    n_axes = len(targets)
    alike = 0 < n_axes <= len(predicted) and targets[:-1] == predicted[-n_axes:-1]
    if alike and targets[-1] != predicted[-1]:
        came = f"{predicted[-1]} predictions, {targets[-1]} targets"
        raise ValueError(f"{name}: {came}; does every x have its target?")


def weights(name: str, weight: Any, prediction: Array, *, per_element: bool = True, dtype: Any = None) -> Array | None:
    """The weights in this dtype, of shape (..., batch, 1) or (..., batch, n_out); None for None.

    weight        (..., batch) or (..., batch, 1), one for each example; or, `per_element`, (..., batch, n_out)
    prediction    (..., batch, n_out); the weights may lack its leading axes
    dtype         a floating-point type, by default the prediction's

    Raises `ValueError` for other shapes, for weights that are negative or not finite, and where it is not clear whether
    weights of the shape (n, n) are of examples or of elements. Only NumPy's weights are looked at.
    """
    if weight is None:
        return None
    if problem := misfit(weight):
        raise TypeError(f"{name}: expected weights as an array of numbers, got {problem}")
    if dtype_kind(weight.dtype) not in ("float", "int", "bool"):
        raise TypeError(f"{name}: expected numbers or bools as weights, got {weight.dtype}; convert them with astype")
    shape, own = tuple(prediction.shape), tuple(weight.shape)
    widths = (1, shape[-1]) if per_element else (1,)
    of_examples = len(own) > 0 and own == shape[-1 - len(own) : -1]
    of_elements = len(own) > 1 and own[:-1] == shape[-len(own) : -1] and own[-1] in widths
    if not of_examples and not of_elements:
        expected = f"one for each example, {shape[-2:-1]}" + f", or for each element, {shape[-2:]}" * per_element
        raise ValueError(f"{name}: predictions have shape {shape}, weights {own}; expected {expected}")
    if of_examples and of_elements and own[-1] > 1:
        which = "could be of examples or of elements; if of examples, give w[..., None]"
        raise ValueError(f"{name}: weights of shape {own} {which}")
    if isinstance(weight, np.ndarray) and weight.size and not (weight.min() >= 0 and weight.max() < np.inf):
        came = f"got {weight.min()} to {weight.max()}; a weight of 0 is a mask"
        raise ValueError(f"{name}: weights must be finite and at least 0, {came}")
    w = prediction.__array_namespace__().astype(weight, prediction.dtype if dtype is None else dtype)
    return w if of_elements else w[..., None]


def total_weight(name: str, w: Array) -> Array:
    """Σ w over examples and outputs (...): 1 for a network whose weights are all 0, so that its mean is 0.

    Raises `ValueError` if the weights of all networks are 0.
    """
    xp = w.__array_namespace__()
    total = xp.sum(w, axis=(-2, -1))
    if isinstance(w, np.ndarray) and not np.any(total):
        raise ValueError(f"{name}: weights that are all 0 have no mean; leave the batch out")
    return xp.where(total > 0, total, 1)


def masked(target: Array, w: Array | None) -> Array:
    """The target, with 0 where the weight is 0."""
    return target if w is None else w.__array_namespace__().where(w > 0, target, 0)


def reduced(
    name: str, values: Array, slopes: Callable[[Any], Array], w: Array | None, reduction: str
) -> tuple[Array, Pullback]:
    """The weighted mean, the sum, or each example's value of a loss; and the pullback.

    values      the loss of each element (..., batch, n_out), or of each example (..., batch, 1)
    slopes      slopes(scale) are the derivatives of the values, multiplied by `scale`
    w           the weights, as `weights` gives them
    reduction   "mean": Σ w l / Σ w; "sum": Σ w l; "none": w l for each example, the mean over its n_out outputs
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'{name}: reduction must be "mean", "sum" or "none", got {reduction!r}')
    batch, n_out = values.shape[-2:]
    if reduction == "mean" and batch * n_out == 0:
        raise ValueError(f'{name}: an empty batch has no mean; leave it out, or use reduction="sum"')
    axes: Any = -1 if reduction == "none" else (-2, -1)
    divisor: Any = batch * n_out if reduction == "mean" else 1 if reduction == "sum" else max(n_out, 1)
    if w is not None:
        values = values * w
        if reduction == "mean":
            divisor = total_weight(name, w) * (n_out / w.shape[-1])
    value = method(values, "sum")(axis=axes) / divisor
    behind = (None,) * (1 if reduction == "none" else 2)  # the axes that the value lacks

    return value, partial(_pull, name, slopes, divisor, w, value, behind)


@quiet
def _pull(
    name: str,
    slopes: Callable[[Any], Array],
    divisor: Any,
    w: Array | None,
    value: Array,
    behind: tuple[None, ...],
    dvalue: Any = 1.0,
) -> Array:
    """The gradient with respect to the prediction, for a cotangent of the value."""
    if isinstance(dvalue, (int, float)):
        scale = float(dvalue) / divisor  # a NumPy scalar would widen float32
    elif dvalue.shape == value.shape:
        xp = value.__array_namespace__()
        scale = xp.astype(xp.asarray(dvalue), value.dtype) / divisor
    else:
        problem = f"the pullback expects a cotangent in the value's shape, {value.shape}, got {dvalue.shape}"
        raise ValueError(f"{name}: {problem}")
    if not isinstance(scale, float):
        scale = scale[..., *behind]
    return slopes(scale if w is None else scale * w)
