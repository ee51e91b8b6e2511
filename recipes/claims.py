"""Claims of the paper, and the verdict that measured runs give on each.

A claim holds when the bootstrap interval of what it asserts to be positive excludes zero in its direction, fails when
it excludes zero the other way, and is undecided otherwise.
"""

from collections.abc import Sequence
from typing import Any, Literal

import attrs
import numpy as np

from fnn.metrics import bootstrap_difference, bootstrap_interval, iqm
from fnn.random import Key

__all__ = ["Claim", "at_least", "better", "describe_scores", "interval_of", "judged"]

Verdict = Literal["holds", "fails", "undecided"]
KEY = Key(0)  # every interval is drawn from one key, so that a report never changes without its runs


@attrs.frozen
class Claim:
    """What the paper says, what we measured, and whether they agree; `reason` explains a claim that fails."""

    statement: str
    measured: str
    verdict: Verdict
    reason: str = ""


def judged(low: float, high: float) -> Verdict:
    """The verdict on a claim that a quantity is positive, from the quantity's interval.

    >>> judged(0.1, 0.3), judged(-0.3, -0.1), judged(-0.1, 0.3)
    ('holds', 'fails', 'undecided')
    """
    return "holds" if low > 0 else "fails" if high < 0 else "undecided"


def interval_of(values: Any) -> tuple[float, float]:
    """The 95 % bootstrap interval of the interquartile mean; without end for a single run, which shows no spread."""
    return bootstrap_interval(values, key=KEY) if len(values) > 1 else (-np.inf, np.inf)


def describe_scores(values: Any, digits: int = 4) -> str:
    """IQM, interval and number of runs, in words.

    >>> describe_scores([0.5, 0.5, 0.5, 0.5])
    '0.5000 (95 % interval 0.5000 to 0.5000, n = 4)'
    """
    if len(values) == 1:
        return f"{iqm(values):.{digits}f} (one run)"
    low, high = interval_of(values)
    return f"{iqm(values):.{digits}f} (95 % interval {low:.{digits}f} to {high:.{digits}f}, n = {len(values)})"


def better(
    statement: str, a: tuple[str, Sequence[float]], b: tuple[str, Sequence[float]], reason: str = "", digits: int = 4
) -> Claim:
    """The claim that group `a` = (name, values) has the greater interquartile mean than `b`, run by run of one seed."""
    (name, ours), (other, theirs) = a, b
    difference = iqm(ours) - iqm(theirs)
    if len(ours) < 2:
        return Claim(statement, f"{name} - {other}: {difference:+.{digits}f} (one run)", "undecided")
    low, high = bootstrap_difference(ours, theirs, key=KEY, paired=True)
    measured = f"{name} - {other}: {difference:+.{digits}f} (95 % interval {low:+.{digits}f} to {high:+.{digits}f})"
    return Claim(statement, measured, judged(low, high), reason)


def at_least(statement: str, values: Sequence[float], bound: float, reason: str = "", digits: int = 4) -> Claim:
    """The claim that the interquartile mean of the values exceeds a bound."""
    low, high = interval_of(values)
    return Claim(statement, describe_scores(values, digits), judged(low - bound, high - bound), reason)
