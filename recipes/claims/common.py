"""The claims that many recipes make: better, alike, beyond a bar, more variable, true of most runs."""

from collections.abc import Sequence
from math import exp
from typing import Any

import attrs
import numpy as np

from recipes.claims.estimates import FEWEST, difference, estimate, share, spreads
from recipes.claims.margins import ACCURACY, SPREAD, Measure
from recipes.claims.verdicts import NOT_JUDGED, POWER, Claim, concluded, judged, within

__all__ = ["MOST", "Group", "alike", "at_least", "better", "more_variable", "most_runs"]

MOST = 0.8  # the share of further runs of which a claim on a single run is to be true; 16 of 16 runs can show it


@attrs.frozen
class Group:
    """One side of a comparison: its name, and one number for each run, in the order of the seeds."""

    name: str
    values: Sequence[float]
    of: tuple[str, ...] = ()  # the recipe's groups that the runs belong to


def better(statement: str, a: Group, b: Group, reason: str = "", measure: Measure = ACCURACY) -> Claim:
    """The claim that group `a` has a greater interquartile mean than group `b`; runs of one seed are paired.

    statement  the claim
    a, b       the groups
    reason     what explains it if it does not hold
    measure    what the numbers are, and which differences matter
    """
    found = difference(a.values, b.values)
    measured = f"{a.name} − {b.name}: {found.said(measure.form, measure.unit)}"
    claim = Claim(statement, measured, judged(found, above=0, measure=measure), reason, compares=a.of + b.of)
    return concluded(claim, found, form=measure.form, unit=measure.unit)


def alike(statement: str, a: Group, b: Group, reason: str = "", measure: Measure = ACCURACY) -> Claim:
    """The claim that the interquartile means of two groups differ by no more than the margin; see `better`."""
    found = difference(a.values, b.values)
    measured = f"{a.name} − {b.name}: {found.said(measure.form, measure.unit)}, to lie within {measure.words()} of zero"
    claim = Claim(statement, measured, within(found, measure), reason, compares=a.of + b.of)
    return concluded(claim, found, form=measure.form, unit=measure.unit)


def at_least(
    statement: str, values: Sequence[float], bound: float, reason: str = "", form: str = "{:.4f}", bar: str = ""
) -> Claim:
    """The claim that the interquartile mean of the values exceeds a bound.

    statement  the claim
    values     one number for each run
    bound      the bound
    reason     what explains it if it does not hold
    form       the format of a number
    bar        when the bound was set, and what was known then
    """
    found = estimate(values)
    measured = f"{found.said(form)}, to exceed {bound:g}"
    return concluded(Claim(statement, measured, judged(found, above=bound), reason, bar=bar), found, form=form)


def more_variable(statement: str, a: Group, b: Group, reason: str = "", n_examples: int = 0) -> Claim:
    """The claim that the accuracies of group `a` scatter more from run to run than those of group `b`.

    The test is Brown and Forsythe's, see `spreads`. With `n_examples`, the claim says how far the accuracy of a single
    network scatters for the choice of so many test examples alone, √(p (1 - p) / n): the floor below which the spread
    of runs says little.
    """
    found, pairs = spreads(a.values, b.values), (a, b)
    said = ", of ".join(f"{group.name} {np.std(group.values, ddof=len(group.values) > 1):.4f}" for group in pairs)
    if found.interval is None:
        words = found.said("{:.2f}") if len(a.values) < FEWEST else "not measured, since all runs of a group are equal"
    else:
        words = found.mapped(exp).said("{:.2f}")
    p = float(np.mean([*a.values, *b.values]))
    floor = f"; {n_examples:,} test examples alone make {(p * (1 - p) / n_examples) ** 0.5:.4f}" if n_examples else ""
    measured = f"standard deviation of {said}{floor}; ratio of their spreads {words}, margin 0.5 to 2"
    claim = Claim(statement, measured, judged(found, above=0, measure=SPREAD), reason, compares=a.of + b.of)
    if claim.verdict != "undecided" or found.interval is None:
        return claim
    ratio = exp(POWER * (found.interval[1] - found.interval[0]) / 2)
    return attrs.evolve(claim, measured=f"{measured}; such a sample finds a ratio of {ratio:.1f} in four of five cases")


def most_runs(statement: str, met: Any, what: str, reason: str = "", bar: str = "") -> Claim:
    """The claim that something is true of most runs. Runs are counted, so that no mean leaves out those that fail.

    statement  the claim
    met        whether it is true of each run
    what       what is to be true of a run, as in "reach 99 %"
    reason     what explains it if it does not hold
    bar        when the bar of a single run was set, and what was known then
    """
    k, n = int(np.sum(met)), len(met)
    if n < FEWEST:
        return Claim(statement, f"{k} of {n} runs {what} (too few runs: {n})", NOT_JUDGED, reason, bar=bar)
    found = share(k, n)
    low, high = (100 * end for end in found.interval or (0, 1))
    measured = f"{k} of {n} runs {what}; of further runs {low:.0f} to {high:.0f} % do, to exceed {100 * MOST:.0f} %"
    return Claim(statement, measured, judged(found, above=MOST), reason, bar=bar)
