"""Claims, and the verdict that measured runs give on each.

A claim holds when the bootstrap interval of what it asserts to be positive excludes zero in its direction, fails when
it excludes zero the other way, and is undecided otherwise, or where the sample is smaller than `FEWEST`.
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
    "share_interval",
]

Verdict = Literal["holds", "fails", "undecided"]
Statistic = Callable[..., Any]
KEY = Key(0)  # every interval is drawn from one key, so that a report never changes without its runs

# The least sample that decides anything. Of two groups of n runs that do not differ, the percentile bootstrap of the
# paired difference of their IQMs calls one better, which should happen in 5 % of cases, in
#
#     n             2     3     5     8    15
#     % of cases   50    25    10     6     6     (10,000 pairs of normal samples each, 2,000 resamples)
#
# Two runs decide by the toss of one coin, three by two. At five, a claim "A beats B" is upheld by chance in 5 % of
# cases and refuted in another 5 %.
FEWEST = 5


@attrs.frozen
class Claim:
    """What is claimed, what we measured, and whether they agree.

    `reason` explains, by something measured or known, a claim that does not hold; `source` is who claims it, "the
    paper" in its text on the recipe's figure, or "ours"; `compares` names the recipe's groups that it speaks of, where
    it speaks of some.
    """

    statement: str
    measured: str
    verdict: Verdict
    reason: str = ""
    source: str = "the paper"
    compares: tuple[str, ...] = ()


@attrs.frozen
class Group:
    """What a claim compares: what it is called, a number for every run in the order of the seeds, and whose runs."""

    name: str
    values: Sequence[float]
    of: tuple[str, ...] = ()  # the recipe's groups that the runs belong to


@attrs.frozen
class Estimate:
    """A statistic of a sample of `n` (runs, digits, ... as `of` says) with its 95 % interval; of a small one, None."""

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
    """The difference of a statistic of two groups, run by run of one seed.

    >>> difference([0.75] * 5, [0.5] * 5).interval
    (0.25, 0.25)
    """
    value, n = float(statistic(ours) - statistic(theirs)), len(ours)
    few = n < FEWEST
    return Estimate(value, None if few else bootstrap_difference(ours, theirs, statistic, key=KEY, paired=True), n)


def judged(found: Estimate, above: float | None = None, below: float | None = None) -> Verdict:
    """The verdict on a claim that what was estimated lies above, or below, a bound.

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
    """The verdict on a claim of several parts: it holds if all do, and fails if any does.

    >>> all_of("holds", "holds"), all_of("holds", "undecided"), all_of("undecided", "fails")
    ('holds', 'undecided', 'fails')
    """
    return "fails" if "fails" in verdicts else "undecided" if "undecided" in verdicts else "holds"


def better(statement: str, a: Group, b: Group, reason: str = "", digits: int = 4) -> Claim:
    """The claim that group `a` has the greater interquartile mean than `b`, run by run of one seed."""
    found = difference(a.values, b.values)
    measured = f"{a.name} − {b.name}: {found.said(f'{{:+.{digits}f}}')}"
    return Claim(statement, measured, judged(found, above=0), reason, compares=a.of + b.of)


def at_least(statement: str, values: Sequence[float], bound: float, reason: str = "", digits: int = 4) -> Claim:
    """The claim that the interquartile mean of the values exceeds a bound."""
    found = estimate(values)
    measured = f"{found.said(f'{{:.{digits}f}}')}, to exceed {bound:g}"
    return Claim(statement, measured, judged(found, above=bound), reason)


def share_interval(k: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, k of n: (p + z²/2n ± z √(p (1 - p)/n + z²/4n²)) / (1 + z²/n), z = 1.96.

    It keeps its promise where all or none of few runs count, of which a bootstrap would be certain (Wilson 1927).

    >>> tuple(round(end, 4) for end in share_interval(25, 25))
    (0.8668, 1.0)
    """
    z, p = 1.96, k / n
    middle, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = ((middle + sign * half) / (1 + z**2 / n) for sign in (-1, 1))
    return float(max(low, 0)), float(min(high, 1))
