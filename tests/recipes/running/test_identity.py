"""The names of kept results: neither a moved module nor a new field changes them, a change of the code does."""

import re
import shutil
import subprocess
import sys

import attrs
import pytest

from fnn import Key
from recipes.recipe import Recipe, no_data
from recipes.running.catalogue import find, names
from recipes.running.plan import Task
from recipes.running.sweep import sweep
from tests.support.paths import ROOT

NAMED = """
import sys
from pathlib import Path
from fnn import Key
from recipes.running.catalogue import find
from recipes.running.plan import Task
from recipes.running.sweep import path_of
for name in sys.argv[1:]:
    recipe = find(name)
    config = next(iter(recipe.groups.values()))
    print(path_of(Task(recipe.trains or name, recipe.run, recipe.load, None, config, Key(0)), Path()))
"""
RECIPES = ("xor", "optimizers", "denoising")


@attrs.frozen
class Before:
    rate: float
    epochs: int = 20


@attrs.frozen
class After:
    rate: float
    epochs: int = 20
    widths: list = attrs.field(factory=lambda: [64, 32])
    patience: int = 5


def test_a_new_field_with_a_default_does_not_rename_results():
    def identity(config):
        return Task("x", no_data, no_data, None, config, Key(0)).identity()

    assert identity(Before(0.1)) == identity(After(0.1))
    assert identity(Before(0.1, epochs=5)) == identity(After(0.1, epochs=5))
    assert identity(After(0.1)) != identity(After(0.1, patience=4))
    assert identity(After(0.1)) != identity(After(0.1, widths=[64]))
    assert identity(After(0.1)) != identity(After(0.2))


def test_results_are_shared_by_equal_functions_only():
    runs = {}
    for recipe in map(find, names):
        assert isinstance(recipe, Recipe)
        assert runs.setdefault(recipe.trains or recipe.name, recipe.run) is recipe.run, recipe.name
    shared = [name for name in names if find(name).trains]
    assert {find(name).trains for name in shared} == {"classifier", "autoencoder", "denoiser"}


def one(config, key, data):
    raise NotImplementedError


def other(config, key, data):
    raise NotImplementedError


def test_two_functions_under_one_name_are_refused(tmp_path):
    tasks = [Task("x", run, no_data, None, Before(0.1), Key(0)) for run in (one, other)]
    with pytest.raises(ValueError, match=r"two different functions keep their results under the name 'x'"):
        sweep(tasks, tmp_path, jobs=1)


@pytest.fixture
def copied(tmp_path):
    """The packages, without what they measured and their data."""
    for package in ("fnn", "recipes"):
        ignored = shutil.ignore_patterns("__pycache__", "gallery", "*.gz")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    return tmp_path


def paths(folder, **environment):
    """The names of the results of `RECIPES`, each as the part of its identity and the part of its code."""
    command = [sys.executable, "-c", NAMED, *RECIPES]
    found = subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": "", **environment}, capture_output=True, encoding="utf-8", check=True
    )
    return [tuple(line.split(".")[:2]) for line in found.stdout.splitlines()]


def rewrite(folder, pattern, text):
    for path in folder.rglob("*.py"):
        path.write_text(re.sub(pattern, text, path.read_text(encoding="utf-8")), encoding="utf-8")


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_neither_line_ends_nor_the_encoding_of_the_machine_change_a_name(copied):
    before = paths(copied)
    for path in copied.rglob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert paths(copied, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0") == before  # ASCII


def test_a_move_changes_nothing_and_a_change_of_the_code_marks_the_runs_that_it_reaches(copied):
    before = paths(copied)
    assert len(set(before)) == len(RECIPES)

    # Modules and their importers are moved, then one function; then words and claims change.
    (copied / "recipes" / "moved").mkdir()
    shutil.move(copied / "recipes" / "points" / "ensemble.py", copied / "recipes" / "moved" / "together.py")
    rewrite(copied / "recipes", r"from recipes\.points import ensemble", "from recipes.moved import together")
    rewrite(copied / "recipes", r"\bensemble\.(?=train|in_random|comparison)", "together.")
    rewrite(copied / "recipes", r"recipes\.points\.ensemble", "recipes.moved.together")
    shutil.move(copied / "fnn" / "losses", copied / "fnn" / "costs")
    rewrite(copied, r"from fnn import (.*)\blosses\b", r"from fnn import \1costs as losses")
    rewrite(copied, r"fnn\.losses", "fnn.costs")

    text = (copied / "recipes" / "training.py").read_text(encoding="utf-8")
    start = text.index("def _nothing(")
    end = text.index("@attrs.frozen")
    head = '"""Ends."""\n\nfrom collections.abc import Mapping\nfrom typing import Any\n\nfrom fnn import tree\n\n'
    (copied / "recipes" / "ends.py").write_text(
        f"{head}Record = Mapping[str, Any]\n\n\n{text[start:end]}", encoding="utf-8"
    )
    (copied / "recipes" / "training.py").write_text(
        text[:start] + "from recipes.ends import _latest, _nothing\n\n\n" + text[end:], encoding="utf-8"
    )

    edit(copied / "recipes" / "points" / "xor.py", '"""The points of four blobs', '"""Points\n\n    of four blobs')
    edit(copied / "recipes" / "points" / "xor.py", "SLACK = 0.05", "SLACK = 0.07  # of a claim")
    edit(copied / "fnn" / "training" / "epochs.py", "def epochs(", "# A comment.\ndef epochs(")
    assert paths(copied) == before

    edit(copied / "recipes" / "autoencoders" / "denoiser.py", "RIDGE = 1e-5", "RIDGE = 1e-4")
    changed = paths(copied)
    assert [a == b for a, b in zip(before, changed, strict=True)] == [True, True, False]
    edit(copied / "recipes" / "moved" / "together.py", "axis=1", "axis=2")
    edit(
        copied / "recipes" / "classifiers" / "classifier.py",
        "patience: int = 5",
        "patience: int = 5\n    more: int = 1",
    )
    edit(copied / "recipes" / "autoencoders" / "autoencoder.py", "patience: int = 5", "patience: int = 6")
    changed = paths(copied)
    assert [a == b for (_, a), (_, b) in zip(before, changed, strict=True)] == [False] * 3
    assert [a == b for (a, _), (b, _) in zip(before, changed, strict=True)] == [True, True, False]
