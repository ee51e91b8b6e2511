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
TALLY = re.compile(r"\d+ claims?: \d+ holds?, \d+ fails?, \d+ (?:is|are) undecided\.")
VERDICT = re.compile(r"^\| (holds|fails|undecided) \|", re.MULTILINE)


def counts(report):
    """The numbers in the report's tally, as its table of claims has them: all, hold, fail, undecided."""
    found = VERDICT.findall(report)
    return [len(found), *(found.count(kind) for kind in ("holds", "fails", "undecided"))]


def disagreements(report, readme):
    """The tallies and the numbers of the README that are not in the report.

    A row of the README that starts with the name of a recipe may state decimal fractions from its chapter only.
    """
    tallies = [each for each in TALLY.findall(readme) if each not in report]
    chapters = {name: re.search(rf"^## {name}\b.*?(?=^## )", report, re.MULTILINE | re.DOTALL) for name in names}
    rows = re.findall(r"^\| \[?`?(\w+)`?(.*)$", readme, re.MULTILINE)
    wrong = [
        f"{name}: {number}"
        for name, row in rows
        for number in re.findall(r"(?<![\d.])\d+\.\d+", row)
        if name in names and (chapters[name] is None or number not in re.findall(r"\d+\.\d+", chapters[name][0]))
    ]
    return tallies + wrong


def test_a_wrong_tally_and_a_wrong_number_are_found():
    report = (
        "2 claims: 1 holds, 0 fail, 1 is undecided.\n| holds | a |\n| undecided | b |\n"
        "## mnist (figure 5)\nIQM 0.9740\n## xor\nIQM 0.5\n## Provenance\n"
    )
    assert counts(report) == [2, 1, 0, 1]
    readme = "2 claims: 1 holds, 0 fail, 1 is undecided.\n| `mnist` | 0.9740 |\n| xor | figure 4 |\n"
    assert disagreements(report, readme) == []
    assert disagreements(report, readme.replace("1 holds", "2 hold")) == ["2 claims: 2 hold, 0 fail, 1 is undecided."]
    assert disagreements(report, readme.replace("`mnist` | 0.9740", "[mnist](x) | 0.97")) == ["mnist: 0.97"]
    assert disagreements(report, readme + "| `activations` | 0.9740 |") == ["activations: 0.9740"]


def read(name):
    return (GALLERY / name).read_text(encoding="utf-8")


def test_the_gallery_has_the_sentences_that_the_code_writes():
    report, beyond, benchmark = (read(name) for name in ("report.md", "beyond.md", "benchmark.md"))
    for text, (title, file) in zip((report, beyond), FILES.values(), strict=True):
        assert text == read(file)
        assert text.startswith(f"# {title}\n")
        for sentence in (words.PAPER, words.RULE, words.CODE):
            assert sentence in text
    assert words.ONE_NETWORK in report
    assert benchmark.startswith(page.METHOD)
    assert benchmark.endswith(page.FINDINGS)


def test_the_readme_agrees_with_the_gallery():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    report, beyond = read("report.md"), read("beyond.md")
    for text in (report, beyond):
        (tally,) = TALLY.findall(text)
        assert counts(text) == [int(n) for n in re.findall(r"\d+", tally)]
    assert TALLY.findall(report)[0] in readme
    assert disagreements(report + beyond, readme) == []


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
