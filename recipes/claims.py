"""Claims, and the verdict that measured runs give on each.

A claim asserts that some quantity lies above or below a bound. It holds if the bootstrap interval of the quantity lies
beyond the bound as claimed, fails if the interval lies on the other side, and is undecided otherwise. A sample smaller
than `FEWEST` decides nothing.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import attrs
import numpy as np

from fnn.metrics import bootstrap_difference, bootstrap_interval, iqm
from fnn.random import Key

__all__ = [
    "FEWEST",
    "Claim",
    "Estimate",
    "Group",
    "all_of",
    "at_least",
    "better",
    "difference",
    "estimate",
    "judged",
    "row_of",
    "share_interval",
]

Verdict = Literal["holds", "fails", "undecided"]
Statistic = Callable[..., Any]
KEY = Key(0)  # all intervals are drawn from one key, so that a report changes only if its runs do

# The smallest sample that decides anything. Suppose that two groups of n runs do not differ. The percentile bootstrap
# of the paired difference of their IQMs should call one of them better in 5 % of cases, and does so in
#
#     n             2     3     5     8    15
#     % of cases   50    25    10     6     6     (10,000 pairs of normal samples each, 2,000 resamples)
#
# With five runs, a claim "A beats B" is upheld by chance in 5 % of cases, and refuted by chance in another 5 %.
FEWEST = 5


@attrs.frozen
class Claim:
    """What is claimed, what we measured, and whether they agree.

    statement  the claim, a sentence
    measured   what was measured, in words
    verdict    "holds", "fails" or "undecided"
    reason     explains a claim that does not hold, by something measured or known
    source     who makes the claim: "the paper", in its text on the recipe's figure, or "ours"
    compares   the recipe's groups that the claim compares
    """

    statement: str
    measured: str
    verdict: Verdict
    reason: str = ""
    source: str = "the paper"
    compares: tuple[str, ...] = ()


@attrs.frozen
class Group:
    """One side of a comparison: its name, and one number for each run, in the order of the seeds."""

    name: str
    values: Sequence[float]
    of: tuple[str, ...] = ()  # the recipe's groups that the runs belong to


@attrs.frozen
class Estimate:
    """A statistic of a sample of size `n` with its 95 % interval, None for a small sample; `of` says of what it is."""

    value: float
    interval: tuple[float, float] | None
    n: int
    of: str = "runs"

    def said(self, form: str = "{:.4f}", unit: str = "") -> str:
        """The estimate in words.

        >>> Estimate(1.2, (0.9, 1.4), 15).said("{:.1f}", " %"), Estimate(0.97, None, 2).said("{:.3f}")
        ('1.2 % (95 % interval 0.9 to 1.4 %, 15 runs)', '0.970 (too few runs: 2)')
        """
        value = f"{form.format(self.value)}{unit}"
        if self.interval is None:
            return f"{value} (too few {self.of}: {self.n})"
        low, high = map(form.format, self.interval)
        return f"{value} (95 % interval {low} to {high}{unit}, {self.n:,} {self.of})"


def estimate(values: Any, statistic: Statistic = iqm, of: str = "runs") -> Estimate:
    """A statistic of a sample, by default its interquartile mean, with its bootstrap interval.

    >>> estimate([0.5] * 5).said()
    '0.5000 (95 % interval 0.5000 to 0.5000, 5 runs)'
    """
    interval = bootstrap_interval(values, statistic, key=KEY) if len(values) >= FEWEST else None
    return Estimate(float(statistic(np.asarray(values))), interval, len(values), of)


def difference(ours: Sequence[float], theirs: Sequence[float], statistic: Statistic = iqm) -> Estimate:
    """The difference of a statistic of two groups, with its interval; runs of one seed are paired.

    >>> difference([0.75] * 5, [0.5] * 5).interval
    (0.25, 0.25)
    """
    value, n = float(statistic(ours) - statistic(theirs)), len(ours)
    few = n < FEWEST
    return Estimate(value, None if few else bootstrap_difference(ours, theirs, statistic, key=KEY, paired=True), n)


def row_of(ours: Any, theirs: Any) -> tuple[float, float, float]:
    """A difference to draw: the estimate and its interval, or for few pairs the smallest and largest.

    >>> row_of([0.75, 0.5], [0.25, 0.25])
    (0.375, 0.25, 0.5)
    """
    found, pairs = difference(ours, theirs), np.subtract(ours, theirs)
    return found.value, *(found.interval or (float(pairs.min()), float(pairs.max())))


def judged(found: Estimate, above: float | None = None, below: float | None = None) -> Verdict:
    """The verdict on a claim that an estimated quantity lies above a bound, below a bound, or between two.

    >>> up, down, both = (Estimate(0.5, ends, 15) for ends in ((0.1, 0.3), (-0.3, -0.1), (-0.1, 0.3)))
    >>> judged(up, above=0), judged(down, above=0), judged(both, above=0), judged(down, below=0)
    ('holds', 'fails', 'undecided', 'holds')
    """
    if found.interval is None:
        return "undecided"
    low, high = found.interval
    holds = (above is None or low > above) and (below is None or high < below)
    fails = (above is not None and high < above) or (below is not None and low > below)
    return "holds" if holds else "fails" if fails else "undecided"


def all_of(*verdicts: Verdict) -> Verdict:
    """The verdict on a claim of several parts: it holds if all parts hold, and fails if any part fails.

    >>> all_of("holds", "holds"), all_of("holds", "undecided"), all_of("undecided", "fails")
    ('holds', 'undecided', 'fails')
    """
    return "fails" if "fails" in verdicts else "undecided" if "undecided" in verdicts else "holds"


def better(statement: str, a: Group, b: Group, reason: str = "", digits: int = 4) -> Claim:
    """The claim that group `a` has a greater interquartile mean than group `b`; runs of one seed are paired.

    statement  the claim
    a, b       the groups
    reason     what explains it if it does not hold
    digits     the number of decimals to show
    """
    found = difference(a.values, b.values)
    measured = f"{a.name} − {b.name}: {found.said(f'{{:+.{digits}f}}')}"
    return Claim(statement, measured, judged(found, above=0), reason, compares=a.of + b.of)


def at_least(statement: str, values: Sequence[float], bound: float, reason: str = "", digits: int = 4) -> Claim:
    """The claim that the interquartile mean of the values exceeds a bound.

    statement  the claim
    values     one number for each run
    bound      the bound
    reason     what explains it if it does not hold
    digits     the number of decimals to show
    """
    found = estimate(values)
    measured = f"{found.said(f'{{:.{digits}f}}')}, to exceed {bound:g}"
    return Claim(statement, measured, judged(found, above=bound), reason)


def share_interval(k: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, k of n: (p + z²/2n ± z √(p (1 - p)/n + z²/4n²)) / (1 + z²/n), z = 1.96.

    It is right for small n and for a share of 0 or 1 too, for which a bootstrap interval has no width (Wilson 1927).

    >>> tuple(round(end, 4) for end in share_interval(25, 25))
    (0.8668, 1.0)
    """
    z, p = 1.96, k / n
    middle, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = ((middle + sign * half) / (1 + z**2 / n) for sign in (-1, 1))
    return float(max(low, 0)), float(min(high, 1))
