"""The report as one self-contained page that is legible on a screen, on a phone and in print."""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from recipes.reporting import report
from recipes.reporting.report import Chapter

__all__ = ["html"]

STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")


def html(title: str, chapters: Sequence[Chapter], provenance: Mapping[str, str]) -> str:
    """The report as one file that needs no other: pictures are embedded, and there is no script."""
    rows = [
        (_verdict(entry), _prose(entry.statement), _link(chapter, entry.source))
        for chapter, entry in report.overview(chapters)
    ]
    head, origins = report.origins(chapters)
    facts = _table(("", ""), (tuple(map(escape, fact)) for fact in provenance.items()), "provenance")
    notice = _paragraph(report.SMALL, "small") if any(chapter.is_small for chapter in chapters) else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>\n{STYLE}</style></head><body><h1>{escape(title)}</h1>"
        f"{_paragraph(report.PAPER)}{_paragraph(report.RULE)}{notice}{_paragraph(report.tally(chapters), 'tally')}"
        f"{_table(('verdict', 'claim', 'experiment and source'), rows, 'claims')}"
        f"{''.join(map(_section, chapters))}<footer><h2>Provenance</h2>{facts}"
        f"{_table(head, (tuple(map(escape, origin)) for origin in origins), 'origins')}"
        f"{_paragraph(report.CODE)}</footer></body></html>\n"
    )


def _section(chapter: Chapter) -> str:
    """A chapter: its text and settings, its pictures, the score of each group, its claims."""
    summary = escape(chapter.recipe.summary)
    pictures = "".join(
        f'<div class="scroll" tabindex="0"><img alt="{escape(name)}: {summary}" '
        f'src="data:image/png;base64,{b64encode(png).decode()}"></div>'
        for name, png in chapter.pictures.items()
    )
    text = "".join(map(_paragraph, chapter.recipe.paragraphs)) + _paragraph(chapter.settings(), "settings")
    groups = "".join(f"<li>{escape(line)}</li>" for line in chapter.lines)
    claims = "".join(map(_item, chapter.entries()))
    gap, errors = chapter.no_results(), escape("\n".join(chapter.failures))
    notice = f"{_paragraph(gap + ':')}<pre>{errors}</pre>" if errors else _paragraph(gap + ".") if gap else ""
    return (
        f'<section id="{chapter.recipe.name}"><h2>{escape(chapter.title)}</h2>{text}{pictures}'
        f'<ul class="groups">{groups}</ul><ol>{claims}</ol>{"".join(map(_paragraph, chapter.shared_reasons()))}'
        f"{notice}</section>"
    )


def _item(entry: report.Entry) -> str:
    """A claim in the list of its chapter."""
    reason = f"<br>Reason: {_prose(entry.reason)}" if entry.reason else ""
    return (
        f"<li>{_verdict(entry)}: {_prose(entry.statement)} <i>({escape(entry.source)})</i><br>"
        f"Measured: {_prose(entry.measured)}{reason}</li>"
    )


def _verdict(entry: report.Entry) -> str:
    return f'<span class="verdict {entry.kind}">{entry.verdict}</span>'


def _prose(text: str) -> str:
    """Text as HTML, with the words between backticks as code.

    >>> _prose("as in `xor`, p < 1")
    'as in <code>xor</code>, p &lt; 1'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _paragraph(text: str, kind: str = "") -> str:
    return f"<p{f' class={kind}' if kind else ''}>{_prose(text)}</p>"


def _link(chapter: Chapter, source: str) -> str:
    """A link to a chapter, and below it the source of the claim."""
    return f'<a href="#{chapter.recipe.name}">{escape(chapter.recipe.name)}</a><br>{escape(source)}'


def _row(cells: Iterable[str], tag: str = "td") -> str:
    return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], name: str) -> str:
    """A table whose cells are HTML already."""
    body = "".join(map(_row, rows))
    return (
        f'<div class="scroll" tabindex="0"><table id="{name}"><thead>{_row(head, "th")}</thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
