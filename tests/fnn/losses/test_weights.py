"""Weights of examples and of elements: their mean, masks, reductions, and what is refused."""

import json
from functools import partial, reduce

import array_api_strict
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn import Key, binary_cross_entropy, cross_entropy, huber, mse
from fnn.data import class_weights
from fnn.metrics import accuracy
from tests.support.paths import ROOT
from tests.support.reference import losses as problem

FIGURES = json.loads((ROOT / "tests" / "support" / "reference" / "losses.json").read_text(encoding="utf-8"))
Z, T, EXAMPLES, ELEMENTS, CLASSES, P = (
    np.array(each)
    for each in (problem.Z, problem.T, problem.EXAMPLES, problem.ELEMENTS, problem.CLASSES, problem.PROBABILITIES)
)
LABELS = np.array(problem.LABELS)
MASK = EXAMPLES > 0
POINTWISE = {"mse": mse, "huber": huber, "bce": binary_cross_entropy}
TOTAL = {"reduction": "sum"}
CALLS = {  # the names are those of PyTorch's figures: loss, target, weight
    **{f"{name}, examples": (loss, T, EXAMPLES) for name, loss in POINTWISE.items()},
    **{f"{name}, elements": (loss, T, ELEMENTS) for name, loss in POINTWISE.items()},
    "bce, elements, sum": (partial(binary_cross_entropy, reduction="sum"), T, ELEMENTS),
    "ce, classes": (cross_entropy, LABELS, CLASSES[LABELS]),
    "ce, classes, sum": (partial(cross_entropy, reduction="sum"), LABELS, CLASSES[LABELS]),
    "ce, mask": (cross_entropy, np.where(MASK, LABELS, -1), MASK),
    "ce, mask, smoothed": (partial(cross_entropy, label_smoothing=0.1), np.where(MASK, LABELS, -1), MASK),
    "ce, examples": (cross_entropy, LABELS, EXAMPLES),
    "ce, probabilities": (cross_entropy, P, EXAMPLES),
    "ce, probabilities, smoothed": (partial(cross_entropy, label_smoothing=0.1), P, EXAMPLES),
}
table = pytest.mark.parametrize("name", CALLS)


@table
def test_weighted_losses_are_pytorchs(name):
    assert set(FIGURES) == set(CALLS), "make the figures as tests/support/reference/losses.py says"
    loss, target, w = CALLS[name]
    value, pullback = loss(Z, target, w)
    assert value == pytest.approx(FIGURES[name]["value"], rel=1e-12)
    np.testing.assert_allclose(pullback(), FIGURES[name]["gradient"], rtol=1e-12, atol=1e-14)


@table
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_weighted_gradients_are_jaxs(name, reduction):
    loss, target, w = CALLS[name]
    loss = partial(loss, reduction=reduction)
    value, pullback = loss(Z, target, w)
    expected, jax_pullback = jax.vjp(lambda z: loss(z, jnp.asarray(target), jnp.asarray(w))[0], jnp.asarray(Z))
    cotangent = np.linspace(-1, 1, value.size).reshape(value.shape) + 2.5
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(pullback(cotangent), jax_pullback(jnp.asarray(cotangent))[0], rtol=1e-12, atol=1e-14)


@table
def test_a_traced_prediction_takes_numpys_targets_and_weights(name):
    loss, target, w = CALLS[name]
    np.testing.assert_allclose(jax.jit(lambda z: loss(z, target, w)[0])(Z), loss(Z, target, w)[0], rtol=1e-12)


@table
def test_weights_of_1_change_nothing(name):
    loss, target, w = CALLS[name]
    target = np.where(MASK, target, 0) if "mask" in name else target
    for reduction in ("mean", "sum", "none"):
        plain, back = loss(Z, target, reduction=reduction)
        value, weighted_back = loss(Z, target, np.ones_like(w, dtype=float), reduction=reduction)
        np.testing.assert_allclose(value, plain, rtol=1e-14)
        np.testing.assert_allclose(weighted_back(), back(), rtol=1e-14)


@table
def test_a_weight_of_2_is_an_example_twice(name):
    loss, target, _ = CALLS[name]
    target, twice = np.where(MASK, target, 0) if "mask" in name else target, [0, 0, 1, 2, 3, 4, 4]
    value, pullback = loss(Z, target, np.array([2, 1, 1, 1, 2]))
    expected, back = loss(Z[twice], target[twice])
    assert value == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(pullback(), np.array([2, 1, 1, 1, 2])[:, None] * back()[[0, 2, 3, 4, 5]], rtol=1e-14)


@table
def test_each_network_may_have_weights_of_its_own(name):
    loss, target, w = CALLS[name]
    w = w.astype(float)
    own, many = np.stack([w, 3 * w, np.where(w > 0, 1.0, 0.0)]), np.stack([Z, Z - 1, 2 * Z])
    value, pullback = loss(many, target, own)
    alone = [loss(z, target, each) for z, each in zip(many, own, strict=True)]
    np.testing.assert_allclose(value, [each for each, _ in alone], rtol=1e-14)
    np.testing.assert_allclose(pullback(), [back() for _, back in alone], rtol=1e-13, atol=1e-16)


@table
def test_float32_stays_float32(name):
    loss, target, w = CALLS[name]
    value, pullback = loss(Z.astype(np.float32), target, w)
    assert (value.dtype, pullback().dtype) == (np.float32, np.float32)


@pytest.mark.parametrize("loss", [*POINTWISE.values(), cross_entropy], ids=lambda loss: loss.__name__)
def test_under_a_mask_a_target_may_be_missing(loss):
    for w, target in ((EXAMPLES, np.where(MASK[:, None], P, np.nan)), (MASK, np.where(MASK[:, None], P, 1e300))):
        value, pullback = loss(Z, target, w)
        expected, back = loss(Z[MASK], P[MASK], w[MASK])
        assert value == pytest.approx(expected, rel=1e-14)
        np.testing.assert_allclose(pullback()[MASK], back(), rtol=1e-14)
        assert not pullback()[~MASK].any()


def test_an_element_may_be_missing():
    t = np.where(ELEMENTS > 0, T, np.nan)
    assert mse(Z, t, ELEMENTS)[0] == mse(Z, T, ELEMENTS)[0]
    assert np.array_equal(mse(Z, t, ELEMENTS)[1](), mse(Z, T, ELEMENTS)[1]())


def test_a_mask_does_not_hide_predictions_that_are_nan():
    z = np.where(MASK[:, None], Z, np.nan)
    for loss, target in ((mse, T), (huber, T), (binary_cross_entropy, T), (cross_entropy, P), (cross_entropy, LABELS)):
        assert np.isnan(loss(z, target, EXAMPLES)[0])
    assert np.isnan(cross_entropy(z, np.where(MASK[:, None], P, 0))[0])  # nor does a row of no mass


def test_label_smoothing_spreads_each_rows_own_mass():
    z, rows = np.array([[2.0, 0, 0], [0, 5, 0]]), np.array([[1.0, 0, 0], [0, 0, 0]])
    value, pullback = cross_entropy(z, rows, label_smoothing=0.1, reduction="sum")
    assert value == pytest.approx(cross_entropy(z[:1], rows[:1], label_smoothing=0.1)[0], rel=1e-14)
    assert round(float(value), 4) == 0.3729
    assert not pullback()[1].any()


@pytest.mark.parametrize("loss", [*POINTWISE.values(), cross_entropy], ids=lambda loss: loss.__name__)
def test_none_gives_each_examples_value(loss):
    value, pullback = loss(Z, P, reduction="none")
    alone = [loss(Z[i : i + 1], P[i : i + 1]) for i in range(len(Z))]
    np.testing.assert_allclose(value, [each for each, _ in alone], rtol=1e-14)
    np.testing.assert_allclose(pullback(), np.concatenate([back() for _, back in alone]), rtol=1e-14)
    np.testing.assert_allclose(loss(Z, P, EXAMPLES, reduction="none")[0], EXAMPLES * value, rtol=1e-14)
    assert loss(Z, P, EXAMPLES)[0] == pytest.approx((EXAMPLES * value).sum() / EXAMPLES.sum(), rel=1e-14)


def test_a_weight_of_0_leaves_an_example_out_of_training():
    x, missing = np.linspace(-1, 1, 30).reshape(10, 3), np.arange(10) % 3 == 0
    y = np.where(missing[:, None], np.nan, x[:, :1] - 2 * x[:, 1:2])
    model, optimizer = fnn.chain(fnn.linear(4), fnn.tanh, fnn.linear(1)), fnn.adam(0.01)
    start = optimizer.init(fnn.tree.cast(model.init(Key(0), (3,))[0], np.float64))
    step = fnn.train_step(model, mse, optimizer)
    masked = reduce(step, [(x, y, ~missing)] * 20, start)
    without = reduce(step, [(x[~missing], y[~missing])] * 20, start)
    np.testing.assert_allclose(masked.vector, without.vector, rtol=1e-12)
    assert masked.loss == pytest.approx(without.loss, rel=1e-12)


@pytest.mark.parametrize("size", [1, 3, 10, 100])
def test_evaluation_counts_a_batch_by_its_weights(size):
    rng = np.random.default_rng(0)
    x, labels, w = rng.standard_normal((50, 4)), rng.integers(3, size=50), rng.integers(3, size=50) * 0.5
    w[:10] = 0  # whole batches that do not count
    labels[:10] = -1
    model = fnn.linear(3)
    params = fnn.tree.cast(model.init(Key(0), (4,))[0], np.float64)
    got = fnn.evaluate(model, params, (x, labels, w), {"loss": cross_entropy, "accuracy": accuracy}, size)
    scores = model.apply(params, x)
    expected = {"loss": cross_entropy(scores, labels, w)[0], "accuracy": accuracy(scores, labels, w)}
    assert got == pytest.approx(expected, rel=1e-12)
    hits = scores.argmax(-1) == labels
    assert got["accuracy"] == pytest.approx((hits * w).sum() / w.sum(), rel=1e-12)


def test_evaluation_of_networks_with_weights_of_their_own():
    rng = np.random.default_rng(0)
    x, y, w = rng.standard_normal((3, 20, 4)), rng.standard_normal((3, 20, 2)), rng.random((3, 20))
    model = fnn.ensemble(fnn.linear(2), 3)
    params = fnn.tree.cast(model.init(Key(0), (4,))[0], np.float64)
    got = fnn.evaluate(model, params, (x, y, w), {"mse": mse}, 7, axis=1)
    np.testing.assert_allclose(got["mse"], mse(model.apply(params, x), y, w)[0], rtol=1e-12)


def test_a_network_without_weights_has_a_mean_and_a_gradient_of_0():
    own, many = np.stack([EXAMPLES, 0 * EXAMPLES]), np.stack([Z, Z])
    for loss, target in ((mse, T), (huber, T), (binary_cross_entropy, T), (cross_entropy, LABELS)):
        value, pullback = loss(many, target, own)
        assert value[0] == loss(Z, target, EXAMPLES)[0]
        assert value[1] == 0
        assert not pullback()[1].any()
    assert accuracy(many, LABELS, own).tolist() == [accuracy(Z, LABELS, EXAMPLES), 0]


def test_folds_of_a_cross_validation_are_evaluated_in_batches():
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((100, 4)), rng.integers(3, size=100)
    held = (np.arange(100) // 20 == np.arange(5)[:, None]).astype(np.float32)  # (5, 100): one fold for each network
    model = fnn.ensemble(fnn.linear(3), 5)
    params = fnn.tree.cast(model.init(Key(0), (4,))[0], np.float64)
    data = np.stack([x] * 5), np.stack([labels] * 5), held
    got = fnn.evaluate(model, params, data, {"loss": cross_entropy, "accuracy": accuracy}, 20, axis=1)
    for i in range(5):
        alone, fold = model.apply(params, x)[i], held[i] > 0
        assert got["loss"][i] == pytest.approx(cross_entropy(alone[fold], labels[fold])[0], rel=1e-12)
        assert got["accuracy"][i] == accuracy(alone[fold], labels[fold])


@pytest.mark.parametrize("dtype", [int, np.uint8, bool, np.float32])
def test_weights_of_an_accuracy_are_not_rounded_to_the_scores(dtype):
    scores = np.array([[0, 1], [1, 0]], dtype)
    assert accuracy(scores, np.array([1, 1]), np.array([1.0, 1.9])) == pytest.approx(1 / 2.9)
    assert accuracy(scores, np.array([1, 1]), np.array([1e-50, 1e-50])) == 0.5


def test_small_weights_do_not_warn():
    with np.errstate(all="raise"):
        _, pullback = mse(Z.astype(np.float32), T, np.array([1e-40, 1, 0, 1, 1], np.float32))
        assert np.isfinite(pullback()).all()
    assert mse(Z.astype(np.float32), T, reduction="none")[1](np.ones(5)).dtype == np.float32


def test_a_mask_of_any_library():
    z, t, labels, mask = (array_api_strict.asarray(each) for each in (Z, T, LABELS, MASK))
    assert float(mse(z, t, mask)[0]) == pytest.approx(mse(Z, T, MASK)[0], rel=1e-14)
    assert float(cross_entropy(z, labels, mask)[0]) == pytest.approx(cross_entropy(Z, LABELS, MASK)[0], rel=1e-14)


def test_class_weights_balance():
    labels = np.array([0] * 8 + [2] * 2)
    assert class_weights(labels).tolist() == [0.625, 0, 2.5]
    assert class_weights(labels, 4).tolist() == [0.625, 0, 2.5, 0]
    w = class_weights(labels)[labels]
    assert w.mean() == 1
    assert [w[labels == i].sum() for i in (0, 2)] == [5, 5]
    prediction = np.zeros((10, 3))  # the two classes count alike: the weighted share of hits is 1/2
    assert accuracy(prediction, labels, w) == 0.5


TWO_NETWORKS = np.zeros((4, 4, 4))
MISTAKES = {
    "weights that are all 0": (lambda: mse(Z, T, 0 * EXAMPLES), ValueError, "mse: weights that are all 0 have no mean"),
    "every network's weights all 0": (
        lambda: mse(np.stack([Z, Z]), T, np.stack([0 * EXAMPLES, 0 * EXAMPLES])),
        ValueError,
        "weights that are all 0",
    ),
    "a negative weight": (lambda: huber(Z, T, -EXAMPLES), ValueError, r"at least 0, got -3\.0 to .*is a mask"),
    "a weight of nan": (lambda: cross_entropy(Z, LABELS, EXAMPLES * np.nan), ValueError, "weights must be finite"),
    "a weight of inf": (lambda: mse(Z, T, EXAMPLES + np.inf), ValueError, "weights must be finite"),
    "a list of weights": (
        lambda: mse(Z, T, [1] * 5),
        TypeError,
        "weights as an array of numbers, got list.* np.asarray",
    ),
    "complex weights": (lambda: mse(Z, T, EXAMPLES + 0j), TypeError, "numbers or bools as weights, got complex128"),
    "too few weights": (lambda: mse(Z, T, EXAMPLES[:4]), ValueError, r"weights \(4,\); expected one for each example"),
    "class weights": (lambda: cross_entropy(Z, LABELS, CLASSES), ValueError, r"for each example, \(5,\)"),
    "a weight of each logit": (
        lambda: cross_entropy(Z, LABELS, ELEMENTS),
        ValueError,
        r"weights \(5, 3\); expected one for each example, \(5,\)$",
    ),
    "a weight alone": (lambda: mse(Z, T, np.array(2.0)), ValueError, r"weights \(\); expected"),
    "weights of examples or of elements": (
        lambda: mse(TWO_NETWORKS, TWO_NETWORKS, np.ones((4, 4))),
        ValueError,
        r"of shape \(4, 4\) could be of examples or of elements; if of examples, give w\[\.\.\., None\]",
    ),
    "a missing label": (lambda: cross_entropy(Z, LABELS - 1), ValueError, "missing needs a weight of 0"),
    "one column of scores": (lambda: cross_entropy(Z[:, :1], T[:, :1]), ValueError, "use binary_cross_entropy"),
    "one column and labels": (lambda: cross_entropy(Z[:, :1], 0 * LABELS), ValueError, "use binary_cross_entropy"),
    "an accuracy of no weights": (lambda: accuracy(Z, LABELS, 0 * EXAMPLES), ValueError, "all 0 have no mean"),
    "an evaluation of no weights": (
        lambda: fnn.evaluate(fnn.identity, {}, (Z, LABELS, 0 * EXAMPLES), {"loss": cross_entropy}),
        ValueError,
        "evaluate: all weights are 0",
    ),
    "an evaluation of each example": (
        lambda: fnn.evaluate(fnn.identity, {}, (Z, LABELS), {"loss": partial(cross_entropy, reduction="none")}),
        ValueError,
        r"the mean over a batch, of shape \(\), got \(5,\) from 'loss'; use reduction=\"mean\"",
    ),
    "masked labels": (
        lambda: cross_entropy(Z, np.ma.array(LABELS, mask=[0, 0, 0, 1, 0])),
        TypeError,
        "got MaskedArray; fill in what is masked",
    ),
    "no classes": (lambda: cross_entropy(Z[:, :0], LABELS), ValueError, "two classes or more"),
    "a matrix of scores": (
        lambda: accuracy(Z.view(np.matrix), LABELS),
        TypeError,
        "got matrix, whose operators differ",
    ),
    "labels below 0": (lambda: class_weights([-1, 0]), ValueError, "class_weights: the labels must be from 0"),
    "weights of no labels": (lambda: class_weights([]), ValueError, r"expected labels \(n,\), at least one"),
}


@pytest.mark.parametrize(("call", "error", "words"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_explained(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_weights_of_examples_may_have_a_last_axis():
    expected = mse(TWO_NETWORKS, TWO_NETWORKS + 1, np.eye(4)[..., None])[0]
    assert expected.tolist() == [1, 1, 1, 1]
    assert mse(Z, T, EXAMPLES[:, None])[0] == mse(Z, T, EXAMPLES)[0]
