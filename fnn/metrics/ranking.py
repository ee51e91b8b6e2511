"""ROC AUC and average precision: how well scores rank the positive examples above the negative ones.

The rank of an example depends on all others, so their parts are the scores themselves: an evaluation keeps as many
numbers as the predictions have. They are computed with NumPy, one class after the other.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from fnn.metrics.answers import answers
from fnn.metrics.answers import probabilities as as_probabilities
from fnn.metrics.metric import Metric, appended, averaged, check_average

__all__ = ["average_precision", "roc_auc"]


@partial(Metric, join=appended)
def roc_auc(
    scores: Any, targets: Any, weight: Any = None, *, average: str | None = "macro", probabilities: bool = False
) -> Any:
    """The area under the ROC curve: the chance that a positive example has a higher score than a negative one.

    AUC = Σᵢ Σⱼ wᵢ wⱼ ([sᵢ > sⱼ] + [sᵢ = sⱼ] / 2) / Σᵢ Σⱼ wᵢ wⱼ,   i positive, j negative (Fawcett 2006, section 7)

    scores          (..., batch, k)
    targets         0 and 1 (..., batch, k), for one output also (..., batch): any scores; or integer labels
                    (..., batch): each class against the rest, by the probabilities softmax(scores)
    weight          (..., batch), for 0 and 1 also (..., batch, k); under a weight of 0 a target may be missing
    average         "macro": the mean over the classes; "micro": of the answers to all classes as one; None: each class
    probabilities   whether the scores are probabilities, so that no softmax is taken; else they are logits

    A class without positive or without negative examples has no score: it is NaN, and the mean leaves it out. A NaN
    among the scores gives NaN. Raises `TypeError` for what is not an array, and `ValueError` for shapes that do not
    fit, targets out of range, scores that are not probabilities, and negative weights.

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
    """Scores, targets and weights (..., k, batch), and the score of them."""
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
