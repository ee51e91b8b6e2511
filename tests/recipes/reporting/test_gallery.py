"""The README agrees with the gallery's report, and the gallery's pictures keep their colours."""

import re
from io import BytesIO

import numpy as np
from PIL import Image

from recipes.bench import page
from recipes.reporting import report as words
from recipes.reporting.gallery import UNSEEN, WIDTH, shrink
from recipes.reporting.paper import FILES
from recipes.running.catalogue import names
from tests.support.paths import ROOT

GALLERY = ROOT / "recipes/gallery"
TALLY = re.compile(r"\d+ claims? of (?:the paper|ours): \d[^.]*\.?")
KINDS = {
    "holds": "holds?",
    "fails": "fails?",
    "no difference that matters": "shows? no",
    "undecided": "(?:is|are) undecided",
}
ROW = re.compile(rf"^\| ({'|'.join(KINDS)}) \| .* \| [^|]*: (the paper|ours)[^|]*\|$", re.MULTILINE)


def numbers(tally):
    """The numbers of a tally: all claims, and those of each verdict."""
    of_kinds = (re.search(rf"(\d+) {words}", tally) for words in KINDS.values())
    return [int(re.match(r"\d+", tally)[0]), *(int(found[1]) if found else 0 for found in of_kinds)]


def counts(report, source):
    """The same numbers, as the report's table of claims has them, of the claims of one source."""
    found = [verdict for verdict, whose in ROW.findall(report) if whose == source]
    return [len(found), *(found.count(kind) for kind in KINDS)]


def disagreements(report, readme):
    """The tallies and the numbers of the README that are not in the report.

    A row of the README that starts with the name of a recipe may state decimal fractions from its chapter only.
    """
    tallies = [each for each in TALLY.findall(readme) if each not in report]
    rows = re.findall(r"^\| \[?`?(\w+)`?(.*)$", readme, re.MULTILINE)
    wrong = []
    for name, row in rows:
        chapter = re.search(rf"^## {name}\b.*?(?=^## )", report, re.MULTILINE | re.DOTALL)
        known = re.findall(r"\d+\.\d+", chapter[0]) if chapter else []
        stated = re.findall(r"(?<![\d.])\d+\.\d+", row) if name in names else []
        wrong += [f"{name}: {number}" for number in stated if number not in known]
    return tallies + wrong


def test_a_wrong_tally_and_a_wrong_number_are_found():
    report = (
        "2 claims of the paper: 1 holds, 1 shows no difference that matters. 1 claim of ours: 1 is undecided.\n"
        "| holds | a | [x](#x): the paper, figure 6 |\n| no difference that matters | b | [x](#x): the paper |\n"
        "| undecided | c | [x](#x): ours |\n## mnist (figure 5)\nIQM 0.9740\n## xor\nIQM 0.5\n## Provenance\n"
    )
    assert [counts(report, source) for source in ("the paper", "ours")] == [[2, 1, 0, 1, 0], [1, 0, 0, 0, 1]]
    assert list(map(numbers, TALLY.findall(report))) == [[2, 1, 0, 1, 0], [1, 0, 0, 0, 1]]
    readme = "2 claims of the paper: 1 holds, 1 shows no difference that matters.\n"
    readme += "| `mnist` | 0.9740 |\n| xor | figure 4 |\n"
    assert disagreements(report, readme) == []
    assert len(disagreements(report, readme.replace("1 holds", "2 hold"))) == 1
    assert disagreements(report, readme.replace("`mnist` | 0.9740", "[mnist](x) | 0.97")) == ["mnist: 0.97"]
    assert disagreements(report, readme + "| activations | 0.123 |") == ["activations: 0.123"]


def read(name):
    return (GALLERY / name).read_text(encoding="utf-8")


def test_the_gallery_has_the_sentences_that_the_code_writes():
    report, beyond, benchmark = (read(name) for name in ("report.md", "beyond.md", "benchmark.md"))
    for text, (title, file) in zip((report, beyond), FILES.values(), strict=True):
        assert text == read(file)
        assert text.startswith(f"# {title}\n")
        for sentence in (words.PAPER, words.RULE, words.CODE):
            assert sentence in text
    assert benchmark.startswith(page.METHOD)
    assert benchmark.endswith(page.FINDINGS)


def test_the_readme_agrees_with_the_gallery():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    report, beyond = read("report.md"), read("beyond.md")
    for text in (report, beyond):
        for tally in TALLY.findall(text):
            assert numbers(tally) == counts(text, "ours" if "of ours" in tally else "the paper")
    assert TALLY.findall(report)[0] in readme
    assert disagreements(report + beyond, readme) == []


CHANGE = re.compile(r"^\| (\w+) \| (.+?) \| [^|]* \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)
CLAIM = re.compile(r"^## (\w+)\b|^\d+\. \*\*([^*]+)\*\*: (.+?) \*\(", re.MULTILINE)


def judged(report):
    """The verdict of each claim of a report, by its recipe and its statement."""
    found, recipe = {}, ""
    for heading, verdict, statement in CLAIM.findall(report):
        recipe = heading or recipe
        if not heading:
            found[recipe, statement] = verdict
    return found


def test_the_verdicts_before_and_after_are_those_of_the_report():
    rows = {(name, statement): now for name, statement, now in CHANGE.findall(read("changes.md")) if name in names}
    assert rows == judged(read("report.md"))
    assert len(rows) > 70


def test_a_picture_of_many_colours_keeps_its_colours():
    at = np.linspace(0, 8 * np.pi, WIDTH)
    few, many = (
        255 * np.stack(3 * [at / at[-1]], axis=-1),
        127 * (1 + np.sin(np.stack([at, 1.7 * at, 2.3 * at], axis=-1))),
    )
    for row, mode in ((few, "P"), (many, "RGB")):
        picture, file = Image.fromarray(np.tile(row.astype(np.uint8), (50, 1, 1))), BytesIO()
        picture.save(file, "png")
        kept = Image.open(BytesIO(shrink(file.getvalue())))
        assert (kept.mode, kept.size) == (mode, (WIDTH, 50))
        changed = np.asarray(kept.convert("RGB")).astype(int) - np.asarray(picture)
        assert abs(changed).max() <= UNSEEN
