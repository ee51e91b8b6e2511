"""A run that was stopped goes on after its last epoch, to the very result of one that was not."""

import attrs
import numpy as np
import pytest

import fnn
from fnn import Key, Progress, checkpoint, tree
from recipes.autoencoders import autoencoder, denoiser
from recipes.classifiers import classifier, mnist
from recipes.data import digits
from recipes.points import linear_regression, xor
from recipes.recipe import no_data
from recipes.running.experiment import run_recipe
from recipes.running.plan import Options, Task
from recipes.running.store import keeping, resumed, seconds_until
from recipes.running.sweep import sweep
from recipes.running.workers import work
from recipes.training import Run
from tests.support.idx_files import write_bright_rows
from tests.support.undrawn import undrawn

MNIST = undrawn(mnist.RECIPE)
STOPPED = 3  # epochs that the stopped runs had finished


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_bright_rows(tmp_path_factory.mktemp("digits"))


def stopping(progresses):
    """The same progresses, interrupted as by Ctrl-C when the next epoch after STOPPED begins."""
    for progress in progresses:
        yield progress
        if len(progress.history) == STOPPED:
            raise KeyboardInterrupt


def counting(seen):
    def scan(progresses):
        for progress in progresses:
            seen.append(len(progress.history))
            yield progress

    return scan


def watched(task, through):
    """The same task, the progresses of whose run go through a function."""

    def run(*given):
        found = task.run(*given)
        watching = type("Watched", (Run,), {"scan": lambda self, *given: through(found.scan(*given))})
        return watching(**attrs.asdict(found, recurse=False))

    return attrs.evolve(task, run=run)


def leaves(result):
    return [(path, np.asarray(leaf).dtype, np.asarray(leaf).tobytes()) for path, leaf in tree.items(result)]


def first_of(recipe):
    return next(iter(recipe.groups.values()))


RUNS = {
    "mnist": (mnist.RECIPE.run, digits.load, mnist.Config(epochs=7)),
    "classifier until stale": (classifier.run, digits.load, classifier.Config(epochs=50, patience=2)),
    "autoencoder": (autoencoder.run, digits.load, autoencoder.Config(latent=4, depth=1, noise=0.2, epochs=6)),
    "denoiser": (denoiser.run, digits.load, autoencoder.Config(latent=4, depth=1, noise=0.2, epochs=6)),
    "xor": (xor.run, no_data, attrs.evolve(first_of(xor.RECIPE), runs=3, epochs=6)),
    "lines": (linear_regression.run, no_data, attrs.evolve(first_of(linear_regression.RECIPE), runs=3, epochs=6)),
}


def done(task, through=iter):
    return work(watched(task, through)).result


def kept_in(folder):
    """All that is kept of runs, but for what they took."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".json"}


@pytest.mark.parametrize("name", RUNS)
def test_a_stopped_run_goes_on_to_the_same_result(name, small, tmp_path):
    run, load, config = RUNS[name]
    task, progress, all_epochs, further = Task(name, run, load, small, config, Key(0)), tmp_path / "x.progress", [], []
    expected = leaves(done(task, counting(all_epochs)))
    n = all_epochs[-1]
    assert all_epochs == list(range(n + 1))
    assert n > STOPPED

    kept = attrs.evolve(task, progress=progress)
    with pytest.raises(KeyboardInterrupt):
        work(watched(kept, stopping))
    assert len(checkpoint.load(progress).history) == STOPPED
    assert leaves(done(kept, counting(further))) == expected
    assert further == list(range(STOPPED, n + 1))
    assert leaves(done(kept, counting(at_its_end := []))) == expected  # stopped before its result was written
    assert at_its_end == [n]


def test_a_resumed_run_took_what_all_its_parts_took(tmp_path):
    run, load, config = RUNS["xor"]
    path = tmp_path / "x.progress"
    task = Task("xor", run, load, None, config, Key(0), progress=path)
    assert seconds_until(path) == 0
    with pytest.raises(KeyboardInterrupt):
        work(watched(task, stopping))
    first = seconds_until(path)
    assert 0 < first < 60
    checkpoint.save(path, checkpoint.load(path), meta={"seconds": 1000 + first})
    assert 1000 + first < work(task).cost["seconds"] < 1060
    assert 1000 + first < seconds_until(path) < 1060
    path.write_bytes(b"damaged, so that the run begins anew")
    assert work(task).cost["seconds"] < 60


def through(function):
    """What keeps progresses, given them through a function."""
    return lambda path, progresses, begin: keeping(path, function(progresses), begin)


def test_each_run_keeps_one_file_until_its_result_is_there(small, tmp_path, monkeypatch):
    options = Options(runs=2, epochs=4, jobs=1, data=small, out=str(tmp_path / "whole"))
    run_recipe(MNIST, options)
    expected = kept_in(tmp_path / "whole" / "runs")

    resumed = attrs.evolve(options, out=str(tmp_path / "stopped"))
    runs = tmp_path / "stopped" / "runs"
    with monkeypatch.context() as patch:
        patch.setattr("recipes.running.workers.keeping", through(stopping))
        with pytest.raises(KeyboardInterrupt):
            run_recipe(MNIST, resumed)
    (left,) = runs.iterdir()
    assert left.suffix == ".progress"
    again = []
    with monkeypatch.context() as patch:
        patch.setattr("recipes.running.workers.keeping", through(counting(again)))
        run_recipe(MNIST, resumed)
    assert again == [3, 4, 0, 1, 2, 3, 4]
    assert kept_in(runs) == expected
    left.write_bytes(b"killed after the result was written, before this was removed")
    run_recipe(MNIST, resumed)
    assert kept_in(runs) == expected


def test_a_damaged_progress_is_reported_and_the_run_begins_anew(tmp_path, capsys):
    path, params = tmp_path / "x.progress", classifier.network(classifier.Config()).init(Key(0), (4,))[0]
    path.write_bytes(b"damaged")
    start = Progress.start(fnn.adam().init(params))
    assert list(keeping(path, [resumed(path, start)], 0)) == [start]
    assert "x.progress is not a checkpoint" in (said := capsys.readouterr().out)
    assert "it is now x.progress.refused, and this run begins anew" in said
    assert path.with_name("x.progress.refused").read_bytes() == b"damaged"
    assert checkpoint.load(path) == start


def test_without_a_file_or_its_folder_nothing_is_kept(small, tmp_path):
    run, load, config = RUNS["mnist"]
    task = Task("mnist", run, load, small, config, Key(0))
    elsewhere = tmp_path / "of another machine" / "x.progress"
    assert leaves(done(attrs.evolve(task, progress=elsewhere))) == leaves(done(task))
    assert not list(tmp_path.iterdir())


def test_a_fresh_run_begins_anew(small, tmp_path, monkeypatch):
    run, load, config = RUNS["mnist"]
    task, seen = Task("mnist", run, load, small, config, Key(0)), []
    with monkeypatch.context() as patch:
        patch.setattr("recipes.running.workers.keeping", through(stopping))
        with pytest.raises(KeyboardInterrupt):
            sweep([task], tmp_path, jobs=1)
    assert [path.suffix for path in tmp_path.iterdir()] == [".progress"]
    monkeypatch.setattr("recipes.running.workers.keeping", through(counting(seen)))
    sweep([task], tmp_path, jobs=1, fresh=True)
    assert seen == list(range(config.epochs + 1))


def test_the_progress_is_kept_every_few_seconds_and_at_the_end(tmp_path, monkeypatch):
    path, kept, clock = tmp_path / "x.progress", [], iter(range(1000))
    monkeypatch.setattr("recipes.running.store.perf_counter", lambda: next(clock))
    monkeypatch.setattr("recipes.running.store.checkpoint.save", lambda _, progress, meta: kept.append(progress))
    assert list(keeping(path, range(20), 0)) == list(range(20))
    assert kept[-1] == 19
    assert 3 < len(kept) < 10
    further = keeping(path, range(20), 0)
    assert next(further) == 0
    kept.clear()
    further.close()
    assert kept == [0]
