"""Claims, and verdicts on them from measured runs.

A claim says that some quantity is positive, or lies beyond some bound. It holds if the whole bootstrap interval of this
quantity lies on the claimed side of the bound, and fails if the whole interval lies on the other side. Otherwise, or if
the sample is smaller than `FEWEST`, it is undecided.
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
    "judge",
    "share_interval",
]

Verdict = Literal["holds", "fails", "undecided"]
Statistic = Callable[..., Any]
KEY = Key(0)  # all intervals use the same key, so that the same runs always give the same report

# The smallest sample that decides a claim. If two groups of n runs come from the same distribution, the 95 % interval
# of the paired difference of their IQMs should exclude zero in 5 % of cases. The percentile bootstrap excludes it in
#
#     n             2     3     5     8    15
#     % of cases   50    25    10     6     6     (10,000 pairs of normal samples each, 2,000 resamples)
#
# With five runs, a claim "A is better than B" about equal groups holds in 5 % of cases and fails in another 5 %.
FEWEST = 5


@attrs.frozen
class Claim:
    """A claim, our measurement, and the verdict.

    statement    the claim, as a sentence
    measured     the measurement, in words
    verdict      "holds", "fails" or "undecided"
    reason       why the claim does not hold, from a measurement or a known fact
    source       "the paper" if its text on the recipe's figure makes the claim, "ours" if it does not
    compares     the names of the recipe's groups that the claim compares, if it compares any
    """

    statement: str
    measured: str
    verdict: Verdict
    reason: str = ""
    source: str = "the paper"
    compares: tuple[str, ...] = ()


@attrs.frozen
class Group:
    """One side of a comparison: its name, one number for each run in the order of the seeds, and the runs' groups."""

    name: str
    values: Sequence[float]
    of: tuple[str, ...] = ()  # the names of the recipe's groups to which the runs belong


@attrs.frozen
class Estimate:
    """A statistic of a sample and its 95 % interval, which is None for a sample smaller than `FEWEST`.

    The sample consists of `n` things, which `of` names: "runs", "digits", ...
    """

    value: float
    interval: tuple[float, float] | None
    n: int
    of: str = "runs"

    def text(self, form: str = "{:.4f}", unit: str = "") -> str:
        """The estimate as text.

        >>> Estimate(1.2, (0.9, 1.4), 15).text("{:.1f}", " %"), Estimate(0.97, None, 2).text("{:.3f}")
        ('1.2 % (95 % interval 0.9 to 1.4 %, 15 runs)', '0.970 (too few runs: 2)')
        """
        value = f"{form.format(self.value)}{unit}"
        if self.interval is None:
            return f"{value} (too few {self.of}: {self.n})"
        low, high = map(form.format, self.interval)
        return f"{value} (95 % interval {low} to {high}{unit}, {self.n:,} {self.of})"


def estimate(values: Any, statistic: Statistic = iqm, of: str = "runs") -> Estimate:
    """A statistic of a sample, by default its interquartile mean, with its bootstrap interval.

    >>> estimate([0.5] * 5).text()
    '0.5000 (95 % interval 0.5000 to 0.5000, 5 runs)'
    """
    interval = bootstrap_interval(values, statistic, key=KEY) if len(values) >= FEWEST else None
    return Estimate(float(statistic(np.asarray(values))), interval, len(values), of)


def difference(ours: Sequence[float], theirs: Sequence[float], statistic: Statistic = iqm) -> Estimate:
    """The difference between two groups in a statistic, with a bootstrap interval that pairs the runs by their seeds.

    >>> difference([0.75] * 5, [0.5] * 5).interval
    (0.25, 0.25)
    """
    value, n = float(statistic(ours) - statistic(theirs)), len(ours)
    few = n < FEWEST
    return Estimate(value, None if few else bootstrap_difference(ours, theirs, statistic, key=KEY, paired=True), n)


def judge(found: Estimate, above: float | None = None, below: float | None = None) -> Verdict:
    """The verdict on the claim that the estimated quantity lies above one bound, below another, or both.

    >>> up, down, both = (Estimate(0.5, ends, 15) for ends in ((0.1, 0.3), (-0.3, -0.1), (-0.1, 0.3)))
    >>> judge(up, above=0), judge(down, above=0), judge(both, above=0), judge(down, below=0)
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
    """The claim that group `a` has a greater interquartile mean than group `b`, paired by seed.

    statement    the claim, as a sentence
    a, b         the two groups
    reason       why the claim does not hold, if it does not
    digits       decimal places of the measurement
    """
    found = difference(a.values, b.values)
    measured = f"{a.name} − {b.name}: {found.text(f'{{:+.{digits}f}}')}"
    return Claim(statement, measured, judge(found, above=0), reason, compares=a.of + b.of)


def at_least(statement: str, values: Sequence[float], bound: float, reason: str = "", digits: int = 4) -> Claim:
    """The claim that the interquartile mean of `values` exceeds `bound`.

    statement    the claim, as a sentence
    values       one number for each run
    bound        the bound that the claim names
    reason       why the claim does not hold, if it does not
    digits       decimal places of the measurement
    """
    found = estimate(values)
    measured = f"{found.text(f'{{:.{digits}f}}')}, to exceed {bound:g}"
    return Claim(statement, measured, judge(found, above=bound), reason)


def share_interval(k: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a proportion p = k / n (Wilson 1927).

    Its ends are (p + z²/2n ± z √(p (1 - p)/n + z²/4n²)) / (1 + z²/n) with z = 1.96. Unlike a bootstrap interval, it
    has a positive length for k = 0 and k = n.

    >>> tuple(round(end, 4) for end in share_interval(25, 25))
    (0.8668, 1.0)
    """
    z, p = 1.96, k / n
    middle, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = ((middle + sign * half) / (1 + z**2 / n) for sign in (-1, 1))
    return float(max(low, 0)), float(min(high, 1))
