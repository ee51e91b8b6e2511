"""The text of the report, in both formats, for chapters made by hand."""

from recipes.claims import Claim
from recipes.reporting.markdown import markdown
from recipes.reporting.page import html
from recipes.reporting.report import Chapter, tally
from recipes.running.catalogue import find


def written(*claims, lines=()):
    """The page and the Markdown of one chapter."""
    chapter = Chapter(find("mnist"), find("mnist").paper, {}, claims, lines)
    return html("A & B", [chapter], {"seed": "<0>"}), markdown("A & B", [chapter], {"seed": "0"})


def test_text_is_escaped_and_claims_that_fail_have_reasons():
    page, text = written(
        Claim("a < b | c", "x & y", "fails", "because"), Claim("d", "e", "holds", "unsaid"), lines=["1 < 2"]
    )
    assert "a &lt; b | c" in page
    assert "Measured: x &amp; y<br>Reason: because</li>" in page
    assert "<li>1 &lt; 2</li>" in page
    assert "unsaid" not in page + text
    assert "<title>A &amp; B</title>" in page
    assert "<h1>A &amp; B</h1>" in page
    assert text.startswith("# A & B\n")
    assert "&lt;0&gt;" in page
    assert "small" not in text
    assert "| fails | a < b \\| c | [mnist](#mnist-figure-5): the paper, figure 5 |" in text
    assert (
        "\n1. **fails**: a < b | c *(the paper, figure 5)*<br>Measured: x & y<br>Reason: because\n2. **holds**: d"
        in text
    )


def test_a_reason_of_several_claims_is_given_once():
    fails = [
        Claim("a", "m", "fails", "so"),
        Claim("b", "m", "undecided", "so"),
        Claim("c", "m", "fails", "why"),
        Claim("d", "m", "fails", "so"),
        Claim("e", "too few runs: 2", "undecided", "so"),
    ]
    for form in written(*fails):
        assert form.count("Why claims 1, 2 and 4 do not hold: so.") == 1
        assert form.count("Why claim") == 1
        assert form.count("Reason: ") == 1
        assert "Reason: why" in form


def test_the_verdicts_are_counted():
    claims = [Claim("a", "", verdict) for verdict in ("holds", "holds", "fails")]
    for form in written(*claims):
        assert "3 claims: 2 hold, 1 fails, 0 are undecided." in form
    broken = Chapter(find("mnist"), find("mnist").paper, failures=["no convergence"])
    absent = Chapter(find("mnist"), find("mnist").paper, absent=2)
    assert tally([broken]).endswith(" 1 experiment has no results.")
    assert tally([broken, absent]).endswith(" 2 experiments have no results.")
    assert "| no result | 1 run failed" in markdown("A", [broken], {})
    assert "| no result | 2 trainings have not been run yet" in markdown("A", [absent], {})
