"""The README of the recipes: its recipe works as it stands, and its table names the options that there are."""

import json
import os
import re
import subprocess
import sys

import pytest

from recipes.command import parser
from tests.support.paths import ROOT

README = (ROOT / "recipes" / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (folder / "width.py").write_text(code, encoding="utf-8")
    return folder


def run(folder):
    command = [sys.executable, "width.py"]
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout


def test_the_recipe_of_the_readme_runs_and_its_runs_are_kept(out):
    assert "holds: Eight hidden neurons do better than one. eight − one: +0." in run(out)
    written = json.loads((out / "results" / "width" / "result.json").read_text(encoding="utf-8"))
    assert min(written["groups"]["eight"]["accuracy"]) > 0.9
    assert (out / "results" / "width" / "width.png").exists()
    assert "10 of 10 runs are in results/runs already" in run(out)


def test_the_readme_names_all_options():
    options = {option for action in parser()._actions for option in action.option_strings if option.startswith("--")}
    assert set(re.findall(r"--[a-z][a-z-]*", README[: README.index("## Sizes")])) == options - {"--help"}


def test_the_readme_names_the_folders():
    table = README[README.index("## What is where") :]
    named = set(re.findall(r"`(\w+)/`", table))
    assert named == {path.name for path in (ROOT / "recipes").iterdir() if path.is_dir() and path.name != "__pycache__"}
