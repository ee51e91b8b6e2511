"""The report in Markdown, with its pictures in the folder figures/ next to it."""

import re
from collections.abc import Iterable, Mapping, Sequence

from recipes.reporting import report
from recipes.reporting.gallery import table
from recipes.reporting.report import Chapter

__all__ = ["anchor", "markdown"]


def markdown(title: str, chapters: Sequence[Chapter], provenance: Mapping[str, str]) -> str:
    """The whole report."""
    notice = [f"**{report.SMALL}**"] if any(chapter.is_small for chapter in chapters) else []
    lines = [f"# {title}", "", *_spaced([report.PAPER, report.RULE, *notice, report.tally(chapters)])]
    lines += _claims_table(chapters)
    lines += [line for chapter in chapters for line in _section(chapter)]
    lines += ["", "## Provenance", "", *table(("", ""), provenance.items())]
    return "\n".join([*lines, "", *table(*report.origins(chapters)), "", report.CODE, ""])


def anchor(title: str) -> str:
    """The name by which a link in Markdown reaches a heading.

    >>> anchor("batch_size (figure 7)")
    'batch_size-figure-7'
    """
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _claims_table(chapters: Sequence[Chapter]) -> list[str]:
    """All claims and verdicts, each with a link to its chapter."""
    rows = []
    for chapter, entry in report.overview(chapters):
        link = f"[{chapter.recipe.name}](#{anchor(chapter.title)})"
        rows.append((entry.verdict, entry.statement, f"{link}: {entry.source}" if entry.source else link))
    return table(("verdict", "claim", "experiment and source"), rows)


def _section(chapter: Chapter) -> list[str]:
    """A chapter: its text and settings, its pictures, the score of each group, its claims."""
    pictures = [f"![{name}: {chapter.recipe.summary}](figures/{name}.png)" for name in chapter.pictures]
    groups = [f"- {line}" for line in chapter.lines]
    claims = [f"{i}. {_item(entry)}" for i, entry in enumerate(chapter.entries(), 1)]
    blocks = ["## " + chapter.title, *chapter.recipe.paragraphs, chapter.settings()]
    blocks += ["\n".join(block) for block in (pictures, groups, claims) if block]
    blocks += chapter.shared_reasons()
    if gap := chapter.no_results():
        errors = [f"    {line}" for failure in chapter.failures for line in failure.splitlines()]
        blocks += [f"{gap}:", "\n".join(errors)] if errors else [f"{gap}."]
    return ["", *_spaced(blocks)[:-1]]


def _item(entry: report.Entry) -> str:
    """A claim in the list of its chapter."""
    reason = f"<br>Reason: {entry.reason}" if entry.reason else ""
    return f"**{entry.verdict}**: {entry.statement} *({entry.source})*<br>Measured: {entry.measured}{reason}"


def _spaced(blocks: Iterable[str]) -> list[str]:
    """The lines of all blocks, with an empty line after each block."""
    return [line for block in blocks for line in (*block.splitlines(), "")]
