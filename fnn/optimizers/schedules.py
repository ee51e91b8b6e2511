"""Schedules: a learning rate as a pure function of the number of updates made so far.

A Python step gives a Python float, which does not change the dtype of float32 arrays; a traced step gives an array.
"""

from collections.abc import Callable
from math import log, pi
from numbers import Real
from typing import Any

import numpy as np

from fnn.values import constructor, number, whole

__all__ = ["Schedule", "constant", "cosine", "exponential", "step_decay", "warmup_cosine"]

Schedule = Callable[[Any], Any]


def _schedule(formula: Callable[[Any, Any], Any]) -> Schedule:
    """The schedule step -> formula(xp, step)."""

    def schedule(step: Any) -> Any:
        if isinstance(step, Real):
            return float(formula(np, step))
        return formula(step.__array_namespace__(), step)

    return schedule


def _power(factor: float, exponent: Any) -> Any:
    """factor^exponent. The logarithm keeps the precision of a factor near 1, which float32 arrays would round."""
    if isinstance(exponent, Real):
        return factor**exponent
    return exponent.__array_namespace__().exp(exponent * log(factor))


@constructor
def constant(rate: float) -> Schedule:
    """The same rate at every step.

    >>> constant(0.1)(1000)
    0.1
    """
    rate = number("constant(rate)", rate, 0)
    return _schedule(lambda xp, step: rate)


@constructor
def step_decay(rate: float, factor: float, every: int) -> Schedule:
    """rate · factor^⌊step / every⌋: a drop by `factor`, in (0, 1), after each `every` steps.

    >>> [step_decay(1.0, 0.5, every=10)(step) for step in (0, 9, 10, 25)]
    [1.0, 1.0, 0.5, 0.25]
    """
    rate = number("step_decay(rate)", rate, 0)
    factor = number("step_decay(factor)", factor, 0, 1, above=True)
    every = whole("step_decay(every)", every)
    return _schedule(lambda xp, step: rate * _power(factor, step // every))


@constructor
def exponential(rate: float, factor: float, every: int = 1) -> Schedule:
    """rate · factor^(step / every): a smooth decay by `factor`, in (0, 1), over `every` steps.

    >>> exponential(1.0, 0.25, every=10)(5)
    0.5
    """
    rate = number("exponential(rate)", rate, 0)
    factor = number("exponential(factor)", factor, 0, 1, above=True)
    every = whole("exponential(every)", every)
    return _schedule(lambda xp, step: rate * _power(factor, step / every))


@constructor
def cosine(rate: float, steps: int, final: float = 0.0) -> Schedule:
    """Half a cosine from `rate` to `final` over `steps`, constant after (Loshchilov & Hutter 2017, equation 5).

    >>> [round(cosine(1.0, 100)(step), 3) for step in (0, 50, 100, 200)]
    [1.0, 0.5, 0.0, 0.0]
    """
    rate, final = number("cosine(rate)", rate, 0), number("cosine(final)", final, 0)
    steps = whole("cosine(steps)", steps)

    def formula(xp: Any, step: Any) -> Any:
        return final + (rate - final) * (1 + xp.cos(pi * xp.minimum(step / steps, 1.0))) / 2

    return _schedule(formula)


@constructor
def warmup_cosine(rate: float, warmup: int, steps: int, final: float = 0.0) -> Schedule:
    """A straight line up, then half a cosine down (Goyal et al. 2017).

    rate     the rate after the warm-up, which begins at 0
    warmup   the number of steps of the warm-up
    steps    the number of steps after which the rate is `final`
    final    the rate at the end and after it

    Raises `ValueError` unless 0 < warmup < steps.

    >>> [round(warmup_cosine(1.0, 10, 110)(step), 3) for step in (0, 5, 10, 60, 110)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    warmup, steps = whole("warmup_cosine(warmup)", warmup), whole("warmup_cosine(steps)", steps)
    if warmup >= steps:
        raise ValueError(f"warmup_cosine: the warm-up of {warmup} steps must end before the {steps} steps are over")
    decay = cosine(rate, steps - warmup, final)

    def formula(xp: Any, step: Any) -> Any:
        return xp.where(step < warmup, rate * step / warmup, decay(step - warmup))

    return _schedule(formula)
