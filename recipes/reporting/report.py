"""The content of the report, whatever its format: chapters, verdicts, reasons, and the number of claims that hold."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
from toolz import groupby, second

from recipes.claims import Claim
from recipes.recipe import Recipe, Size, counted
from recipes.reporting.wording import listed, settings

__all__ = ["CODE", "PAPER", "RULE", "SMALL", "Chapter", "Entry", "origins", "overview", "reasons", "tally"]

TEXT = Path(__file__).with_name("paragraphs.md").read_text(encoding="utf-8")
PAPER, RULE, SMALL, ONE_NETWORK, CODE = TEXT.strip().split("\n\n")
VERBS = {"holds": ("holds", "hold"), "fails": ("fails", "fail"), "undecided": ("is undecided", "are undecided")}


@attrs.frozen
class Entry:
    """A claim in the report. `kind` is the verdict, `verdict` the words for it; an unused field is ""."""

    kind: str
    verdict: str
    statement: str
    source: str = ""
    measured: str = ""
    reason: str = ""


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

    @property
    def title(self) -> str:
        """The heading of the chapter."""
        return f"{self.recipe.name} ({self.recipe.figure})" if self.recipe.figure else self.recipe.name

    @property
    def is_small(self) -> bool:
        """Whether the size of the chapter differs from the paper's."""
        return self.size != self.recipe.paper

    def settings(self) -> str:
        """The settings, how the size differs from the paper's, and what the intervals speak about."""
        less, runs = self.recipe.shortfall(self.size), {self.size.runs, self.recipe.paper.runs}
        sentences = [f"Settings: {settings(self.recipe, self.size)}.", less and f"This is {less}."]
        return " ".join(filter(None, [*sentences, ONE_NETWORK if runs == {1} else ""]))

    def no_results(self) -> str:
        """Why the chapter has no results, or "" if it has some."""
        if self.failures:
            return f"{counted(len(self.failures), 'run')} failed, so this experiment has no results"
        if self.absent:
            verb = "has" if self.absent == 1 else "have"
            return f"{counted(self.absent, 'training')} {verb} not been run yet, so this experiment has no results"
        return ""

    def entries(self) -> list[Entry]:
        """The claims. Reasons that several claims share are left to `shared_reasons`."""
        small, figure = " (small)" * self.is_small, self.recipe.figure
        own = {numbers[0]: reason for reason, numbers in reasons(self.claims).items() if len(numbers) == 1}
        sources = [f"{c.source}, {figure}" if c.source == "the paper" else c.source for c in self.claims]
        return [
            Entry(c.verdict, c.verdict + small, c.statement, source, c.measured, own.get(i, ""))
            for i, (c, source) in enumerate(zip(self.claims, sources, strict=True), 1)
        ]

    def shared_reasons(self) -> list[str]:
        """A sentence for each reason that several claims share."""
        return [
            f"Why claims {listed(map(str, numbers), 'and')} do not hold: {reason}."
            for reason, numbers in reasons(self.claims).items()
            if len(numbers) > 1
        ]


def overview(chapters: Sequence[Chapter]) -> list[tuple[Chapter, Entry]]:
    """The rows of the first table: all claims with their chapters, then the chapters without results."""
    claims = [(chapter, entry) for chapter in chapters for entry in chapter.entries()]
    gaps = [(chapter, Entry("none", "no result", gap)) for chapter in chapters if (gap := chapter.no_results())]
    return claims + gaps


def tally(chapters: Sequence[Chapter]) -> str:
    """How many claims there are, and how many of each verdict."""
    found: Counter[str] = Counter(claim.verdict for chapter in chapters for claim in chapter.claims)
    counts = [f"{found[kind]} {verbs[found[kind] != 1]}" for kind, verbs in VERBS.items()]
    gaps = sum(bool(chapter.no_results()) for chapter in chapters)
    without = f" {counted(gaps, 'experiment')} {'has' if gaps == 1 else 'have'} no results." if gaps else ""
    return f"{counted(found.total(), 'claim')}: {', '.join(counts)}.{without}"


def reasons(claims: Sequence[Claim]) -> dict[str, list[int]]:
    """Each reason why claims do not hold, with the numbers of these claims, from 1; claims with too few runs need none.

    >>> reasons([Claim("a", "", "fails", "so"), Claim("b", "", "holds", "so"), Claim("c", "", "undecided", "so")])
    {'so': [1, 3]}
    """
    asked = [(i, c.reason) for i, c in enumerate(claims, 1) if c.verdict != "holds" and "too few" not in c.measured]
    return {reason: [i for i, _ in pairs] for reason, pairs in groupby(second, asked).items() if reason}


def origins(chapters: Sequence[Chapter]) -> tuple[list[str], list[list[str]]]:
    """The table of where the results come from: its head, and one row for each experiment."""
    head = list(dict.fromkeys(name for chapter in chapters for name in chapter.facts))
    return ["recipe", *head], [[c.recipe.name, *(c.facts.get(name, "") for name in head)] for c in chapters]
