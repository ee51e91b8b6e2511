"""What the report says, whatever its form: chapters in words, why claims do not hold, and how many do."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import attrs
from toolz import groupby, second

from recipes.claims import Claim
from recipes.recipe import Recipe, Size, counted
from recipes.reporting.wording import listed, settings

__all__ = [
    "CODE",
    "RULE",
    "SMALL",
    "TITLE",
    "Chapter",
    "Entry",
    "claims_of",
    "entries",
    "how",
    "is_small",
    "lacking",
    "origins",
    "reasons",
    "source",
    "tally",
    "title",
    "verdict",
    "why",
]

TITLE = "The paper's experiments, redone with fnn"
RULE = (
    "Each claim is judged by a bootstrap 95 % interval of what it asserts (10,000 resamples, seeded): it holds where "
    "the interval excludes zero, or the bound that is named, in its direction, fails where it excludes it the other "
    "way, and is else undecided. Fewer than five runs decide nothing: of two runs of groups that do not differ, the "
    "interval excludes zero in half of all cases. Where one network of each kind was trained, as in the paper, the "
    "sample is digits, classes or cells, and the interval does not speak of another training. Claims about the worst "
    "run are judged by that run; the interval of a share is Wilson's. “Ours” are claims that the paper does not make. "
    "What the paper shows is told in its text or read off its figures."
)
SMALL = (
    "Not all of this report has the paper's size: verdicts marked (small) come from fewer runs, epochs or digits, to "
    "see everything at work (--quick). Those of the full size are what counts."
)
ONE = (
    "One network of each kind was trained, as in the paper. The sample of a verdict is the digits, classes or cells "
    "that it counts, and its interval does not speak of another training."
)
CODE = (
    "“Code” is a digest of all source on which a training depends, which differs from recipe to recipe: the library, "
    "the module that trains and those that it imports, and NumPy's version. With --any-code, finished trainings of "
    "other states of the code are taken too; where there are several, the number of trainings of each stands beside it."
)
VERBS = {"holds": ("holds", "hold"), "fails": ("fails", "fail"), "undecided": ("is undecided", "are undecided")}


@attrs.frozen
class Chapter:
    """One recipe in the report: its size, pictures (PNG) by name, claims, a line on each group, where it comes from.

    Where runs failed, `failures` says which and why, and there is nothing else to show; nor is there where some are
    `absent`, not made yet.
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
    """A claim in its chapter's list: the verdict, in a word and in the words of the report, and what follows it."""

    kind: str
    verdict: str
    statement: str
    source: str
    measured: str
    reason: str


def title(chapter: Chapter) -> str:
    """The heading of a chapter."""
    figure = chapter.recipe.figure
    return f"{chapter.recipe.name}{f' ({figure})' if figure else ''}"


def is_small(chapter: Chapter) -> bool:
    """Whether a chapter has less than the paper's size."""
    return chapter.size != chapter.recipe.paper


def how(chapter: Chapter) -> str:
    """The settings of a chapter, in what it is less than the paper, and what its intervals can speak of."""
    less, runs = chapter.recipe.shortfall(chapter.size), {chapter.size.runs, chapter.recipe.paper.runs}
    said = [f"Settings: {settings(chapter.recipe, chapter.size)}."]
    return " ".join([*said, *([f"This is {less}."] if less else []), *([ONE] if runs == {1} else [])])


def lacking(chapter: Chapter) -> str:
    """What there is to say instead of results where runs failed or are not there, else ""."""
    n, absent = len(chapter.failures), chapter.absent
    what = f"{counted(n, 'run')} failed" if n else f"{counted(absent, 'training')} not made yet" if absent else ""
    return what and f"{what}, so that nothing can be shown or concluded"


def claims_of(chapters: Iterable[Chapter]) -> Iterable[tuple[Chapter, Claim]]:
    """All claims with their chapters, in order."""
    return ((chapter, claim) for chapter in chapters for claim in chapter.claims)


def verdict(chapter: Chapter, claim: Claim) -> str:
    """A verdict, marked where it is not of the paper's size."""
    return claim.verdict + " (small)" * is_small(chapter)


def source(chapter: Chapter, claim: Claim) -> str:
    """Who claims it, and where."""
    return f"{claim.source}, {chapter.recipe.figure}" if claim.source == "the paper" else claim.source


def tally(chapters: Sequence[Chapter]) -> str:
    """How many claims there are, and how many of each verdict."""
    found: Counter[str] = Counter(claim.verdict for _, claim in claims_of(chapters))
    said = [f"{found[kind]} {verbs[found[kind] != 1]}" for kind, verbs in VERBS.items()]
    without = sum(map(bool, map(lacking, chapters)))
    missing = f" Of {counted(without, 'experiment')} there is none, since runs are lacking." if without else ""
    return f"{counted(found.total(), 'claim')}: {', '.join(said)}.{missing}"


def reasons(claims: Sequence[Claim]) -> dict[str, list[int]]:
    """Why claims do not hold, unless for want of runs: each reason, with the numbers, from 1, of the claims it is for.

    >>> reasons([Claim("a", "", "fails", "so"), Claim("b", "", "holds", "so"), Claim("c", "", "undecided", "so")])
    {'so': [1, 3]}
    """
    asked = [(i, c.reason) for i, c in enumerate(claims, 1) if c.verdict != "holds" and "too few" not in c.measured]
    return {reason: [i for i, _ in pairs] for reason, pairs in groupby(second, asked).items() if reason}


def entries(chapter: Chapter) -> list[Entry]:
    """The list of a chapter's claims; a reason that several share is left to `why`."""
    own = {numbers[0]: reason for reason, numbers in reasons(chapter.claims).items() if len(numbers) == 1}
    return [
        Entry(c.verdict, verdict(chapter, c), c.statement, source(chapter, c), c.measured, own.get(i, ""))
        for i, c in enumerate(chapter.claims, 1)
    ]


def why(chapter: Chapter) -> list[str]:
    """What stands below a chapter's list: each reason that several of its claims share."""
    shared = {reason: numbers for reason, numbers in reasons(chapter.claims).items() if len(numbers) > 1}
    return [
        f"Why claims {listed(map(str, numbers), 'and')} do not hold: {reason}." for reason, numbers in shared.items()
    ]


def origins(chapters: Sequence[Chapter]) -> tuple[list[str], list[list[str]]]:
    """The table of where each recipe's results come from: its head, and a row a recipe."""
    head = list(dict.fromkeys(name for chapter in chapters for name in chapter.facts))
    return ["recipe", *head], [[c.recipe.name, *(c.facts.get(name, "") for name in head)] for c in chapters]
