"""The content of the report, whatever its format: chapters, verdicts, reasons, and the number of claims that hold."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
from toolz import groupby, second

from recipes.claims import ALIKE, NOT_JUDGED, Claim, Verdict
from recipes.recipe import Recipe, Size, counted
from recipes.reporting.wording import listed, score_in_words, settings

__all__ = ["CODE", "MARKS", "PAPER", "RULE", "SMALL", "Chapter", "Entry", "chance", "findings", "origins", "overview"]
__all__ += ["legend", "reasons", "tally"]

TEXT = Path(__file__).with_name("paragraphs.md").read_text(encoding="utf-8")
PAPER, RULE, SMALL, CODE = TEXT.strip().split("\n\n")
VERBS: dict[Verdict, tuple[str, str]] = {
    "holds": ("holds", "hold"),
    "fails": ("fails", "fail"),
    ALIKE: ("shows no difference that matters", "show no difference that matters"),
    "undecided": ("is undecided", "are undecided"),
    NOT_JUDGED: ("is not judged", "are not judged"),
}
KINDS = {ALIKE: "alike", NOT_JUDGED: "unjudged"}  # a word for each verdict, where it is not one itself
MARKS = {"holds": "✓", "fails": "✗", "alike": "≈", "undecided": "?", "unjudged": "–", "none": ""}  # by kind
BY_CHANCE = 0.05  # the most that `python -m recipes verdicts` finds for a claim that is not true


@attrs.frozen
class Entry:
    """A claim in the report. `kind` is one word for the verdict, `verdict` the whole; an unused field is ""."""

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
    numbers         the numbers that sum it up: for each the name of its group, ours, and the paper's or ""
    finding         its main result in plain words, "" if nothing is judged
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
    numbers: Sequence[tuple[str, str, str]] = ()
    finding: str = ""

    @property
    def title(self) -> str:
        """The heading of the chapter."""
        return f"{self.recipe.name} ({self.recipe.figure})" if self.recipe.figure else self.recipe.name

    @property
    def is_small(self) -> bool:
        """Whether the size of the chapter differs from the paper's."""
        return self.size != self.recipe.paper

    def settings(self) -> str:
        """The settings, and how the size differs from the paper's."""
        less = self.recipe.shortfall(self.size)
        return f"Settings: {settings(self.recipe, self.size)}." + f" This is {less}." * bool(less)

    def no_results(self) -> str:
        """Why the chapter has no results, or "" if it has some."""
        if self.failures:
            return f"{counted(len(self.failures), 'run')} failed, so this experiment has no results"
        if self.absent:
            verb = "has" if self.absent == 1 else "have"
            return f"{counted(self.absent, 'training')} {verb} not been run yet, so this experiment has no results"
        return ""

    def measured(self) -> str:
        """What the numbers are, and of how many runs."""
        what, _, _ = score_in_words(self.recipe)
        return f"{what}, {counted(self.size.runs, 'run')}" + " of each" * (len(self.recipe.groups) > 1)

    def not_drawn(self) -> str:
        """Why the chapter has no pictures, or "" if it has some, or no results."""
        if self.pictures or self.no_results() or not self.recipe.cuts_off(self.size):
            return ""
        return (
            "No pictures: these trainings were cut off, and comparing them means nothing. "
            f"`python -m recipes {self.recipe.name} --paper` draws them."
        )

    def entries(self) -> list[Entry]:
        """The claims. Reasons that several claims share are left to `shared_reasons`."""
        figure = self.recipe.figure
        own = {numbers[0]: reason for reason, numbers in reasons(self.claims).items() if len(numbers) == 1}
        sources = [f"{c.source}, {figure}" if c.source == "the paper" else c.source for c in self.claims]
        return [
            Entry(KINDS.get(c.verdict, c.verdict), self.marked(c), c.statement, source, with_bar(c), own.get(i, ""))
            for i, (c, source) in enumerate(zip(self.claims, sources, strict=True), 1)
        ]

    def marked(self, claim: Claim) -> str:
        """A verdict in words, marked if the size is small; a claim that is not judged needs no mark."""
        return claim.verdict + " (small)" * (self.is_small and claim.verdict != NOT_JUDGED)

    def shared_reasons(self) -> list[str]:
        """A sentence for each reason that several claims share."""
        return [
            f"Why claims {listed(map(str, numbers), 'and')} do not hold: {reason}."
            for reason, numbers in reasons(self.claims).items()
            if len(numbers) > 1
        ]


def overview(chapters: Sequence[Chapter]) -> list[tuple[Chapter, Entry]]:
    """The rows of the table of claims: all claims with their chapters, then the chapters without results."""
    claims = [(chapter, entry) for chapter in chapters for entry in chapter.entries()]
    gaps = [(chapter, Entry("none", "no result", gap)) for chapter in chapters if (gap := chapter.no_results())]
    return claims + gaps


def with_bar(claim: Claim) -> str:
    """What was measured, and where the bar of a claim comes from.

    >>> with_bar(Claim("", "0.98, to exceed 0.97", "holds", bar="the paper's own number"))
    "0.98, to exceed 0.97 (the bar: the paper's own number)"
    """
    return f"{claim.measured} (the bar: {claim.bar})" if claim.bar else claim.measured


def tally(chapters: Sequence[Chapter]) -> str:
    """How many claims there are of each verdict, the paper's and ours apart."""
    claims = [claim for chapter in chapters for claim in chapter.claims]
    papers = [claim for claim in claims if claim.source.startswith("the paper")]
    ours = [claim for claim in claims if claim not in papers]
    parts = [_counts(of, name) for of, name in ((papers, "of the paper"), (ours, "of ours")) if of]
    gaps = sum(bool(chapter.no_results()) for chapter in chapters)
    parts += [f"{counted(gaps, 'experiment')} {'has' if gaps == 1 else 'have'} no results."] if gaps else []
    return " ".join(parts) or "0 claims."


def chance(chapters: Sequence[Chapter]) -> str:
    """How many verdicts chance alone would give, or "" for at most one."""
    judged = sum(claim.verdict != NOT_JUDGED for chapter in chapters for claim in chapter.claims)
    said = (
        f"{judged} claims are judged. A rule gives a claim that is not true a wrong “holds” in at most about "
        f"{100 * BY_CHANCE:.0f} % of cases, and a wrong “fails” as rarely (`python -m recipes verdicts` simulates it): "
        f"if all {judged} were untrue, some {BY_CHANCE * judged:.0f} would hold by chance."
    )
    return said if judged > 1 else ""


def legend(chapters: Sequence[Chapter]) -> str:
    """What the overview shows: the numbers, and the marks of the verdicts that occur."""
    found = {entry.kind for chapter in chapters for entry in chapter.entries()}
    words = {KINDS.get(verdict, verdict): verdict for verdict in VERBS}
    marks = ", ".join(f"{MARKS[kind]} {word}" for kind, word in words.items() if kind in found)
    return "Numbers are interquartile means of all runs." + f" Verdicts: {marks}." * bool(marks)


def findings(chapters: Sequence[Chapter]) -> list[tuple[Chapter, str]]:
    """The findings of all chapters that have one."""
    return [(chapter, chapter.finding) for chapter in chapters if chapter.finding]


def _counts(claims: Sequence[Claim], name: str) -> str:
    """How many of some claims there are of each verdict, in words."""
    found = Counter(claim.verdict for claim in claims)
    counts = [f"{found[kind]} {verbs[found[kind] != 1]}" for kind, verbs in VERBS.items() if found[kind]]
    return f"{counted(len(claims), 'claim')} {name}: {', '.join(counts)}."


def reasons(claims: Sequence[Claim]) -> dict[str, list[int]]:
    """Each reason why claims do not hold, with the numbers of these claims, from 1; what is not judged needs none.

    >>> reasons([Claim("a", "", "fails", "so"), Claim("b", "", "holds", "so"), Claim("c", "", "undecided", "so")])
    {'so': [1, 3]}
    """
    asked = [(i, c.reason) for i, c in enumerate(claims, 1) if c.verdict not in ("holds", NOT_JUDGED)]
    return {reason: [i for i, _ in pairs] for reason, pairs in groupby(second, asked).items() if reason}


def origins(chapters: Sequence[Chapter]) -> tuple[list[str], list[list[str]]]:
    """The table of where the results come from: its head, and one row for each experiment."""
    head = list(dict.fromkeys(name for chapter in chapters for name in chapter.facts))
    return ["recipe", *head], [[c.recipe.name, *(c.facts.get(name, "") for name in head)] for c in chapters]
