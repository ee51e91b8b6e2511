"""A rate: a number, a schedule, or a number for each network, as the function (step, theta) -> rate that rules call."""

from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import Any

import numpy as np

from fnn.arrays import Array, is_array
from fnn.values import number

__all__ = ["Rate", "rate_of"]

Rate = float | Callable[[Any], Any] | np.ndarray  # a number, a schedule, or a number for each network


def rate_of(name: str, rate: Any) -> Callable[[Any, Array], Any]:
    """The function (step, theta) -> rate: a number, or a column with one number for each network."""
    if callable(rate):
        return lambda step, theta: _scheduled(name, rate(step), step, theta)
    if isinstance(rate, np.ndarray):
        if rate.size == 0 or rate.dtype.kind != "f" or not (np.isfinite(rate).all() and (rate >= 0).all()):
            raise ValueError(f"{name} must hold finite rates of at least 0, one for each network, got {rate!r}")
        rates = rate.copy()  # later writes of the caller to its array change nothing
        return lambda step, theta: _column(name, rates, theta)
    fixed = number(name, rate, 0)
    return lambda step, theta: fixed


def _scheduled(name: str, now: Any, step: Any, theta: Array) -> Any:
    """What a schedule gives at a step, as a rate that keeps the dtype and the array library of the parameters.

    A number becomes a Python float: NumPy's scalar or 0-d array, and any library's if the parameters are NumPy's.
    One number for each network becomes a column. A traced rate has no value yet: it stays traced and is not checked.
    """
    if type(now) is float and 0 <= now < inf:
        return now
    if isinstance(theta, np.ndarray) or not is_array(now):
        with suppress(TypeError):  # JAX raises it for a traced rate beside parameters that are not traced
            now = np.asarray(now)
    if not isinstance(now, (np.ndarray, np.generic)):
        now = now.__array_namespace__().astype(now, theta.dtype)
        return _column(name, now, theta) if now.ndim else now
    rates = np.asarray(now)
    if rates.dtype.kind not in "fiu" or not ((rates >= 0) & (rates < inf)).all():
        raise ValueError(f"{name}: the schedule gives {now} at step {step}; rates must be finite and at least 0")
    return _column(name, rates, theta) if rates.ndim else float(rates)


def _column(name: str, rates: Array, theta: Array) -> Array:
    """Rates, one for each network, as a column (..., 1)."""
    if theta.shape[:-1] != rates.shape:
        raise ValueError(f"{name} holds {rates.shape} rates, the parameters are of {theta.shape[:-1]} networks")
    return theta.__array_namespace__().asarray(rates[..., None], dtype=theta.dtype)
