"""The networks of an ensemble end one by one, each as if it had been trained alone, under NumPy's fold and JAX's."""

import copy
import pickle
from functools import partial
from itertools import chain, islice

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toolz import last

import fnn
import fnn.interop.jax
from fnn import Key, Progress, checkpoint, fold_in, generator, split, tree

# ---- the rule, on made-up scores: in epoch n every parameter and every number in the memory is n

RULE = fnn.momentum(0.1)


def counting(state, losses):
    """A fold that makes no step: all numbers of the next state are the number of its epoch."""
    n = state.step + 1
    full = partial(np.full_like, fill_value=n)
    return attrs.evolve(state, step=n, vector=full(state.vector), memory=(full(state.memory[0]),)), losses


def stopped(scores, patience, start=None):
    """The last progress of networks that score as given, (R, epochs) or (epochs,)."""
    lead = np.shape(scores)[:-1]
    start = start or Progress.start(RULE.init(fnn.Params({"w": np.zeros((*lead, 2))}, lead=lead)))
    scored = lambda record: np.asarray(scores)[..., record["epoch"] - 1]  # noqa: E731
    further = fnn.epochs(None, lambda i: [np.zeros(lead)], start, score=scored, fold=lambda step, *of: counting(*of))
    left = np.shape(scores)[-1] - len(start.history)
    return list(fnn.early_stopping(islice(chain([start], further), 1 + left), patience))


some_scores = st.lists(
    st.lists(st.sampled_from([0.0, 0.5, 1.0, np.nan]), min_size=9, max_size=9), min_size=1, max_size=4
)


@given(some_scores, st.integers(1, 4), st.integers(0, 8))
def test_each_network_ends_as_it_does_alone(scores, patience, cut):
    *_, together = whole = stopped(scores, patience)
    ends = []
    for r, own in enumerate(scores):
        *_, alone = stopped(own, patience)
        ends.append(len(alone.history))
        assert (together.best_epoch[r], together.best_score[r]) == (alone.best_epoch, alone.best_score)
        assert np.array_equal(together.best.vector[r], alone.best.vector)
        assert np.array_equal(together.best.memory[0][r], alone.best.memory[0])
    assert len(together.history) == max(ends)
    assert np.all(together.state.vector == max(ends))  # the state goes on
    assert stopped(scores, patience, whole[min(cut, len(whole) - 1)])[-1] == together  # from any progress


def test_a_network_that_improves_after_its_end_keeps_its_best():
    *_, together = stopped([[1, 0, 0, 9, 9, 9], [1, 2, 3, 4, 5, 6]], 2)
    assert (together.best_epoch.tolist(), together.best_score.tolist()) == ([1, 6], [1, 6])
    assert together.best.vector.tolist() == [[1, 1], [6, 6]]


def test_ensembles_of_ensembles_end_too():
    scores = np.array([[[1, 0, 0], [0, 1, 0]], [[0, 0, 1], [2, 1, 0]]])
    *_, together = stopped(scores, 2)
    assert together.best_epoch.tolist() == [[1, 2], [3, 1]]
    assert together.best.vector[..., 0].tolist() == [[1, 2], [3, 1]]


# ---- trainings

N = 3
MODEL = fnn.chain(fnn.linear(8), fnn.tanh, fnn.dropout(0.2), fnn.linear(3))
OPTIMIZER = fnn.adam(0.1)
X = generator(Key(0)).standard_normal((44, 4))
LABELS = generator(Key(1)).integers(3, size=44)
TRAINING, VALIDATION = (X[:20], LABELS[:20]), (X[20:], LABELS[20:])
KEYS = split(Key(8), N)
FOLDS = {"numpy": fnn.fold, "jax": fnn.interop.jax.fold}
pytestmark = pytest.mark.usefixtures("quickly_compiled")


def progresses(model, key, start, fold):
    """Where a network, or one network for each of several keys, stands after each epoch."""
    step = fnn.train_step(model, fnn.cross_entropy, OPTIMIZER, key=fold_in(key, 1))

    def measure(params):
        params = tree.map(np.asarray, params)
        return fnn.evaluate(model, params, VALIDATION, {"validation": fnn.cross_entropy})

    order = fold_in(key, 2)
    batches_of = lambda epoch: fnn.batches(fold_in(order, epoch), TRAINING, 8)  # noqa: E731
    scored = lambda record: -record["validation"]  # noqa: E731
    return fnn.early_stopping(chain([start], fnn.epochs(step, batches_of, start, measure, scored, fold=fold)), 3)


def begin(params):
    return Progress.start(OPTIMIZER.init(tree.cast(params, np.float64)))


ENSEMBLE = fnn.ensemble(MODEL, N)
ALL = begin(tree.stack([MODEL.init(key, (4,))[0] for key in KEYS]))


@pytest.fixture(scope="module", params=FOLDS)
def runs(request):
    """All progresses of the ensemble, and the last ones of its networks trained alone."""
    fold = FOLDS[request.param]
    alone = [last(progresses(MODEL, key, begin(MODEL.init(key, (4,))[0]), fold)) for key in KEYS]
    return fold, list(progresses(ENSEMBLE, KEYS, ALL, fold)), alone


def test_an_ensemble_trains_and_ends_as_its_networks_do_alone(runs):
    _, [*_, together], alone = runs
    ends = [len(each.history) for each in alone]
    assert len(set(ends)) > 1
    assert len(together.history) == max(ends)
    assert together.best_epoch.tolist() == [each.best_epoch for each in alone]
    close = partial(np.testing.assert_allclose, rtol=1e-10, atol=1e-12)
    for r, each in enumerate(alone):
        close(together.best_score[r], each.best_score)
        close(together.best.vector[r], each.best.vector)
        close(together.best.memory[0][r], each.best.memory[0])
        for name in ("loss", "validation"):
            close([record[name][r] for record in together.history[: ends[r]]], [one[name] for one in each.history])


def test_an_ensemble_resumed_from_a_file_is_uninterrupted_to_the_bit(runs, tmp_path):
    fold, whole, alone = runs
    for cut in (1, min(len(each.history) for each in alone), len(whole) - 1):
        checkpoint.save(tmp_path / "x", whole[cut])
        loaded = checkpoint.load(tmp_path / "x", like=ALL)
        assert loaded == whole[cut]
        assert last(progresses(ENSEMBLE, KEYS, loaded, fold)) == whole[-1]


def test_a_progress_of_an_ensemble_is_a_value(runs):
    _, [*_, before, progress], _ = runs
    for again in (copy.copy(progress), copy.deepcopy(progress), pickle.loads(pickle.dumps(progress))):
        assert again == progress != before
    assert progress != attrs.evolve(progress, best_epoch=progress.best_epoch + 1)
    assert progress != attrs.evolve(progress, best_score=np.nextafter(progress.best_score, 0))
    with pytest.raises(ValueError, match="read-only"):
        progress.best_epoch[0] = 1
    assert f"best_epoch={progress.best_epoch!r}" in repr(progress)
