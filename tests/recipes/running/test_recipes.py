"""The recipes, small: what they write, that they resume, and that nothing depends on how they are run."""

import errno
import gzip
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from threading import Timer

import attrs
import numpy as np
import pytest

import fnn
from fnn import Key, checkpoint, split, tree
from fnn.data import DataFormatError
from fnn.metrics import accuracy
from recipes.classifiers import classifier, mnist
from recipes.command import main
from recipes.data import digits
from recipes.running.catalogue import find, names
from recipes.running.experiment import run_recipe
from recipes.running.plan import Options, Task, plan
from recipes.running.provenance import cost_in_words, machine, time_in_all
from recipes.running.sweep import SweepError, path_of, sweep
from recipes.training import Run
from tests.support.idx_files import write_bright_rows
from tests.support.paths import ROOT
from tests.support.undrawn import undrawn

MNIST = undrawn(mnist.RECIPE)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_bright_rows(tmp_path_factory.mktemp("digits"))


def test_mnist_travels_with_the_project():
    data = digits.load()
    assert [len(labels) for _, labels in (data.train, data.validation, data.test)] == [50_000, 10_000, 10_000]
    assert data.train[0].shape == (50_000, 784)
    assert data.train[0].dtype == np.float32
    assert (data.train[0].min(), data.train[0].max()) == (0, 1)
    assert dict(data.checksums) == digits.SHA256
    assert data.n_classes == 10
    assert not any(array.flags.writeable for part in (data.train, data.validation, data.test) for array in part)


def test_a_changed_mnist_is_refused(tmp_path, monkeypatch):
    for file in (ROOT / "recipes" / "data").glob("*.gz"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    path = tmp_path / "t10k-labels-idx1-ubyte.gz"
    labels = bytearray(gzip.decompress(path.read_bytes()))
    labels[8] = (labels[8] + 1) % 10
    path.write_bytes(gzip.compress(bytes(labels)))
    monkeypatch.setattr(digits, "HERE", tmp_path)
    with pytest.raises(DataFormatError, match=r"t10k-labels.* expected SHA-256"):
        digits.read(None)


def test_missing_data_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no train-images-idx3-ubyte"):
        digits.read(str(tmp_path))


@pytest.mark.parametrize(
    "name",
    [
        "{part}-{kind}-idx{n}-ubyte",
        "{part}-{kind}.idx{n}-ubyte",
        "{part}-{kind}-idx{n}-ubyte.gz",
        "emnist-balanced-{test}-{kind}-idx{n}-ubyte.gz",
        "emnist-letters-{test}-{kind}-idx{n}-ubyte.xz",
        "{test}-{kind}.idx{n}-ubyte",
    ],
)
def test_other_sets_and_their_names_are_found(small, tmp_path, name):
    for part, kind, n in itertools.product(("train", "t10k"), ("images", "labels"), (3, 1)):
        if (kind == "images") == (n == 3):
            path = tmp_path / name.format(part=part, test=part.replace("t10k", "test"), kind=kind, n=n)
            path.write_bytes(Path(small, f"{part}-{kind}-idx{n}-ubyte").read_bytes())
    for one, other in zip(digits.read(str(tmp_path)).train, digits.read(small).train, strict=True):
        assert np.array_equal(one, other)


def test_a_directory_of_several_sets_is_refused(small, tmp_path):
    for path in Path(small).iterdir():
        for of in ("emnist-digits", "emnist-letters"):
            (tmp_path / f"{of}-{path.name}").write_bytes(path.read_bytes())
    with pytest.raises(FileNotFoundError, match=r"several data sets, \['emnist-digits-', 'emnist-letters-'\]; give"):
        digits.read(str(tmp_path))


def test_mnist_writes_what_it_found(small, tmp_path):
    results, _ = run_recipe(MNIST, Options(runs=2, epochs=20, jobs=1, data=small, out=str(tmp_path)))
    written = json.loads((tmp_path / "mnist" / "result.json").read_text(encoding="utf-8"))
    assert written["configuration"]["epochs"] == 20
    assert written["test_accuracy"] == [run["scores"]["test_accuracy"] for run in results["mnist"]]
    assert min(written["test_accuracy"]) > 0.5
    assert {len(curve) for curves in written["curves"].values() for curve in curves} == {20}
    params = checkpoint.load(tmp_path / "mnist" / "parameters.npz")["mnist"]["1"]
    data, model = digits.load(small), mnist.network(mnist.Config(), n_classes=4)
    scores = fnn.evaluate(model, params, data.test, {"accuracy": accuracy})
    assert scores["accuracy"] == pytest.approx(written["test_accuracy"][1])
    weights = params["0"]["weights"]
    assert (weights == results["mnist"][1]["params"]["0"]["weights"]).all()
    assert (
        results["mnist"][0]["scores"] != results["mnist"][1]["scores"]
        or (results["mnist"][0]["params"]["0"]["weights"] != weights).any()
    )


@pytest.mark.skipif(sys.platform != "linux", reason="finds the name of an open file as Linux does")
def test_a_disk_that_is_full_at_a_figure_is_reported_with_its_name(tmp_path, monkeypatch, capsys):
    def fsync(descriptor, really=os.fsync):
        if os.readlink(f"/proc/self/fd/{descriptor}").endswith(".svg.partial"):
            raise OSError(errno.ENOSPC, "No space left on device")
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    assert main(["linear_regression", "--quick", "--epochs", "1", "--jobs", "1", "--out", str(tmp_path)]) == 1
    written = {path.name for path in (tmp_path / "linear_regression").iterdir()}
    assert {"result.json", "parameters.npz"} < written
    assert not [name for name in written if name.endswith((".svg", ".partial"))]
    assert re.search(rf"No space left on device: '{tmp_path}/linear_regression/\w+\.svg'\n$", capsys.readouterr().err)


def leaves(result):
    return [(path, leaf.tobytes()) for path, leaf in tree.items(result)]


def test_results_do_not_depend_on_jobs_and_are_not_computed_twice(small, tmp_path, capsys):
    kept = {}
    for jobs in (1, 2, 4):
        options = Options(runs=4, epochs=1, jobs=jobs, data=small, out=str(tmp_path / str(jobs)))
        run_recipe(MNIST, options)
        kept[jobs] = {path.name: path.read_bytes() for path in (tmp_path / str(jobs) / "runs").glob("*.npz")}
    assert kept[1] == kept[2] == kept[4]
    assert len(kept[1]) == 4
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "4" / "runs").iterdir()}
    again = run_recipe(MNIST, attrs.evolve(options, runs=5))[0]["mnist"]
    assert "4 of 5 runs are in" in capsys.readouterr().out
    assert len(again) == 5
    assert {path: path.stat().st_mtime_ns for path in files} == files


def resulting_in(x):
    """A run without epochs."""
    start = fnn.sgd(0.1).init({"w": np.zeros(1)})
    return Run(start, lambda state, batch: state, lambda epoch: [], 0, lambda end: {"scores": {"x": x}})


def failing_run(config, key, data):
    if key.path == (1,):
        raise ArithmeticError("no convergence")
    return resulting_in(1.0)


def suicidal_run(config, key, data):
    if key.path == (1,):
        os.kill(os.getpid(), signal.SIGKILL)
    return resulting_in(1.0)


def unkeepable_run(config, key, data):
    return resulting_in("a word" if key.path == (1,) else 1.0)


@attrs.frozen
class Nothing:
    rate: float = 0.5


@pytest.mark.parametrize(
    ("run", "jobs", "why"),
    [
        (failing_run, 1, "no convergence"),
        (failing_run, 2, "no convergence"),
        (unkeepable_run, 1, "expected an array of numbers"),
        (unkeepable_run, 2, "expected an array of numbers"),
        (suicidal_run, 2, "the worker process died 3 times"),
    ],
)
def test_a_failing_run_is_named_and_the_others_are_kept(run, jobs, why, small, tmp_path):
    tasks = [Task("run", run, digits.load, small, Nothing(), key) for key in split(Key(0), 3)]
    with pytest.raises(
        SweepError, match=rf"(?s)1 of 3 runs failed:\nrun: Nothing\(\), Key\(seed=0, path=\(1,\)\)\n.*{why}"
    ):
        sweep(tasks, tmp_path, jobs=jobs)
    assert len(list(tmp_path.glob("*.npz"))) == 2


def test_a_broken_pool_reports_all_that_it_takes_with_it(small, tmp_path):
    tasks = [Task("suicidal", suicidal_run, digits.load, small, Nothing(), key) for key in split(Key(0), 4)]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool, pytest.raises(SweepError) as caught:
        sweep(tasks, tmp_path, executor=pool)
    kept = set(tmp_path.glob("*.npz"))
    assert kept | caught.value.failures.keys() == {path_of(task, tmp_path) for task in tasks}
    assert not kept & caught.value.failures.keys()
    assert all("BrokenProcessPool" in why and "suicidal: Nothing()" in why for why in caught.value.failures.values())
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:  # broken before it gets any work
        os.kill(pool.submit(os.getpid).result(), signal.SIGKILL)
        with pytest.raises(BrokenProcessPool):
            pool.submit(time.sleep, 60).result()
        with pytest.raises(SweepError, match="4 of 4 runs failed"):
            sweep(tasks, tmp_path / "other", executor=pool)


def test_any_executor_may_carry_out_a_recipe(small, tmp_path):
    options = Options(runs=2, epochs=1, jobs=1, data=small, out=str(tmp_path / "here"))
    here, _ = run_recipe(MNIST, options)
    with ThreadPoolExecutor(2) as threads:
        there, _ = run_recipe(MNIST, attrs.evolve(options, out=str(tmp_path / "there")), threads)
    assert [leaves(run) for run in here["mnist"]] == [leaves(run) for run in there["mnist"]]


def test_what_a_run_took_stands_beside_it(small, tmp_path):
    task = Task("failing", failing_run, digits.load, small, Nothing(), Key(0))
    paths = sweep([task], tmp_path, jobs=1)
    assert {path.suffix for path in tmp_path.iterdir()} == {".npz", ".json"}
    found = cost_in_words(paths)
    assert found["time"].startswith("0.")
    assert found["machine"].startswith(machine()["processor"])
    other = tmp_path / "old.npz"
    assert "of 1 trainings; of 1 not kept" in cost_in_words([*paths, other])["time"]
    assert set(cost_in_words([other]).values()) == {"not kept"}
    assert time_in_all([*paths, *paths, other]) == "1 training of 0 s in all, and 1 more whose times are not kept"
    assert time_in_all([other]) == "trainings whose times are not kept"
    other.with_suffix(".json").write_text('{"seconds": 3720.5}', encoding="utf-8")
    assert time_in_all([*paths, other]) == "2 trainings of 1 h 2 min in all"


def slow_run(config, key, data):
    time.sleep(5)
    return resulting_in(1.0)


@pytest.fixture
def interruptible():
    """Ctrl-C interrupts, as at a terminal; a shell starts what it puts into the background deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_sweep_stops_at_once(small, tmp_path):
    tasks = [Task("slow", slow_run, digits.load, small, Nothing(), key) for key in split(Key(0), 6)]
    Timer(4, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        sweep(tasks, tmp_path, jobs=2)
    assert time.monotonic() - begin < 7


def test_a_failing_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.npz"
    checkpoint.save(path, {"a": np.ones(3)})
    with pytest.raises(ValueError, match="expected an array of numbers"):
        checkpoint.save(path, {"a": np.array([object()])})
    assert checkpoint.load(path)["a"].tolist() == [1, 1, 1]
    assert [file.name for file in tmp_path.iterdir()] == ["x.npz"]


def test_command_lists_runs_and_refuses(small, tmp_path, capsys):
    assert main([]) == 0
    assert all(find(name).summary in capsys.readouterr().out for name in names[:1])
    assert main(["mnist", "--epochs", "1", "--data", small, "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "mnist: test accuracy 0." in said
    assert "IQM" not in said
    assert main(["mnits"]) == 2
    assert "did you mean 'mnist'?" in capsys.readouterr().err
    assert main(["mnist", "--data", str(tmp_path)]) == 2
    assert "holds no train-images" in capsys.readouterr().err
    assert main(["mnist", "--seed", "-1", "--data", small, "--out", str(tmp_path)]) == 2
    assert "seed must be an integer from 0" in capsys.readouterr().err
    assert main(["xor", "--data", small]) == 2
    assert "xor takes no --data" in capsys.readouterr().err
    assert main(["benchmark", "--jobs", "3"]) == 2
    assert "benchmark takes no --jobs" in capsys.readouterr().err
    assert main(["paper", "--kept", "--jobs", "2"]) == 2
    assert "--kept trains nothing, and takes no --jobs" in capsys.readouterr().err
    assert main(["mnist", "--kept"]) == 2
    assert "mnist takes no --kept" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["mnist", "--jobs", "0"])
    assert "whole number from 1 up" in capsys.readouterr().err


def test_command_as_a_module(tmp_path):
    said = subprocess.run(
        [sys.executable, "-m", "recipes"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )
    assert "mnist" in said.stdout


def test_the_wheel_holds_the_library_alone(tmp_path):
    from zipfile import ZipFile

    from hatchling.builders.wheel import WheelBuilder

    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    assert Path(wheel).stat().st_size < 200_000  # without the README, which would add 7 kB
    files = ZipFile(wheel).namelist()
    assert "fnn/py.typed" in files
    assert {file.split("/")[0].split("-")[0] for file in files} == {"fnn"}


def test_a_tree_is_kept_with_its_empty_parts_and_its_networks(tmp_path):
    model = fnn.chain(fnn.linear(2), fnn.relu, fnn.ensemble(fnn.linear(3), 4))
    params, _ = model.init(Key(0), (5,))
    checkpoint.save(tmp_path / "x.npz", params)
    assert checkpoint.load(tmp_path / "x.npz") == params


def test_a_result_belongs_to_its_name_configuration_key_data_and_code(tmp_path):
    task = Task("failing", failing_run, digits.load, None, Nothing(), Key(0))
    changes = [
        {"trains": "other"},
        {"key": Key(1)},
        {"config": Nothing(0.25)},
        {"examples": 100},
        {"checksums": {"train": "changed"}},
        {"run": classifier.run},
        {"load": digits.read},
    ]
    paths = [path_of(attrs.evolve(task, **change), tmp_path) for change in ({}, {}, *changes)]
    assert paths[0] == paths[1]
    assert len(set(paths)) == 1 + len(changes)


def test_a_task_sees_as_many_examples_as_it_is_to(small):
    task = Task("failing", failing_run, digits.load, small, Nothing(), Key(0), examples=100)
    assert [len(labels) for _, labels in (task.data().train, task.data().validation)] == [100, 100]
    assert (task.data().train[0] == digits.load(small).train[0][:100]).all()
    assert task.identity() != attrs.evolve(task, examples=None).identity()


def result_of(out):
    """What a recipe has written of its results, the figures aside."""
    files = [*(out / "runs").glob("*.npz"), out / "mnist" / "result.json", out / "mnist" / "parameters.npz"]
    return {path.name: path.read_bytes() for path in files}


def test_a_damaged_result_is_reported_and_run_again(small, tmp_path, capsys):
    options = Options(runs=2, epochs=1, jobs=1, data=small, out=str(tmp_path))
    run_recipe(MNIST, options)
    before = result_of(tmp_path)
    damaged = min((tmp_path / "runs").glob("*.npz"))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    run_recipe(MNIST, options)
    said = capsys.readouterr().out
    assert f"{damaged} is not a checkpoint: damaged or cut short" in said
    assert "this run is repeated" in said
    assert damaged.with_name(f"{damaged.name}.refused").exists()
    assert "1 of 2 runs are in" in said
    assert result_of(tmp_path) == before


def test_results_of_other_code_count_if_asked_to(small, tmp_path, capsys):
    options = Options(runs=2, epochs=1, jobs=1, data=small, out=str(tmp_path))
    run_recipe(MNIST, options)
    before = (tmp_path / "mnist" / "result.json").read_bytes()
    for path in sorted((tmp_path / "runs").iterdir()):
        task, _, kind = path.name.split(".")
        path.rename(path.with_name(f"{task}.0123456789ab.{kind}"))
    capsys.readouterr()
    run_recipe(MNIST, attrs.evolve(options, any_code=True))
    assert "2 of 2 runs are in" in capsys.readouterr().out
    assert (tmp_path / "mnist" / "result.json").read_bytes() == before
    run_recipe(MNIST, options)
    assert "runs are in" not in capsys.readouterr().out
    assert len(list((tmp_path / "runs").glob("*.npz"))) == 4


def test_claims_see_as_many_training_examples_as_the_runs():
    sizes = Options(quick=True), Options(), Options(paper=True)
    seen = [plan(find("reconstructions"), size).data for size in sizes]
    assert [len(data.train[0]) for data in seen] == [5_000, 10_000, 50_000]
    assert len({str(data.checksums) for data in seen}) == 1
