"""How good scores are beyond the decisions that they lead to: log loss, Brier score, calibration error and ranks."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from fnn.arrays import Array
from fnn.layers.activations import soft_maximum
from fnn.layers.softmax import log_softmax
from fnn.metrics.metric import Metric, answers, appended, averaged, check_average, counted, ratio
from fnn.metrics.metric import probabilities as as_probabilities
from fnn.values import whole

__all__ = ["average_precision", "brier_score", "calibration_error", "log_loss", "roc_auc"]


@Metric
@np.errstate(divide="ignore", over="ignore", invalid="ignore")  # the logarithm of 0 is -inf
def log_loss(scores: Any, targets: Any, weight: Any = None, *, probabilities: bool = False) -> Any:
    """The mean negative logarithm of the probability of what is true: -Σ w log p / Σ w.

    scores          logits (..., batch, k)
    targets         integer labels (..., batch) of k classes; or 0 and 1 (..., batch, k), for one output also
                    (..., batch): then the mean is also over the outputs
    weight          (..., batch), for 0 and 1 also (..., batch, k); under a weight of 0 a target may be missing
    probabilities   whether the scores are probabilities already; softmax or σ makes them of logits

    A probability of 0 for what is true gives inf (scikit-learn: 36, by clipping), and NaN scores give NaN. Raises
    `TypeError` for what is not an array, and `ValueError` for shapes that do not fit, targets out of range, scores that
    are not probabilities, and negative weights.

    >>> round(float(log_loss(np.array([[0.25, 0.75], [1.0, 0.0]]), np.array([1, 0]), probabilities=True)), 4)
    0.1438
    """
    a = answers("log_loss", scores, targets, weight)
    xp, s, true = scores.__array_namespace__(), a.scores, a.targets > 0
    if not probabilities:
        surprise = -log_softmax.apply({}, s) if a.exclusive else soft_maximum(xp, xp.where(true, -s, s))
    else:
        p = as_probabilities("log_loss", a, True)
        surprise = -xp.log(p if a.exclusive else xp.where(true, p, 1 - p))
    if a.exclusive:
        surprise = xp.sum(xp.where(true | xp.isnan(surprise), surprise, 0.0), axis=-1, keepdims=True)
    return _mean(xp, surprise, a.weights)


@Metric
def brier_score(scores: Any, targets: Any, weight: Any = None, *, probabilities: bool = False) -> Any:
    """The Brier score (Brier 1950): the mean over the examples of Σᵢ (pᵢ - tᵢ)² over k classes.

    For two classes it is half of it, and for outputs of 0 and 1 the mean of (p - t)² over examples and outputs, as in
    scikit-learn. Arguments and errors are those of `log_loss`.

    >>> float(brier_score(np.array([[0.25, 0.75], [1.0, 0.0]]), np.array([1, 0]), probabilities=True))
    0.03125
    """
    a = answers("brier_score", scores, targets, weight)
    xp = scores.__array_namespace__()
    error = (as_probabilities("brier_score", a, probabilities) - a.targets) ** 2
    if a.exclusive:
        error = xp.sum(error, axis=-1, keepdims=True) / (2 if error.shape[-1] == 2 else 1)
    return _mean(xp, error, a.weights)


@Metric
def calibration_error(
    scores: Any, targets: Any, weight: Any = None, *, bins: int = 15, probabilities: bool = False
) -> Any:
    """The expected calibration error: Σ_b |Σ_{i in b} wᵢ (hitᵢ - confidenceᵢ)| / Σ w (Guo et al. 2017, equation 3).

    For k classes, the confidence is the greatest probability, and a right answer is a hit. For outputs of 0 and 1, the
    confidence is the probability of 1, and a target of 1 is a hit. Bin b = 1 .. `bins` holds the confidences in
    ((b - 1) / bins, b / bins], and bin 1 also 0. The other arguments and the errors are those of `log_loss`.

    >>> float(calibration_error(np.array([[0.25, 0.75], [1.0, 0.0]]), np.array([1, 0]), probabilities=True))
    0.125
    """
    a = answers("calibration_error", scores, targets, weight)
    bins = whole("calibration_error(bins)", bins)
    xp, p = scores.__array_namespace__(), as_probabilities("calibration_error", a, probabilities)
    confidence = xp.max(p, axis=-1, keepdims=True) if a.exclusive else p
    hits = a.targets
    if a.exclusive:
        chosen = xp.argmax(p, axis=-1)[..., None] == xp.arange(p.shape[-1])
        hits = xp.sum(xp.where(chosen, hits, 0.0), axis=-1, keepdims=True)
    w = a.weights + xp.zeros(confidence.shape[-2:], dtype=confidence.dtype)
    gap, bin_of = w * (hits - confidence), xp.clip(xp.ceil(confidence * bins), 1, bins)  # NaN, if a score is
    gaps = [xp.sum(xp.where(xp.isnan(gap) | (bin_of == b), gap, 0.0), axis=(-2, -1)) for b in range(1, bins + 1)]
    parts = xp.stack(gaps, axis=-1), xp.sum(w, axis=(-2, -1))
    return parts, lambda gaps, total: ratio(xp.sum(xp.abs(gaps), axis=-1), total)


@partial(Metric, join=appended)
def roc_auc(
    scores: Any, targets: Any, weight: Any = None, *, average: str | None = "macro", probabilities: bool = False
) -> Any:
    """The area under the ROC curve: the chance that a positive example has a higher score than a negative one.

    AUC = Σᵢ Σⱼ wᵢ wⱼ ([sᵢ > sⱼ] + [sᵢ = sⱼ] / 2) / Σᵢ Σⱼ wᵢ wⱼ,   i positive, j negative (Fawcett 2006, section 7)

    average   "macro": the mean over the classes; "micro": of the answers to all classes as one; None: each class

    The other arguments and the errors are those of `log_loss`. With labels, each class is ranked against the rest by
    its probability; with 0 and 1, any scores will do. A class without positive or without negative examples has no
    score: it is NaN, and the mean leaves it out. A NaN among the scores gives NaN. Since a rank depends on all other
    examples, an evaluation keeps as many numbers as the predictions have.

    >>> float(roc_auc(np.array([[0.1], [0.4], [0.35], [0.8]]), np.array([0, 0, 1, 1])))
    0.75
    """
    return _ranked("roc_auc", scores, targets, weight, average, probabilities, _area)


@partial(Metric, join=appended)
def average_precision(
    scores: Any, targets: Any, weight: Any = None, *, average: str | None = "macro", probabilities: bool = False
) -> Any:
    """Average precision: AP = Σₙ (Rₙ - Rₙ₋₁) Pₙ, of precision and recall at each threshold. Else as `roc_auc`.

    A class without positive examples has no score.

    >>> round(float(average_precision(np.array([[0.1], [0.4], [0.35], [0.8]]), np.array([0, 0, 1, 1]))), 4)
    0.8333
    """
    return _ranked("average_precision", scores, targets, weight, average, probabilities, _average_precision)


def _ranked(
    name: str,
    scores: Any,
    targets: Any,
    weight: Any,
    average: str | None,
    given: bool,
    score: Callable[[np.ndarray, np.ndarray], float],
) -> tuple[tuple[np.ndarray, ...], Callable[..., Any]]:
    """Scores, targets and weights (..., k, batch), and the score of them, which NumPy computes class by class."""
    check_average(name, average)
    a = answers(name, scores, targets, weight)
    s = np.asarray(as_probabilities(name, a, given) if a.exclusive else a.scores)

    def finish(*parts: np.ndarray) -> Any:
        if average == "micro":
            parts = tuple(each.reshape(*each.shape[:-2], 1, -1) for each in parts)
        values = np.array([_one(score, *(each[i] for each in parts)) for i in np.ndindex(parts[0].shape[:-1])])
        values = values.reshape((*parts[0].shape[:-1], 2))
        return averaged(values[..., 0], values[..., 1] > 0, average)

    return tuple(np.broadcast_to(np.asarray(each), s.shape).mT for each in (s, a.targets, a.weights)), finish


def _one(
    score: Callable[[np.ndarray, np.ndarray], float], s: np.ndarray, y: np.ndarray, w: np.ndarray
) -> tuple[float, bool]:
    """The score of one class (batch,), and whether it is defined."""
    if np.isnan(s).any():
        return np.nan, True
    order = np.argsort(-s[w > 0], kind="stable")
    s, y, w = (each[w > 0][order] for each in (s, y, w))
    last = np.append(s[1:] != s[:-1], True)[: s.size]  # of the examples with one score
    value = score(np.cumsum(y * w)[last], np.cumsum((1 - y) * w)[last])
    return value, not np.isnan(value)


def _area(tp: np.ndarray, fp: np.ndarray) -> float:
    """The area under the curve of true against false positives, by the trapezoidal rule."""
    if not (tp.size and tp[-1] > 0 and fp[-1] > 0):
        return np.nan
    return float(np.trapezoid(np.append(0, tp), np.append(0, fp)) / tp[-1] / fp[-1])


def _average_precision(tp: np.ndarray, fp: np.ndarray) -> float:
    """The precision at each threshold, weighed by the step of the recall."""
    if not (tp.size and tp[-1] > 0):
        return np.nan
    return float(np.sum(np.diff(tp, prepend=0) * (tp / (tp + fp))) / tp[-1])


def _mean(xp: Any, values: Array, w: Array) -> tuple[tuple[Array, ...], Callable[..., Any]]:
    """The sums of w v and of w over examples and outputs; the mean is their ratio."""
    w = w + xp.zeros(values.shape[-2:], dtype=values.dtype)
    return (xp.sum(counted(xp, values, w), axis=(-2, -1)), xp.sum(w, axis=(-2, -1))), ratio
