"""The README of the recipes: its recipes work as they stand, and its table names the options that there are."""

import json
import os
import re
import subprocess
import sys

import pytest

from recipes.arguments import parser
from tests.support.idx_files import write_bright_rows
from tests.support.paths import ROOT

README = (ROOT / "recipes" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    study, recipe, _ = BLOCKS
    (folder / "my_dropout.py").write_text(study, encoding="utf-8")
    (folder / "width.py").write_text(recipe, encoding="utf-8")
    return folder


def run(folder, *arguments):
    command = [sys.executable, *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout


def test_the_recipe_of_the_readme_runs_and_its_runs_are_kept(out):
    assert "holds: Eight hidden neurons do better than one. eight − one: +0." in run(out, "width.py")
    written = json.loads((out / "results" / "width" / "result.json").read_text(encoding="utf-8"))
    assert min(written["groups"]["eight"]["accuracy"]) > 0.9
    assert (out / "results" / "width" / "width.png").exists()
    assert "10 of 10 runs are in results/runs already" in run(out, "width.py")


def test_the_study_of_the_readme_has_30_lines_and_runs(out):
    small, options = write_bright_rows(out), ("--runs", "2", "--epochs", "2", "--jobs", "2")
    assert len((out / "my_dropout.py").read_text(encoding="utf-8").splitlines()) <= 30
    said = run(out, "-m", "recipes", "my_dropout.py", *options, "--data", small)
    assert "dropout 0.4: test accuracy, IQM 0." in said
    assert "written to results/my_dropout" in said
    written = json.loads((out / "results" / "my_dropout" / "result.json").read_text(encoding="utf-8"))
    assert [group["configuration"]["dropout"] for group in written["groups"].values()] == [0.0, 0.2, 0.4]
    assert {claim["source"] for claim in written["claims"]} == {"ours"}
    assert (out / "results" / "my_dropout" / "my_dropout.png").exists()
    assert "dropout(0.4)" in written["groups"]["dropout 0.4"]["network"]


def test_a_study_gives_verdicts_at_the_full_size_that_it_chooses(out):
    field = "    dropout: float = 0.0\n"
    short = BLOCKS[0].replace(field, f"{field}    epochs: int = 3\n").replace(" run=run,", " runs=5, run=run,")
    (out / "short.py").write_text(short.replace('"my_dropout"', '"short"'), encoding="utf-8")
    said = run(
        out, "-m", "recipes", "short.py", "--paper", "--explain", "--jobs", "2", "--data", write_bright_rows(out)
    )
    assert said.count("; ended by the limit of 3 epochs, with patience left: 5 of 5 runs of dropout 0.0, ") == 2
    assert ("not judged" in said, "the full size" in said, "the paper's size" in said) == (False, False, False)


def test_a_recipe_is_carried_out_with_other_settings_from_python(out):
    said = run(out, "-c", BLOCKS[2])
    assert "one: accuracy, interquartile mean (IQM) 0." in said
    written = json.loads((out / "results" / "width+batch_size=64" / "result.json").read_text(encoding="utf-8"))
    assert (written["size"]["runs"], written["groups"]["eight"]["configuration"]["batch_size"]) == (2, 64)


def test_the_readme_names_all_options():
    options = {option for action in parser()._actions for option in action.option_strings if option.startswith("--")}
    assert set(re.findall(r"--[a-z][a-z-]*", README[: README.index("## Sizes")])) == options


def test_the_readme_names_the_folders():
    table = README[README.index("## What is where") :]
    named = set(re.findall(r"`(\w+)/`", table))
    assert named == {path.name for path in (ROOT / "recipes").iterdir() if path.is_dir() and path.name != "__pycache__"}
