"""Two engines agree where the interval of the difference contains 0, and are told apart where it does not."""

import json

import numpy as np
import pytest

from recipes.command import main
from recipes.reporting.engines import compared, rows
from recipes.running import catalogue


def result_of(scores, engine="numpy", recipe="mnist", config=1):
    group = {"configuration": {"rate": config}, "test_accuracy": list(scores)}
    return {"recipe": recipe, **group, "engines": [engine]}


A = np.array([0.97, 0.971, 0.972, 0.969, 0.973, 0.97])


@pytest.mark.parametrize(
    ("other", "same"),
    [(A, "yes"), (A + 0.001 * np.array([1, -1, 1, -1, 1, -1]), "yes"), (A + 0.001, "no"), (A - 0.001, "no")],
)
def test_the_interval_of_the_difference_decides(other, same):
    [row] = compared(result_of(A), result_of(other), "test_accuracy")
    assert row[-1] == same


def test_few_runs_and_other_sizes_decide_nothing():
    [row] = compared(result_of(A[:2]), result_of(A[:2]), "test_accuracy")
    assert row[-1] == "too few runs"
    [row] = compared(result_of(A), result_of(A[:5]), "test_accuracy")  # the five seeds that both have
    assert "5 runs" in row[3]
    assert list(compared(result_of(A), result_of(A, config=2), "test_accuracy")) == []


def test_the_command_reads_two_folders_and_writes_a_table(tmp_path, capsys):
    for folder, engine in (("one", "numpy"), ("other", "jax")):
        (tmp_path / folder / "mnist").mkdir(parents=True)
        text = json.dumps(result_of(A, engine))
        (tmp_path / folder / "mnist" / "result.json").write_text(text, encoding="utf-8")
    assert catalogue.find("mnist").score == "test_accuracy"
    assert len(rows(tmp_path / "one", tmp_path / "other")) == 1
    gallery = tmp_path / "gallery"
    folders = ["--out", str(tmp_path / "one"), "--against", str(tmp_path / "other"), "--gallery", str(gallery)]
    assert main(["engines", *folders]) == 0
    assert "One: numpy. Other: jax." in capsys.readouterr().out
    assert "| yes |" in (gallery / "engines.md").read_text(encoding="utf-8")
    assert main(["engines", "--out", str(tmp_path / "one")]) == 2
    assert main(["engines", "--out", str(tmp_path / "none"), "--against", str(tmp_path / "other")]) == 2
