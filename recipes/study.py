"""A study: the classifier under one field of its configuration varied, everything else and every seed kept.

Each of the paper's box plots is one; what they share is here: the comparisons, the figure, the paper's 15 runs.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from matplotlib.figure import Figure

from fnn import plot
from fnn.metrics import iqr
from recipes import classifier, digits
from recipes.claims import FEWEST, Claim, difference, estimate, judged
from recipes.recipe import Recipe, Results, Size, scores
from recipes.wording import counted

__all__ = ["PAPERS_GRADIENT", "Group", "average", "gain", "groups_of", "more_variable", "similar", "study"]

Group = tuple[str, Sequence[float]]  # a name, and one score a run in the order of the seeds
Pairs = Sequence[tuple[str, str]]  # names of groups, or of averages, (A, B) of which a claim says that A beats B
Averages = Mapping[str, tuple[str, ...]]  # names of means, seed by seed, and of the groups whose mean each is

# What is known of the paper's runs where a sentence fails here.
PAPERS_GRADIENT = (
    "not established; a known difference is that the paper's code trains with a gradient that is not the derivative of "
    "its loss (its cosine with finite differences is 0.76); `activations` compares the two"
)


def groups_of(results: Results, score: str = "test_accuracy", called: str = "{}") -> dict[str, Group]:
    """One score of every run, group by group; `called` makes their names in a claim from those of the groups."""
    return {name: (called.format(name), scores(runs, score).tolist()) for name, runs in results.items()}


def average(*groups: Group) -> Group:
    """The mean of several groups, seed by seed.

    >>> average(("8", [0.5, 0.25]), ("16", [1.0, 0.75]))
    ('mean of 8 and 16', [0.75, 0.5])
    """
    names, values = zip(*groups, strict=True)
    return f"mean of {' and '.join(names)}", np.mean(values, axis=0).tolist()


def gain(before: Group, after: Group) -> Group:
    """What each seed gains from one group to the next.

    >>> gain(("16", [0.5, 0.25]), ("32", [1.0, 0.5]))
    ('gain from 16 to 32', [0.5, 0.25])
    """
    return f"gain from {before[0]} to {after[0]}", np.subtract(after[1], before[1]).tolist()


def similar(statement: str, a: Group, b: Group, margin: float, reason: str = "") -> Claim:
    """The claim that the interquartile means of two groups differ by less than a margin."""
    found = difference(a[1], b[1])
    measured = f"{a[0]} − {b[0]}: {found.said('{:+.4f}')}, to lie within {margin} of zero"
    return Claim(statement, measured, judged(found, above=-margin, below=margin), reason)


def spread(values: Any) -> Any:
    """The interquartile range: (..., runs) -> (...).

    >>> spread([1, 2, 3, 4, 5])
    np.float64(2.0)
    """
    low, high = iqr(values)
    return high - low


def more_variable(statement: str, a: Group, b: Group, reason: str = "") -> Claim:
    """The claim that group `a` has the greater interquartile range."""
    (name, ours), (other, theirs) = a, b
    found = difference(ours, theirs, spread)
    ranges = f"interquartile range of {name} {spread(ours):.4f}, of {other} {spread(theirs):.4f}"
    return Claim(statement, f"{ranges}; difference {found.said('{:+.4f}')}", judged(found, above=0), reason)


def mentioned(text: str, names: Iterable[str]) -> set[str]:
    """The names that a text mentions; of two that begin alike, or of which one holds the other, the longer counts.

    >>> mentioned("Momentum SGD − Adam: +0.01", ["SGD", "Momentum SGD", "Adam"]) == {"Momentum SGD", "Adam"}
    True
    """
    return set(re.findall("|".join(map(re.escape, sorted(names, key=len, reverse=True))), text))


def length(run: Mapping[str, Any]) -> int:
    """How many epochs a run had."""
    return len(run["curves"]["validation_accuracy"])


def cut_off(results: Results, groups: Mapping[str, classifier.Config]) -> str:
    """Which of the groups' runs were ended by the limit of epochs, with patience left; "" where none was."""
    ended = {
        name: [run for run in results[name] if length(run) - run["scores"]["best_epoch"] < config.patience]
        for name, config in groups.items()
    }
    counts = [f"{len(runs)} of {len(results[name])} runs of {name}" for name, runs in ended.items() if runs]
    limit = counted(max((length(run) for runs in ended.values() for run in runs), default=0), "epoch")
    return f"; ended by the limit of {limit}, with patience left: {', '.join(counts)}" if counts else ""


def comparison(
    groups: Mapping[str, Sequence[float]], compared: Pairs, varied: str, averages: Averages | None = None
) -> Figure:
    """Left every run's test accuracy; right, where there are pairs, the differences within them, A − B."""
    n, figure = len(next(iter(groups.values()))), Figure(figsize=(9, 4), layout="constrained")
    if n == 1:
        plot.boxes(groups, ax=figure.subplots(), xlabel=varied, ylabel="test accuracy (one run of each)")
        return figure
    left, right = figure.subplots(1, 2, width_ratios=(1 + 0.7 * len(groups), 3.2))
    found = {name: estimate(values).interval for name, values in groups.items()}
    intervals = {name: interval for name, interval in found.items() if interval is not None}
    plot.boxes(groups, ax=left, xlabel=varied, ylabel="test accuracy", intervals=intervals)
    left.set_title(f"{n} runs of each", fontsize=10)
    means = {name: np.mean([groups[part] for part in parts], axis=0) for name, parts in (averages or {}).items()}
    sides = {**groups, **means}
    rows = {f"{a}\n− {b}": row_of(sides[a], sides[b]) for a, b in compared}
    plot.differences(rows, ax=right, xlabel="difference in test accuracy")
    shown = f"range of {n} pairs (too few to judge)" if n < FEWEST else "paired by seed, 95 % interval"
    right.set_title(shown, fontsize=10)
    right.locator_params(axis="x", nbins=3)
    for ax in (left, right):
        ax.tick_params(labelsize=8.5)
    return figure


def row_of(ours: Any, theirs: Any) -> tuple[float, float, float]:
    """What the panel of differences draws: the estimate and its interval, or of too few pairs the least and greatest.

    >>> row_of([0.75, 0.5], [0.25, 0.25])
    (0.375, 0.25, 0.5)
    """
    found, pairs = difference(ours, theirs), np.subtract(ours, theirs)
    return found.value, *(found.interval or (float(pairs.min()), float(pairs.max())))


def study(
    name: str,
    text: str | None,
    figure: str,
    groups: Mapping[str, classifier.Config],
    claims: Callable[[Results, Any], Sequence[Claim]],
    *,
    varied: str,
    compared: Pairs,
    first: int,
    quick: int,
    averages: Averages | None = None,
    papers: Mapping[str, float] | None = None,
) -> Recipe:
    """The recipe of a study, whose module's `text` begins with its summary.

    `varied` names what distinguishes the groups; `compared` the pairs (A, B) whose difference A − B the figure shows,
    groups or the `averages` of some; `papers` what the paper shows of groups. A claim says which of the groups that it
    compares the limit of epochs cut off.
    A newcomer's three runs have `first` epochs, a quick report's two have `quick`.
    """

    def with_caution(results: Results, data: digits.Digits) -> Sequence[Claim]:
        asked = claims(results, data)
        named = [mentioned(claim.measured, groups) for claim in asked]
        cautions = [cut_off(results, {name: groups[name] for name in groups if name in these}) for these in named]
        return [attrs.evolve(a, measured=a.measured + caution) for a, caution in zip(asked, cautions, strict=True)]

    def figures(results: Results, data: digits.Digits) -> dict[str, Figure]:
        return {name: comparison(dict(groups_of(results).values()), compared, varied, averages)}

    return Recipe(
        name=name,
        text=text,
        figure=figure,
        groups=groups,
        run=classifier.run,
        load=digits.load,
        figures=figures,
        claims=with_caution,
        paper=Size(15),
        first=Size(3, epochs=first),
        quick=Size(2, epochs=quick),
        papers=papers or {},
    )
