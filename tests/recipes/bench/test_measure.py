"""Measurements in interleaved rounds, each peer in its own process on its own cores."""

import json
import os
from time import sleep

import attrs
import pytest

from recipes.bench import measure, threads, workloads
from recipes.bench.measure import Measured, compare, cores, time_to_score
from recipes.bench.picture import bars
from recipes.bench.problem import Problem
from recipes.bench.table import table


def test_peers_are_measured_and_missing_ones_have_a_reason(data):
    problem = workloads.classifier(8, batch=16)(data)
    cannot = attrs.evolve(problem, output="sigmoid", loss="mse")
    peers = {"fnn": "fnn_numpy.train", "two": "fnn_numpy.train@2", "nobody": "nobody.train"}
    found = compare(problem, peers, rounds=3)
    assert [len(each.seconds) for each in found.values()] == [3, 3, 0]
    assert min(found["fnn"].seconds) > 0
    assert found["fnn"].score == found["two"].score > 0.1
    assert "No module named 'recipes.bench.peers.nobody'" in found["nobody"].missing
    refused = compare(cannot, {"scikit-learn": "sklearn_mlp.train"}, rounds=1)
    assert "MLPClassifier trains only the cross-entropy of at least 3 classes" in refused["scikit-learn"].missing
    assert "| nobody | not available: ModuleNotFoundError" in "\n".join(table("title", found))
    assert len(bars({"a": "title"}, {"a": found}).axes[0].patches) == 2


def test_the_time_to_a_score_includes_the_start_of_the_process(data):
    problem = attrs.evolve(workloads.validated(data), batch=16)
    found = time_to_score(problem, {"fnn": "fnn_numpy.train", "nobody": "nobody.train"}, rounds=2, goal=0)
    assert len(found["fnn"].seconds) == 2
    assert min(found["fnn"].seconds) > 0.05  # a process has been started
    assert found["nobody"].missing
    never = time_to_score(problem, {"fnn": "fnn_numpy.train"}, rounds=1, goal=2, most=1)
    assert never["fnn"].missing == "it did not reach a score of 2 within 1 epochs"


def test_ratios_are_taken_round_by_round():
    ours, theirs = Measured((1.0, 2.0, 4.0)), Measured((2.0, 2.0, 2.0))
    assert ours.median == 2.0
    assert ours.ratio_to(theirs) == (1.0, 0.5, 2.0)


def test_two_threads_need_two_cores(data, monkeypatch):
    monkeypatch.setattr(measure, "cores", lambda n=1: [0])
    problem = workloads.classifier(8, batch=16)(data)
    found = compare(problem, {"one": "fnn_numpy.train", "two": "fnn_numpy.train@2"}, rounds=1)
    assert found["two"].missing == "it needs 2 cores, and only 1 can be used"
    assert "not available: it needs 2 cores" in threads.table({"a8": found})[-1]


class Recorded(Problem):
    """A problem that records which process asks for which epoch; of three epochs, one is slow and one very slow."""

    def order(self, epoch):
        note = [os.getpid(), epoch, sorted(os.sched_getaffinity(0)), os.environ["OPENBLAS_NUM_THREADS"]]
        with open(self.output, "a", encoding="utf-8") as file:
            print(json.dumps(note), file=file)
        sleep((0, 0.05, 0.5)[epoch % 3])
        return super().order(epoch)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="processes cannot be pinned here")
def test_rounds_are_medians_and_alternate_each_peer_on_its_cores(data, tmp_path):
    plain = workloads.classifier(8, batch=16)(data)
    problem = Recorded(**{**attrs.asdict(plain, recurse=False), "output": str(tmp_path / "notes")})
    peers = {"A": "products.train", **({"B": "products.train@2"} if len(cores(2)) == 2 else {"B": "products.train"})}
    found = compare(problem, peers, rounds=2, repeat=3)
    notes = [json.loads(line) for line in (tmp_path / "notes").read_text(encoding="utf-8").splitlines()]
    first, second = dict.fromkeys(pid for pid, *_ in notes)
    turns = [(pid, 3 * turn + i) for turn in range(3) for pid in (first, second) for i in range(3)]
    assert [(pid, epoch) for pid, epoch, *_ in notes] == turns
    asked = {first: 1, second: len(cores(2))}
    assert all(where == sorted(cores(asked[pid])) and threads == str(asked[pid]) for pid, _, where, threads in notes)
    assert all(0.05 <= s < 0.18 for each in found.values() for s in each.seconds)
