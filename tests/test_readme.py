"""The READMEs: their code runs and prints what they say, their links lead somewhere, and their figures have a source.

Blocks with >>> run as doctests. The recipe in recipes/README.md is tested in recipes/test_recipes_readme.py.
"""

import os
import re
import subprocess
import sys

import pytest
from PIL import Image, ImageDraw

from tests.support.paths import ROOT

READMES = ["README.md", "recipes/README.md", "tests/README.md"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [code for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if ">>>" not in code]
NUMBER = re.compile(r"\d+(?:\.\d+)?")
PATH = re.compile(r"\b(?:fnn|recipes|tests)/[\w/.]*\w")  # from the root, as in a command or between backticks
LINK = re.compile(r"(?<=\]\()[^)\s]+(?=\))")


def output(code, folder):
    """What a new process prints that runs the code in a folder. Warnings are errors."""
    environment = {name: value for name, value in os.environ.items() if name != "JAX_ENABLE_X64"}
    (folder / "block.py").write_text(code, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-W", "error", "block.py"],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    ).stdout


def section(text, title):
    return re.search(rf"^## {title}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[1]


def rows(text):
    """The cells of all rows of all tables, without the heads."""
    lines = re.findall(r"^\|(?![-|]+$)(.*)\|$(?!\n\|-)", text, re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def test_it_is_short():
    assert len(README.splitlines()) <= 200


def test_the_command_that_runs_the_tests_stands_in_one_line():
    first = next(line for line in README.splitlines() if "-m pytest" in line)
    make, install = "python3 -m venv .venv", ".venv/bin/pip install -q -e '.[recipes,test]'"
    assert first == f"{make} && {install} && .venv/bin/python -m pytest -n auto --cov=fnn"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder in which the first of the two commands has trained a network, for fewer epochs; and a picture."""
    folder = tmp_path_factory.mktemp("trained")
    command = [sys.executable, "-m", "recipes", "mnist", "--epochs", "2"]
    subprocess.run(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=True)
    seven = Image.new("RGB", (300, 200), (250, 245, 240))
    ImageDraw.Draw(seven).line([(60, 40), (140, 40), (90, 160)], fill=(20, 20, 120), width=14, joint="curve")
    seven.save(folder / "seven.png")
    return folder


@pytest.mark.parametrize("code", BLOCKS, ids=[f"block {i}" for i in range(len(BLOCKS))])
def test_a_block_prints_what_it_says(code, tmp_path, request):
    """The words exactly. Numbers may depend on the machine's BLAS, and the last ones of a training do."""
    said = re.findall(r"^print\(.*\)  # (.*)$", code, re.MULTILINE)
    folder = request.getfixturevalue("trained") if "results/mnist" in code else tmp_path
    printed = output(code, folder).splitlines()
    assert [NUMBER.sub("#", line) for line in printed] == [NUMBER.sub("#", line) for line in said]
    numbers, expected = ([float(n) for n in NUMBER.findall("\n".join(lines))] for lines in (printed, said))
    assert numbers == pytest.approx(expected, abs=0.02)


def test_the_trained_network_is_used_in_five_lines(trained):
    (block,) = (code for code in BLOCKS if "results/mnist" in code)
    assert len(block.splitlines()) <= 5
    command = [sys.executable, "-m", "recipes", "predict", "results/mnist", "seven.png"]  # as the README says above it
    said = subprocess.run(
        command, cwd=trained, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, encoding="utf-8"
    ).stdout
    assert "seven.png: 7 (" in said
    assert "python -m recipes predict results/mnist seven.png" in README


def test_the_readme_quotes_the_error_of_its_own_layer(tmp_path):
    (own,) = (code for code in BLOCKS if "@fnn.constructor" in code)
    call = """
import pickle, numpy
model = fnn.chain(scaled_linear(3), fnn.relu)
assert model == fnn.chain(scaled_linear(3), fnn.relu) and pickle.loads(pickle.dumps(model)) == model
try:
    model.apply(model.init(fnn.Key(0), (4,))[0], numpy.zeros((5, 6), numpy.float32))
except fnn.LayerError as error:
    print(error)
"""
    assert f"`{output(own + call, tmp_path).strip()}`" in README


@pytest.mark.parametrize("name", READMES)
def test_links_and_paths_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in LINK.findall(text) if not link.startswith("http")]
    named = PATH.findall(LINK.sub("", text))
    assert [link for link in links if not (ROOT / name).parent.joinpath(link).exists()] == []
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_times_are_those_of_the_benchmark():
    benchmark = (ROOT / "recipes/gallery/benchmark.md").read_text(encoding="utf-8")
    times = [row for row in rows(section(README, "Speed and trust")) if len(row) == 6]
    assert times
    for workload, fnn, *ratios in times:
        (table,) = (part for part in benchmark.split("\n**") if re.match(rf"\w+: {workload}\*\*", part))
        assert f"| fnn | {fnn} |" in table
        found = {row[0]: row for row in rows(table)}
        for peer, ratio in zip(("PyTorch", "scikit-learn", "JAX, jit", "JAX, scan"), ratios, strict=True):
            cells = found.get(peer) or found.get(f"{peer} of a step") or found.get(f"{peer} of an epoch") or []
            assert not ratio or any(cell.startswith(f"{ratio} (") for cell in cells), (workload, peer)


def test_the_promises_are_those_that_tests_keep():
    promises = [row for row in rows(section(README, "Speed and trust")) if len(row) == 2]
    kept = {
        (row[0], row[-1])
        for row in rows(section((ROOT / "tests/README.md").read_text(encoding="utf-8"), "What is promised"))
    }
    assert promises
    assert set(map(tuple, promises)) <= kept
