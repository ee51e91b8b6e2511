"""Settings are numbers in a range, and are refused where a layer, loss or rule is built, not at step 40,000.

They come back as Python's own numbers, since NumPy's scalars would widen the float32 arrays they meet.
"""

from math import inf
from numbers import Integral, Real
from typing import Any

__all__ = ["number", "whole"]


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
