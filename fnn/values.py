"""Settings are numbers in a range, and are refused where a layer, loss or rule is built, not at step 40,000.

They come back as Python's own numbers, since NumPy's scalars would widen the float32 arrays they meet.
"""

from collections.abc import Callable
from inspect import signature
from math import inf
from numbers import Integral, Real
from os import PathLike
from typing import Any

__all__ = ["FilePath", "call", "number", "whole"]

FilePath = str | PathLike[str]


def number(what: str, value: Any, low: float = -inf, high: float = inf, *, above: bool = False) -> float:
    """`value` as a float in [low, high), or in (low, high) with `above`; raises `ValueError` for anything else.

    >>> number("mu", 0.9, 0, 1)
    0.9
    """
    real = isinstance(value, Real) and not isinstance(value, bool)
    if real and -inf < value < high and (low < value if above else low <= value):
        return float(value)
    bounds = "finite number" if low == -inf else f"number in {'(' if above else '['}{low}, {high})"
    raise ValueError(f"{what} must be a {bounds}, got {value!r}")


def whole(what: str, value: Any, low: int = 1) -> int:
    """`value` as an int from `low` up; raises `ValueError` for anything else.

    >>> whole("n_out", 64)
    64
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < low:
        raise ValueError(f"{what} must be a whole number from {low} up, got {value!r}")
    return int(value)


def call(make: Callable[..., Any], *settings: Any, **others: Any) -> str:
    """The call that makes a thing, without such `others` as are by default what they are; a schedule by its name.

    >>> call(number, "mu", 0.9, low=0, above=False)
    'number(mu, 0.9, low=0)'
    """
    usual = signature(make).parameters
    words = [getattr(setting, "__name__", str(setting)) for setting in settings]
    words += [f"{name}={value}" for name, value in others.items() if value != usual[name].default]
    return f"{make.__name__}({', '.join(words)})"
