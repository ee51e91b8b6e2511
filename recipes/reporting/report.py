"""The content of the report, whatever its format: chapters, verdicts, reasons, and the number of claims that hold."""

from collections import Counter
from collections.abc import Mapping, Sequence

import attrs
from toolz import groupby, second

from recipes.claims import Claim
from recipes.recipe import Recipe, Size, counted
from recipes.reporting.wording import listed, settings

__all__ = [
    "CODE",
    "ONE_NETWORK",
    "PAPER",
    "RULE",
    "SMALL",
    "TITLE",
    "Chapter",
    "Entry",
    "entries",
    "is_small",
    "no_results",
    "origins",
    "overview",
    "reasons",
    "settings_of",
    "shared_reasons",
    "tally",
    "title",
]

TITLE = "The paper's experiments, reproduced with fnn"
PAPER = (
    "The paper is “Neural Networks” by Paul Chambaz and Frédéric Li Combeau (Sorbonne University, 2025). The paper's "
    "code is at https://github.com/Elta305/Projet-ML."
)
RULE = (
    "Each claim is judged by a 95 % bootstrap interval of the quantity that it speaks about (10,000 resamples, fixed "
    "seed). The claim holds if the whole interval lies on the claimed side of zero, or within the bounds that follow "
    "the measurement, as in “to exceed 0.97”. It fails if the whole interval lies outside. Otherwise it is undecided. "
    "Fewer than five runs decide no claim: for two runs of each of two equally good groups, the interval "
    "excludes zero in half of all cases. Where one network of each kind was trained, as in the paper, the sample "
    "consists of digits, classes or cells of a grid, and the interval says nothing about another training. Claims "
    "about the worst run are judged by that run. The interval of a proportion is Wilson's. IQM is the interquartile "
    "mean. “Ours” marks claims that the paper does not make. The paper's numbers come from its text or are read off "
    "its figures."
)
SMALL = (
    "Parts of this report are smaller than in the paper: verdicts marked (small) come from fewer runs, epochs or "
    "digits. They show that everything works (--quick). Only verdicts of the full size judge the paper."
)
ONE_NETWORK = (
    "One network of each kind was trained, as in the paper. The sample of a verdict consists of the digits, classes or "
    "cells that it counts, and its interval says nothing about another training."
)
CODE = (
    "The column “code” gives a digest of NumPy's version and of all source code on which a training depends: the "
    "library, the module of the experiment and the modules that it imports. With --any-code, results that another "
    "version of the code made are used too. If the results come from several versions, the number of trainings of each "
    "follows its digest."
)
VERBS = {"holds": ("holds", "hold"), "fails": ("fails", "fail"), "undecided": ("is undecided", "are undecided")}


@attrs.frozen
class Chapter:
    """One experiment in the report.

    recipe, size    the experiment, and how much of it was done
    pictures        its pictures (PNG) by name
    claims          the paper's claims with our verdicts
    lines           one line for each group of runs
    facts           where the results come from, by column of the last table
    failures        the errors of runs that failed, and
    absent          the number of runs that have not been carried out; with either, the chapter has no results
    """

    recipe: Recipe
    size: Size
    pictures: Mapping[str, bytes] = attrs.field(factory=dict)
    claims: Sequence[Claim] = ()
    lines: Sequence[str] = ()
    facts: Mapping[str, str] = attrs.field(factory=dict)
    failures: Sequence[str] = ()
    absent: int = 0


@attrs.frozen
class Entry:
    """A claim in the report. `kind` is the verdict, `verdict` the words for it; an unused field is ""."""

    kind: str
    verdict: str
    statement: str
    source: str = ""
    measured: str = ""
    reason: str = ""


def title(chapter: Chapter) -> str:
    """The heading of a chapter."""
    figure = chapter.recipe.figure
    return f"{chapter.recipe.name}{f' ({figure})' if figure else ''}"


def is_small(chapter: Chapter) -> bool:
    """Whether the size of a chapter differs from the paper's."""
    return chapter.size != chapter.recipe.paper


def settings_of(chapter: Chapter) -> str:
    """The settings of a chapter, how its size differs from the paper's, and what its intervals speak about."""
    less, runs = chapter.recipe.shortfall(chapter.size), {chapter.size.runs, chapter.recipe.paper.runs}
    sentences = [f"Settings: {settings(chapter.recipe, chapter.size)}.", less and f"This is {less}."]
    return " ".join(filter(None, [*sentences, ONE_NETWORK if runs == {1} else ""]))


def no_results(chapter: Chapter) -> str:
    """Why a chapter has no results, or "" if it has some."""
    if chapter.failures:
        return f"{counted(len(chapter.failures), 'run')} failed, so this experiment has no results"
    if chapter.absent:
        verb = "has" if chapter.absent == 1 else "have"
        return f"{counted(chapter.absent, 'training')} {verb} not been run yet, so this experiment has no results"
    return ""


def entries(chapter: Chapter) -> list[Entry]:
    """The claims of a chapter. Reasons that several claims share are left to `shared_reasons`."""
    small, figure = " (small)" * is_small(chapter), chapter.recipe.figure
    own = {numbers[0]: reason for reason, numbers in reasons(chapter.claims).items() if len(numbers) == 1}
    sources = [f"{c.source}, {figure}" if c.source == "the paper" else c.source for c in chapter.claims]
    return [
        Entry(c.verdict, c.verdict + small, c.statement, source, c.measured, own.get(i, ""))
        for i, (c, source) in enumerate(zip(chapter.claims, sources, strict=True), 1)
    ]


def overview(chapters: Sequence[Chapter]) -> list[tuple[Chapter, Entry]]:
    """The rows of the first table: all claims with their chapters, then the chapters without results."""
    claims = [(chapter, entry) for chapter in chapters for entry in entries(chapter)]
    gaps = [(chapter, Entry("none", "no result", gap)) for chapter in chapters if (gap := no_results(chapter))]
    return claims + gaps


def tally(chapters: Sequence[Chapter]) -> str:
    """How many claims there are, and how many of each verdict."""
    found: Counter[str] = Counter(claim.verdict for chapter in chapters for claim in chapter.claims)
    counts = [f"{found[kind]} {verbs[found[kind] != 1]}" for kind, verbs in VERBS.items()]
    gaps = sum(map(bool, map(no_results, chapters)))
    without = f" {counted(gaps, 'experiment')} {'has' if gaps == 1 else 'have'} no results." if gaps else ""
    return f"{counted(found.total(), 'claim')}: {', '.join(counts)}.{without}"


def reasons(claims: Sequence[Claim]) -> dict[str, list[int]]:
    """Each reason why claims do not hold, with the numbers of these claims, from 1; claims with too few runs need none.

    >>> reasons([Claim("a", "", "fails", "so"), Claim("b", "", "holds", "so"), Claim("c", "", "undecided", "so")])
    {'so': [1, 3]}
    """
    asked = [(i, c.reason) for i, c in enumerate(claims, 1) if c.verdict != "holds" and "too few" not in c.measured]
    return {reason: [i for i, _ in pairs] for reason, pairs in groupby(second, asked).items() if reason}


def shared_reasons(chapter: Chapter) -> list[str]:
    """A sentence for each reason that several claims of a chapter share."""
    shared = {reason: numbers for reason, numbers in reasons(chapter.claims).items() if len(numbers) > 1}
    return [
        f"Why claims {listed(map(str, numbers), 'and')} do not hold: {reason}." for reason, numbers in shared.items()
    ]


def origins(chapters: Sequence[Chapter]) -> tuple[list[str], list[list[str]]]:
    """The table of where the results come from: its head, and one row for each experiment."""
    head = list(dict.fromkeys(name for chapter in chapters for name in chapter.facts))
    return ["recipe", *head], [[c.recipe.name, *(c.facts.get(name, "") for name in head)] for c in chapters]
