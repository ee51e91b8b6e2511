"""Estimates with 95 % intervals. The sample is always trainings, and an interval speaks about further trainings."""

from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np

from fnn.metrics import bootstrap_difference, bootstrap_interval, iqm
from fnn.random import Key

__all__ = ["FEWEST", "FEWEST_OF_CELL", "Estimate", "contrast", "difference", "estimate", "row_of", "share", "spreads"]

Statistic = Callable[..., Any]
KEY = Key(0)  # all intervals are drawn from one key, so that a report changes only if its runs do
RESAMPLES = 10_000
LEVEL = 0.95

# The smallest sample that decides anything. Suppose that two groups of n runs do not differ. The percentile bootstrap
# of the paired difference of their IQMs should exclude zero in 5 % of cases, and does so in
#
#     n             2     3     5     8    15
#     % of cases   50    25    10     6     6     (10,000 pairs of normal samples each, 2,000 resamples)
FEWEST = 5
FEWEST_OF_CELL = 3  # in a grid, whose contrasts average many cells


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

    def mapped(self, f: Callable[[float], float]) -> "Estimate":
        """The estimate of a rising function of the quantity.

        >>> Estimate(1.0, (0.0, 2.0), 5).mapped(lambda x: 10 * x).interval
        (0.0, 20.0)
        """
        ends = None if self.interval is None else (f(self.interval[0]), f(self.interval[1]))
        return attrs.evolve(self, value=f(self.value), interval=ends)


def estimate(values: Any, statistic: Statistic = iqm, of: str = "runs", resamples: int = RESAMPLES) -> Estimate:
    """A statistic of a sample, by default its interquartile mean, with its bootstrap interval.

    >>> estimate([0.5] * 5).said()
    '0.5000 (95 % interval 0.5000 to 0.5000, 5 runs)'
    """
    few = len(values) < FEWEST
    interval = None if few else bootstrap_interval(values, statistic, key=KEY, resamples=resamples)
    return Estimate(float(statistic(np.asarray(values))), interval, len(values), of)


def difference(ours: Sequence[float], theirs: Sequence[float], resamples: int = RESAMPLES) -> Estimate:
    """The difference of the interquartile means of two groups, with its interval; runs of one seed are paired.

    >>> difference([0.75] * 5, [0.5] * 5).interval
    (0.25, 0.25)
    """
    value, n = float(iqm(ours) - iqm(theirs)), len(ours)
    few = n < FEWEST
    drawn = None if few else bootstrap_difference(ours, theirs, key=KEY, paired=True, resamples=resamples)
    return Estimate(value, drawn, n)


def row_of(ours: Any, theirs: Any) -> tuple[float, float, float]:
    """A difference to draw: the estimate and its interval, or for few pairs the smallest and largest.

    >>> row_of([0.75, 0.5], [0.25, 0.25])
    (0.375, 0.25, 0.5)
    """
    found, pairs = difference(ours, theirs), np.subtract(ours, theirs)
    return found.value, *(found.interval or (float(pairs.min()), float(pairs.max())))


def share(k: int, n: int, of: str = "runs") -> Estimate:
    """A share, k of n, with Wilson's interval: (p + z²/2n ± z √(p (1 - p)/n + z²/4n²)) / (1 + z²/n), z = 1.96.

    It is right for small n and for a share of 0 or 1 too, for which a bootstrap interval has no width (Wilson 1927).

    >>> tuple(round(end, 4) for end in share(25, 25).interval)
    (0.8668, 1.0)
    """
    if n < FEWEST:
        return Estimate(k / max(n, 1), None, n, of)
    z, p = 1.96, k / n
    middle, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = ((middle + sign * half) / (1 + z**2 / n) for sign in (-1, 1))
    return Estimate(p, (float(max(low, 0)), float(min(high, 1))), n, of)


def contrast(cells: Any, weights: Any, level: float = LEVEL) -> Estimate:
    """A weighted sum of the means of cells, L = Σ w_i m_i, with Welch's interval; the sample is all trainings.

    cells    the values of each cell: (..., n)
    weights  one for each cell, which broadcast to (...); a trend has weights that rise and sum to 0
    level    the level of the interval; higher if several contrasts are judged together

    With the variances s_i² of the cells, the variance of L is V = Σ w_i² s_i² / n, and L / √V has Student's
    distribution with V² / Σ ((w_i² s_i² / n)² / (n - 1)) degrees of freedom (Welch 1947). Cells may differ in variance.

    >>> contrast([[1.0, 2.0, 3.0], [5.0, 6.0, 7.0]], [-1, 1]).said("{:.2f}")
    '4.00 (95 % interval 1.73 to 6.27, 6 runs)'
    """
    x = np.asarray(cells, dtype=float)
    w, n = np.broadcast_to(weights, x.shape[:-1]), x.shape[-1]
    value, used = float(np.sum(w * x.mean(axis=-1))), n * int(np.count_nonzero(w))
    if n < FEWEST_OF_CELL:
        return Estimate(value, None, n, "runs a cell")
    half = _half_width(w**2 * x.var(axis=-1, ddof=1) / n, n, level)
    return Estimate(value, (value - half, value + half), used)


def spreads(ours: Any, theirs: Any) -> Estimate:
    """The logarithm of the ratio of two groups' spreads, by the test of Brown and Forsythe (1974).

    A spread is the mean absolute deviation from the median; for an odd number of runs, the median's own deviation,
    which is always 0, is left out (Hines & Hines 2000). The interval of the difference of the two logarithms is
    Welch's, with variances from the scatter of the deviations (the delta method). Runs need not be normal.

    >>> round(spreads([1.0, 2, 3, 4, 5, 6], [10.0, 20, 30, 40, 50, 60]).value, 4)  # log(1 / 10)
    -2.3026
    """
    deviations = [np.sort(np.abs(np.asarray(x, dtype=float) - np.median(x)))[len(x) % 2 :] for x in (ours, theirs)]
    if len(ours) < FEWEST or min(float(d.mean()) for d in deviations) == 0:
        return Estimate(0.0, None, len(ours))
    means, n = [float(d.mean()) for d in deviations], len(deviations[0])
    parts = [float(d.var(ddof=1)) / (n * mean**2) for d, mean in zip(deviations, means, strict=True)]
    value, half = float(np.log(means[0] / means[1])), _half_width(parts, n, LEVEL)
    return Estimate(value, (value - half, value + half), len(ours))


def _half_width(parts: Any, n: int, level: float) -> float:
    """Half of Welch's interval of a sum of independent means of n values each, whose squared errors are `parts`."""
    from scipy.special import stdtrit  # takes part of a second, which the list of recipes need not wait for

    parts = np.asarray(parts, dtype=float)
    total = float(parts.sum())
    freedom = total**2 / float(np.sum(parts**2)) * (n - 1) if total else 1.0
    return float(stdtrit(freedom, (1 + level) / 2)) * total**0.5
