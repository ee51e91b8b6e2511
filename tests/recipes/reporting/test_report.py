"""The text of the report, in both formats, for chapters made by hand."""

import re

import attrs
import pytest

from fnn.plot import boxes
from recipes.claims import ALIKE, NOT_JUDGED, Claim
from recipes.pictures import sized
from recipes.recipe import Finding, Size
from recipes.reporting.findings import finding
from recipes.reporting.markdown import markdown
from recipes.reporting.page import html
from recipes.reporting.printed import describe
from recipes.reporting.report import CODE, RULE, Chapter, tally
from recipes.reporting.wording import numbers
from recipes.running.catalogue import find, names, reported


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
        runs = [{"scores": {"test_accuracy": 0.97}}] * size.runs
        lines = describe(recipe, size, {"mnist": runs}, claims)
        assert lines[-1].startswith("the 2 claims are not judged (not the paper's size: ")
        assert lines[-1].endswith(
            "): --explain says what was measured, and --paper gives verdicts; --help says how long it takes"
        )
        *_, a, of_a, b, of_b, last = describe(recipe, size, {"mnist": runs}, claims, explain=True)
        assert (a, of_a.strip(), b, of_b.strip()) == ("not judged: a", "measured: m", "not judged: b", "measured: m")
        assert "--explain" not in last
        assert not any("the paper shows" in line for line in lines)
    few = attrs.evolve(recipe, paper=Size(2))
    *_, last = describe(few, Size(2), {"mnist": runs[:2]}, [Claim("a", "m", NOT_JUDGED)], explain=True)
    assert last == "the claim is not judged (2 runs of each: too few): verdicts need more runs"
    results = {"mnist": [{"scores": {"test_accuracy": 0.97}}] * 15}
    assert any("the paper shows 0.9701" in line for line in describe(recipe, Size(15), results, claims))
    elsewhere = [Claim("a", "m", "holds", source="ours, after the paper")]
    assert not any("the paper shows" in line for line in describe(recipe, Size(15), results, elsewhere))


def test_the_report_begins_with_findings_and_ends_with_the_rule_all_claims_and_provenance():
    claim = Claim("It reads well.", "m", "holds")
    chapter = Chapter(find("mnist"), find("mnist").paper, {}, [claim], finding="Networks read.")
    for form in (html("A", [chapter], {}), markdown("A", [chapter], {})):
        order = "Networks read.", "1 claim of the paper: 1 holds.", "✓ holds", "Settings", RULE[2:100], CODE[:20]
        places = [form.index(words) for words in order]
        assert places == sorted(places)
        assert form.count("Networks read.") == 1
        assert form.rindex("It reads well.") > form.index("How claims are judged")
    silent = attrs.evolve(chapter, finding="")
    assert "Findings" not in html("A", [silent], {}) + markdown("A", [silent], {})


def test_a_finding_words_the_verdict_and_fills_in_scores():
    recipe = attrs.evolve(
        find("batch_size"),
        finding=[Finding("a is", holds="Yes ({batch 8}).", fails="No.", alike="Alike."), Finding("b", holds="And b.")],
    )
    results = {"batch 8": [{"scores": {"test_accuracy": 0.97}}] * 5}

    def said(*verdicts):
        return finding(recipe, results, [Claim(f"{x} is so", "", v) for x, v in zip("ab", verdicts, strict=False)])

    assert said("holds", "holds") == "Yes (0.9700). And b."
    assert said("fails", "fails") == "No."
    assert said(ALIKE) == "Alike."
    assert said("undecided", "holds") == "And b."
    assert said(NOT_JUDGED, NOT_JUDGED) == said() == ""


@pytest.mark.parametrize("name", names)
def test_the_findings_of_a_recipe_name_its_groups(name):
    recipe = find(name)
    for each in recipe.finding:
        sentences = each.holds, each.fails, each.alike, each.undecided
        groups = {found for sentence in sentences for found in re.findall(r"\{(.*?)\}", sentence)}
        assert groups <= recipe.groups.keys()
        assert all(sentence.endswith(".") for sentence in sentences if sentence)
    assert sum(bool(find(each).finding) for each in reported["paper"]) == 10


def test_the_overview_shows_few_numbers_and_the_papers_beside_them():
    runs = [{"scores": {"test_accuracy": 0.97}}] * 15
    page, text = (
        form("A", [Chapter(find("mnist"), Size(15), numbers=numbers(find("mnist"), {"mnist": runs}))], {})
        for form in (html, markdown)
    )
    assert "<tr><td></td><td>0.9700</td><td>0.9701</td></tr>" in page
    assert "| [mnist](#mnist-figure-5) | test accuracy, 15 runs:<br>0.9700 | 0.9701 |" in text
    of_eight = {name: [{"scores": {"test_accuracy": i / 10}}] for i, name in enumerate(find("initializers").groups)}
    assert numbers(find("initializers"), of_eight) == [
        ("lowest: normal", "0.0000", ""),
        ("highest: orthogonal", "0.7000", ""),
    ]
    assert [name for name, _, _ in numbers(find("batch_size"), dict.fromkeys(find("batch_size").groups, runs))] == [
        "batch 8",
        "batch 64",
    ]


def test_a_chapter_without_pictures_says_why():
    cut_off, whole = (
        Chapter(find("mnist"), size, {}, [Claim("a", "m", NOT_JUDGED)]) for size in (Size(2, 5), Size(15))
    )
    for form in (html, markdown):
        assert "these trainings were cut off" in form("A", [cut_off], {})
        assert "these trainings were cut off" not in form("A", [whole], {})


def test_a_picture_says_its_size():
    grid, mnist = find("autoencoder_grid"), find("mnist")
    assert mnist.beside(Size(3, epochs=2)) == "3 runs of 2 epochs; the paper's size: 15 of 20"
    assert find("xor").beside(find("xor").paper) == ""
    assert mnist.beside(Size(5, epochs=20)) == "5 runs of 20 epochs; the paper's size: 15 of 20"
    assert mnist.beside(Size(2)) == "2 runs; the paper's size: 15"
    own = attrs.evolve(mnist, figure="")  # it repeats nothing of the paper
    assert own.beside(Size(2)) == "2 runs; the full size: 15"
    assert own.shortfall(Size(2)) == "not the full size: 2 runs instead of 15"
    assert grid.beside(Size(1, 1, 5000)) == "1 run of 1 epoch on 5,000 examples; the paper's size: 3 of 200 on all"
    figure = boxes({"a": [1.0, 2.0]}).figure
    height, axes = figure.get_size_inches()[1], figure.axes[0]
    assert sized(figure, "") is figure
    assert not figure.texts
    sized(figure, "2 runs")
    figure.draw_without_rendering()
    (text,) = figure.texts
    assert text.get_text() == "2 runs"
    assert figure.get_size_inches()[1] > height
    assert not text.get_window_extent().overlaps(axes.get_tightbbox())
