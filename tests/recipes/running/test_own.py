"""Anyone's recipe runs from the command line by its file or module, from a script, and from a notebook."""

import json
import os
import subprocess
import sys
from types import ModuleType

import pytest

from fnn import Key
from recipes.command import main
from recipes.running import Options, find, run_recipe
from recipes.running.plan import Task
from recipes.running.sweep import sweep
from tests.support.paths import ROOT

RECIPE = '''"""A study of one's own.

It measures nothing.
"""

import attrs
import numpy as np
from matplotlib.figure import Figure

import fnn
from {helper} import SCALE
from recipes.recipe import Recipe, Size, no_data
from recipes.training import Run


@attrs.frozen
class Config:
    epochs: int = 1


def run(config, key, data):
    start = fnn.sgd(0.1).init({{"w": np.zeros(1)}})
    return Run(start, lambda state, batch: state, lambda epoch: [], 0, lambda end: {{"scores": {{"x": SCALE}}}})


RECIPE = Recipe(
    name="own",
    text=__doc__,
    figure="",
    groups={{"own": Config()}},
    run=run,
    load=no_data,
    figures=lambda results, data: {{"own": Figure()}},
    claims=lambda results, data: [],
    paper=Size(3),
    score="x",
)
'''
START = "from recipes.running import Options, run_recipe\n"
SCRIPT = (
    START
    + """
if __name__ == "__main__":
    results, _ = run_recipe(RECIPE, Options(jobs=2))
    print(*(float(run["scores"]["x"]) for run in results["own"]))
"""
)


@pytest.fixture
def folder(tmp_path):
    """A folder with own.py and package/own.py, each with a helper beside it."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    for place, helper in ((tmp_path, "helper"), (tmp_path / "package", ".helper")):
        (place / "own.py").write_text(RECIPE.format(helper=helper), encoding="utf-8")
        (place / "helper.py").write_text("SCALE = 0.9375\n", encoding="utf-8")
    return tmp_path


def called(folder, *arguments):
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["own.py", "package/own.py", "package.own"])
def test_a_recipe_of_one_s_own_is_carried_out_by_its_file_or_module(name, folder):
    command = "-m", "recipes", name, "--jobs", "2"
    status, said = called(folder, *command)
    assert (status, "own: A study of one's own.\n" in said, "x, interquartile mean (IQM) 0.9375 (3 runs)" in said) == (
        0,
        True,
        True,
    ), said
    assert json.loads((folder / "results" / "own" / "result.json").read_text(encoding="utf-8"))["x"] == [0.9375] * 3
    assert "3 of 3 runs are in results/runs already" in called(folder, *command)[1]
    for helper in folder.rglob("helper.py"):
        helper.write_text("SCALE = 65.25\n", encoding="utf-8")
    said = called(folder, "-m", "recipes", name, "--jobs", "1")[1]
    assert "x, interquartile mean (IQM) 65.2500 (3 runs)" in said


def test_a_script_carries_out_its_recipe_and_keeps_the_runs(folder):
    with open(folder / "own.py", "a", encoding="utf-8") as script:
        script.write(SCRIPT)
    status, said = called(folder, "own.py")
    assert (status, "0.9375 0.9375 0.9375\n" in said) == (0, True), said
    assert "3 of 3 runs are in results/runs already" in called(folder, "own.py")[1]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent.py", "no file absent.py; a recipe of your own is path/to/study.py or package.study"),
        ("package/absent", "no file package/absent; "),
        ("package.absent", "no module package.absent; Python looks in "),
        ("empty.py", "empty.py has no RECIPE; write RECIPE = study.study(...) or Recipe(...), as in recipes/README.md"),
        ("number.py", "number.py has a RECIPE of type int; write RECIPE = "),
        ("json.py", "json.py has the name of another module, "),
    ],
)
def test_what_is_no_recipe_is_refused_in_one_line(name, said, tmp_path, monkeypatch, capsys):
    for file, text in (("empty.py", ""), ("number.py", "RECIPE = 1"), ("json.py", "")):
        (tmp_path / file).write_text(text, encoding="utf-8")
    (tmp_path / "package").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main([name]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"python -m recipes: {said}")


def test_an_error_of_the_module_itself_is_shown_as_it_is(tmp_path, monkeypatch):
    (tmp_path / "failing_study.py").write_text("import absent_helper", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="absent_helper"):
        find(str(tmp_path / "failing_study.py"))


def test_what_a_notebook_defines_runs_there_one_after_the_other(tmp_path, monkeypatch):
    session = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", session)
    session.In = ["", RECIPE.format(helper="math").replace("SCALE", "pi")]
    exec(session.In[1], vars(session))
    results, _ = run_recipe(session.RECIPE, Options(runs=2, out=str(tmp_path)))
    assert [round(float(run["scores"]["x"]), 4) for run in results["own"]] == [3.1416] * 2
    task = Task("own", session.run, session.RECIPE.load, None, session.Config(), Key(0))
    with pytest.raises(ValueError, match="worker processes cannot import Config, run, which this session defines"):
        sweep(
            [task, task, Task("own", session.run, session.RECIPE.load, None, session.Config(), Key(1))],
            tmp_path,
            jobs=2,
            fresh=True,
        )


MISTAKES = {  # where a recipe is wrong: what its source says there, and instead; and the line of the traceback
    "file": ("import attrs\n", "import attrs\n\nattrs.absent\n", "attrs.absent"),
    "value": ("import attrs\n", 'import attrs\n\nint("mine")\n', 'int("mine")'),
    "run": ("    start = fnn.", '    raise ValueError("mine")\n    start = fnn.', 'raise ValueError("mine")'),
    "claims": ("data: [],", "data: results.absent,", "results.absent"),
}


def test_a_word_too_many_in_a_recipe_is_shown_with_its_line_alone(tmp_path, monkeypatch, capsys):
    (tmp_path / "misspelt.py").write_text("import attrs\n\nimport fnn as\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert main(["misspelt.py"]) == 1
    said = capsys.readouterr().err
    assert 'misspelt.py", line 3' in said
    assert "SyntaxError" in said
    assert "importlib" not in said


@pytest.mark.parametrize("place", MISTAKES)
def test_a_mistake_in_a_recipe_is_shown_once_from_its_own_line_on(place, tmp_path, monkeypatch, capsys):
    was, wrong, line = MISTAKES[place]
    text = RECIPE.format(helper="math").replace("SCALE", "pi").replace(was, wrong)
    (tmp_path / f"wrong_{place}.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert main([f"wrong_{place}.py", "--jobs", "1"]) == 1
    said = capsys.readouterr().err
    at = said.index("Traceback (most recent call last):\n")
    first, shown, *_ = said[at:].splitlines()[1:]
    assert (said.count("Traceback"), f"wrong_{place}.py" in first, line in shown) == (1, True, True), said
    assert ("All runs are kept in results/runs: mend this" in said) == (place == "claims")
    assert len(list((tmp_path / "results" / "runs").glob("*.npz"))) == (3 if place == "claims" else 0)
    if place == "run":
        assert [f"own: Config(), Key(seed=0, path=({i},))" in said for i in range(3)] == [True] * 3
        assert "epochs" not in said
