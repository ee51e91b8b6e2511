"""Scores: accuracy, confusion matrices, one class against the rest, and the peak signal-to-noise ratio."""

import math
import pickle

import array_api_strict
import attrs
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnn.metrics import (
    accuracy,
    confusion_matrix,
    one_vs_rest,
    psnr,
)

RNG = np.random.default_rng(0)
SCORES, LABELS = RNG.standard_normal((3, 50, 4)), RNG.integers(4, size=(3, 50))
label_pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20).map(np.array)


# ---- accuracy


def test_accuracy_is_the_share_of_hits_and_keeps_leading_axes():
    got = accuracy(SCORES, LABELS)
    assert got.shape == (3,)
    for one, scores, labels in zip(got, SCORES, LABELS, strict=True):
        assert (
            one == accuracy(scores, labels) == np.mean([np.argmax(s) == n for s, n in zip(scores, labels, strict=True)])
        )
    np.testing.assert_array_equal(accuracy(SCORES, LABELS[0]), accuracy(SCORES, np.stack([LABELS[0]] * 3)))


def test_accuracy_is_a_float64_whatever_the_scores_are():
    for dtype in (np.float32, np.float64, np.int8):
        assert accuracy(np.eye(4, dtype=dtype), np.arange(4, dtype=np.uint8)).dtype == np.float64


def test_the_first_of_equal_scores_wins():
    assert accuracy(np.zeros((4, 3)), np.array([0, 0, 1, 2])) == 0.5


def test_accuracy_keeps_to_the_standard_and_can_be_traced():
    expected = accuracy(SCORES, LABELS)
    strict = accuracy(array_api_strict.asarray(SCORES), array_api_strict.asarray(LABELS))
    np.testing.assert_array_equal(np.asarray(strict), expected)
    traced = jax.jit(accuracy)(jnp.asarray(SCORES, jnp.float32), jnp.asarray(LABELS, jnp.int32))
    np.testing.assert_allclose(np.asarray(traced), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        (np.zeros((5, 3)), np.zeros((5, 1), int), r"got \(5, 3\) and \(5, 1\) of int64; give class numbers"),
        (np.zeros((5, 3)), np.zeros((5, 3), int), "not columns or one-hot rows"),
        (np.zeros((5, 3)), np.zeros(4, int), "5 predictions, 4 targets; does every x have its target"),
        (np.zeros((5, 3)), np.zeros((2, 5), int), r"got \(5, 3\) and \(2, 5\)"),
        (np.zeros((2, 5, 3)), np.zeros((3, 5), int), r"got \(2, 5, 3\) and \(3, 5\)"),
        (np.zeros(3), np.array(0), r"got \(3,\) and \(\)"),
        (np.zeros(3), np.zeros(3, int), r"got \(3,\) and \(3,\)"),
        (np.zeros((0, 3)), np.zeros(0, int), r"no axis 0, .* got \(0, 3\) and \(0,\)"),
        (np.zeros((5, 0)), np.zeros(5, int), r"no axis 0, .* got \(5, 0\) and \(5,\)"),
        (np.zeros((5, 3)), np.zeros(5), r"labels be integers .* of float64"),
        (np.zeros((5, 3)), np.zeros(5, bool), r"labels be integers .* of bool"),
    ],
)
def test_scores_and_labels_that_do_not_fit_are_refused(scores, labels, message):
    with pytest.raises(ValueError, match=message):
        accuracy(scores, labels)


# ---- confusion


@given(label_pairs)
def test_a_confusion_matrix_counts_pairs_with_the_true_class_first(pairs):
    predicted, labels = pairs.T
    counts = confusion_matrix(predicted, labels, 4)
    for i in range(4):
        for j in range(4):
            assert counts[i, j] == sum((labels == i) & (predicted == j))
    np.testing.assert_array_equal(confusion_matrix(labels, predicted, 4), counts.T)
    assert np.trace(counts) / counts.sum() == accuracy(np.eye(4)[predicted], labels)


def test_a_confusion_matrix_keeps_leading_axes_and_does_not_overflow():
    predicted = SCORES.argmax(axis=-1)
    stacked = confusion_matrix(predicted, LABELS, 4)
    for one, p, n in zip(stacked, predicted, LABELS, strict=True):
        np.testing.assert_array_equal(one, confusion_matrix(p, n, 4))
    many = np.full(1000, 99, np.uint8)
    assert confusion_matrix(many, many, 100)[99, 99] == 1000


@pytest.mark.parametrize(
    ("predicted", "labels", "n_classes", "message"),
    [
        (np.zeros(3, int), np.zeros((3, 1), int), 2, r"one shape .*got \(3,\) and \(3, 1\); .* argmax"),
        (np.zeros((), int), np.zeros((), int), 2, r"one shape \(\.\.\., n\), got \(\) and \(\)"),
        (np.zeros((3, 2)), np.zeros(3, int), 2, "the predicted classes must be integers, got float64"),
        (np.zeros(3, int), np.zeros(3), 2, "the labels must be integers, got float64"),
        (np.array([0, 2]), np.array([0, 1]), 2, "the predicted classes must be from 0 to 1, got 2"),
        (np.array([0, 1]), np.array([0, -1]), 2, "the labels must be from 0 to 1, got -1"),
        (np.array([0, 1]), np.array([0, 1]), 0, "n_classes .* must be a whole number from 1 up, got 0"),
    ],
)
def test_classes_that_do_not_fit_are_refused(predicted, labels, n_classes, message):
    with pytest.raises(ValueError, match=f"confusion_matrix: .*{message}"):
        confusion_matrix(predicted, labels, n_classes)


@given(label_pairs)
def test_one_against_the_rest_shares_out_every_example(pairs):
    predicted, labels = pairs.T
    table = one_vs_rest(confusion_matrix(predicted, labels, 4))
    for k in range(4):
        assert table.tp[k] == sum((labels == k) & (predicted == k))
        assert table.fp[k] == sum((labels != k) & (predicted == k))
        assert table.fn[k] == sum((labels == k) & (predicted != k))
        assert table.tn[k] == sum((labels != k) & (predicted != k))
        assert table.accuracy[k] == np.mean((labels == k) == (predicted == k))
    assert table.plain_accuracy == np.mean(labels == predicted)
    np.testing.assert_allclose(table.accuracy.mean(), 1 - 2 * (1 - table.plain_accuracy) / 4, rtol=1e-12)


def test_the_paper_s_mean_accuracy_of_96_percent_is_a_plain_accuracy_of_81_percent():
    counts = np.full((10, 10), 0) + np.diag([8097] * 10) + np.roll(np.diag([1903] * 10), 1, axis=1)
    table = one_vs_rest(counts)
    assert table.plain_accuracy == 0.8097
    np.testing.assert_allclose(table.accuracy.mean(), 0.96194, rtol=1e-12)


def test_one_against_the_rest_keeps_leading_axes_and_is_a_value():
    counts = confusion_matrix(SCORES.argmax(axis=-1), LABELS, 4)
    stacked = one_vs_rest(counts)
    for field in attrs.fields(type(stacked)):
        got, expected = getattr(stacked, field.name), [getattr(one_vs_rest(c), field.name) for c in counts]
        np.testing.assert_array_equal(got, expected)
        assert got.dtype == np.int64
    np.testing.assert_allclose(stacked.plain_accuracy, accuracy(SCORES, LABELS))
    assert stacked == one_vs_rest(counts) == pickle.loads(pickle.dumps(stacked))
    assert stacked != one_vs_rest(counts.mT)


@pytest.mark.parametrize(
    "counts",
    [np.ones(4, int), np.ones((2, 3), int), np.ones((2, 2)), np.zeros((2, 2), int), np.array([[1, -1], [1, 1]])],
    ids=["flat", "not square", "floats", "nothing", "negative"],
)
def test_a_wrong_confusion_matrix_is_refused(counts):
    with pytest.raises(ValueError, match=r"one_vs_rest: expected counts .* make them with confusion_matrix"):
        one_vs_rest(counts)


# ---- peak signal-to-noise ratio


def test_the_ratio_by_hand():
    np.testing.assert_allclose(psnr([0.0, 0.0], [0.3, 0.4]), 10 * math.log10(1 / 0.125))
    clean = np.zeros((100, 784), np.float32)
    noisy = 0.2 * np.random.default_rng(7).standard_normal(clean.shape, np.float32)
    assert abs(psnr(noisy, clean) - 20 * math.log10(1 / 0.2)) < 0.05


def test_the_ratio_of_identical_arrays_is_infinite_and_of_nearly_identical_ones_finite():
    assert psnr(SCORES, SCORES) == math.inf
    assert 1000 < psnr([0.0], [1e-150]) < math.inf


def test_the_ratio_is_symmetric_and_knows_its_unit():
    images, others = np.random.default_rng(8).integers(
        256, size=(2, 5, 28, 28), dtype=np.uint8
    )  # bytes, whose difference must not wrap around
    assert psnr(images, others) == psnr(others, images)
    np.testing.assert_allclose(psnr(images, others, peak=255), psnr(images / 255, others / 255))


@pytest.mark.parametrize(
    ("prediction", "target", "peak", "message"),
    [
        (np.zeros((5, 1)), np.zeros(5), 1, r"must have one shape, .* got \(5, 1\), \(5,\)"),
        (np.zeros(5), np.zeros(5), 0, "a positive peak, got .* 0"),
        (np.zeros(5), np.zeros(5), math.inf, "a positive peak, got .* inf"),
        (np.zeros(0), np.zeros(0), 1, "the prediction must be finite numbers, at least one"),
        ([np.nan], [0], 1, "the prediction must be finite"),
        ([0], [np.nan], 1, "the target must be finite"),
    ],
)
def test_wrong_arguments_of_a_ratio_are_refused(prediction, target, peak, message):
    with pytest.raises(ValueError, match=f"psnr: .*{message}"):
        psnr(prediction, target, peak)
