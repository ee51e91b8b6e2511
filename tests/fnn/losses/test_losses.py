"""The losses: their formulas and their extremes."""

from functools import partial

import numpy as np
import pytest

from fnn import binary_cross_entropy, cross_entropy, huber, mse
from fnn.arrays import picked

RNG = np.random.default_rng(0)
Y, T = RNG.standard_normal((2, 6, 4))
BITS = RNG.uniform(size=(6, 4))
LABELS = RNG.integers(4, size=6)
HOT = np.eye(4)[LABELS]
P = RNG.dirichlet(np.ones(4), size=6)


def softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# Name: loss, target, the sum of the values, the gradient of the sum, and what the mean divides by.
LOSSES = {
    "mse": (mse, T, ((Y - T) ** 2).sum(), 2 * (Y - T), 24),
    "huber": (huber, T, np.where(abs(Y - T) <= 1, (Y - T) ** 2 / 2, abs(Y - T) - 0.5).sum(), np.clip(Y - T, -1, 1), 24),
    "huber, delta": (
        partial(huber, delta=0.5),
        T,
        np.where(abs(Y - T) <= 0.5, (Y - T) ** 2 / 2, (abs(Y - T) - 0.25) / 2).sum(),
        np.clip(Y - T, -0.5, 0.5),
        24,
    ),
    "binary_cross_entropy": (
        binary_cross_entropy,
        BITS,
        -(BITS * np.log(sigmoid(Y)) + (1 - BITS) * np.log(1 - sigmoid(Y))).sum(),
        sigmoid(Y) - BITS,
        24,
    ),
    "cross_entropy, labels": (cross_entropy, LABELS, -np.log(softmax(Y)[range(6), LABELS]).sum(), softmax(Y) - HOT, 6),
    "cross_entropy, probabilities": (cross_entropy, P, -(P * np.log(softmax(Y))).sum(), softmax(Y) - P, 6),
    "cross_entropy, weights": (
        cross_entropy,
        3 * P,
        -3 * (P * np.log(softmax(Y))).sum(),
        3 * (softmax(Y) - P),
        6,
    ),
    "cross_entropy, smoothed": (
        partial(cross_entropy, label_smoothing=0.1),
        LABELS,
        -((0.9 * HOT + 0.025) * np.log(softmax(Y))).sum(),
        softmax(Y) - 0.9 * HOT - 0.025,
        6,
    ),
}
table = pytest.mark.parametrize(("loss", "target", "total", "gradient", "n"), LOSSES.values(), ids=LOSSES)


# ---- values and gradients


@table
def test_the_mean_equals_the_formula(loss, target, total, gradient, n):
    value, pullback = loss(Y, target)
    assert value == pytest.approx(total / n, rel=1e-13)
    np.testing.assert_allclose(pullback(), gradient / n, rtol=1e-12, atol=1e-15)


@table
def test_the_sum_is_the_mean_times_the_count(loss, target, total, gradient, n):
    value, pullback = loss(Y, target, reduction="sum")
    assert value == pytest.approx(total, rel=1e-13)
    np.testing.assert_allclose(pullback(), gradient, rtol=1e-12, atol=1e-14)


@table
def test_leading_axes_are_kept(loss, target, total, gradient, n):
    many = np.stack([Y, Y + 1, 2 * Y])
    value, pullback = loss(many, target)
    alone = [loss(y, target) for y in many]
    np.testing.assert_allclose(value, [each for each, _ in alone], rtol=1e-13)
    np.testing.assert_allclose(pullback(), [back() for _, back in alone], rtol=1e-13)
    own = np.stack([target] * 3)
    assert np.array_equal(loss(many, own)[0], value)


@table
def test_the_pullback_is_linear_in_each_networks_own_cotangent(loss, target, total, gradient, n):
    _, pullback = loss(np.stack([Y, Y]), target)
    np.testing.assert_allclose(pullback(np.array([2.0, -1.0])), pullback() * np.array([2, -1])[:, None, None])
    np.testing.assert_allclose(loss(Y, target)[1](3.0), 3 * loss(Y, target)[1](), rtol=1e-14)


@table
def test_float32_stays_float32(loss, target, total, gradient, n):
    target = target if target.dtype.kind == "i" else target.astype(np.float32)
    value, pullback = loss(Y.astype(np.float32), target)
    assert (value.dtype, pullback().dtype) == (np.float32, np.float32)
    assert pullback(np.float64(2)).dtype == np.float32
    value, pullback = loss(Y.astype(np.float32), target.astype(np.float64) if target.dtype.kind == "f" else target)
    assert (value.dtype, pullback().dtype) == (np.float32, np.float32)


@table
def test_inputs_are_not_written_to(loss, target, total, gradient, n):
    y, t = Y.copy(), target.copy()
    y.flags.writeable = t.flags.writeable = False
    _, pullback = loss(y, t)
    assert np.array_equal(pullback(), pullback())


def test_labels_are_one_hot_probabilities():
    for settings in ({}, {"label_smoothing": 0.2}, {"reduction": "sum"}):
        by_label, by_row = cross_entropy(Y, LABELS, **settings), cross_entropy(Y, HOT, **settings)
        assert by_label[0] == by_row[0]
        assert np.array_equal(by_label[1](), by_row[1]())


@pytest.mark.parametrize("lead", [(), (3,), (2, 3)], ids=str)
@pytest.mark.parametrize("own", [False, True], ids=["shared labels", "labels of its own"])
def test_a_number_is_picked_in_every_row(lead, own):
    where = HOT[RNG.integers(6, size=(*lead, 6) if own else 6)] > 0
    x = np.where(where, RNG.standard_normal((*lead, 6, 4)), np.inf)
    np.testing.assert_array_equal(picked(x, where), np.min(x, axis=-1, keepdims=True))


def test_labels_may_be_of_any_integer_dtype():
    assert cross_entropy(Y, LABELS.astype(np.uint8))[0] == cross_entropy(Y, LABELS.astype(np.int64))[0]


def test_huber_within_delta_is_half_of_mse():
    assert huber(Y, T, delta=100)[0] == pytest.approx(mse(Y, T)[0] / 2, rel=1e-14)


# ---- extremes


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
def test_cross_entropy_of_extreme_logits(dtype):
    z = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype)
    value, pullback = cross_entropy(z, np.array([0, 0]), reduction="sum")
    assert value == 2e4
    assert np.array_equal(pullback(), np.array([[0, 0], [-1, 1]]))
    assert cross_entropy(z, np.array([0, 0]), label_smoothing=0.5)[0] == pytest.approx(1e4)


def test_a_class_of_weight_0_may_have_probability_0():
    value, pullback = cross_entropy(np.array([[0.0, -np.inf]]), np.array([0]))
    assert value == 0
    assert not pullback().any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
def test_binary_cross_entropy_of_extreme_logits(dtype):
    z, t = np.array([[1e4, -1e4, 1e4, -1e4]], dtype), np.array([[1, 0, 0, 1]], dtype)
    value, pullback = binary_cross_entropy(z, t, reduction="sum")
    assert value == 2e4
    assert np.array_equal(pullback(), np.array([[0, 0, 1, -1]]))


def test_a_binary_loss_near_0_keeps_its_precision():
    value, _ = binary_cross_entropy(np.array([[50.0]]), np.array([[1.0]]))
    assert value == pytest.approx(np.exp(-50), rel=1e-14, abs=0)


def test_huber_of_extremes_is_linear():
    value, pullback = huber(np.array([[1e300, -1e300]]), np.zeros((1, 2)), reduction="sum")
    assert value == 2e300
    assert np.array_equal(pullback(), [[1, -1]])


def test_the_sum_over_an_empty_batch_is_0():
    assert mse(Y[:0], T[:0], reduction="sum")[0] == 0
    assert cross_entropy(Y[:0], LABELS[:0], reduction="sum")[0] == 0
