"""Runs of one configuration as one training of an ensemble: each has the result that it has alone."""

import attrs
import numpy as np
import pytest

import fnn
from fnn import Key, tree
from recipes.autoencoders import autoencoder
from recipes.beyond import convolution, dropout, normalised
from recipes.classifiers import classifier, mnist
from recipes.data import digits
from recipes.running.engine import Engine
from recipes.running.plan import Task
from recipes.running.sweep import SweepError, sweep
from recipes.running.workers import Failed, work
from recipes.training import are_alike, result, together
from tests.support.idx_files import write_bright_rows

CASES = {
    "a classifier": (mnist.run, mnist.Config(epochs=3)),
    "until each is stale": (classifier.run, classifier.Config(hidden=(8,), rate=0.01, epochs=20, patience=2)),
    "an autoencoder": (autoencoder.run, autoencoder.Config(latent=3, depth=1, epochs=8, rate=0.01, patience=1)),
    "noise": (autoencoder.run, autoencoder.Config(latent=3, depth=1, noise=0.3, epochs=4, rate=0.01, patience=1)),
    "masks": (dropout.run, dropout.Config(hidden=(8, 8), dropout=0.3, examples=40, batch_size=10, epochs=2)),
}
KEYS = fnn.split(Key(7), 3)
GPU = Engine("jax", "0", ("cpu of a test", "cpu"))  # not "cpu": runs train together


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_bright_rows(tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="module")
def data(small):
    return digits.load(small)


def assert_close(found, expected):
    for (path, a), (_, b) in zip(tree.items(found), tree.items(expected), strict=True):
        assert np.shape(a) == np.shape(b), path
        np.testing.assert_allclose(np.asarray(a, float), np.asarray(b, float), rtol=2e-4, atol=2e-4, err_msg=str(path))


@pytest.mark.parametrize("name", CASES)
def test_runs_trained_together_end_as_they_do_alone(name, data):
    run, config = CASES[name]
    runs = [run(config, key, data) for key in KEYS]
    alone = [result(each) for each in runs]
    for found, expected in zip(result(together(runs)), alone, strict=True):
        assert_close(found, expected)
    if name == "until each is stale":
        assert len({len(each["curves"]["loss"]) for each in alone}) > 1  # they end at different epochs


def test_runs_that_differ_in_more_than_their_keys_are_refused(data):
    one, two = (classifier.run(classifier.Config(rate=rate), KEYS[0], data) for rate in (0.1, 0.2))
    with pytest.raises(ValueError, match="carry them out one by one"):
        together([one, two])
    config = normalised.Config(hidden=(4,), rates=(0.1,), batch_size=10, average=0.9)
    assert not are_alike([normalised.run(config, key, data) for key in KEYS])  # their step is a function of one's own


def test_one_task_of_several_keys_gives_each_its_result(small, data, tmp_path, monkeypatch):
    run, config = CASES["until each is stale"]
    monkeypatch.setattr(Engine, "resting", lambda self, data: data)
    tasks = [Task("t", run, digits.load, small, config, key, engine=GPU) for key in KEYS]
    paths = sweep(tasks, tmp_path, jobs=1)
    for path, key in zip(paths, KEYS, strict=True):
        assert_close(fnn.checkpoint.load(path), result(run(config, key, data)))
    costs = [path.with_suffix(".json").read_text(encoding="utf-8") for path in paths]
    assert all('"together": 3' in cost for cost in costs)
    apart = sweep(tasks, tmp_path / "apart", jobs=1, apart=True)
    assert not any("together" in path.with_suffix(".json").read_text(encoding="utf-8") for path in apart)


def test_the_compiled_fold_gives_the_numbers_of_numpys(small):
    for name in ("until each is stale", "noise"):
        run, config = CASES[name]
        engines = Engine(), Engine("jax", "0", ("cpu", "cpu"))
        one, other = (
            work(Task(name, run, digits.load, small, config, KEYS[0], engine=each)).result for each in engines
        )
        found, expected = ({k: float(v) for k, v in each["scores"].items()} for each in (one, other))
        assert found == pytest.approx(expected, rel=0.1, abs=0.05)


def test_convolutions_with_batch_norm_train_together(data):
    config = attrs.evolve(convolution.Config(), epochs=1, batch_size=50)
    runs = [convolution.run(config, key, data) for key in KEYS[:2]]
    assert are_alike(runs)


def test_an_ensemble_gives_its_networks_states_of_their_own(data):
    config = classifier.Config(hidden=(8,), rate=0.01, epochs=4, patience=0)
    runs = [classifier.run(config, key, data) for key in KEYS]
    whole = together(runs)
    for i, run in enumerate(runs):
        alone = result(attrs.evolve(run, finish=lambda end: end))
        found = result(attrs.evolve(whole, finish=lambda end: end))
        assert found.state.step == alone.state.step
        np.testing.assert_allclose(found.state.vector[i], alone.state.vector, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(found.state.memory[1][i], alone.state.memory[1], rtol=1e-3, atol=1e-4)
    ends = result(together([attrs.evolve(run, finish=lambda end: end) for run in runs]))
    for end, run in zip(ends, runs, strict=True):
        alone = result(attrs.evolve(run, finish=lambda end: end))
        assert (end.state.step, end.state.layout) == (alone.state.step, alone.state.layout)
        np.testing.assert_allclose(end.state.memory[0], alone.state.memory[0], rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(end.best_score, alone.best_score, atol=1e-6)


def test_runs_that_have_begun_go_on_together(data):
    config = classifier.Config(hidden=(8,), rate=0.01, epochs=2, patience=0)
    runs = [classifier.run(config, key, data) for key in KEYS]
    begun = [attrs.evolve(run, state=result(attrs.evolve(run, finish=lambda end: end.state))) for run in runs]
    for found, run in zip(result(together(begun)), begun, strict=True):
        assert_close(found, result(run))
    with pytest.raises(ValueError, match="one by one"):
        together([begun[0], runs[1]])  # other numbers of steps


def batch_norms(config, key, data):
    return normalised.run(config, key, data)


def overflowing(config, key, data):
    run = classifier.run(config, key, data)
    wrong = np.full_like(run.state.vector, np.nan if key == KEYS[1] else 0) + run.state.vector
    return attrs.evolve(run, state=attrs.evolve(run.state, vector=wrong))


def test_what_cannot_train_together_is_carried_out_one_by_one(small, data, tmp_path, monkeypatch):
    monkeypatch.setattr(Engine, "resting", lambda self, data: data)
    config = normalised.Config(hidden=(4,), rates=(0.1, 0.2), batch_size=10)
    tasks = [Task("n", batch_norms, digits.load, small, config, key, engine=GPU) for key in KEYS[:2]]
    for path, key in zip(sweep(tasks, tmp_path, jobs=1), KEYS, strict=False):
        assert_close(fnn.checkpoint.load(path)["scores"], result(normalised.run(config, key, data))["scores"])


def test_a_network_that_diverges_takes_no_other_with_it(small, tmp_path, monkeypatch):
    monkeypatch.setattr(Engine, "resting", lambda self, data: data)
    config = classifier.Config(hidden=(4,), epochs=1)
    tasks = [Task("d", overflowing, digits.load, small, config, key, engine=GPU) for key in KEYS]
    with pytest.raises(SweepError, match="1 of 3 runs failed"):
        sweep(tasks, tmp_path, jobs=1)
    assert len(list(tmp_path.glob("*.npz"))) == 2


def test_fresh_begins_a_bundle_anew(small, data, tmp_path, monkeypatch):
    monkeypatch.setattr(Engine, "resting", lambda self, data: data)
    config = classifier.Config(hidden=(4,), epochs=2)
    tasks = [Task("f", classifier.run, digits.load, small, config, key, engine=GPU) for key in KEYS[:2]]
    stale = []

    def stopped(task, **_):
        stale.append(task.progress)
        task.progress.write_bytes(b"stale")
        return Failed("interrupted")

    monkeypatch.setattr("recipes.running.workers.work", stopped)
    with pytest.raises(SweepError):
        sweep(tasks, tmp_path, jobs=1)
    monkeypatch.undo()
    monkeypatch.setattr(Engine, "resting", lambda self, data: data)
    there = []

    def looking(task, **_):
        there.append(task.progress.exists())
        return Failed("")

    monkeypatch.setattr("recipes.running.workers.work", looking)
    for fresh in (False, True):
        with pytest.raises(SweepError):
            sweep(tasks, tmp_path, jobs=1, fresh=fresh)
    assert there == [True, False]
