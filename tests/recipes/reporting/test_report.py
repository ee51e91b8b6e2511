"""The text of the report, in both formats, for chapters made by hand."""

from recipes.claims import ALIKE, NOT_JUDGED, Claim
from recipes.recipe import Size
from recipes.reporting.markdown import markdown
from recipes.reporting.page import html
from recipes.reporting.printed import describe
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
        Claim("e", "too few runs: 2", NOT_JUDGED, "so"),
    ]
    for form in written(*fails):
        assert form.count("Why claims 1, 2 and 4 do not hold: so.") == 1
        assert form.count("Why claim") == 1
        assert form.count("Reason: ") == 1
        assert "Reason: why" in form


def test_the_verdicts_are_counted():
    claims = [Claim("a", "", verdict) for verdict in ("holds", "holds", "fails")]
    claims.append(Claim("b", "", ALIKE, source="ours"))
    for form in written(*claims):
        assert "3 claims of the paper: 2 hold, 1 fails. 1 claim of ours: 1 shows no difference that matters." in form
        assert form.count("4 claims are judged.") == 1
        assert "if all 4 were untrue, some 0 would hold by chance" in form
    broken = Chapter(find("mnist"), find("mnist").paper, failures=["no convergence"])
    absent = Chapter(find("mnist"), find("mnist").paper, absent=2)
    assert tally([broken]).endswith("1 experiment has no results.")
    assert tally([broken, absent]).endswith("2 experiments have no results.")
    assert "| no result | 1 run failed" in markdown("A", [broken], {})
    assert "| no result | 2 trainings have not been run yet" in markdown("A", [absent], {})


def test_a_bar_says_where_it_comes_from_and_a_verdict_has_one_word_as_its_kind():
    claim = Claim("a", "0.98, to exceed 0.97", ALIKE, bar="set beforehand")
    for form in written(claim):
        assert "0.98, to exceed 0.97 (the bar: set beforehand)" in form
    assert 'class="verdict alike">no difference that matters<' in written(claim)[0]


def test_trainings_that_were_cut_off_are_not_judged():
    recipe, claims = find("mnist"), [Claim("a", "m", "holds"), Claim("b", "m", "fails", "why")]
    assert recipe.told(Size(15), claims) == claims
    assert recipe.told(Size(6, epochs=20), claims) == claims  # the paper's own number of epochs
    for size in (Size(15, epochs=19), Size(15, examples=1000)):
        told = recipe.told(size, claims)
        assert [claim.verdict for claim in told] == [NOT_JUDGED] * 2
        lines = describe(recipe, size, {"mnist": [{"scores": {"test_accuracy": 0.97}}] * 15}, claims)
        assert lines[-1].startswith("not the paper's size: ")
        assert lines[-1].endswith("; no claim is judged; try --paper")
        assert not any("the paper shows" in line for line in lines)
    results = {"mnist": [{"scores": {"test_accuracy": 0.97}}] * 15}
    assert any("the paper shows 0.9701" in line for line in describe(recipe, Size(15), results, claims))
    elsewhere = [Claim("a", "m", "holds", source="ours, after the paper")]
    assert not any("the paper shows" in line for line in describe(recipe, Size(15), results, elsewhere))
