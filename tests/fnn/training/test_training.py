"""Training is a fold: steps, epochs, early stopping and resuming, and evaluation in batches."""

import itertools
import math
import pickle
from functools import partial, reduce
from itertools import islice

import attrs
import numpy as np
import pytest
import toolz

from fnn import (
    Key,
    Progress,
    adagrad,
    adam,
    adamw,
    batches,
    chain,
    chain_updates,
    clip_by_global_norm,
    cross_entropy,
    dropout,
    early_stopping,
    elementwise,
    ensemble,
    epochs,
    evaluate,
    fold_in,
    linear,
    momentum,
    mse,
    rmsprop,
    sgd,
    split,
    tanh,
    train_step,
    tree,
    value_and_grad,
    warmup_cosine,
)
from fnn.metrics import accuracy

RNG = np.random.default_rng(0)
X = RNG.standard_normal((23, 5)).astype(np.float32)
LABELS = RNG.integers(3, size=23)
MODEL = chain(linear(8), tanh, dropout(0.3), linear(3))
PLAIN = chain(linear(8), tanh, linear(3))
PLAIN_PARAMS, _ = PLAIN.init(Key(1), (5,))
PARAMS, _ = MODEL.init(Key(1), (5,))
OPTIMIZER = chain_updates(clip_by_global_norm(1.0), adam(warmup_cosine(0.05, 5, 60)))
STEP = train_step(MODEL, cross_entropy, OPTIMIZER, key=Key(2))
START = OPTIMIZER.init(PARAMS)


def batches_of(epoch):
    return batches(fold_in(Key(3), epoch), (X, LABELS), 8)


def run(progresses, n):
    """The progress after n further epochs."""
    return next(islice(progresses, n - 1, None))


# ---- gradients and steps


def test_value_and_grad_equal_linear_regression_by_hand():
    x, t = RNG.standard_normal((6, 4)), RNG.standard_normal((6, 2))
    params = tree.cast(linear(2).init(Key(0), (4,))[0], np.float64)
    error = x @ params["weights"] + params["bias"] - t
    value, grads = value_and_grad(linear(2), mse)(params, (x, t))
    assert value == pytest.approx(np.mean(error**2), rel=1e-14)
    np.testing.assert_allclose(grads["weights"], x.T @ error / 6, rtol=1e-13)
    np.testing.assert_allclose(grads["bias"], error.sum(axis=0) / 6, rtol=1e-13)


def test_value_and_grad_do_not_pull_back_to_x():
    def refuse(xp, x, y):
        raise AssertionError("the gradient with respect to x must not be computed")

    model = chain(elementwise("first", lambda xp, x: x, refuse), linear(3))
    params, _ = model.init(Key(0), (5,))
    _, grads = value_and_grad(model, cross_entropy)(params, (X, LABELS))
    assert grads.keys() == {"0", "1"}


def test_a_key_makes_the_gradient_stochastic():
    gradient = value_and_grad(MODEL, cross_entropy)
    plain, keyed, again, other = (gradient(PARAMS, (X, LABELS), key)[0] for key in (None, Key(0), Key(0), Key(1)))
    assert keyed == again
    assert len({float(plain), float(keyed), float(other)}) == 3


def test_a_step_draws_from_its_number_folded_into_the_key():
    state = attrs.evolve(START, step=7)
    loss, grads = value_and_grad(MODEL, cross_entropy)(state.params, (X, LABELS), fold_in(Key(2), 7))
    after = STEP(state, (X, LABELS))
    assert after == attrs.evolve(OPTIMIZER.update(state, grads), loss=loss)
    assert after.step == 8


def test_without_a_key_a_step_is_deterministic_in_its_batch_alone():
    step = train_step(PLAIN, cross_entropy, sgd(0.1))
    state = sgd(0.1).init(PLAIN_PARAMS)
    assert step(state, (X, LABELS)).vector.tobytes() == step(attrs.evolve(state, step=9), (X, LABELS)).vector.tobytes()


def test_a_step_changes_nothing_but_its_result():
    before = pickle.loads(pickle.dumps(START))
    assert STEP(START, (X, LABELS)) == STEP(START, (X, LABELS))
    assert before == START


def test_training_lowers_the_loss():
    step = train_step(PLAIN, cross_entropy, adam(0.05))
    state = reduce(step, [(X, LABELS)] * 100, adam(0.05).init(PLAIN_PARAMS))
    assert state.loss < 0.3 < cross_entropy(PLAIN.apply(PLAIN_PARAMS, X), LABELS)[0]


def test_an_ensemble_trains_as_its_members_alone():
    model = chain(linear(4), tanh, linear(3))
    both = ensemble(model, 3)
    wide = lambda model, params: reduce(  # noqa: E731
        train_step(model, cross_entropy, adam(0.05)), [(X.astype(float), LABELS)] * 5, adam(0.05).init(params)
    )
    together = wide(both, tree.cast(both.init(Key(0), (5,))[0], np.float64))
    for i, key in enumerate(split(Key(0), 3)):
        alone = wide(model, tree.cast(model.init(key, (5,))[0], np.float64))
        np.testing.assert_allclose(together.vector[i], alone.vector, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(together.loss[i], alone.loss, rtol=1e-12)


RULES = [sgd(0.1), momentum(0.1), momentum(0.1, nesterov=True), rmsprop(), adagrad(), adam(), adamw(), OPTIMIZER]


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("optimizer", RULES, ids=str)
def test_dtypes_stay_over_steps(optimizer, dtype):
    step = train_step(MODEL, cross_entropy, optimizer, key=Key(0))
    state = reduce(step, [(X.astype(dtype), LABELS)] * 3, optimizer.init(tree.cast(PARAMS, dtype)))
    flat = lambda memory: [a for s in memory for a in (flat(s) if isinstance(s, tuple) else [s])]  # noqa: E731
    assert {array.dtype for array in (state.vector, state.loss, *flat(state.memory))} == {np.dtype(dtype)}


# ---- epochs


def test_epochs_are_a_scan_of_a_fold():
    progress = run(epochs(STEP, batches_of, START), 3)
    state, losses = START, []
    for epoch in range(3):
        scan = list(toolz.accumulate(STEP, batches_of(epoch), state))[1:]
        state = scan[-1]
        losses.append(np.mean([float(each.loss) for each in scan]))
    assert progress.state == progress.best == state
    assert [record["loss"] for record in progress.history] == pytest.approx(losses, rel=1e-12)
    assert [record["epoch"] for record in progress.history] == [1, 2, 3]


@pytest.mark.parametrize(
    "pause", [lambda progress: progress, lambda p: pickle.loads(pickle.dumps(p))], ids=["kept", "saved"]
)
def test_a_resumed_run_is_bit_identical(pause):
    measure = lambda params: evaluate(MODEL, params, (X, LABELS), {"accuracy": accuracy})  # noqa: E731
    scan = partial(epochs, STEP, batches_of, measure=measure, score=lambda record: record["accuracy"])
    whole = run(scan(START), 6)
    half = pause(run(scan(START), 2))
    assert run(scan(half), 4) == whole
    assert whole.history[-1].keys() == {"epoch", "loss", "accuracy"}


def test_an_epoch_is_computed_when_it_is_asked_for():
    progresses = epochs(STEP, lambda epoch: batches_of(epoch) if epoch < 2 else 1 / 0, START)
    assert len(list(islice(progresses, 2))[-1].history) == 2


def test_an_epoch_needs_a_batch():
    with pytest.raises(ValueError, match=r"batches_of\(0\) gave no batch; is the data empty"):
        next(epochs(STEP, lambda epoch: [], START))


def test_several_passes_can_be_one_epoch():
    passes = lambda i: itertools.chain.from_iterable(map(batches_of, range(3 * i, 3 * i + 3)))  # noqa: E731
    often, seldom = run(epochs(STEP, batches_of, START), 6), run(epochs(STEP, passes, START), 2)
    assert seldom.state == often.state
    assert [record["epoch"] for record in seldom.history] == [1, 2]


@pytest.mark.parametrize("score", [np.float32(0.5), np.array(0.5), True, 1, math.nan], ids=repr)
def test_any_number_is_a_score(score):
    assert len(run(epochs(STEP, batches_of, START, score=lambda record: score), 1).history) == 1


def test_a_progress_is_shown_without_its_history():
    progress = run(epochs(STEP, batches_of, START), 2)
    assert repr(progress).endswith("best_epoch=2, best_score=2, history=<2 records>)")


# ---- early stopping


def counted(scores):
    """Epochs of one step each that score as given."""
    step = lambda state, batch: attrs.evolve(state, step=state.step + 1, loss=np.float32(0))  # noqa: E731
    return epochs(step, lambda i: [()], START, score=lambda record: scores[record["epoch"] - 1])


# Name: scores of the epochs, the patience, the epoch that ends it, the best epoch.
STOPS = {
    "at once": ([3, 2, 1], 1, 2, 1),
    "after two": ([1, 3, 2, 2.5, 9], 2, 4, 2),
    "after a new best": ([1, 3, 2, 4, 0, 0, 9], 2, 6, 4),
    "a tie is not better": ([1, 1, 1, 9], 2, 3, 1),
    "nan is not better": ([1, math.nan, math.nan, 9], 2, 3, 1),
    "never": ([1, 2, 3], 3, 3, 3),
    "nothing good": ([-math.inf] * 5, 3, 3, 0),
}


@pytest.mark.parametrize(("scores", "patience", "end", "best"), STOPS.values(), ids=STOPS)
def test_early_stopping_ends_in_time_and_keeps_the_best(scores, patience, end, best):
    *_, last = early_stopping(islice(counted(scores), len(scores)), patience)
    assert (len(last.history), last.state.step) == (end, end)
    assert (last.best_epoch, last.best.step) == (best, best)
    assert last.best_score == (scores[best - 1] if best else -math.inf)


@pytest.mark.parametrize("patience", [0, -1, 2.0, True, None], ids=repr)
def test_patience_is_a_whole_number(patience):
    with pytest.raises(ValueError, match="must be a whole number from 1 up"):
        early_stopping([], patience)


def test_a_training_that_has_not_begun_has_no_best():
    assert Progress.start(START) == Progress(START, START, 0, -math.inf, ())


def test_the_progress_of_an_ensemble_is_a_value_too():
    model = ensemble(linear(3), 2)
    step = train_step(model, cross_entropy, sgd(0.1))
    start = sgd(0.1).init(model.init(Key(0), (5,))[0])
    assert run(epochs(step, batches_of, start), 2) == run(epochs(step, batches_of, start), 2)
    assert not step(start, (X, LABELS)).loss.flags.writeable
