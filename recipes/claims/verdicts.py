"""Claims, and the verdict that an estimate gives on each."""

from collections.abc import Sequence
from typing import Any, Literal

import attrs

from recipes.claims.estimates import Estimate
from recipes.claims.margins import Measure

__all__ = ["ALIKE", "CARRIED", "NOT_JUDGED", "Claim", "Verdict", "all_of", "concluded", "judged", "of_digits"]
__all__ += ["resolvable", "told_of", "within"]

Verdict = Literal["holds", "fails", "no difference that matters", "undecided", "not judged"]
ALIKE: Verdict = "no difference that matters"
NOT_JUDGED: Verdict = "not judged"  # too few runs, or trainings that were cut off: no verdict at all
CARRIED = "ours, after the paper"  # the source of a claim of the paper that is tested on other data than MNIST
POWER = 1.43  # (1.96 + 0.84) / 1.96: four of five intervals exclude zero if the truth is so many half-widths from it


@attrs.frozen
class Claim:
    """What is claimed, what we measured, and whether they agree.

    statement  the claim, a sentence
    measured   what was measured, in words
    verdict    see `judged`; "not judged" if there is none
    reason     explains a claim that does not hold, by something measured or known
    source     who makes the claim: "the paper", in its text on the recipe's figure, or "ours"
    compares   the recipe's groups that the claim compares
    bar        where the bar comes from, if the claim names one: when it was set, and what was known then
    digits     whether the claim is about the digits of MNIST, or about a number that was measured on them
    """

    statement: str
    measured: str
    verdict: Verdict
    reason: str = ""
    source: str = "the paper"
    compares: tuple[str, ...] = ()
    bar: str = ""
    digits: bool = False


def judged(
    found: Estimate, above: float | None = None, below: float | None = None, measure: Measure | None = None
) -> Verdict:
    """The verdict on a claim that an estimated quantity lies above a bound, below a bound, or between two.

    With a measure, the quantity is a difference: if its whole interval lies within the measure's margin of zero, there
    is no difference that matters, whatever is claimed. Otherwise the claim holds if the whole interval lies beyond the
    bound as claimed, fails if it lies on the other side, and is undecided if it does neither. A bound that a claim
    names for itself, as 97 %, has no margin.

    >>> from recipes.claims.margins import ACCURACY
    >>> ends = (0.001, 0.003), (-0.003, -0.001), (-0.001, 0.001), (-0.003, 0.003)
    >>> [judged(Estimate(0, each, 15), above=0, measure=ACCURACY) for each in ends]
    ['holds', 'fails', 'no difference that matters', 'undecided']
    >>> judged(Estimate(0.971, (0.9702, 0.9718), 15), above=0.97), judged(Estimate(0.9, None, 2), above=0.5)
    ('holds', 'not judged')
    """
    if found.interval is None:
        return NOT_JUDGED
    low, high = found.interval
    if measure is not None and -measure.margin < low and high < measure.margin:
        return ALIKE
    holds = (above is None or low > above) and (below is None or high < below)
    fails = (above is not None and high < above) or (below is not None and low > below)
    return "holds" if holds else "fails" if fails else "undecided"


def within(found: Estimate, measure: Measure, of: float = 0.0) -> Verdict:
    """The verdict on a claim that there is no difference that matters: the interval lies within the margin of `of`.

    >>> from recipes.claims.margins import ACCURACY
    >>> ends = (-0.001, 0.001), (0.003, 0.004), (0.001, 0.003)
    >>> [within(Estimate(0, each, 15), ACCURACY) for each in ends]
    ['holds', 'fails', 'undecided']
    """
    return judged(found, above=of - measure.margin, below=of + measure.margin)


def all_of(*verdicts: Verdict) -> Verdict:
    """The verdict on a claim of several parts: it holds if all parts hold, and fails if any part fails.

    >>> all_of("holds", "holds"), all_of("holds", "undecided"), all_of("undecided", "fails")
    ('holds', 'undecided', 'fails')
    >>> all_of("holds", "no difference that matters", "undecided")
    'no difference that matters'
    """
    order: tuple[Verdict, ...] = (NOT_JUDGED, "fails", ALIKE, "undecided", "holds")
    return min(verdicts, key=order.index)


def resolvable(found: Estimate, form: str = "{:.4f}", unit: str = "") -> str:
    """What could have been resolved, in words: the difference that four of five such samples tell from none.

    >>> resolvable(Estimate(0, (-0.001, 0.001), 15))
    'such a sample finds a difference of 0.0014 in four of five cases'
    """
    low, high = found.interval or (0.0, 0.0)
    size = form.replace("+", "").format(POWER * (high - low) / 2)
    return f"such a sample finds a difference of {size}{unit} in four of five cases"


def concluded(claim: Claim, *found: Estimate, form: str = "{:.4f}", unit: str = "") -> Claim:
    """The claim, which rests on these estimates; if it is undecided, it says what could have been resolved."""
    if claim.verdict != "undecided":
        return claim
    widest = max(found, key=lambda each: (each.interval or (0, 0))[1] - (each.interval or (0, 0))[0])
    return attrs.evolve(claim, measured=f"{claim.measured}; {resolvable(widest, form, unit)}")


def of_digits(*claims: Claim) -> list[Claim]:
    """The claims, marked as claims about the digits of MNIST."""
    return [attrs.evolve(claim, digits=True) for claim in claims]


def told_of(claims: Sequence[Claim], data: Any) -> list[Claim]:
    """The claims that make sense for some data: all for MNIST, and for other data those that are not about its digits.

    The paper claims nothing about other data: there, its claims are ours.
    """
    if data.is_mnist:
        return list(claims)
    carried = [attrs.evolve(c, source=CARRIED) if c.source.startswith("the paper") else c for c in claims]
    return [claim for claim in carried if not claim.digits]
