"""Schedules: a learning rate as a pure function of the number of updates made so far.

`state.step` goes on counting when a training is resumed, so that a resumed schedule goes on, too. See `join` for a new
schedule that begins at the present step.

A Python step gives a Python float, which does not change the dtype of float32 arrays; a traced step gives an array.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import log, pi
from numbers import Real
from typing import Any

import numpy as np

from fnn.values import constructor, number, whole

__all__ = ["Schedule", "constant", "cosine", "cosine_restarts", "exponential", "join", "one_cycle", "step_decay"]
__all__ += ["warmup", "warmup_cosine"]

Schedule = Callable[[Any], Any]

LONGEST = 2**31  # no training has so many steps


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


def _half_cosine(xp: Any, first: float, last: float, share: Any) -> Any:
    """Half a cosine from `first`, at a share of 0, to `last`, at 1."""
    return last + (first - last) * (1 + xp.cos(pi * share)) / 2


def _line(first: float, last: float, steps: int) -> Schedule:
    """A straight line from `first` to `last` over `steps`, constant after."""
    return _schedule(lambda xp, step: xp.where(step < steps, first + (last - first) * step / steps, last))


def _where(xp: Any, condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`. A Python condition needs no array."""
    return (a if condition else b) if isinstance(condition, bool) else xp.where(condition, a, b)


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

    return _schedule(lambda xp, step: _half_cosine(xp, rate, final, xp.minimum(step / steps, 1.0)))


@constructor
def cosine_restarts(rate: float, steps: int, factor: int = 1, final: float = 0.0) -> Schedule:
    """Half a cosine from `rate` down to `final`, again and again (Loshchilov & Hutter 2017, equation 5).

    rate     the rate at the start of each cycle
    steps    the number of steps of the first cycle
    factor   how many times as long each cycle is as the one before it: a whole number from 1 up
    final    the rate that a cycle goes down to

    >>> [round(cosine_restarts(1.0, 10, factor=2)(step), 3) for step in (0, 5, 10, 20, 30, 50)]
    [1.0, 0.5, 1.0, 0.5, 1.0, 0.5]
    """
    rate, final = number("cosine_restarts(rate)", rate, 0), number("cosine_restarts(final)", final, 0)
    steps, factor = whole("cosine_restarts(steps)", steps), whole("cosine_restarts(factor)", factor)
    cycles, begin, length = [], steps, steps * factor  # the second cycle and later ones, of growing length
    while factor > 1 and begin < LONGEST:
        cycles.append((begin, length))
        begin, length = begin + length, length * factor

    def formula(xp: Any, step: Any) -> Any:
        share = step % steps / steps if factor == 1 else step / steps
        for begin, length in cycles:
            share = _where(xp, step >= begin, (step - begin) / length, share)
        return _half_cosine(xp, rate, final, share)

    return _schedule(formula)


@constructor
def one_cycle(rate: float, steps: int, rise: float = 0.3, divide: float = 25.0, final_divide: float = 1e4) -> Schedule:
    """Half a cosine up, then half a cosine down to almost nothing (Smith & Topin 2018).

    rate           the greatest rate
    steps          the number of steps after which the rate is the last one
    rise           the share of the steps in which the rate rises, in (0, 1)
    divide         the first rate is `rate / divide`
    final_divide   the last rate is the first one divided by this number

    Raises `ValueError` unless both divisors are positive and at least one step rises and one falls.

    >>> [round(one_cycle(1.0, 100)(step), 3) for step in (0, 15, 30, 65, 100)]
    [0.04, 0.52, 1.0, 0.5, 0.0]
    """
    rate, steps = number("one_cycle(rate)", rate, 0), whole("one_cycle(steps)", steps, 2)
    top = round(number("one_cycle(rise)", rise, 0, 1, above=True) * steps)
    if not 0 < top < steps:
        raise ValueError(f"one_cycle: {rise} of {steps} steps leave no step to rise or none to fall; change the share")
    first = rate / number("one_cycle(divide)", divide, 0, above=True)
    last = first / number("one_cycle(final_divide)", final_divide, 0, above=True)
    return join([cosine(first, top, rate), cosine(rate, steps - top, last)], [top])


@constructor
def warmup(rate: float, steps: int, start: float = 0.0) -> Schedule:
    """A straight line from `start` to `rate` over `steps`, constant after (Goyal et al. 2017).

    With a `start` above the rate, it is a linear decay.

    >>> [round(warmup(1.0, 10, start=0.2)(step), 3) for step in (0, 5, 10, 20)]
    [0.2, 0.6, 1.0, 1.0]
    """
    rate, start = number("warmup(rate)", rate, 0), number("warmup(start)", start, 0)
    return _line(start, rate, whole("warmup(steps)", steps))


@constructor
def warmup_cosine(rate: float, warmup: int, steps: int, final: float = 0.0, start: float = 0.0) -> Schedule:
    """A straight line up, then half a cosine down (Goyal et al. 2017).

    rate     the rate after the warm-up
    warmup   the number of steps of the warm-up
    steps    the number of steps after which the rate is `final`
    final    the rate at the end and after it
    start    the rate of the first step

    Raises `ValueError` unless 0 < warmup < steps.

    >>> [round(warmup_cosine(1.0, 10, 110)(step), 3) for step in (0, 5, 10, 60, 110)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    warmup, steps = whole("warmup_cosine(warmup)", warmup), whole("warmup_cosine(steps)", steps)
    if warmup >= steps:
        raise ValueError(f"warmup_cosine: the warm-up of {warmup} steps must end before the {steps} steps are over")
    rise = _line(number("warmup_cosine(start)", start, 0), number("warmup_cosine(rate)", rate, 0), warmup)
    return join([rise, cosine(rate, steps - warmup, final)], [warmup])


@constructor
def join(schedules: Sequence[Schedule], boundaries: Sequence[int]) -> Schedule:
    """Schedules one after another. Each counts its steps from its own boundary.

    schedules    the pieces
    boundaries   the first step of each piece but the first, in increasing order

    Raises `TypeError` unless both are lists and the pieces functions, and `ValueError` unless there is one boundary
    less than there are pieces, and each is a whole number greater than the one before it.

    >>> steady_then_down = join([warmup(1.0, 5), constant(1.0), cosine(1.0, 10)], [5, 20])
    >>> [round(steady_then_down(step), 3) for step in (0, 4, 19, 25, 30)]
    [0.0, 0.8, 1.0, 0.5, 0.0]

    In a resumed training, a new schedule begins at the present step, `state.step`, here 700, if this is the boundary in
    front of it. The piece before it is then no longer used:

    >>> resumed = join([constant(0.1), warmup_cosine(1.0, 10, 110)], [700])
    >>> [round(resumed(step), 3) for step in (700, 705, 710, 760, 810)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    for what, given in (("schedules", schedules), ("boundaries", boundaries)):
        if not isinstance(given, (list, tuple)):
            raise TypeError(f"join: expected a list of {what}, got {given!r}; write [{given!r}]")
    pieces, starts = tuple(schedules), (0, *(whole("join(boundaries)", each) for each in boundaries))
    for piece in pieces:
        if not callable(piece):
            raise TypeError(f"join: expected schedules, got {type(piece).__name__}; use constant for a number")
    if not pieces:
        raise ValueError("join needs a schedule")
    if len(pieces) != len(starts):
        raise ValueError(f"join: {len(pieces)} schedules need {len(pieces) - 1} boundaries, got {boundaries}")
    if any(a >= b for a, b in pairwise(starts)):
        raise ValueError(f"join: the boundaries must increase, got {boundaries}")

    def schedule(step: Any) -> Any:
        if isinstance(step, Real):
            i = sum(float(step) >= start for start in starts[1:])
            return pieces[i](step - starts[i])
        xp = step.__array_namespace__()
        rate = pieces[0](step)
        for start, piece in zip(starts[1:], pieces[1:], strict=True):
            rate = xp.where(step >= start, piece(xp.maximum(step - start, 0)), rate)
        return rate

    return schedule
