"""The benchmark, small: every peer does the same work, and what cannot be measured says why."""

import json
import os
from importlib import import_module
from time import sleep

import attrs
import numpy as np
import pytest

import fnn
from recipes.bench import cost, measure, stages, threads, workloads
from recipes.bench.measure import Measured, cores, in_turn, time_to_score
from recipes.bench.picture import bars
from recipes.bench.problem import Problem
from recipes.bench.table import table
from recipes.bench.workloads import READERS, SMALL, TRAINERS, WORKLOADS
from recipes.command import main
from recipes.data import digits
from tests.support.idx_files import write_bright_rows

WITHOUT_OUTPUT, SLOW_TO_COMPILE = {"products.train", "products.infer"}, {"torch_compiled.train"}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_bright_rows(tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="module")
def data(small):
    return digits.load(small).first(40)


def session(peer, problem):
    """A peer's session, or a skipped test where it is not installed."""
    module, _, function = peer.rpartition(".")
    try:
        return getattr(import_module(f"recipes.bench.peers.{module}"), function)(problem)
    except ImportError as error:
        pytest.skip(str(error))


def outputs(peer, problem, epochs=2):
    """What a peer's network gives after some epochs: of a classifier the probabilities, as scikit-learn gives them."""
    working = session(peer, problem)
    with working.around():
        for epoch in range(epochs):
            working.run(epoch)
    y = np.asarray(working.predict(problem.test[0]))
    return y if problem.loss == "mse" or peer.startswith("sklearn") else fnn.softmax.apply({}, y)


MEAN_SQUARED = {name: peer for name, peer in TRAINERS.items() if name != "scikit-learn"}  # it has no such loss
PROBLEMS = {
    "classifier": (workloads.classifier(8, 6, batch=16), TRAINERS),
    "autoencoder": (lambda data: attrs.evolve(workloads.autoencoder(data), batch=16), MEAN_SQUARED),
    "networks": (lambda data: workloads.exclusive_or(data, runs=3), SMALL),
    "one image": (workloads.reading(1), READERS),
}


@pytest.mark.parametrize(
    ("name", "peer"),
    [
        (name, peer)
        for name, (_, peers) in PROBLEMS.items()
        for peer in sorted(set(peers.values()) - WITHOUT_OUTPUT - SLOW_TO_COMPILE - {peers["fnn"]})
    ],
)
def test_peers_end_with_the_network_that_fnn_ends_with(data, name, peer):
    make, peers = PROBLEMS[name]
    problem = make(data)
    np.testing.assert_allclose(outputs(peer, problem), outputs(peers["fnn"], problem), atol=2e-4)


@pytest.mark.parametrize("name", ["classifier", "autoencoder", "networks"])
def test_the_network_that_fnn_ends_with_is_not_that_of_the_start(data, name):
    make, peers = PROBLEMS[name]
    problem = make(data)
    assert problem.order(0).size > 0
    moved = outputs(peers["fnn"], problem) - outputs(peers["fnn"], problem, epochs=0)
    assert np.max(np.abs(moved)) > 2e-3


@pytest.mark.parametrize("name", ["classifier", "autoencoder"])
def test_what_pytorch_compiles_is_the_same_step(data, name):
    torch_compiled = pytest.importorskip("recipes.bench.peers.torch_compiled", exc_type=ImportError)
    problem = attrs.evolve(PROBLEMS[name][0](data), optimizer="sgd", rate=0.1)
    working = torch_compiled.train(problem, backend="eager")
    for epoch in range(2):
        working.run(epoch)
    y, expected = working.predict(problem.test[0]), outputs("fnn_numpy.train", problem)
    np.testing.assert_allclose(y if name == "autoencoder" else fnn.softmax.apply({}, y), expected, atol=2e-4)


@pytest.mark.parametrize(("name", "peer"), [("classifier", "products.train"), ("one image", "products.infer")])
def test_the_floor_runs(data, name, peer):
    problem = PROBLEMS[name][0](data)
    floor = session(peer, problem)
    floor.run(0)
    assert problem.score(floor.predict(problem.test[0])) is None


@pytest.mark.parametrize("runs", [0, 3])
def test_the_order_of_a_problem_is_that_of_fnns_batches(data, runs):
    problem = workloads.exclusive_or(data, runs=3) if runs else workloads.classifier(8, batch=16)(data)
    places = np.arange(problem.train[1].shape[-1])
    for epoch in range(2):
        key = fnn.fold_in(fnn.Key(problem.seed), epoch)
        batches = [batch for (batch,) in fnn.batches(key, (places,), problem.batch, drop_last=True)]
        np.testing.assert_array_equal(problem.order(epoch), batches)


def test_every_workload_is_of_the_networks_in_its_title(data):
    sizes = {name: "-".join(map(str, each.problem(data).sizes)) for name, each in WORKLOADS.items()}
    assert sizes["b"] == "16-512-512-4"
    assert sizes["d"] == "2-8-2"
    assert {sizes[name] for name in ("a8", "a32", "a128", "a256", "e", "e1", "f")} == {"16-64-32-4"}
    assert [each.problem(data).batch for each in WORKLOADS.values()] == [8, 32, 128, 256, 128, 128, 32, 128, 128, 128]
    assert all(each.peers["fnn"].startswith("fnn_numpy") for each in WORKLOADS.values())


def test_peers_are_measured_in_turn_and_the_missing_say_why(data):
    problem = workloads.classifier(8, batch=16)(data)
    cannot = attrs.evolve(problem, output="sigmoid", loss="mse")
    peers = {"fnn": "fnn_numpy.train", "two": "fnn_numpy.train@2", "nobody": "nobody.train"}
    found = in_turn(problem, peers, rounds=3)
    assert [len(each.seconds) for each in found.values()] == [3, 3, 0]
    assert min(found["fnn"].seconds) > 0
    assert found["fnn"].score == found["two"].score > 0.1
    assert "No module named 'recipes.bench.peers.nobody'" in found["nobody"].missing
    refused = in_turn(cannot, {"scikit-learn": "sklearn_mlp.train"}, rounds=1)
    assert "no such output layer" in refused["scikit-learn"].missing
    assert "| nobody | not available: ModuleNotFoundError" in "\n".join(table("title", found))
    assert len(bars({"a": "title"}, {"a": found}).axes[0].patches) == 2


def test_the_way_to_a_score_is_measured_from_the_start(data):
    problem = workloads.validated(data)
    found = time_to_score(problem, {"fnn": "fnn_numpy.train", "nobody": "nobody.train"}, rounds=2, goal=0)
    assert len(found["fnn"].seconds) == 2
    assert min(found["fnn"].seconds) > 0.05  # a process has been started
    assert found["nobody"].missing
    never = time_to_score(problem, {"fnn": "fnn_numpy.train"}, rounds=1, goal=2, most=1)
    assert never["fnn"].missing == "it did not score 2 in 1 epochs"


def test_ratios_are_taken_round_by_round():
    ours, theirs = Measured((1.0, 2.0, 4.0)), Measured((2.0, 2.0, 2.0))
    assert ours.median == 2.0
    assert ours.over(theirs) == (1.0, 0.5, 2.0)


def test_rows_without_a_base_or_with_another_score_say_so():
    close, far = Measured((1.0,), 0.93), Measured((1.0,), 0.5)
    rows = list(table("title", {"fnn": Measured((2.0,), 0.95), "close": close, "far": far}, steps=1000))
    assert rows[-2] == "| close | 1.00 s | 1000 µs | 2.00 (2.00 to 2.00) | 0.9300 |"
    assert rows[-1].startswith("| far | 1.00 s | 1000 µs | 2.00 (2.00 to 2.00) | 0.5000: **not the same work**")
    assert list(table("title", {"fnn": Measured(missing="gone"), "far": far}))[-2:] == [
        "| fnn | not available: gone | | |",
        "| far | 1.00 s |  | 0.5000 |",
    ]


def test_two_threads_need_two_cores(data, monkeypatch):
    monkeypatch.setattr(measure, "cores", lambda n=1: [0])
    problem = workloads.classifier(8, batch=16)(data)
    found = in_turn(problem, {"one": "fnn_numpy.train", "two": "fnn_numpy.train@2"}, rounds=1)
    assert found["two"].missing == "it needs 2 cores, there is 1"
    assert "not available: it needs 2 cores" in list(threads.table({"a8": found}))[-1]


class Noted(Problem):
    """A problem that notes who asks for which epoch, and of three epochs makes one slow and one very slow."""

    def order(self, epoch):
        note = [os.getpid(), epoch, sorted(os.sched_getaffinity(0)), os.environ["OPENBLAS_NUM_THREADS"]]
        with open(self.output, "a") as file:
            print(json.dumps(note), file=file)
        sleep((0, 0.05, 0.5)[epoch % 3])
        return super().order(epoch)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="processes cannot be pinned here")
def test_rounds_are_medians_and_alternate_each_peer_on_its_cores(data, tmp_path):
    plain = workloads.classifier(8, batch=16)(data)
    problem = Noted(**{**attrs.asdict(plain, recurse=False), "output": str(tmp_path / "notes")})
    peers = {"A": "products.train", **({"B": "products.train@2"} if len(cores(2)) == 2 else {"B": "products.train"})}
    found = in_turn(problem, peers, rounds=2, repeat=3)
    notes = [json.loads(line) for line in (tmp_path / "notes").read_text().splitlines()]
    first, second = dict.fromkeys(pid for pid, *_ in notes)
    turns = [(pid, 3 * turn + i) for turn in range(3) for pid in (first, second) for i in range(3)]
    assert [(pid, epoch) for pid, epoch, *_ in notes] == turns
    asked = {first: 1, second: len(cores(2))}
    assert all(where == sorted(cores(asked[pid])) and threads == str(asked[pid]) for pid, _, where, threads in notes)
    assert all(0.05 <= s < 0.18 for each in found.values() for s in each.seconds)


def test_cost_and_threads_are_tables_and_a_picture(data, monkeypatch):
    monkeypatch.setattr(cost, "AXES", {"width": ((4, 8), lambda n: workloads.classifier(n, batch=16))})
    monkeypatch.setattr(threads, "NAMES", ("e1",))
    monkeypatch.setitem(WORKLOADS, "e1", attrs.evolve(WORKLOADS["e1"], repeat=2))
    found = cost.costs(data, rounds=1)
    assert found["width"][8].work == 32 * (2 * 16 * 8 + 3 * 8 * 4)  # of 40 examples two batches
    assert "| width | 4: " in "\n".join(cost.table(found))
    assert len(cost.figure(found).axes) == 1
    pair = threads.measured(data, rounds=1)
    assert len(list(threads.table(pair))) == 6
    assert len(cores(2)) <= 2


def test_command_writes_what_it_measured(small, tmp_path, monkeypatch, capsys):
    peers = {"fnn": "fnn_numpy.infer", "nobody": "nobody.infer"}
    monkeypatch.setitem(WORKLOADS, "e1", attrs.evolve(WORKLOADS["e1"], peers=peers, repeat=3))
    call = ["benchmark", "--quick", "--runs", "2", "--data", small, "--out", str(tmp_path), "--only"]
    assert main([*call, "e1,compiled,import"]) == 0
    said = capsys.readouterr().out
    written = json.loads((tmp_path / "benchmark" / "result.json").read_text())
    assert len(written["e1"]["values"]["fnn"]["seconds"]) == 2
    assert written["compiled"]["values"]["apart"] < 1e-5
    assert written["import"]["values"]["imports"] == []
    assert "rounds: 2; quick" in written["e1"]["measured"]
    assert main([*call, "import"]) == 0  # and what was there stays
    again = json.loads((tmp_path / "benchmark" / "result.json").read_text())
    assert again["e1"] == written["e1"]
    report = (tmp_path / "benchmark" / "benchmark.md").read_text()
    assert report.count("rounds: 2; quick") == report.count("| fnn | ") == report.count("import fnn adds") == 1
    assert "| fnn | " in said
    assert {path.name for path in (tmp_path / "benchmark").glob("*.png")} == {"benchmark.png", "compiled.png"}
    assert main([*call, "a128,z"]) == 2
    assert "there is no z; there are a8, " in capsys.readouterr().err
    assert main(["mnist", "--only", "e"]) == 2
    assert "mnist takes no --only" in capsys.readouterr().err


def test_the_stages_of_a_step_are_timed_within_real_steps(data):
    found = stages.timed(data, 8)
    assert {len(seconds) for seconds in found.values()} == {len(fnn.batches(fnn.Key(1), data.train, 8))}
    assert all(second > 0 for seconds in found.values() for second in seconds)
    assert len(list(stages.table({8: dict.fromkeys(found, 1e-06)}))) == 5 + len(found)
