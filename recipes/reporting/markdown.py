"""The report in Markdown, whose pictures are files beside it, and its first table for another page to show."""

import re
from collections.abc import Iterable, Mapping, Sequence

from recipes.reporting import report
from recipes.reporting.report import Chapter

__all__ = ["claims_table", "markdown"]


def markdown(chapters: Sequence[Chapter], provenance: Mapping[str, str]) -> str:
    """The whole report; its pictures are in figures/."""
    notice = [f"**{report.SMALL}**", ""] if any(map(report.is_small, chapters)) else []
    lines = [f"# {report.TITLE}", "", report.RULE, "", *notice, *claims_table(chapters)]
    lines += [line for chapter in chapters for line in _section(chapter)]
    lines += ["", "## Provenance", "", *_table(("", ""), provenance.items())]
    return "\n".join([*lines, "", *_table(*report.origins(chapters)), "", report.CODE, ""])


def claims_table(chapters: Sequence[Chapter], prefix: str = "") -> list[str]:
    """The lines of all claims and verdicts under their count, with links to the chapters of the report at `prefix`."""

    def link(chapter: Chapter) -> str:
        return f"[{chapter.recipe.name}]({prefix}#{anchor(report.title(chapter))})"

    rows = [
        (report.verdict(chapter, claim), claim.statement, f"{link(chapter)}: {report.source(chapter, claim)}")
        for chapter, claim in report.claims_of(chapters)
    ]
    broken = [("none", gap, link(chapter)) for chapter in chapters if (gap := report.lacking(chapter))]
    table = _table(("verdict", "claim", "experiment and source"), [*rows, *broken])
    return [report.tally(chapters), "", *table]


def anchor(title: str) -> str:
    """The name under which a page of Markdown is scrolled to a heading.

    >>> anchor("batch_size (figure 7)")
    'batch_size-figure-7'
    """
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _section(chapter: Chapter) -> list[str]:
    """A chapter: its text and settings, its pictures, what each group reached, its claims."""
    pictures = [f"![{name}: {chapter.recipe.summary}](figures/{name}.png)" for name in chapter.pictures]
    groups = [f"- {line}" for line in chapter.lines]
    claims = [f"{i}. {_entry(entry)}" for i, entry in enumerate(report.entries(chapter), 1)]
    failures = [f"    {line}" for failure in chapter.failures for line in failure.splitlines()]
    gap = report.lacking(chapter)
    told = [f"{gap}:", "", *failures] if failures else [f"{gap}."] if gap else []
    blocks = ["## " + report.title(chapter), *chapter.recipe.paragraphs, report.how(chapter)]
    blocks += ["\n".join(block) for block in (pictures, groups, claims) if block]
    blocks += [*report.why(chapter), *(["\n".join(told)] if told else [])]
    return [line for block in blocks for line in ("", *block.splitlines())]


def _entry(entry: report.Entry) -> str:
    """A claim in the list of its chapter."""
    reason = f"<br>Reason: {entry.reason}" if entry.reason else ""
    return f"**{entry.verdict}**: {entry.statement} *({entry.source})*<br>Measured: {entry.measured}{reason}"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [_row(head), "|" + "---|" * len(head), *map(_row, rows)]
