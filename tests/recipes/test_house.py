"""The structure of the recipes: imports go one way, and each folder has few entries."""

import re

import pytest

from tests.support.arrows import wrong_arrows
from tests.support.paths import ROOT

ORDER = [
    "recipes.data",
    "recipes.claims",
    "recipes.recipe",
    "recipes.training",
    "recipes.classifiers",
    "recipes.points",
    "recipes.autoencoders",
    "recipes.running",
    "recipes.reporting",
    "recipes.bench",
    "recipes.command",
    "recipes.__main__",
]
FAMILIES = ("points", "classifiers", "autoencoders")
MOST = 20  # entries of a folder


def test_nothing_imports_what_stands_below_it():
    assert wrong_arrows("recipes", ORDER) == []


def test_an_arrow_that_goes_the_wrong_way_is_found():
    assert "recipes.running.plan -> recipes.recipe" in wrong_arrows("recipes", ORDER[::-1])
    assert "recipes.running.plan -> recipes.recipe" in wrong_arrows("recipes", ["recipes.running"])


def test_nothing_in_the_library_imports_recipes():
    importers = [path for path in (ROOT / "fnn").rglob("*.py") if re.search(r"(import|from) recipes", path.read_text())]
    assert importers == []


@pytest.mark.parametrize("folder", ["", *FAMILIES, "running", "reporting", "bench", "data"])
def test_a_folder_has_few_entries(folder):
    entries = [path.name for path in (ROOT / "recipes" / folder).iterdir() if path.name != "__pycache__"]
    assert 2 < len(entries) <= MOST
