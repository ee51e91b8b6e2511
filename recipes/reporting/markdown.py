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
    found = "\n".join(f"- {said} {_link(chapter)}" for chapter, said in report.findings(chapters))
    blocks = [report.PAPER, *notice, *(["## Findings", found] if found else []), report.tally(chapters)]
    lines = [f"# {title}", "", *_spaced([*blocks, "## Experiments"]), *_experiments(chapters)]
    lines += [line for chapter in chapters for line in _section(chapter)]
    lines += ["", *_spaced(["## How claims are judged", report.RULE, report.chance(chapters), "## All claims"])]
    lines += _claims_table(chapters)
    lines += ["", "## Provenance", "", *table(("", ""), provenance.items())]
    return "\n".join([*lines, "", *table(*report.origins(chapters)), "", report.CODE, ""])


def anchor(title: str) -> str:
    """The name by which a link in Markdown reaches a heading.

    >>> anchor("batch_size (figure 7)")
    'batch_size-figure-7'
    """
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _experiments(chapters: Sequence[Chapter]) -> list[str]:
    """A row an experiment: a small picture, the number here, the paper's, and its verdicts as marks."""
    rows = []
    for chapter in chapters:
        picture = next((f'<img src="figures/{name}.png" width="160" alt="">' for name in chapter.pictures), "")
        groups = [(f"{group}: " if group else "", ours, papers) for group, ours, papers in chapter.numbers]
        here = "<br>".join([f"{chapter.measured()}:", *(f"{group}{ours}" for group, ours, _ in groups)])
        beside = "<br>".join(f"{group}{papers}" for group, _, papers in groups if papers)
        marks = " ".join(report.MARKS[entry.kind] for entry in chapter.entries())
        rows.append((picture, _link(chapter), chapter.no_results() or here, beside, marks))
    return [*table(("", "experiment", "here", "the paper", "verdicts"), rows), "", report.legend(chapters)]


def _link(chapter: Chapter) -> str:
    """A link to a chapter."""
    return f"[{chapter.recipe.name}](#{anchor(chapter.title)})"


def _claims_table(chapters: Sequence[Chapter]) -> list[str]:
    """All claims and verdicts, each with a link to its chapter."""
    rows = []
    for chapter, entry in report.overview(chapters):
        source = f": {entry.source}" if entry.source else ""
        rows.append((entry.verdict, entry.statement, _link(chapter) + source))
    return table(("verdict", "claim", "experiment and source"), rows)


def _section(chapter: Chapter) -> list[str]:
    """A chapter: its text and settings, its pictures, the score of each group, its claims."""
    pictures = [f"![{name}: {chapter.recipe.summary}](figures/{name}.png)" for name in chapter.pictures]
    groups = [f"- {line}" for line in chapter.lines]
    claims = [f"{i}. {_item(entry)}" for i, entry in enumerate(chapter.entries(), 1)]
    blocks = ["## " + chapter.title, *chapter.recipe.paragraphs, chapter.settings()]
    blocks += ["\n".join(block) for block in (pictures, [chapter.not_drawn()], groups, claims) if any(block)]
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
    return [line for block in blocks if block for line in (*block.splitlines(), "")]
