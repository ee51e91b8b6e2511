"""The report: chapters of settings, pictures and verdicts as one self-contained page, and as Markdown beside it."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import attrs

from recipes.claims import Claim
from recipes.recipe import Recipe, Size

__all__ = ["Chapter", "html", "markdown", "settings"]

STYLE = """
:root { color-scheme: light; font: 1rem/1.5 system-ui, sans-serif; color: #1d2433; background: #fff; }
body { max-width: 52rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.7rem; line-height: 1.2; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
img { display: block; width: 100%; min-width: 40rem; height: auto; margin: 1rem auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .5rem; border-bottom: 1px solid #d8dce5; }
.scroll { overflow-x: auto; } .settings, footer { color: #505a6e; font-size: .9rem; overflow-wrap: anywhere; }
.verdict { font-weight: 600; }
.holds::before { content: "\\2713\\00a0"; } .holds { color: #00614a; }
.fails::before { content: "\\2717\\00a0"; } .fails { color: #a13d00; }
.undecided::before { content: "?\\00a0"; } .undecided { color: #505a6e; }
.quick { border: 1px solid #b8860b; background: #fff8e6; padding: .6rem .8rem; border-radius: .3rem; }
a { color: #00548c; } pre { white-space: pre-wrap; font-size: .85rem; }
@media print { body { max-width: none; padding: 0; } img { min-width: 0; }
  section { break-inside: avoid-page; } a { color: inherit; } }
"""


@attrs.frozen
class Chapter:
    """One recipe in the report: its size, pictures (PNG) by name, claims, and the lines it prints."""

    recipe: Recipe
    size: Size
    pictures: Mapping[str, bytes]
    claims: Sequence[Claim]
    lines: Sequence[str]


def settings(chapter: Chapter) -> str:
    """The configurations in words: what all groups share, and what they vary."""
    fields = [attrs.asdict(config) for config in chapter.recipe.groups.values()]
    if chapter.size.epochs is not None:
        fields = [{**each, "epochs": chapter.size.epochs} for each in fields]
    shared = {name: value for name, value in fields[0].items() if all(each[name] == value for each in fields)}
    varied = {name: [each[name] for each in fields] for name in fields[0] if name not in shared}
    words = [f"{name} {_word(value)}" for name, value in shared.items() if name != "runs"]
    words += [f"{name} in {{{', '.join(dict.fromkeys(map(_word, values)))}}}" for name, values in varied.items()]
    few = [] if chapter.size.examples is None else [f"the first {chapter.size.examples:,} training examples"]
    return "; ".join([*words, *few, f"runs {chapter.size.runs}"])


def _word(value: Any) -> str:
    return "-".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)


def _title(chapter: Chapter) -> str:
    figure = chapter.recipe.figure
    return f"{chapter.recipe.name}{f' ({figure})' if figure else ''}"


def _claims(chapters: Iterable[Chapter]) -> Iterable[tuple[Chapter, Claim]]:
    return ((chapter, claim) for chapter in chapters for claim in chapter.claims)


def _because(claim: Claim) -> str:
    return f". Reason: {claim.reason}" if claim.verdict == "fails" and claim.reason else ""


def html(chapters: Sequence[Chapter], provenance: Mapping[str, str], quick: bool) -> str:
    """The report as one page that needs nothing else: pictures embedded, no script, legible on a phone and in print."""

    def verdict(claim: Claim) -> str:
        return f'<span class="verdict {claim.verdict}">{claim.verdict}{" (quick)" if quick else ""}</span>'

    def section(chapter: Chapter) -> str:
        pictures = "".join(
            f'<div class="scroll" tabindex="0"><img alt="{escape(name)}: {escape(chapter.recipe.summary)}" '
            f'src="data:image/png;base64,{b64encode(png).decode()}"></div>'
            for name, png in chapter.pictures.items()
        )
        claims = "".join(
            f"<li>{verdict(c)}: {escape(c.statement)} <br>Measured: {escape(c.measured + _because(c))}</li>"
            for c in chapter.claims
        )
        return (
            f'<section id="{chapter.recipe.name}"><h2>{escape(_title(chapter))}</h2>'
            f'<p>{escape(chapter.recipe.summary)}</p><p class="settings">{escape(settings(chapter))}</p>'
            f"{pictures}<ul>{claims}</ul><pre>{escape(chr(10).join(chapter.lines))}</pre></section>"
        )

    rows = "".join(
        f'<tr><td><a href="#{chapter.recipe.name}">{escape(_title(chapter))}</a></td><td>{escape(claim.statement)}</td>'
        f"<td>{verdict(claim)}</td></tr>"
        for chapter, claim in _claims(chapters)
    )
    facts = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in provenance.items())
    notice = f'<p class="quick">{escape(QUICK)}</p>' if quick else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{TITLE}</title><style>{STYLE}</style></head><body><h1>{TITLE}</h1><p>{escape(RULE)}</p>{notice}"
        '<div class="scroll"><table id="claims">'
        "<thead><tr><th>experiment</th><th>claim</th><th>verdict</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>{''.join(map(section, chapters))}"
        f'<footer><h2>Provenance</h2><div class="scroll"><table>{facts}</table></div></footer></body></html>\n'
    )


TITLE = "The paper's experiments, redone with fnn"
RULE = (
    "Each claim is judged by a bootstrap 95 % interval of what it asserts (10,000 resamples, seeded): it holds where "
    "the interval excludes zero in its direction, fails where it excludes zero the other way, and is else undecided."
)
QUICK = (
    "A quick report: few runs and few epochs, to see everything at work. Its verdicts are marked as such; those of the "
    "full size are what counts."
)


def markdown(chapters: Sequence[Chapter], provenance: Mapping[str, str], quick: bool) -> str:
    """The same report in Markdown; its pictures are files beside it, in figures/."""

    def cell(text: str) -> str:
        return text.replace("|", "\\|").replace("\n", " ")

    mark = " (quick)" if quick else ""
    lines = [f"# {TITLE}", "", RULE, *(["", f"**{QUICK}**"] if quick else [])]
    lines += ["", "| experiment | claim | measured | verdict |", "|---|---|---|---|"]
    lines += [
        f"| {cell(_title(chapter))} | {cell(c.statement)} | {cell(c.measured + _because(c))} | {c.verdict}{mark} |"
        for chapter, c in _claims(chapters)
    ]
    for chapter in chapters:
        lines += ["", f"## {_title(chapter)}", "", chapter.recipe.summary, "", f"Settings: {settings(chapter)}.", ""]
        lines += [f"![{name}: {cell(chapter.recipe.summary)}](figures/{name}.png)" for name in chapter.pictures]
        lines += ["", *(f"    {line}" for line in "\n".join(chapter.lines).splitlines())]
    facts = [f"| {cell(name)} | {cell(value)} |" for name, value in provenance.items()]
    return "\n".join([*lines, "", "## Provenance", "", "| | |", "|---|---|", *facts, ""])
