"""The help on a recipe: its configuration, its sizes, and how long each takes here."""

import re
from types import SimpleNamespace

import attrs
import numpy as np
import pytest

import fnn
from recipes.classifiers import classifier
from recipes.command import main
from recipes.recipe import Size
from recipes.reporting.usage import usage
from recipes.running import Options, find
from recipes.running.expected import seconds_of
from recipes.training import Run
from tests.support.idx_files import write_bright_rows


def test_it_names_settings_sizes_and_times(tmp_path):
    said = "\n".join(usage(find("batch_size"), Options(data=write_bright_rows(tmp_path), jobs=2)))
    assert "batch_size: Batches of 8 to 256 digits compared (figure 7)." in said
    assert "Groups: batch 8; batch 16; batch 32; batch 64; batch 128; batch 256" in said
    assert re.search(r"\n  hidden +64,32\n  activation +relu\n", said)
    assert re.search(r"\n  batch_size +8 \| 16 \| 32 \| 64 \| 128 \| 256\n", said)
    assert "\n  epochs               50  (by --epochs)\n" in said
    assert re.search(r"\(2 jobs\):\n  by default   3 runs of each of 6 groups, 2 epochs: about \d", said)
    assert re.search(
        r"\n  --paper      15 runs of each of 6 groups, 50 epochs: about \d+ (s|min)\nTrainings that", said
    )


@pytest.mark.parametrize(
    ("called", "said"),
    [
        (["xor", "--help"], r"25 runs, 256 epochs: about \d+ s\n\nOptions:\n  --runs RUNS  "),
        (["xor", "--help"], r"  --set NAME=VALUE (.*\n) +other settings for all groups, as in "),
        (["xor", "-h", "--set", "hidden=3"], r"xor\+hidden=3: .*(.*\n)*  hidden +3\n"),
        (
            ["benchmark", "--help"],
            r"^benchmark: .*\n\nOptions:\n  --runs RUNS  (.*\n)+  --only NAMES +the parts of the benchmark(.*\n)+$",
        ),
        (["--help"], r"Experiments of the paper(.*\n)*.*--epochs"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_command_prints_it(called, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(called) == 0
    assert re.search(said, capsys.readouterr().out)


def test_the_time_grows_with_epochs_runs_and_examples(monkeypatch):
    """On a clock on which an epoch takes 2 s and 1 ms for each example."""
    now = [0.0]
    monkeypatch.setattr("recipes.running.expected.perf_counter", lambda: now[0])

    def run(config, key, data):
        def measure(params):
            now[0] += 2 + len(data.train[0]) / 1000
            return {}

        start = fnn.sgd(0.1).init({"w": np.zeros(1)})
        return Run(start, lambda state, batch: state, lambda epoch: [()], config.epochs, dict, measure)

    def cut(n):
        return SimpleNamespace(train=(range(n),), first=cut)

    config = classifier.Config(epochs=7)
    recipe = attrs.evolve(find("batch_size"), run=run, groups={"a": config, "b": attrs.evolve(config, epochs=5)})
    seconds = seconds_of(recipe, cut(50_000), jobs=2)
    assert seconds(Size(3)) == pytest.approx(3 * (7 + 5) * 52 / 2)
    assert seconds(Size(3, epochs=1, examples=1000)) == pytest.approx(3 * 2 * 3 / 2)
    assert seconds(Size(1)) == pytest.approx((7 + 5) * 52 / 2)
    many = attrs.evolve(recipe, groups={f"{i}": config for i in range(40)}, together=True)
    assert seconds_of(many, cut(1000), jobs=4)(Size(25)) == pytest.approx(40 * 7 * 3 / 4)
