"""How often the rules for verdicts err: each is simulated on trainings whose truth is known."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from time import perf_counter
from typing import Any

import attrs
import numpy as np

from fnn.random import Key, fold_in, generator
from recipes.claims import (
    ACCURACY,
    ALIKE,
    COUNT,
    ERROR,
    FEWEST,
    FEWEST_OF_CELL,
    MOST,
    PSNR,
    SPREAD,
    Verdict,
    contrast,
    difference,
    estimate,
    judged,
    share,
    spreads,
    within,
)
from recipes.recipe import Command
from recipes.reporting.gallery import table
from recipes.running.store import write_text

__all__ = ["RECIPE", "RULES", "Rule", "rates", "report"]

TRIALS, RESAMPLES = 1000, 1000  # the claims themselves take 10,000 resamples
SCATTER = 0.0013  # the standard deviation of a run's test accuracy, as that of the networks of figure 6
LOG_SCATTER = 0.05  # the standard deviation of the logarithm of a run's squared error
VERDICTS: tuple[Verdict, ...] = ("holds", "fails", ALIKE, "undecided")
Draw = Callable[[np.random.Generator], Verdict]


@attrs.frozen
class Rule:
    """A rule on trainings whose truth is known: draw(rng) -> the verdict on one sample."""

    name: str
    truth: str
    draw: Draw


def runs(rng: np.random.Generator, n: int, heavy: bool = False) -> np.ndarray:
    """The accuracies of two groups of n runs that do not differ; with heavy tails, Student's with 4 degrees: (2, n)."""
    drawn = rng.standard_t(4, (2, n)) / 2**0.5 if heavy else rng.standard_normal((2, n))
    return np.asarray(0.97 + SCATTER * drawn)


def better(truth: float, n: int, heavy: bool = False) -> Draw:
    """A is better than B, and is so by `truth`."""

    def draw(rng: np.random.Generator) -> Verdict:
        a, b = runs(rng, n, heavy)
        return judged(difference((a + truth).tolist(), b.tolist(), RESAMPLES), above=0, measure=ACCURACY)

    return draw


def alike(truth: float, n: int) -> Draw:
    """A and B do alike, and differ by `truth`."""

    def draw(rng: np.random.Generator) -> Verdict:
        a, b = runs(rng, n)
        return within(difference((a + truth).tolist(), b.tolist(), RESAMPLES), ACCURACY)

    return draw


def beyond(truth: float, n: int) -> Draw:
    """A exceeds a bar, and is `truth` above it."""
    return lambda rng: judged(estimate(runs(rng, n)[0] + truth, resamples=RESAMPLES), above=0.97)


def more_variable(ratio: float, n: int) -> Draw:
    """A varies more than B, and does so by a ratio of standard deviations."""

    def draw(rng: np.random.Generator) -> Verdict:
        a, b = runs(rng, n)
        return judged(spreads(0.97 + ratio * (a - 0.97), b), above=0, measure=SPREAD)

    return draw


def most(truth: float, n: int) -> Draw:
    """Most runs do something, and each does with a probability of `truth`."""
    return lambda rng: judged(share(int(rng.binomial(n, truth)), n), above=MOST)


def smaller(percent: float, uneven: bool = False) -> Draw:
    """A row of the grid has a smaller error than another, and differs by `percent`: five cells of three runs each.

    If the scatter is uneven, that of every other cell is three times as large.
    """
    weights = np.array([[-1.0], [1.0]]) / 5  # (rows, 1)
    scatter = LOG_SCATTER * np.where(np.arange(5) % 2, 3.0 if uneven else 1.0, 1.0)[:, None]
    mean = np.array([0.0, np.log(1 + percent / 100)])[:, None, None]

    def draw(rng: np.random.Generator) -> Verdict:
        cells = mean + scatter * rng.standard_normal((2, 5, FEWEST_OF_CELL))
        change = contrast(cells, weights).mapped(lambda x: 100 * (np.exp(x) - 1))
        return judged(change, below=0, measure=ERROR)

    return draw


def _rules() -> list[Rule]:
    of_pairs = [0.0, 0.001, ACCURACY.margin, 0.004, 0.011]
    normal = [
        Rule(f"A is better than B, {n} runs of each", f"better by {d:g}", better(d, n))
        for n in (15, FEWEST)
        for d in of_pairs
    ]
    heavy = [Rule("the same, with heavy tails, 15 runs", f"better by {d:g}", better(d, 15, True)) for d in (0.0, 0.004)]
    equal = [
        Rule(f"A and B do alike, {n} runs of each", f"differ by {d:g}", alike(d, n))
        for n in (15, FEWEST)
        for d in (0.0, ACCURACY.margin, 0.004)
    ]
    bars = [
        Rule(f"A exceeds a bar, {n} runs", f"above by {d:g}", beyond(d, n))
        for n in (15, FEWEST)
        for d in (0.0, ACCURACY.margin)
    ]
    varied = [
        Rule(f"A varies more than B, {n} runs of each", f"ratio {r:g}", more_variable(r, n))
        for n in (15, FEWEST)
        for r in (1, 2, 3)
    ]
    counts = [Rule("most runs do it, 25 runs", f"{100 * p:.0f} % do", most(p, 25)) for p in (0.6, MOST, 0.95, 1.0)]
    grid = [
        Rule(
            f"a row of the grid is better, 5 cells of {FEWEST_OF_CELL} runs{words}", f"by {d:g} %", smaller(-d, uneven)
        )
        for words, uneven in (("", False), (", of uneven scatter", True))
        for d in (0.0, ERROR.margin, 10.0)
    ]
    return [*normal, *heavy, *equal, *bars, *varied, *counts, *grid]


RULES = _rules()


def rates(rule: Rule, trials: int = TRIALS) -> Mapping[str, float]:
    """The share of samples on which a rule gives each verdict."""
    found = Counter(rule.draw(generator(fold_in(Key(0), i))) for i in range(trials))
    return {verdict: found[verdict] / trials for verdict in VERDICTS}


def report(found: Sequence[tuple[Rule, Mapping[str, float]]], trials: int) -> str:
    """The margins and the rates as Markdown."""
    margins = [(each.name, each.words(), each.reason) for each in (ACCURACY, ERROR, PSNR, COUNT)]
    margins += [("ratio of spreads", "0.5 to 2", SPREAD.reason)]
    rows = [
        (rule.name if first else "", rule.truth, *(f"{100 * of[verdict]:.1f} %" for verdict in VERDICTS))
        for _, group in groupby(found, lambda pair: pair[0].name)
        for first, (rule, of) in _marked(group)
    ]
    return "\n".join(
        [
            "# How often the verdicts err",
            "",
            f"Each rule was applied to {trials:,} simulated samples of trainings whose truth is known. The standard "
            f"deviation of a run is {SCATTER} in accuracy, and {LOG_SCATTER} in the logarithm of a squared error; "
            f"intervals come from {RESAMPLES:,} resamples. `python -m recipes verdicts` makes this table.",
            "",
            *table(("claim", "truth", *VERDICTS), rows),
            "",
            "## Margins",
            "",
            *table(("measure", "margin", "why"), margins),
            "",
        ]
    )


def _marked(group: Any) -> list[tuple[bool, Any]]:
    """Each element of a group, and whether it is the first."""
    return [(i == 0, each) for i, each in enumerate(group)]


def run(options: Any) -> None:
    """Simulate every rule; print the rates, and write them to verdicts.md, also to the gallery if one is given."""
    begin, trials = perf_counter(), TRIALS // 10 if options.quick else TRIALS
    found = [(rule, rates(rule, trials)) for rule in RULES]
    text = report(found, trials)
    print(text)
    for folder in (Path(options.out) / "verdicts", *([Path(options.gallery)] if options.gallery else [])):
        write_text(folder / "verdicts.md", text)
    print(f"{perf_counter() - begin:.0f} s; written to", Path(options.out) / "verdicts")


RECIPE = Command(name="verdicts", summary=(__doc__ or "").strip(), run=run, takes=("quick", "out", "gallery"))
