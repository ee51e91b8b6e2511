"""The benchmark's tables and pictures, and its command."""

import json
import re
from functools import partial

import attrs
import pytest

import fnn
from recipes.bench import cost, estimators, gpu, stages, threads, workloads
from recipes.bench.measure import Measured, cores, environment
from recipes.bench.table import table
from recipes.bench.workloads import WORKLOADS
from recipes.command import main
from recipes.running.engine import Engine


def test_rows_without_a_base_or_with_another_score_say_so():
    close, far = Measured((1.0,), 0.93), Measured((1.0,), 0.5)
    rows = table("title", {"fnn": Measured((2.0,), 0.95), "close": close, "far": far}, steps=1000)
    assert rows[-2] == "| close | 1.00 s | 1000 µs | 2.00 (2.00 to 2.00) | 0.9300 |"
    assert rows[-1].startswith("| far | 1.00 s | 1000 µs | 2.00 (2.00 to 2.00) | 0.5000: **not the same work**")
    assert table("title", {"fnn": Measured(missing="gone"), "far": far})[-2:] == [
        "| fnn | not available: gone |  |  |",
        "| far | 1.00 s |  | 0.5000 |",
    ]


def test_cost_and_threads_are_tables_and_a_picture(data, monkeypatch):
    monkeypatch.setattr(cost, "AXES", {"width": ((4, 8), lambda n: workloads.classifier(n, batch=16))})
    monkeypatch.setattr(threads, "NAMES", ("e1",))
    monkeypatch.setitem(WORKLOADS, "e1", attrs.evolve(WORKLOADS["e1"], repeat=2))
    found = cost.costs(data, rounds=1)
    assert found["width"][8].work == 32 * (2 * 16 * 8 + 3 * 8 * 4)  # of 40 examples two batches
    assert "| width | 4: " in "\n".join(cost.table(found))
    assert len(cost.figure(found).axes) == 1
    pair = threads.measure(data, rounds=1)
    assert len(threads.table(pair)) == 6
    assert len(cores(2)) <= 2


def test_the_part_for_a_gpu_carries_out_the_same_code_without_one(data, monkeypatch):
    make = workloads.classifier(8, batch=16)
    monkeypatch.setattr(gpu, "DEVICE", "cpu")
    monkeypatch.setattr(gpu, "NETWORKS", (1, 2))
    monkeypatch.setattr(gpu, "TRAINED", {"one": ("small", make, {gpu.FOLD: "fnn_jax.train", "nobody": "nobody.train"})})
    monkeypatch.setattr(gpu, "classifier", lambda *hidden: workloads.classifier(*hidden, batch=16))
    monkeypatch.setattr(gpu, "seeds", lambda n: lambda data: attrs.evolve(workloads.seeds(n)(data), batch=16))
    text = "\n".join(gpu.finding(data, rounds=2, name="one").lines)
    assert re.search(r"\| fnn, compiled fold \| .* \| 1.00 ", text)
    assert "| nobody | not available: ModuleNotFoundError" in text
    one, two = gpu.finding_of_seeds(data, rounds=2).lines[-2:]
    assert one.startswith("| 1 | ")
    assert one.endswith(" | 1.00 (1.00 to 1.00) |")
    assert two.startswith("| 2 | ")
    assert "not available" not in two


@pytest.mark.parametrize(("device", "says"), [("cpu", "JAX finds no GPU"), ("gpu", "")])
def test_without_a_gpu_the_part_says_so(data, monkeypatch, device, says):
    monkeypatch.setattr(gpu, "engine", lambda fold: Engine(fold, "1", (device, "its name")))
    monkeypatch.setattr(gpu, "measure", lambda problem, peers, rounds: {})
    monkeypatch.setattr(gpu, "growth", lambda data, rounds: {})
    for finding in (partial(gpu.finding, name="one"), gpu.finding_of_seeds):
        assert ("JAX finds no GPU" in "\n".join(finding(data, rounds=1).lines)) is bool(says)


def test_a_peer_on_a_gpu_finds_it_and_shares_its_memory():
    assert environment(1)["JAX_PLATFORMS"] == "cpu"
    assert environment(1, gpu=True)["JAX_PLATFORMS"].startswith("cuda")
    assert environment(1, gpu=True)["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"


def test_command_writes_what_it_measured(small, tmp_path, monkeypatch, capsys):
    peers = {"fnn": "fnn_numpy.infer", "nobody": "nobody.infer"}
    monkeypatch.setitem(WORKLOADS, "e1", attrs.evolve(WORKLOADS["e1"], peers=peers, repeat=3))
    call = ["benchmark", "--quick", "--runs", "2", "--data", small, "--out", str(tmp_path), "--only"]
    assert main([*call, "e1,compiled,import"]) == 0
    printed = capsys.readouterr().out
    written = json.loads((tmp_path / "benchmark" / "result.json").read_text(encoding="utf-8"))
    assert len(written["e1"]["values"]["fnn"]["seconds"]) == 2
    assert written["compiled"]["values"]["apart"] < 1e-5
    assert written["import"]["values"]["imports"] == []
    assert "rounds: 2; quick" in written["e1"]["measured"]
    gallery = tmp_path / "gallery"
    assert main([*call, "import", "--gallery", str(gallery)]) == 0  # keeps the other parts
    again = json.loads((tmp_path / "benchmark" / "result.json").read_text(encoding="utf-8"))
    assert again["e1"] == written["e1"]
    report = (tmp_path / "benchmark" / "benchmark.md").read_text(encoding="utf-8")
    assert report.count("rounds: 2; quick") == report.count("| fnn | ") == report.count("`import fnn` adds") == 1
    assert re.findall(r"\]\((.*)\)", report) == ["benchmark.png", "compiled.png"]
    assert "## How it is measured" in report
    assert "## Findings" in report
    assert (gallery / "benchmark.md").read_text(encoding="utf-8") == report
    assert {path.name for path in gallery.iterdir()} == {"benchmark.md", "benchmark.png", "compiled.png"}
    assert "| fnn | " in printed
    assert {path.name for path in (tmp_path / "benchmark").glob("*.png")} == {"benchmark.png", "compiled.png"}
    assert main([*call, "a128,z"]) == 2
    assert "no part 'z'; there are a8, " in capsys.readouterr().err
    assert main(["mnist", "--only", "e"]) == 2
    assert "mnist takes no --only" in capsys.readouterr().err


def test_a_measurement_is_kept_where_it_cannot_be_made(small, tmp_path, monkeypatch):
    gallery = tmp_path / "gallery"
    call = ["benchmark", "--quick", "--data", small, "--out", str(tmp_path), "--only", "gpu_one"]
    call += ["--gallery", str(gallery)]
    result = tmp_path / "benchmark" / "result.json"
    monkeypatch.setattr(gpu, "measure", lambda problem, peers, rounds: {gpu.FOLD: Measured((2.0,), 0.95)})
    for device, kept in (("cpu", None), ("gpu", [2.0]), ("cpu", [2.0])):
        monkeypatch.setattr(gpu, "engine", lambda fold, device=device: Engine(fold, "1", (device, "its name")))
        assert main(call) == 0
        part = json.loads(result.read_text(encoding="utf-8"))["gpu_one"]
        assert (part["values"] and part["values"][gpu.FOLD]["seconds"]) == kept
        page = gallery / "benchmark.md"
        assert ("not measured; JAX finds no GPU" in page.read_text(encoding="utf-8")) is (not kept)
        page.unlink()  # each call writes it anew


def test_the_stages_of_a_step_are_timed_within_real_steps(data):
    found = stages.timed(data, 8)
    assert {len(seconds) for seconds in found.values()} == {len(fnn.batches(fnn.Key(1), data.train, 8))}
    assert all(second > 0 for seconds in found.values() for second in seconds)
    assert len(stages.table({8: dict.fromkeys(found, 1e-06)})) == 5 + len(found)


def test_the_estimators_are_compared_on_the_same_folds():
    found = estimators.measure(["iris", "diabetes"], rounds=2, epochs=3)
    for peers in found.values():
        assert {(peer, len(each["seconds"]), len(each["scores"])) for peer, each in peers.items()} == {
            ("fnn", 2, 10),
            ("scikit-learn", 2, 10),
        }
    rows = estimators.table(found)
    assert [row.split(" | ")[0] for row in rows[-2:]] == ["| iris", "| diabetes"]
    assert rows[-1].count("±") == 2
