"""Metrics equal scikit-learn's to 1e-12: 1,000 seeded cases with ties, missing classes, and weights of 0."""

import numpy as np
import pytest
import sklearn
from sklearn import metrics as theirs
from sklearn.calibration import calibration_curve

import fnn
from fnn.metrics import (
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

CASES = {"classes": 80, "one output": 120, "several outputs": 40, "numbers": 760}  # scikit-learn is slow
pytestmark = pytest.mark.usefixtures("untraced")
COUNTS = precision, recall, f1  # the order of precision_recall_fscore_support
RANKS = [(roc_auc, theirs.roc_auc_score), (average_precision, theirs.average_precision_score)]


@pytest.fixture(autouse=True)
def _quickly():
    with sklearn.config_context(skip_parameter_validation=True, assume_finite=True):
        yield


def cases(kind):
    """A generator for each case, its number of examples, its scores (n, k), its weights or None, and the mask w > 0."""
    for i in range(CASES[kind]):
        rng = np.random.default_rng([i, len(kind)])
        n, k = int(rng.integers(1, 40)), int(rng.integers(2, 6))
        scores = rng.standard_normal((n, k)) * rng.choice([0.3, 3])
        if i % 3 == 0:
            scores = np.round(scores)  # ties
        w = [None, rng.random(n) + 0.1, rng.integers(3, size=n) * 1.0][i % 4 % 3]
        w = w if w is None or w.any() else None
        yield rng, n, k, scores, w, np.ones(n, bool) if w is None else w > 0


def close(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


def weight(w, on):
    return None if w is None else w[on]


def close_counts(targets, predicted, seen, k, w, on, *args, **settings):
    """Precision, recall and F1 of each class, NaN of those that are not seen, their mean, and those of all as one."""
    call = {"sample_weight": weight(w, on), "zero_division": 0, "labels": seen}
    figures = theirs.precision_recall_fscore_support(targets[on], predicted[on], average=None, **call)
    together = theirs.precision_recall_fscore_support(targets[on], predicted[on], average="micro", **call)
    for ours, expected, micro in zip(COUNTS, figures[:3], together[:3], strict=True):
        each = np.full(k, np.nan)
        each[seen if k > 1 else [0]] = expected
        close(ours(*args, average=None, **settings), each)
        close(ours(*args, **settings), expected.mean())
        close(ours(*args, average="micro", **settings), micro)


def close_ranks(p, y, w, on, *args, **settings):
    """Each column's score, NaN where it has none, the mean of those that have one, and the score of all as one."""
    p, y, w = p[on], y[on], weight(w, on)
    for ours, score in RANKS:
        has = y.any(axis=0) & ~(y.all(axis=0) & (ours is roc_auc))
        each = [score(t, s, sample_weight=w) if some else np.nan for t, s, some in zip(y.T, p.T, has, strict=True)]
        close(ours(*args, average=None, **settings), each)
        close(ours(*args, **settings), np.nanmean(each) if has.any() else np.nan)
        if y.shape[1] > 1 and has.any() and not y.all():
            w_each = None if w is None else np.repeat(w, y.shape[1])
            close(ours(*args, average="micro", **settings), score(y.ravel(), p.ravel(), sample_weight=w_each))


def test_one_of_several_classes():
    direct = 0
    for rng, n, k, z, w, on in cases("classes"):
        p = fnn.softmax.apply({}, z)
        labels = rng.integers(rng.integers(1, k + 1), size=n)  # the last classes may be missing
        predicted, hot = z.argmax(axis=1), np.eye(k)[labels]
        close(accuracy(z, labels, w), theirs.accuracy_score(labels, predicted, sample_weight=w))
        distinct = z + np.arange(k) * 1e-3  # scikit-learn orders equal scores the other way round
        top = theirs.top_k_accuracy_score(labels, distinct, k=2, sample_weight=w, labels=range(k)) if k > 2 else 1
        close(accuracy(distinct, labels, w, top=2), top)
        close_counts(labels, predicted, np.union1d(labels[on], predicted[on]), k, w, on, z, labels, w)
        close_ranks(p, hot, w, on, z, labels, w)
        assert roc_auc(p, labels, w, probabilities=True) == pytest.approx(roc_auc(z, labels, w), nan_ok=True)
        if k > 2 and len(np.unique(labels[on])) == k:
            auc = theirs.roc_auc_score(labels[on], p[on], multi_class="ovr", sample_weight=weight(w, on))
            close(roc_auc(z, labels, w), auc)
            direct += 1
        loss = theirs.log_loss(labels, p, sample_weight=w, labels=range(k))
        brier = theirs.brier_score_loss(labels, p, sample_weight=w, labels=list(range(k)))
        for ours, expected in ((log_loss, loss), (brier_score, brier)):
            close(ours(z, labels, w), expected)
            close(ours(p, labels, w, probabilities=True), expected)
    assert direct > 5


def test_yes_or_no():
    for rng, n, _, z, w, on in cases("one output"):
        z, y = z[:, :1], (rng.random(n) < rng.choice([0.0, 0.5, 0.9, 1.0])).astype(int)
        p, predicted = 1 / (1 + np.exp(-z)), (z[:, 0] > 0).astype(int)
        close(binary_accuracy(z, y, w), theirs.accuracy_score(y, predicted, sample_weight=w))
        if (y[on] | predicted[on]).any():
            close_counts(y, predicted, [1], 1, w, on, z, y, w)
            close(f1(p, y, w, threshold=0.5), f1(z, y, w))
        else:
            assert np.isnan([ours(z, y, w) for ours in COUNTS]).all()
        close_ranks(p, y[:, None], w, on, z, y, w)
        close(log_loss(z, y, w), theirs.log_loss(y, p[:, 0], sample_weight=w, labels=[0, 1]))
        close(brier_score(z, y, w), theirs.brier_score_loss(y, p[:, 0], sample_weight=w, labels=[0, 1]))
        hits, confidences = calibration_curve(y, p[:, 0], n_bins=10) if 0 < y.mean() < 1 else (y[:1], p[:1, 0])
        counts = np.histogram(p[:, 0], np.linspace(0, 1, 11))[0]
        if 0 < y.mean() < 1 and not np.isin(p, np.linspace(0, 1, 11)).any():  # its bins are closed at another end
            expected = np.sum(counts[counts > 0] * np.abs(hits - confidences)) / n
            close(calibration_error(z, y, bins=10), expected)


def test_several_outputs_that_say_yes_or_no():
    for rng, n, k, z, w, on in cases("several outputs"):
        y = (rng.random((n, k)) < rng.choice([0.1, 0.5, 1.0], size=k)).astype(int)
        predicted = (z > 0).astype(int)
        close(binary_accuracy(z, y, w), theirs.accuracy_score(y, predicted, sample_weight=w))
        close(binary_accuracy(z, y, w, average="micro"), 1 - theirs.hamming_loss(y, predicted, sample_weight=w))
        seen = np.flatnonzero((y[on] | predicted[on]).any(axis=0))
        if seen.size:
            close_counts(y, predicted, seen, k, w, on, z, y, w)
        close_ranks(z, y, w, on, z, y, w)


def test_numbers():
    for rng, n, k, y, w, on in cases("numbers"):
        t = np.where(rng.random(k) < 0.2, 0.1, rng.standard_normal((n, k)) + rng.choice([0, 1e3]))
        y = np.where(rng.random(k) < 0.1, t, t + y)  # some outputs constant, some predicted exactly
        for ours, score in ((mae, theirs.mean_absolute_error), (rmse, theirs.root_mean_squared_error)):
            each = score(t, y, sample_weight=w, multioutput="raw_values")
            close(ours(y, t, w, average=None), each)
            close(ours(y, t, w), each.mean())
        close(rmse(y, t, w, average="micro"), theirs.mean_squared_error(t, y, sample_weight=w) ** 0.5)
        if on.sum() < 2:
            assert np.isnan(r2(y, t, w))
            continue
        each = theirs.r2_score(t[on], y[on], sample_weight=weight(w, on), multioutput="raw_values")
        exact = (y[on] == t[on]).all(axis=0)
        each = np.where(np.ptp(t[on], axis=0) > 0, each, exact * 1.0)  # scikit-learn's mean of a constant is rounded
        close(r2(y, t, w, average=None), each)
        close(r2(y, t, w), each.mean())
