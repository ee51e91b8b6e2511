"""The compiled fold does what NumPy's does: to the bit where that is promised, and elsewhere up to rounding."""

from functools import partial
from itertools import islice

import attrs
import jax
import numpy as np
import pytest

import fnn
import fnn.interop.jax
from fnn import Key, checkpoint, fold_in, generator, tree
from fnn.interop.jax import ahead, key_of
from fnn.metrics import accuracy, f1, roc_auc
from tests.support.contents import content

PLAIN = fnn.chain(fnn.linear(6), fnn.tanh, fnn.linear(3))
DROPPING = fnn.chain(fnn.linear(6), fnn.tanh, fnn.dropout(0.3), fnn.linear(3))
X = generator(Key(0)).standard_normal((23, 5)).astype(np.float32)
LABELS = np.arange(23) % 3
DATA = X, LABELS
OPTIMIZER = fnn.adam(0.02)
STEP = fnn.train_step(PLAIN, fnn.cross_entropy, OPTIMIZER)
START = OPTIMIZER.init(PLAIN.init(Key(1), (5,))[0])
compiled = fnn.interop.jax.fold
FOLDS = {"numpy": fnn.fold, "jax": compiled}
pytestmark = pytest.mark.usefixtures("quickly_compiled")


def assert_equal_folds(step, start, batches_of, tolerance=1e-5):
    """Both folds of two epochs end alike, with the losses of all steps in the same order."""
    ours, theirs = start, start
    for epoch in range(2):
        (ours, losses), (theirs, their_losses) = (
            fnn.fold(step, ours, batches_of(epoch)),
            compiled(step, theirs, batches_of(epoch)),
        )
        losses = np.stack(losses)
        assert (their_losses.shape, their_losses.dtype) == (losses.shape, losses.dtype)
        np.testing.assert_allclose(their_losses, losses, rtol=tolerance)
    assert (type(theirs.step), theirs.step) == (int, ours.step)
    for a, b in zip(jax.tree.leaves(theirs), jax.tree.leaves(ours), strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert (a.shape, a.dtype) == (b.shape, b.dtype) or b.ndim == 0
        assert np.max(np.abs(a - b), initial=0) <= tolerance * max(1, np.max(np.abs(b), initial=0))


# ---- models

TWICE = fnn.ensemble(PLAIN, 2)
MODELS = {  # name: (model, shape of an example's features, optimizer, dtype, tolerance)
    "float32": (PLAIN, (5,), OPTIMIZER, np.float32, 1e-5),
    "float64": (PLAIN, (5,), OPTIMIZER, np.float64, 1e-10),
    "a convolution": (
        fnn.chain(fnn.convolution(2, 3), fnn.relu, fnn.flatten(2), fnn.linear(3)), (5, 1), fnn.sgd(0.1), np.float32,
        1e-5,
    ),
    "a gru": (fnn.chain(fnn.recurrent(fnn.gru(3)), fnn.linear(3)), (2, 2), fnn.sgd(0.1), np.float32, 1e-5),
    "batch_norm": (fnn.chain(fnn.linear(4), fnn.batch_norm(), fnn.linear(3)), (5,), fnn.sgd(0.1), np.float64, 1e-10),
    "a rate for each network": (
        TWICE, (5,), fnn.chain_updates(fnn.clip_by_global_norm(1.0), fnn.sgd(np.array([0.1, 0.3]))), np.float64, 1e-10,
    ),
    "a rate for each network, number by number": (TWICE, (5,), fnn.adam(np.array([0.01, 0.03])), np.float64, 1e-10),
    "decay of matrices": (PLAIN, (5,), fnn.adamw(0.02), np.float64, 1e-10),
    "a norm of all": (PLAIN, (5,), fnn.chain_updates(fnn.clip_by_global_norm(0.1), OPTIMIZER), np.float64, 1e-10),
    "a part that is an ensemble": (fnn.chain(fnn.linear(4), fnn.ensemble(fnn.linear(3), 2)), (5,), fnn.sgd(0.1),
                                   np.float64, 1e-10),
}  # fmt: skip


@pytest.mark.parametrize(("model", "shape", "optimizer", "dtype", "tolerance"), MODELS.values(), ids=MODELS)
def test_models_train_alike(model, shape, optimizer, dtype, tolerance):
    x = generator(Key(2)).standard_normal((23, *shape)).astype(dtype)
    start = optimizer.init(tree.cast(model.init(Key(1), shape)[0], dtype))
    step = fnn.train_step(model, fnn.cross_entropy, optimizer, key=Key(0) if model.needs_key else None)
    assert_equal_folds(step, start, lambda i: fnn.batches(fold_in(Key(3), i), (x, LABELS), 8), tolerance)


@pytest.mark.parametrize(("unroll", "loops"), [(2, 1), (5, 0), (100, 0)])
def test_steps_unrolled_train_alike(unroll, loops):
    ours, losses = compiled(STEP, START, fnn.batches(Key(3), DATA, 4))
    theirs, their_losses = compiled(STEP, START, fnn.batches(Key(3), DATA, 4), unroll=unroll)
    np.testing.assert_allclose(their_losses, losses, rtol=1e-5)
    np.testing.assert_allclose(theirs.vector, ours.vector, rtol=1e-4, atol=1e-6)
    program, key = fnn.interop.jax.compiled._program(STEP, unroll)
    text = program.lower(START, key, DATA, np.zeros(20, np.int32), 4, 0).as_text()
    assert text.count("stablehlo.while") == loops


def test_the_number_of_unrolled_steps_starts_at_1():
    with pytest.raises(ValueError, match=r"fold\(unroll\)"):
        compiled(STEP, START, fnn.batches(Key(3), DATA, 4), unroll=0)


# ---- batches


def noisy(batch, key):
    """Numbers of 64 bits as floats, and noise where there is a key."""
    x, *rest = batch
    return (x if key is None else x + generator(key).random(x.shape, np.float32)), *rest


def mixed(epoch):
    """Batches of 8, 8, 7 and 8 examples, without end if one does not stop."""
    for i, size in enumerate((8, 8, 7, 8)):
        yield tuple(a[3 * i + epoch :][:size] for a in DATA)


OWN = generator(Key(4)).standard_normal((2, 23, 5)).astype(np.float32)  # data of each of two networks
BATCHES = {  # name: (the networks, the batches of an epoch)
    "in order": (PLAIN, lambda i: fnn.batches(None, DATA, 8)),
    "drop_last": (PLAIN, lambda i: fnn.batches(Key(i), DATA, 8, drop_last=True)),
    "prepared": (PLAIN, lambda i: fnn.batches(Key(i), DATA, 8, prepare=noisy)),
    "of mixed sizes": (PLAIN, mixed),
    "a list": (PLAIN, lambda i: [list(batch) for batch in fnn.batches(Key(i), DATA, 8)]),
    "two keys": (TWICE, lambda i: fnn.batches((Key(i), Key(i, (1,))), DATA, 8)),
    "two keys, prepared": (TWICE, lambda i: fnn.batches((Key(i), Key(i, (1,))), DATA, 8, prepare=noisy)),
    "data of each network": (TWICE, lambda i: fnn.batches(Key(i), (OWN, np.stack([LABELS] * 2)), 8, axis=1)),
}


@pytest.mark.parametrize(("model", "batches_of"), BATCHES.values(), ids=BATCHES)
def test_batches_of_any_kind_train_alike(model, batches_of):
    step = fnn.train_step(model, fnn.cross_entropy, OPTIMIZER)
    assert_equal_folds(step, OPTIMIZER.init(model.init(Key(1), (5,))[0]), batches_of)


def test_arrays_that_rest_on_the_device_give_the_same_bits():
    (ours, losses), (theirs, their_losses) = (
        compiled(STEP, START, fnn.batches(Key(0), data, 8)) for data in (DATA, jax.device_put(DATA))
    )
    assert ours == theirs
    assert np.array_equal(losses, their_losses)


def showing(state, batch):
    """A user's own step: it makes no update, and its loss is the batch."""
    return attrs.evolve(state, loss=batch[0])


@pytest.mark.parametrize("prepare", [None, noisy], ids=["gathered", "prepared"])
@pytest.mark.parametrize("keys", [None, Key(7), (Key(7), Key(8))], ids=["in order", "shuffled", "two orders"])
def test_the_examples_of_each_batch_and_what_prepare_draws_are_equal_to_the_bit(keys, prepare):
    batches = fnn.batches(keys, (X[:, 0],), 8, drop_last=True, prepare=prepare)
    state, losses = compiled(showing, START, batches)
    assert np.array_equal(losses, [batch for (batch,) in batches])
    assert state.step == START.step
    assert state.vector.tobytes() == START.vector.tobytes()  # it begins with NumPy's initial values


def test_more_batches_than_are_stacked_at_once_stay_in_order(monkeypatch):
    monkeypatch.setattr(fnn.interop.jax.orders, "AT_ONCE", 2)
    batches = [(X[i : i + 8, 0],) for i in range(5)]
    assert np.array_equal(compiled(showing, START, iter(batches))[1], [batch for (batch,) in batches])


def test_batches_that_differ_in_their_dtype_alone_are_not_joined():
    batches = [(np.arange(3),), (np.arange(3) / 2,)]
    shown = lambda state, batch: attrs.evolve(state, loss=batch[0] / 4 if batch[0].dtype.kind == "i" else batch[0])  # noqa: E731
    assert np.array_equal(compiled(shown, START, batches)[1], [np.arange(3) / 4, np.arange(3) / 2])


@pytest.mark.parametrize("nothing", [[], fnn.batches(Key(0), (X[:0], LABELS[:0]), 8)], ids=["a list", "no examples"])
def test_without_a_batch_nothing_happens(nothing):
    state, losses = compiled(STEP, START, nothing)
    assert state is START
    assert len(losses) == 0
    with pytest.raises(ValueError, match="gave no batch"):
        next(fnn.epochs(STEP, lambda i: nothing, START, fold=compiled))


def test_inputs_stay_as_they_are_and_results_have_memory_of_their_own():
    inputs = [*START.memory, START.vector, X.copy(), LABELS.copy()]
    before = content(inputs)
    data = tuple(inputs[-2:])
    state, losses = compiled(STEP, START, fnn.batches(None, data, 8))
    outputs = fnn.predict(PLAIN, state.params, data[0], 8)
    fnn.evaluate(PLAIN, state.params, data, {"loss": fnn.cross_entropy, "right": accuracy}, 8)
    assert content(inputs) == before
    for result in map(np.asarray, (state.vector, *state.memory, losses, outputs)):
        assert not any(np.shares_memory(result, each) for each in inputs)


@pytest.mark.parametrize(("model", "batches_of"), BATCHES.values(), ids=BATCHES)
def test_batches_that_are_drawn_ahead_are_the_same_to_the_bit(model, batches_of):
    step, drawn_ahead = fnn.train_step(model, fnn.cross_entropy, OPTIMIZER), ahead(batches_of)
    start = OPTIMIZER.init(model.init(Key(1), (5,))[0])
    for epoch in (0, 1, 1, 3, 0):
        (ours, losses), (theirs, their_losses) = (compiled(step, start, of(epoch)) for of in (batches_of, drawn_ahead))
        assert ours == theirs
        assert np.array_equal(losses, their_losses)
        assert content(list(map(tuple, drawn_ahead(epoch)))) == content(list(map(tuple, batches_of(epoch))))


def test_the_next_epoch_is_drawn_before_the_fold_waits_for_the_device(monkeypatch):
    asked, wait = [], jax.device_get
    monkeypatch.setattr(jax, "device_get", lambda arrays: asked.append("waited") or wait(arrays))
    drawn_ahead = ahead(lambda epoch: asked.append(epoch) or fnn.batches(Key(epoch), DATA, 8))
    epoch = drawn_ahead(2)
    assert asked == [2]
    assert isinstance(epoch.order, jax.Array)
    compiled(STEP, START, epoch)
    assert asked == [2, 3, "waited"]
    assert np.array_equal(drawn_ahead(3).order, fnn.batches(Key(3), DATA, 8).order)
    assert asked == [2, 3, "waited"]
    drawn_ahead(3)
    assert asked == [2, 3, "waited", 3]


def test_an_error_of_the_next_epoch_comes_when_it_is_asked_for():
    drawn_ahead = ahead([fnn.batches(Key(0), DATA, 8)].__getitem__)
    assert len(compiled(STEP, START, drawn_ahead(0))[1]) == 3
    with pytest.raises(IndexError):
        drawn_ahead(1)


# ---- masks

ONES = np.ones((40, 500), np.float32)
AVERAGE = {"0": {}, "1": {"weights": np.full((500, 1), 1 / 500, np.float32), "bias": np.zeros(1, np.float32)}}
STILL = fnn.sgd(lambda step: 0.0)
TRACED = []


def mean_output(prediction, target):
    """A loss that remembers when it is traced, or called by NumPy."""
    TRACED.append(prediction)
    return prediction.mean(), lambda: 0 * prediction


def masks(key, fold=compiled, start=None):
    """The mean of what 40 masks leave of 500 ones, and the state behind them."""
    step = fnn.train_step(fnn.chain(fnn.dropout(0.3), fnn.linear(1)), mean_output, STILL, key=key)
    return fold(step, start or STILL.init(AVERAGE), fnn.batches(None, (ONES, ONES), 1))


def test_masks_follow_from_the_key_and_the_step():
    state, first = masks(Key(1))
    _, further = masks(Key(1), start=state)
    assert np.array_equal(first, masks(Key(1))[1])
    assert np.array_equal(first, masks(key_of(Key(1)))[1])
    assert not np.array_equal(first, masks(Key(2))[1])
    assert not np.array_equal(first, masks(Key(1, (0,)))[1])
    assert len({*map(float, first)}) > 20
    assert np.mean(first == further) < 0.5


@pytest.mark.parametrize("fold", FOLDS.values(), ids=FOLDS)
def test_masks_drop_as_often_as_they_should(fold):
    means = np.concatenate([masks(Key(seed), fold)[1] for seed in range(10)])
    deviation = np.sqrt(0.3 / 0.7 / 500)  # of the mean of 500 ones, each 0 or 1 / 0.7
    assert abs(means.mean() - 1) < 4 * deviation / 20
    assert abs(means.std() / deviation - 1) < 0.15
    assert abs(np.corrcoef(means[:-1], means[1:])[0, 1]) < 0.2


def test_masks_have_bits_of_their_own():
    assert not np.array_equal(masks(Key(1))[1], masks(Key(1), fnn.fold)[1])


def test_the_networks_of_an_ensemble_draw_what_they_draw_alone():
    keys, shape = (Key(1), Key(2, (3,))), (2, 4, 3)
    for normal in (False, True):
        together = fnn.random.draw(fold_in(key_of(keys), 5), shape, normal=normal)
        alone = [fnn.random.draw(fold_in(key_of(key), 5), shape[1:], normal=normal) for key in keys]
        assert np.array_equal(together, alone)
    with pytest.raises(ValueError, match=r"2 keys of an ensemble draw for arrays \(2, batch, ...\), got shape \(4, 3"):
        fnn.random.draw(key_of(keys), (4, 3))


def test_other_keys_and_equal_models_made_anew_compile_nothing():
    masks(Key(0))
    TRACED.clear()
    for seed in range(3):
        state, _ = masks(Key(seed, (seed,)))
        masks(Key(seed), start=state)
    assert TRACED == []


# ---- what is not finite

HOLED = np.where(np.arange(23)[:, None] == 9, np.float32(np.nan), X)


def test_a_divergence_names_its_step_and_its_reason_and_holds_the_state_before_the_fold():
    start, _ = compiled(STEP, START, fnn.batches(Key(0), DATA, 8))
    said = r"step 4: the loss is nan, because array 0 of the batch holds nan at \[1, 0\], .* the state before the fold"
    with pytest.raises(fnn.optimizers.DivergedError, match=said) as caught:
        compiled(STEP, start, fnn.batches(None, (HOLED, LABELS), 8))
    assert (caught.value.step, caught.value.path) == (4, ())
    assert np.isnan(caught.value.loss)
    assert caught.value.state is start


def test_a_divergence_does_not_blame_what_comes_later():
    optimizer = fnn.sgd(3e38)
    step, start = fnn.train_step(PLAIN, fnn.cross_entropy, optimizer), optimizer.init(START.params)
    later = np.where(np.arange(23)[:, None] == 22, np.float32(np.nan), X)
    with pytest.raises(fnn.optimizers.DivergedError, match="try a smaller rate"):
        compiled(step, start, fnn.batches(None, (later, LABELS), 8))


def test_a_model_without_parameters_has_losses():
    step = fnn.train_step(fnn.relu, fnn.cross_entropy, OPTIMIZER)
    assert_equal_folds(step, OPTIMIZER.init({}), lambda i: fnn.batches(Key(i), DATA, 8))


def test_a_step_may_allow_what_is_not_finite():
    step = fnn.train_step(PLAIN, fnn.cross_entropy, OPTIMIZER, finite=False)
    state, losses = compiled(step, START, fnn.batches(None, (HOLED, LABELS), 8))
    assert np.isfinite(losses).tolist() == [True, False, False]
    assert state.step == 3


@pytest.mark.parametrize("part", ["vector", "memory"])
def test_an_overflow_under_a_finite_loss_is_a_divergence(part):
    def growing(state, batch):
        larger = jax.tree.map(lambda array: (1 + array) * 1e20, getattr(state, part))
        return attrs.evolve(state, **{part: larger}, step=state.step + 1, loss=batch[0])

    ones = [(np.float32(1),)] * 4
    assert compiled(growing, START, ones[:1])[0].step == 1
    with pytest.raises(fnn.optimizers.DivergedError, match="step 3: the parameters or the optimizer's memory are not"):
        compiled(growing, START, ones)


def test_an_epochs_divergence_leaves_the_progress_before_it():
    data = lambda i: fnn.batches(None, (X if i < 2 else HOLED, LABELS), 8)  # noqa: E731
    seen = []
    with pytest.raises(fnn.optimizers.DivergedError, match="step 7") as caught:
        seen.extend(progress for progress in fnn.epochs(STEP, data, START, fold=compiled) if not seen.append(progress))
    assert caught.value.state is seen[-1].state


def test_float64_is_refused_where_jax_rounds_it():
    start = OPTIMIZER.init(tree.cast(PLAIN.init(Key(1), (5,))[0], np.float64))
    with jax.enable_x64(False):
        with pytest.raises(ValueError, match=r"float64, which JAX rounds to float32 by default; use tree\.cast"):
            compiled(STEP, start, fnn.batches(Key(0), DATA, 8))
        state, losses = compiled(STEP, START, fnn.batches(Key(0), DATA, 8))  # float32 goes without the 64-bit mode
    assert (state.vector.dtype, losses.dtype) == (np.float32, np.float32)
    np.testing.assert_allclose(losses, np.stack(fnn.fold(STEP, START, fnn.batches(Key(0), DATA, 8))[1]), rtol=1e-5)


# ---- resuming


def scan(start, fold, model=DROPPING):
    key = Key(2) if model.needs_key else None
    step = fnn.train_step(model, fnn.cross_entropy, OPTIMIZER, key=key)
    measure = lambda params: {"first": float(tree.leaves(params)[0][0, 0])}  # noqa: E731
    batches_of = lambda i: fnn.batches(fold_in(Key(5), i), DATA, 8)  # noqa: E731
    return fnn.epochs(step, batches_of, start, measure, lambda record: -record["loss"], fold=fold)


def run(start, fold, n, model=DROPPING):
    return next(islice(scan(start, fold, model), n - 1, None))


@pytest.mark.parametrize("fold", FOLDS.values(), ids=FOLDS)
def test_resumed_from_a_file_is_uninterrupted_to_the_bit(fold, tmp_path):
    start = OPTIMIZER.init(DROPPING.init(Key(1), (5,))[0])
    checkpoint.save(tmp_path / "x", half := run(start, fold, 2))
    loaded = checkpoint.load(tmp_path / "x", like=fnn.Progress.start(start))
    assert loaded == half
    assert run(loaded, fold, 2) == run(start, fold, 4) != half


@pytest.mark.parametrize(("first", "then"), [("numpy", "jax"), ("jax", "numpy")])
def test_what_one_fold_saved_the_other_resumes(first, then, tmp_path):
    checkpoint.save(tmp_path / "x", run(START, FOLDS[first], 2, PLAIN))
    loaded = checkpoint.load(tmp_path / "x", like=fnn.Progress.start(START))
    resumed, whole = run(loaded, FOLDS[then], 2, PLAIN), run(START, FOLDS[first], 4, PLAIN)
    assert (resumed.best_epoch, resumed.state.step) == (whole.best_epoch, whole.state.step)
    for name in ("state", "best"):
        a, b = (np.asarray(getattr(each, name).vector) for each in (resumed, whole))
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    for name in ("loss", "first"):
        a, b = ([record[name] for record in each.history] for each in (resumed, whole))
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_a_state_on_the_device_goes_on_under_numpys_fold():
    states = [fold(STEP, START, fnn.batches(None, DATA, 8))[0] for fold in FOLDS.values()]
    a, b = (np.asarray(STEP(state, (X[:8], LABELS[:8])).vector) for state in states)
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


# ---- evaluate and predict


def plain(prediction, target, *weight):
    """A measure that JAX cannot trace."""
    return float(np.median(np.asarray(prediction)))


def branching(prediction, target, *weight):
    return prediction.max() if prediction.max() > 0 else 0.0


MEASURES = {
    "loss": fnn.cross_entropy,
    "smooth": partial(fnn.cross_entropy, label_smoothing=0.1),
    "accuracy": accuracy,
    "f1": partial(f1, average="macro"),
    "auc": roc_auc,
    "plain": plain,
    "branching": branching,
}
WEIGHT = (np.arange(23) % 4).astype(np.float32)


ON_DEVICE = jax.device_put(START.params)


@pytest.mark.parametrize("put", [lambda data: data, jax.device_put], ids=["arrays of NumPy", "arrays of JAX"])
@pytest.mark.parametrize("data", [DATA, (*DATA, WEIGHT)], ids=["all", "weighted"])
def test_evaluate_gives_what_numpys_gives(data, put):
    ours = fnn.evaluate(PLAIN, START.params, data, MEASURES, 8)
    theirs = fnn.evaluate(PLAIN, ON_DEVICE, put(data), MEASURES, 8)
    assert list(theirs) == list(MEASURES)
    for name, value in ours.items():
        assert type(theirs[name]) is type(value)
        np.testing.assert_allclose(theirs[name], value, rtol=1e-5, err_msg=name)


def test_evaluate_gives_each_network_its_own():
    params, _ = TWICE.init(Key(1), (5,))
    measures = {"loss": fnn.cross_entropy, "accuracy": accuracy}
    for data, axis in ((DATA, 0), ((OWN, np.stack([LABELS] * 2)), 1)):
        ours, theirs = (
            fnn.evaluate(TWICE, each, data, measures, 8, axis=axis) for each in (params, jax.device_put(params))
        )
        for name, value in ours.items():
            np.testing.assert_allclose(theirs[name], value, rtol=1e-5)
            assert theirs[name].shape == (2,)


def test_losses_and_outputs_of_parameters_on_the_device_are_compiled():
    seen = []

    def loss(prediction, target):
        seen.append(type(prediction))
        return fnn.mse(prediction, target)

    for _ in range(2):
        fnn.evaluate(PLAIN, ON_DEVICE, (X, X[:, :3]), {"loss": loss}, 8)
    assert len(seen) == 2  # traced once for each shape
    assert all(issubclass(each, jax.core.Tracer) for each in seen)


def test_metrics_are_as_exact_without_the_64_bit_mode():
    weight = np.float32(0.1) * np.arange(23, dtype=np.float32)
    with jax.enable_x64(False):
        found = fnn.evaluate(PLAIN, ON_DEVICE, jax.device_put((*DATA, weight)), {"right": accuracy}, 8)
    assert found["right"] == fnn.evaluate(PLAIN, START.params, (*DATA, weight), {"right": accuracy}, 8)["right"]


def test_a_mistake_in_a_measure_is_the_users_own_error():
    def wrong(prediction, target):
        raise ValueError("the user's own")

    with pytest.raises(ValueError, match="the user's own"):
        fnn.evaluate(PLAIN, ON_DEVICE, DATA, {"wrong": wrong})


def test_a_layers_error_is_its_own():
    with pytest.raises(fnn.LayerError, match="x has 4 features, the parameters were initialised for 5"):
        fnn.predict(PLAIN, ON_DEVICE, X[:, :4])


def test_predict_gives_what_numpys_gives():
    close = partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)
    expected = fnn.predict(PLAIN, START.params, X, 8)
    for x in (X, jax.device_put(X)):
        close(fnn.predict(PLAIN, ON_DEVICE, x, 8), expected)
    doubled = lambda batch, key: (2 * batch[0],)  # noqa: E731
    close(fnn.predict(PLAIN, ON_DEVICE, X / 2, 8, prepare=doubled), expected)
    assert fnn.predict(PLAIN, ON_DEVICE, X[:0]).shape == (0, 3)
    params, _ = TWICE.init(Key(1), (5,))
    close(fnn.predict(TWICE, jax.device_put(params), OWN, 8, axis=1), fnn.predict(TWICE, params, OWN, axis=1))


def test_a_layer_may_make_its_pullback_by_jaxs_vjp():
    plain = fnn.linear(2)

    def vjp(params, x, key=None):
        y, back = jax.vjp(plain.apply, params, x)
        return y, lambda dy, need_dx=True: back(dy)

    model = fnn.Layer(plain.init, plain.apply, vjp)
    step, start = fnn.train_step(model, fnn.mse, fnn.sgd(0.1)), fnn.sgd(0.1).init(model.init(fnn.Key(0), (3,))[0])
    x, y = np.ones((4, 3), np.float32), np.zeros((4, 2), np.float32)
    ours, _ = fnn.fold(fnn.train_step(plain, fnn.mse, fnn.sgd(0.1)), start, fnn.batches(None, (x, y), 2))
    theirs, _ = fnn.interop.jax.fold(step, start, fnn.batches(None, (x, y), 2))
    np.testing.assert_allclose(theirs.vector, ours.vector, rtol=1e-6)
