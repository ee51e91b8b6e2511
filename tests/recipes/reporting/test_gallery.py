"""The gallery's verdicts are those of the README."""

import pytest

from recipes.reporting.paper import GALLERY
from tests.support.paths import ROOT


def missing(report, readme):
    """The rows of the report's first table, and the line that counts them, that another page lacks."""
    lines = report.splitlines()
    head = lines.index("| verdict | claim | experiment and source |")
    rows = [line.replace("](#", f"]({GALLERY}#") for line in lines[head : lines.index("", head)]]
    assert len(rows) > 2
    return [line for line in (lines[head - 2], *rows) if line not in readme.splitlines()]


def test_a_missing_row_is_found():
    table = (
        "1 claim: 1 holds.\n\n| verdict | claim | experiment and source |\n|---|---|---|\n| holds | a | [x](#x) |\n\n"
    )
    whole = table.replace("](#", f"]({GALLERY}#")
    assert missing(table, f"# fnn\n\n{whole}more") == []
    assert missing(table, whole.replace("holds |", "fails |")) == [f"| holds | a | [x]({GALLERY}#x) |"]
    assert missing(table, table) == [f"| holds | a | [x]({GALLERY}#x) |"]


@pytest.mark.skipif(not (ROOT / GALLERY).exists(), reason="needs the report of the paper's size")
def test_the_readme_shows_the_claims_of_the_gallery():
    assert missing((ROOT / GALLERY).read_text(), (ROOT / "README.md").read_text()) == []
