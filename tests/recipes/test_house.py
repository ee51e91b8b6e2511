"""The structure of the recipes: imports go one way, each folder has few entries, and text is UTF-8 by name."""

import ast
import re

import pytest

from tests.support.arrows import wrong_arrows
from tests.support.paths import ROOT

ORDER = [
    "recipes.data",
    "recipes.claims",
    "recipes.training",
    "recipes.recipe",
    "recipes.pictures",
    "recipes.classifiers",
    "recipes.points",
    "recipes.autoencoders",
    "recipes.beyond",
    "recipes.running",
    "recipes.reporting",
    "recipes.bench",
    "recipes.predict",
    "recipes.arguments",
    "recipes.command",
    "recipes.__main__",
]
FAMILIES = ("points", "classifiers", "autoencoders", "beyond")
MOST = 20  # entries of a folder
BYTES_OR_PICTURES = {"os", "gzip", "lzma", "Image"}  # their `open` reads no text


def test_nothing_imports_what_stands_below_it():
    assert wrong_arrows("recipes", ORDER) == []


def test_an_arrow_that_goes_the_wrong_way_is_found():
    assert "recipes.running.plan -> recipes.recipe" in wrong_arrows("recipes", ORDER[::-1])
    assert "recipes.running.plan -> recipes.recipe" in wrong_arrows("recipes", ["recipes.running"])


def test_nothing_in_the_library_imports_recipes():
    importers = [
        path
        for path in (ROOT / "fnn").rglob("*.py")
        if re.search(r"(import|from) recipes", path.read_text(encoding="utf-8"))
    ]
    assert importers == []


@pytest.mark.parametrize("folder", ["", *FAMILIES, "running", "reporting", "bench", "data"])
def test_a_folder_has_few_entries(folder):
    entries = [path.name for path in (ROOT / "recipes" / folder).iterdir() if path.name != "__pycache__"]
    assert 2 < len(entries) <= MOST


def without_an_encoding(source):
    """The lines of a source that read or write text in the encoding of the machine, which differs between machines."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        given = {word.arg: ast.unparse(word.value) for word in call.keywords}
        owner, _, name = ast.unparse(call.func).rpartition(".")
        words = [ast.unparse(each) for each in call.args]
        opens = name in ("open", "fdopen") and (owner not in BYTES_OR_PICTURES or name == "fdopen")
        binary = any(re.fullmatch(r"'[rwxa+]*b[rwxa+]*'", each) for each in [*words, given.get("mode", "")])
        positional = len(words) > {"read_text": 0, "write_text": 1}.get(name, 0)  # the encoding, of a path's method
        texts = owner and name in ("read_text", "write_text") and not positional
        asked = "True" in (given.get("text"), given.get("universal_newlines"))
        if "encoding" not in given and (texts or asked or (opens and not binary)):
            yield call.lineno


def test_text_is_read_and_written_as_utf_8_by_name():
    files = [path for package in ("fnn", "recipes", "tests") for path in (ROOT / package).rglob("*.py")]
    assert len(files) > 150
    found = [f"{path}:{line}" for path in files for line in without_an_encoding(path.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("open(path)", True),
        ("open(path, 'w')", True),
        ("path.open('a')", True),
        ("os.fdopen(descriptor, 'w')", True),
        ("Path(path).read_text()", True),
        ("path.write_text(words)", True),
        ("subprocess.run(command, text=True)", True),
        ("open(path, 'rb')", False),
        ("open(path, mode='wb', opener=own)", False),
        ("open(path, encoding='utf-8')", False),
        ("os.open(path, flags)", False),
        ("path.read_text(encoding='utf-8')", False),
        ("npz.read_text(content, limit)", False),
        ("write_text(path, words)", False),
        ("subprocess.run(command, encoding='utf-8')", False),
    ],
)
def test_text_without_an_encoding_is_found(call, found):
    assert bool(list(without_an_encoding(call))) is found
