"""The report as one self-contained page that is legible on a screen, on a phone and in print."""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from recipes.reporting import report
from recipes.reporting.gallery import thumbnail
from recipes.reporting.report import Chapter

__all__ = ["html"]

STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
PARTS = {"rule": "How claims are judged", "all": "All claims", "provenance": "Provenance"}  # behind the chapters


def html(title: str, chapters: Sequence[Chapter], provenance: Mapping[str, str]) -> str:
    """The report as one file that needs no other: pictures are embedded, and there is no script."""
    head, origins = report.origins(chapters)
    facts = _table(("", ""), (tuple(map(escape, fact)) for fact in provenance.items()), "facts")
    notice = _paragraph(report.SMALL, "small") if any(chapter.is_small for chapter in chapters) else ""
    found = "".join(f"<li>{_prose(said)} {_link(chapter)}</li>" for chapter, said in report.findings(chapters))
    rules = "".join(f"<li>{_prose(line.removeprefix('- '))}</li>" for line in report.RULE.splitlines())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>\n{STYLE}</style></head><body>{_contents(chapters, bool(found))}"
        f"<main><h1>{escape(title)}</h1>{_paragraph(report.PAPER)}{notice}"
        + (f'<h2 id="findings">Findings</h2><ul class="findings">{found}</ul>' if found else "")
        + f'{_paragraph(report.tally(chapters), "tally")}<h2 id="experiments">Experiments</h2>{_experiments(chapters)}'
        f'<p class="further">Then: {_further()}</p>{"".join(map(_section, chapters))}'
        f'<h2 id="rule">{PARTS["rule"]}</h2><ul>{rules}</ul>{_paragraph(report.chance(chapters))}'
        f'<h2 id="all">{PARTS["all"]}</h2>{_claims(chapters)}'
        f'<footer><h2 id="provenance">{PARTS["provenance"]}</h2>{facts}'
        f"{_table(head, (tuple(map(escape, origin)) for origin in origins), 'origins')}"
        f"{_paragraph(report.CODE)}</footer></main>"
        '<a class="back" href="#experiments">↑ experiments</a></body></html>\n'
    )


def _contents(chapters: Sequence[Chapter], found: bool) -> str:
    """The list of contents, which a wide screen keeps in sight."""
    parts = {**({"findings": "Findings"} if found else {}), "experiments": "Experiments"}
    names = {chapter.recipe.name: chapter.title for chapter in chapters}
    links = "".join(f'<li><a href="#{name}">{escape(text)}</a></li>' for name, text in (parts | names | PARTS).items())
    return f'<nav aria-label="contents"><ul>{links}</ul></nav>'


def _further() -> str:
    """Links to what follows behind the chapters."""
    return ", ".join(f'<a href="#{name}">{text[0].lower()}{text[1:]}</a>' for name, text in PARTS.items())


def _experiments(chapters: Sequence[Chapter]) -> str:
    """A row an experiment: a small picture, the number here, the paper's, and its verdicts as marks."""
    return (
        '<table id="experiments-table"><thead><tr><th></th><th>experiment</th><th>here, and in the paper</th>'
        f"<th>verdicts</th></tr></thead><tbody>{''.join(map(_experiment, chapters))}</tbody></table>"
        f"{_paragraph(report.legend(chapters), 'legend')}"
    )


def _experiment(chapter: Chapter) -> str:
    """The row of an experiment, or why it has no results."""
    name, what, picture = chapter.recipe.name, f"{_link(chapter)}<br>{_prose(chapter.recipe.summary)}", ""
    if gap := chapter.no_results():
        return _row(("", what, escape(gap), ""))
    if chapter.pictures:
        small = b64encode(thumbnail(next(iter(chapter.pictures.values())))).decode()
        picture = f'<a href="#{name}" tabindex="-1"><img alt="" src="data:image/png;base64,{small}"></a>'
    rows = "".join(_row((escape(group), ours, papers)) for group, ours, papers in chapter.numbers)
    numbers = f'<span class="what">{escape(chapter.measured())}</span><table class="numbers">{rows}</table>'
    marks = "".join(_mark(chapter, i, entry) for i, entry in enumerate(chapter.entries(), 1))
    if {entry.kind for entry in chapter.entries()} == {"unjudged"}:
        marks = "not judged"
    return _row((picture, what, numbers, marks))


def _mark(chapter: Chapter, number: int, entry: report.Entry) -> str:
    """A verdict as a mark alone, which leads to its claim."""
    said = escape(f"{entry.verdict}: {entry.statement}")
    return f'<a class="mark {entry.kind}" href="#{chapter.recipe.name}-{number}" title="{said}">{entry.verdict}</a> '


def _section(chapter: Chapter) -> str:
    """A chapter: its text and settings, its pictures, the score of each group, its claims."""
    name = chapter.recipe.name
    pictures = "".join(_picture(each, chapter.recipe.summary, png) for each, png in chapter.pictures.items())
    text = "".join(map(_paragraph, chapter.recipe.paragraphs)) + _paragraph(chapter.settings(), "settings")
    groups = "".join(f"<li>{escape(line)}</li>" for line in chapter.lines)
    claims = "".join(_item(entry, f"{name}-{i}") for i, entry in enumerate(chapter.entries(), 1))
    gap, errors = chapter.no_results(), escape("\n".join(chapter.failures))
    notice = f"{_paragraph(gap + ':')}<pre>{errors}</pre>" if errors else _paragraph(gap + ".") if gap else ""
    return (
        f'<section id="{name}"><h2>{escape(chapter.title)}</h2>{text}{pictures}{_paragraph(chapter.not_drawn())}'
        f'<ul class="groups">{groups}</ul><ol>{claims}</ol>{"".join(map(_paragraph, chapter.shared_reasons()))}'
        f"{notice}</section>"
    )


def _picture(name: str, summary: str, png: bytes) -> str:
    """A picture as wide as the page; on a small screen, a touch makes it as large as it was drawn, and back."""
    return (
        f'<label class="picture"><input type="checkbox" aria-label="enlarge {escape(name)}">'
        f'<span class="scroll"><img alt="{escape(name)}: {escape(summary)}" '
        f'src="data:image/png;base64,{b64encode(png).decode()}"></span></label>'
    )


def _item(entry: report.Entry, name: str) -> str:
    """A claim in the list of its chapter."""
    reason = f"<br>Reason: {_prose(entry.reason)}" if entry.reason else ""
    return (
        f'<li id="{name}">{_verdict(entry)}: {_prose(entry.statement)} <i>({escape(entry.source)})</i><br>'
        f"Measured: {_prose(entry.measured)}{reason}</li>"
    )


def _claims(chapters: Sequence[Chapter]) -> str:
    """All claims in one table, by experiment. Who makes a claim is said where it is not the paper."""
    rows = []
    for chapter, pairs in groupby(report.overview(chapters), key=itemgetter(0)):
        rows.append(f'<tr class="group"><th colspan="2">{_link(chapter, chapter.title)}</th></tr>')
        for _, entry in pairs:
            plain = entry.source in ("", f"the paper, {chapter.recipe.figure}")
            by = "" if plain else f" <i>({escape(entry.source)})</i>"
            rows.append(_row((_verdict(entry), _prose(entry.statement) + by)))
    head = _row(("verdict", "claim"), "th")
    return f'<table id="claims"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>'


def _verdict(entry: report.Entry) -> str:
    return f'<span class="verdict {entry.kind}">{entry.verdict}</span>'


def _prose(text: str) -> str:
    """Text as HTML, with the words between backticks as code.

    >>> _prose("as in `xor`, p < 1")
    'as in <code>xor</code>, p &lt; 1'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _paragraph(text: str, kind: str = "") -> str:
    return f"<p{f' class={kind}' if kind else ''}>{_prose(text)}</p>" if text else ""


def _link(chapter: Chapter, text: str = "") -> str:
    """A link to a chapter."""
    return f'<a href="#{chapter.recipe.name}">{escape(text or chapter.recipe.name)}</a>'


def _row(cells: Iterable[str], tag: str = "td") -> str:
    return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], name: str) -> str:
    """A table whose cells are HTML already."""
    body = "".join(map(_row, rows))
    return (
        f'<div class="scroll" tabindex="0"><table id="{name}"><thead>{_row(head, "th")}</thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
