"""Metrics as folds: the same score for every size of a batch, for several networks, under masks, and when bound."""

import copy
import inspect
import pickle
from functools import partial

import array_api_strict
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn import Key, cross_entropy, evaluate, identity, linear, mse
from fnn.metrics import (
    Metric,
    accuracy,
    average_precision,
    binary_accuracy,
    brier_score,
    calibration_error,
    f1,
    log_loss,
    mae,
    precision,
    r2,
    recall,
    rmse,
    roc_auc,
)

RNG = np.random.default_rng(0)
N, K = 203, 4
Z, LABELS = RNG.standard_normal((N, K)), RNG.integers(K, size=N)
HITS = (RNG.random((N, K)) < 0.3).astype(np.float32)
T = Z + RNG.standard_normal((N, K)) + 1000
W = RNG.integers(3, size=N) * 0.5
ACROSS = [precision, recall, f1, roc_auc, average_precision]
BY_CLASS = {f"{m}, {average}": partial(m, average=average) for m in ACROSS for average in ("macro", "micro", None)}
CLASSES = {
    **BY_CLASS,
    "accuracy": accuracy,
    "accuracy, top 2": partial(accuracy, top=2),
    "log_loss": log_loss,
    "brier_score": brier_score,
    "calibration_error": calibration_error,
}
YES_OR_NO = {
    **BY_CLASS,
    **{f"binary_accuracy, {a}": partial(binary_accuracy, average=a) for a in ("all", "macro", "micro", None)},
    "log_loss": log_loss,
    "brier_score": brier_score,
    "calibration_error": partial(calibration_error, bins=5),
}
NUMBERS = {f"{m}, {a}": partial(m, average=a) for m in (mae, rmse, r2) for a in ("macro", "micro", None)}
KINDS = {"classes": (Z, LABELS, CLASSES), "yes or no": (Z, HITS, YES_OR_NO), "numbers": (Z + 1000, T, NUMBERS)}
kinds = pytest.mark.parametrize(("z", "target", "measures"), KINDS.values(), ids=KINDS)
every = pytest.mark.parametrize(
    ("z", "target", "metric"),
    [pytest.param(z, t, m, id=name) for z, t, measures in KINDS.values() for name, m in measures.items()],
)


@kinds
@pytest.mark.parametrize("weight", [(), (W,)], ids=["alike", "weighted"])
@pytest.mark.parametrize("size", [1, 7, 100, N])
def test_the_score_is_the_same_for_every_size_of_a_batch(z, target, measures, weight, size):
    got = evaluate(identity, {}, (z, target, *weight), measures, size)
    for name, metric in measures.items():
        np.testing.assert_allclose(got[name], metric(z, target, *weight), rtol=1e-12, atol=1e-14, err_msg=name)
    assert type(got[next(iter(measures))]) is float


def test_the_score_of_unweighted_counts_is_bit_equal():
    exact = {"f1": f1, "accuracy": accuracy, "auc": partial(roc_auc, probabilities=False)}
    first, *others = (evaluate(identity, {}, (Z, LABELS), exact, size) for size in (1, 7, 100, N))
    assert all(each == first for each in others)


@every
def test_leading_axes_are_networks(z, target, metric):
    many, own = np.stack([z, z[::-1], 2 * z]), np.stack([W, W[::-1], np.roll(W, 1)])
    for t in (target, np.stack([target, target[::-1], target])):
        got = metric(many, t, own)
        expected = [metric(s, t[i] if t.ndim > target.ndim else t, own[i]) for i, s in enumerate(many)]
        np.testing.assert_allclose(got, expected, rtol=1e-12)
    model = fnn.ensemble(linear(K), 3)
    params = fnn.tree.cast(model.init(Key(0), (K,))[0], np.float64)
    many = model.apply(params, many), np.stack([target] * 3), own
    got = evaluate(identity, {}, many, {"score": metric}, 10, axis=1)["score"]
    np.testing.assert_allclose(got, metric(*many), rtol=1e-12)


@every
def test_a_weight_of_0_is_a_mask_and_a_weight_of_2_is_two_examples(z, target, metric):
    missing = np.where((W > 0)[:, None] if target.ndim > 1 else W > 0, target, -1 if target.ndim == 1 else np.nan)
    copies = (2 * W).astype(int)
    expected = metric(np.repeat(z, copies, axis=0), np.repeat(target, copies, axis=0))
    np.testing.assert_allclose(metric(z, missing, W), expected, rtol=1e-11)


@every
def test_a_score_that_is_nan_makes_the_metric_nan(z, target, metric):
    z = z.copy()
    z[3, 0] = np.nan
    assert np.isnan(np.atleast_1d(metric(z, target))[0])
    got = evaluate(identity, {}, (z, target), {"score": metric}, 10)["score"]
    assert np.isnan(np.atleast_1d(got)[0])


@pytest.mark.parametrize(
    "name", sorted({*CLASSES, *YES_OR_NO, *NUMBERS} - {n for n in BY_CLASS if "roc" in n or "average_p" in n})
)
def test_metrics_that_add_up_keep_to_the_standard_and_can_be_traced(name):
    z, target, metric = next((z, t, measures[name]) for z, t, measures in KINDS.values() if name in measures)
    target = target.astype(z.dtype) if target.ndim > 1 else target
    expected = metric(z, target, W)
    strict = metric(*(array_api_strict.asarray(each) for each in (z, target, W)))
    np.testing.assert_allclose(np.asarray(strict), expected, rtol=1e-12)
    near = z - 1000 if name in NUMBERS else z, target - 1000 if name in NUMBERS else target
    traced = jax.jit(metric)(*(jnp.asarray(each) for each in (*near, W)))
    np.testing.assert_allclose(traced, expected, rtol=2e-4)


def test_metrics_losses_and_plain_functions_are_taken_alike():
    share = lambda z, t, w: np.float64(np.average(z[:, 0] > 0, weights=w))  # noqa: E731
    got = evaluate(identity, {}, (Z, Z + 1, W), {"loss": mse, "rmse": rmse, "share": share}, 7)
    assert got["loss"] == pytest.approx(1)
    assert got["rmse"] == pytest.approx(1)
    assert got["share"] == pytest.approx(np.average(Z[:, 0] > 0, weights=W))


def test_the_metric_of_a_loss():
    assert log_loss(Z, LABELS, W) == pytest.approx(cross_entropy(Z, LABELS, W)[0], rel=1e-14)
    assert log_loss(Z, HITS, W) == pytest.approx(fnn.binary_cross_entropy(Z, HITS, W)[0], rel=1e-14)
    assert rmse(Z, T, W, average="micro") ** 2 == pytest.approx(mse(Z, T, W)[0], rel=1e-14)


def test_a_metric_of_ones_own():
    @Metric
    def largest_error(prediction, target):
        return (np.max(np.abs(prediction - target)),), lambda largest: largest

    joined = Metric(largest_error.parts, lambda batches: (np.max(batches),))
    assert evaluate(identity, {}, (Z, T), {"largest": joined}, 7)["largest"] == largest_error(Z, T)


def test_a_metric_is_a_value_with_the_functions_name_and_signature():
    for metric in (accuracy, roc_auc, r2):
        assert pickle.loads(pickle.dumps(metric)) is metric is copy.deepcopy(metric)
    assert repr(f1) == "f1"
    assert "harmonic mean" in f1.__doc__
    assert list(inspect.signature(f1).parameters) == ["scores", "targets", "weight", "average", "threshold"]
    assert pickle.loads(pickle.dumps(partial(f1, average="micro")))(Z, LABELS) == f1(Z, LABELS, average="micro")


def test_the_parts_of_many_batches_are_joined_on_the_way():
    longest = []

    def join(batches):
        longest.append(len(batches))
        return (sum(part for (part,) in batches),)

    n = Metric(lambda z, t: ((np.float64(len(z)),), lambda n: n), join)
    assert evaluate(identity, {}, (Z, T), {"n": n}, 1)["n"] == N
    assert max(longest) <= 64


# ---- degenerate cases, decided


def test_a_class_that_does_not_occur_is_left_out():
    z, labels = np.eye(4)[[0, 0, 1, 1]] * 3, np.array([0, 1, 1, 2])
    assert precision(z, labels, average=None)[:3].tolist() == [0.5, 0.5, 0]  # 2 is never predicted
    assert np.isnan(precision(z, labels, average=None)[3])
    assert precision(z, labels) == pytest.approx(1 / 3)
    assert np.isnan(roc_auc(z, labels, average=None)).tolist() == [False, False, False, True]


def test_one_class_only_has_no_rank():
    for y in (np.zeros(5, int), np.ones(5, int)):
        assert np.isnan(roc_auc(Z[:5, :1], y))
    assert np.isnan(average_precision(Z[:5, :1], np.zeros(5, int)))
    assert average_precision(Z[:5, :1], np.ones(5, int)) == 1
    assert np.isnan(f1(-np.ones((3, 1)), np.zeros(3, int)))


def test_equal_scores_have_half_a_rank():
    assert roc_auc(np.zeros((6, 1)), np.array([0, 1, 1, 0, 0, 1])) == 0.5


def test_of_equal_scores_the_first_are_at_the_top():
    assert accuracy(np.zeros((4, 4)), np.arange(4), top=2) == 0.5
    assert accuracy(np.zeros((2, 4)), np.array([1, 2]), np.array([1.0, 3]), top=2) == 0.25
    assert accuracy(np.zeros((4, 4)), np.arange(4), top=9) == 1


def test_infinite_scores():
    z, y = np.array([[-np.inf], [np.inf], [np.inf], [0.0]]), np.array([0, 1, 0, 0])
    assert roc_auc(z, y) == pytest.approx(2.5 / 3)
    assert log_loss(z, y) == np.inf
    assert log_loss(z, y, np.array([1.0, 1, 0, 0])) == 0  # what is masked is not counted
    logits = np.array([[-np.inf, 0.0], [0.0, 0.0]])
    assert log_loss(logits, np.array([-1, 0]), np.array([0.0, 1])) == pytest.approx(np.log(2))
    assert log_loss(np.array([[0.0, 1.0]]), np.array([0]), probabilities=True) == np.inf


def test_r2_of_constants_and_of_one_example():
    constant = np.full((3, 1), 0.1)  # whose mean is rounded
    assert r2(constant, constant) == 1
    assert r2(constant + 1, constant) == 0
    assert evaluate(identity, {}, (constant + 1, constant), {"r2": r2}, 1)["r2"] == 0
    assert np.isnan(r2(Z[:1], T[:1]))
    assert np.isnan(r2(Z[:2], T[:2], np.array([1.0, 0])))


def test_a_calibration_by_hand():
    p, y = np.array([[0.0], [0.1], [0.2], [0.95], [1.0]]), np.array([0, 1, 0, 1, 1])
    expected = (abs(1 - 0.1 - 0.2) + abs(2 - 1.95)) / 5  # 0, 0.1 and 0.2 lie in the first of five bins
    assert calibration_error(p, y, bins=5, probabilities=True) == pytest.approx(expected)


# ---- mistakes

MISTAKES = {
    "an average of another name": (
        lambda: f1(Z, LABELS, average="weighted"),
        ValueError,
        "'macro', 'micro', None, ",
    ),
    "a threshold for labels": (lambda: f1(Z, LABELS, threshold=0.5), ValueError, "got 0.5 with labels.*leave it out"),
    "labels that are too great": (lambda: f1(Z, LABELS + 1), ValueError, r"labels must lie in 0 \.\. 3"),
    "labels below 0": (lambda: roc_auc(Z, LABELS - 1), ValueError, "got -1 to 2; what is missing needs a weight of 0"),
    "float labels": (lambda: f1(Z, LABELS.astype(float)), ValueError, "integer labels .*of float64"),
    "targets of -1 and 1": (
        lambda: roc_auc(Z, 2 * HITS - 1),
        ValueError,
        "targets must be 0 or 1, got -1.0 to",
    ),
    "targets of nan": (lambda: f1(Z, HITS * np.nan), ValueError, "targets must be 0 or 1, got nan"),
    "a list of labels": (lambda: log_loss(Z, LABELS.tolist()), TypeError, "scores and targets as arrays, got list"),
    "fewer labels": (lambda: precision(Z, LABELS[:5]), ValueError, "precision: 203 predictions, 5 targets"),
    "no examples": (lambda: recall(Z[:0], LABELS[:0]), ValueError, "no axis 0"),
    "logits as probabilities": (lambda: log_loss(Z, LABELS, probabilities=True), ValueError, "if they are logits"),
    "rows of another sum": (lambda: brier_score(0 * Z, LABELS, probabilities=True), ValueError, "with the sum 1"),
    "negative weights": (lambda: roc_auc(Z, LABELS, -W), ValueError, "roc_auc: weights must be finite and at least 0"),
    "weights that are all 0": (lambda: f1(Z, LABELS, 0 * W), ValueError, "f1: weights that are all 0 have no mean"),
    "numbers whose weights are all 0": (lambda: rmse(Z, T, 0 * W), ValueError, "rmse: weights that are all 0"),
    "numbers of another shape": (lambda: r2(Z, T[:, 0]), ValueError, r"r2: predictions have shape .*reshape"),
    "labels for numbers": (lambda: mae(Z, LABELS[:, None]), TypeError, "mae: expected floating-point targets"),
    "labels for yes or no": (lambda: binary_accuracy(Z, LABELS), ValueError, "got labels .* use accuracy"),
    "a weight of each output": (lambda: binary_accuracy(Z, HITS, HITS), ValueError, 'use "micro"'),
    "one output for accuracy": (lambda: accuracy(Z[:, :1], 0 * LABELS), ValueError, "use binary_accuracy"),
    "the top 0": (lambda: accuracy(Z, LABELS, top=0), ValueError, r"accuracy\(top\) must be a whole number from 1"),
    "no bins": (lambda: calibration_error(Z, LABELS, bins=0), ValueError, r"calibration_error\(bins\) must be a whole"),
}


@pytest.mark.parametrize(("call", "error", "words"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_explained(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_nan_in_one_network_leaves_the_ranks_of_the_others():
    rng = np.random.default_rng(0)
    scores, labels = rng.standard_normal((2, 30, 5)), rng.integers(5, size=30)
    expected = accuracy(scores, labels, top=2)
    scores[0, 0, 0] = np.nan
    share = accuracy(scores, labels, top=2)
    assert np.isnan(share[0])
    assert share[1] == expected[1]


@pytest.mark.parametrize("metric", [mae, rmse, r2], ids=repr)
def test_targets_that_are_nan_are_refused_unless_masked(metric):
    y, t = np.arange(6.0)[:, None], np.arange(6.0)[::-1, None].copy()
    t[2] = np.nan
    with pytest.raises(ValueError, match=f"{metric!r}: expected numbers as targets, got NaN; .* a weight of 0"):
        metric(y, t)
    assert np.isfinite(metric(y, t, np.arange(6) != 2))
