"""Errors of numbers: mean absolute error, RMSE, R² and PSNR."""

from collections.abc import Callable, Sequence
from functools import partial, reduce
from math import inf, log10
from typing import Any

import numpy as np

from fnn.arrays import Array
from fnn.losses.reduction import elements, masked, quiet
from fnn.metrics.metric import Metric, averaged, check_average, counted, ratio, weighing
from fnn.metrics.scores import finite

__all__ = ["mae", "psnr", "r2", "rmse"]


@Metric
@quiet
def mae(prediction: Any, target: Any, weight: Any = None, *, average: str | None = "macro") -> Any:
    """The mean absolute error Σ w |y - t| / Σ w.

    prediction   y (..., batch, n_out)
    target       t of the same trailing shape
    weight       w (..., batch), one for each example, or (..., batch, n_out); under a weight of 0 t may be missing
    average      "macro": the mean over the outputs; "micro": of all elements; None: each output, (..., n_out)

    An output whose weights are all 0 is NaN, and the mean leaves it out. A prediction that is NaN gives NaN. Raises
    `TypeError` for what is not an array of floating-point numbers, and `ValueError` for shapes that do not fit, targets
    that are NaN, and negative weights.

    >>> import numpy as np
    >>> float(mae(np.array([[1.0], [4.0]]), np.array([[1.0], [2.0]])))
    1.0
    """
    xp, error, _, w = _errors("mae", prediction, target, weight, average)
    return _means(xp, xp.abs(error), w, average, lambda mean: mean)


@Metric
@quiet
def rmse(prediction: Any, target: Any, weight: Any = None, *, average: str | None = "macro") -> Any:
    """The root mean squared error √(Σ w (y - t)² / Σ w) of each output; their mean. Arguments and errors as in `mae`.

    With average="micro" it is the root of the loss `mse`; for one output all three are.

    >>> import numpy as np
    >>> float(rmse(np.array([[1.0], [4.0]]), np.array([[1.0], [2.0]]))) == 2**0.5
    True
    """
    xp, error, _, w = _errors("rmse", prediction, target, weight, average)
    return _means(xp, error * error, w, average, xp.sqrt)


def _moments(batches: Sequence[tuple[Array, ...]]) -> tuple[Array, ...]:
    """(Σ w e², Σ w, n, mean of t, Σ w (t - mean)²) of several batches (Chan, Golub & LeVeque 1979, equation 2.1)."""

    def join(a: tuple[Array, ...], b: tuple[Array, ...]) -> tuple[Array, ...]:
        share, delta = ratio(b[1], a[1] + b[1]), b[3] - a[3]
        return a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + delta * share, a[4] + b[4] + delta**2 * a[1] * share

    return reduce(join, batches)


@partial(Metric, join=_moments)
@quiet
def r2(prediction: Any, target: Any, weight: Any = None, *, average: str | None = "macro") -> Any:
    """The coefficient of determination: R² = 1 - Σ w (y - t)² / Σ w (t - t̄)², with the weighted mean t̄ of t.

    Arguments and errors are those of `mae`; "micro" divides the sums over all outputs. As in scikit-learn, a target
    that is constant has an R² of 1 if it is met exactly, else of 0. Fewer than two examples (of weight above 0) have no
    R²: it is NaN.

    >>> import numpy as np
    >>> float(r2(np.array([[1.0], [2.0], [4.0]]), np.array([[1.0], [2.0], [3.0]])))
    0.5
    """
    xp, error, t, w = _errors("r2", prediction, target, weight, average)
    highest = xp.max(xp.where(w > 0, t, -xp.inf), axis=-2)
    near = xp.where(highest == -xp.inf, 0.0, highest)[..., None, :]  # t - near is 0 for a constant; a mean is rounded
    total, n = xp.sum(w, axis=-2), xp.sum(xp.astype(w > 0, w.dtype), axis=-2)
    shift = ratio(xp.sum(w * (t - near), axis=-2), total)
    spread = xp.sum(w * (t - near - shift[..., None, :]) ** 2, axis=-2)

    def finish(residual: Array, total: Array, n: Array, mean: Array, spread: Array) -> Array:
        if average == "micro":
            residual, spread, n = (xp.sum(each, axis=-1, keepdims=True) for each in (residual, spread, n))
        value = xp.where(spread == 0, xp.astype(residual == 0, residual.dtype), 1 - ratio(residual, spread))
        return averaged(value, n > 1, average)

    return (xp.sum(counted(xp, error * error, w), axis=-2), total, n, near[..., 0, :] + shift, spread), finish


def psnr(prediction: Any, target: Any, peak: float = 1.0) -> float:
    """The peak signal-to-noise ratio in dB: psnr = 10 log10(peak^2 / mse), infinite for identical arrays.

    The mean is over all elements: the ratio of a set of images is not the mean of their ratios.
    Raises `ValueError` if the shapes differ, if there are no values, or if one is not finite.

    >>> psnr([1.0, 0.5], [0.9, 0.4])
    20.0
    """
    p, t = finite("psnr: the prediction", prediction), finite("psnr: the target", target)
    if p.shape != t.shape or not 0 < peak < inf:
        got = f"{p.shape}, {t.shape} and {peak!r}; reshape one, give the largest value of a pixel"
        raise ValueError(f"psnr: prediction and target must have one shape, and a positive peak, got {got}")
    mse = float(np.mean((p - t) ** 2))
    return 20 * log10(peak) - 10 * log10(mse) if mse else inf


def _errors(name: str, prediction: Any, target: Any, weight: Any, average: Any) -> tuple[Any, Array, Array, Array]:
    """The array library, and in the default float type y - t, t and weights, all of one shape."""
    check_average(name, average)
    elements(name, prediction, target)
    xp = prediction.__array_namespace__()
    real = xp.zeros(()).dtype
    whole = xp.zeros(prediction.shape, dtype=real)
    w = whole + weighing(name, weight, prediction, real, per_element=True)
    t = whole + masked(xp.astype(target, real), w)
    if isinstance(t, np.ndarray) and np.isnan(t).any():
        raise ValueError(f"{name}: expected numbers as targets, got NaN; give what is missing a weight of 0")
    return xp, xp.astype(prediction, real) - t, t, w


def _means(
    xp: Any, values: Array, w: Array, average: str | None, finish: Callable[[Array], Array]
) -> tuple[tuple[Array, ...], Callable[..., Array]]:
    """The sums of w v and of w over the examples (..., n_out), and `finish` of their ratio."""

    def finished(total: Array, mass: Array) -> Array:
        if average == "micro":
            total, mass = xp.sum(total, axis=-1, keepdims=True), xp.sum(mass, axis=-1, keepdims=True)
        return averaged(finish(ratio(total, mass)), mass > 0, average)

    return (xp.sum(counted(xp, values, w), axis=-2), xp.sum(w, axis=-2)), finished
