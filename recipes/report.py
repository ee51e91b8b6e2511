"""The report: chapters of settings, pictures and verdicts as one self-contained page, and as Markdown beside it."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape

import attrs

from recipes.claims import Claim
from recipes.recipe import Recipe, Size
from recipes.wording import counted, settings, shortfall

__all__ = ["Chapter", "html", "markdown"]

STYLE = """
:root { color-scheme: light; font: 1rem/1.5 system-ui, sans-serif; color: #1d2433; background: #fff; }
body { max-width: 52rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.7rem; line-height: 1.2; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
img { display: block; width: 100%; min-width: 40rem; height: auto; margin: 1rem auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .5rem; border-bottom: 1px solid #d8dce5; }
.scroll { overflow-x: auto; } .settings, footer { color: #505a6e; font-size: .9rem; overflow-wrap: anywhere; }
.verdict { font-weight: 600; } #claims a { overflow-wrap: anywhere; } #origins { overflow-wrap: normal; }
.holds::before { content: "\\2713\\00a0"; } .holds { color: #00614a; }
.fails::before { content: "\\2717\\00a0"; } .fails { color: #a13d00; }
.undecided::before { content: "?\\00a0"; } .undecided { color: #505a6e; }
.small { border: 1px solid #b8860b; background: #fff8e6; padding: .6rem .8rem; border-radius: .3rem; }
a { color: #00548c; } pre { white-space: pre-wrap; font-size: .85rem; }
@media print { body { max-width: none; padding: 0; } img { min-width: 0; }
  section { break-inside: avoid-page; } a { color: inherit; } }
"""


@attrs.frozen
class Chapter:
    """One recipe in the report: its size, pictures (PNG) by name, claims, the lines it prints, where it comes from.

    Where runs failed, `failures` says which and why, and there is nothing else to show.
    """

    recipe: Recipe
    size: Size
    pictures: Mapping[str, bytes] = attrs.field(factory=dict)
    claims: Sequence[Claim] = ()
    lines: Sequence[str] = ()
    facts: Mapping[str, str] = attrs.field(factory=dict)
    failures: Sequence[str] = ()


def _mark(chapter: Chapter) -> str:
    """What stands behind verdicts that are not of the paper's size."""
    return " (small)" if chapter.size != chapter.recipe.paper else ""


def _settings(chapter: Chapter) -> str:
    less = shortfall(chapter.recipe, chapter.size)
    return f"Settings: {settings(chapter.recipe, chapter.size)}.{f' This is {less}.' if less else ''}"


def _failed(chapter: Chapter) -> str:
    n = len(chapter.failures)
    return f"{counted(n, 'run')} failed, so that nothing can be shown or concluded" if n else ""


def _said(chapter: Chapter) -> str:
    return "\n".join([*([f"{_failed(chapter)}:"] if chapter.failures else []), *chapter.failures, *chapter.lines])


def _title(chapter: Chapter) -> str:
    figure = chapter.recipe.figure
    return f"{chapter.recipe.name}{f' ({figure})' if figure else ''}"


def _claims(chapters: Iterable[Chapter]) -> Iterable[tuple[Chapter, Claim]]:
    return ((chapter, claim) for chapter in chapters for claim in chapter.claims)


def _because(claim: Claim) -> str:
    return f". Reason: {claim.reason}" if claim.verdict == "fails" and claim.reason else ""


def _source(chapter: Chapter, claim: Claim) -> str:
    return f"{claim.source}, {chapter.recipe.figure}" if claim.source == "the paper" else claim.source


def _origins(chapters: Sequence[Chapter]) -> tuple[list[str], list[list[str]]]:
    """The table of where each recipe's results come from: its head, and a row a recipe."""
    head = list(dict.fromkeys(name for chapter in chapters for name in chapter.facts))
    return ["recipe", *head], [[c.recipe.name, *(c.facts.get(name, "") for name in head)] for c in chapters]


def html(chapters: Sequence[Chapter], provenance: Mapping[str, str]) -> str:
    """The report as one page that needs nothing else: pictures embedded, no script, legible on a phone and in print."""

    def verdict(chapter: Chapter, claim: Claim) -> str:
        return f'<span class="verdict {claim.verdict}">{claim.verdict}{_mark(chapter)}</span>'

    def section(chapter: Chapter) -> str:
        pictures = "".join(
            f'<div class="scroll" tabindex="0"><img alt="{escape(name)}: {escape(chapter.recipe.summary)}" '
            f'src="data:image/png;base64,{b64encode(png).decode()}"></div>'
            for name, png in chapter.pictures.items()
        )
        claims = "".join(
            f"<li>{verdict(chapter, c)}: {escape(c.statement)} <i>({escape(_source(chapter, c))})</i><br>"
            f"Measured: {escape(c.measured + _because(c))}</li>"
            for c in chapter.claims
        )
        return (
            f'<section id="{chapter.recipe.name}"><h2>{escape(_title(chapter))}</h2>'
            f'<p>{escape(chapter.recipe.summary)}</p><p class="settings">{escape(_settings(chapter))}</p>'
            f"{pictures}<ul>{claims}</ul><pre>{escape(_said(chapter))}</pre></section>"
        )

    def row(cells: Iterable[str], tag: str = "td") -> str:
        return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"

    def table(head: Sequence[str], rows: Iterable[Sequence[str]], name: str) -> str:
        body = "".join(map(row, rows))
        return (
            f'<div class="scroll" tabindex="0"><table id="{name}"><thead>{row(head, "th")}</thead>'
            f"<tbody>{body}</tbody></table></div>"
        )

    def link(chapter: Chapter, whose: str = "") -> str:
        return f'<a href="#{chapter.recipe.name}">{escape(chapter.recipe.name)}</a><br>{escape(whose)}'

    rows = [
        (verdict(chapter, claim), escape(claim.statement), link(chapter, _source(chapter, claim)))
        for chapter, claim in _claims(chapters)
    ]
    broken = [("none", _failed(chapter), link(chapter)) for chapter in chapters if chapter.failures]
    head, origins = _origins(chapters)
    facts = table(("", ""), (tuple(map(escape, fact)) for fact in provenance.items()), "provenance")
    notice = f'<p class="small">{escape(SMALL)}</p>' if any(map(_mark, chapters)) else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{TITLE}</title><style>{STYLE}</style></head><body><h1>{TITLE}</h1><p>{escape(RULE)}</p>{notice}"
        f"{table(('verdict', 'claim', 'experiment and source'), [*rows, *broken], 'claims')}"
        f"{''.join(map(section, chapters))}<footer><h2>Provenance</h2>{facts}"
        f"{table(head, (tuple(map(escape, origin)) for origin in origins), 'origins')}</footer></body></html>\n"
    )


TITLE = "The paper's experiments, redone with fnn"
RULE = (
    "Each claim is judged by a bootstrap 95 % interval of what it asserts (10,000 resamples, seeded): it holds where "
    "the interval excludes zero, or the bound that is named, in its direction, fails where it excludes it the other "
    "way, and is else undecided. Fewer than five runs decide nothing: of two runs of groups that do not differ, the "
    "interval excludes zero in half of all cases. Claims about the worst run are judged by that run. “Ours” are claims "
    "that the paper does not make."
)
SMALL = (
    "Not all of this report has the paper's size: verdicts marked (small) come from fewer runs, epochs or digits, to "
    "see everything at work (--quick). Those of the full size are what counts."
)


def markdown(chapters: Sequence[Chapter], provenance: Mapping[str, str]) -> str:
    """The same report in Markdown; its pictures are files beside it, in figures/."""

    def row(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |"

    def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
        return [row(head), "|" + "---|" * len(head), *map(row, rows)]

    def section(chapter: Chapter) -> list[str]:
        summary = chapter.recipe.summary
        pictures = [f"![{name}: {summary}](figures/{name}.png)" for name in chapter.pictures]
        head = ["", f"## {_title(chapter)}", "", summary, "", _settings(chapter), "", *pictures, ""]
        return [*head, *(f"    {line}" for line in _said(chapter).splitlines())]

    judged = [
        (chapter.recipe.name, c.statement, _source(chapter, c), c.measured + _because(c), c.verdict + _mark(chapter))
        for chapter, c in _claims(chapters)
    ]
    broken = [(chapter.recipe.name, _failed(chapter), "", "", "none") for chapter in chapters if chapter.failures]
    lines = [f"# {TITLE}", "", RULE, *(["", f"**{SMALL}**"] if any(map(_mark, chapters)) else []), ""]
    lines += table(("experiment", "claim", "source", "measured", "verdict"), [*judged, *broken])
    lines += [line for chapter in chapters for line in section(chapter)]
    lines += ["", "## Provenance", "", *table(("", ""), provenance.items())]
    return "\n".join([*lines, "", *table(*_origins(chapters)), ""])
