"""The simulation of the verdict rules: its rates are those of the rules, and its table is written."""

import re

import pytest

from recipes.claims import ALIKE
from recipes.reporting.verdicts import RECIPE, RULES, rates
from recipes.running.plan import Options


def of(name, truth, trials=300):
    (rule,) = [rule for rule in RULES if (rule.name, rule.truth) == (name, truth)]
    return rates(rule, trials)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.truth in ("better by 0", "ratio 1", "by 0 %")])
def test_where_there_is_no_difference_chance_decides_rarely(rule):
    found = rates(rule, 300)
    assert max(found["holds"], found["fails"]) < 0.085  # 5 % with five runs, less with fifteen
    assert sum(found.values()) == pytest.approx(1)


def test_fifteen_runs_find_the_differences_that_the_paper_reports_and_tell_none_from_some():
    name = "A is better than B, 15 runs of each"
    assert of(name, "better by 0")[ALIKE] > 0.85
    assert of(name, "better by 0.004")["holds"] > 0.98
    assert of("A and B do alike, 15 runs of each", "differ by 0.004")["fails"] > 0.9
    assert of("A varies more than B, 15 runs of each", "ratio 2")["holds"] > 0.55
    assert of("A exceeds a bar, 15 runs", "above by 0.002")["holds"] > 0.95


def test_a_grid_of_three_trainings_a_cell_finds_a_tenth_of_the_error():
    even, uneven = (f"a row of the grid is better, 5 cells of 3 runs{words}" for words in ("", ", of uneven scatter"))
    assert of(even, "by 10 %")["holds"] > 0.95
    assert of(uneven, "by 10 %")["holds"] > 0.5


def test_the_table_is_written(tmp_path, capsys):
    RECIPE.run(Options(quick=True, out=str(tmp_path / "out"), gallery=str(tmp_path / "gallery")))
    text = (tmp_path / "out" / "verdicts" / "verdicts.md").read_text(encoding="utf-8")
    assert text == (tmp_path / "gallery" / "verdicts.md").read_text(encoding="utf-8")
    assert text in capsys.readouterr().out
    assert len(re.findall(r"^\|.*\| [\d.]+ % \|$", text, re.MULTILINE)) == len(RULES)
    assert "100 simulated samples" in text
    assert "| accuracy | 0.002 | half of 0.004" in text
