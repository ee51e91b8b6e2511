"""Precision, recall and F1, from the weights of true positives, of all predicted and of all actual positives."""

from collections.abc import Callable
from typing import Any

from fnn.arrays import Array
from fnn.metrics.answers import answers
from fnn.metrics.metric import Metric, averaged, check_average, ratio

__all__ = ["f1", "precision", "recall"]


@Metric
def precision(
    scores: Any, targets: Any, weight: Any = None, *, average: str | None = "macro", threshold: float = 0.0
) -> Any:
    """Precision: the share of true positives among what is predicted as positive, tp / (tp + fp).

    scores      logits or probabilities (..., batch, k)
    targets     integer labels (..., batch): then the class with the highest score is predicted; or 0 and 1
                (..., batch, k), for one output also (..., batch): then scores above the threshold are positive
    weight      (..., batch), for targets of 0 and 1 also (..., batch, k); under a weight of 0 a target may be missing
    average     "macro": the mean over the classes; "micro": of the counts of all classes; None: each class, (..., k).
                For `fnn.evaluate`, bind it with `functools.partial(precision, average="micro")`
    threshold   0 for logits; give 0.5 for probabilities

    The precision of a class that is never predicted is 0, as in scikit-learn. A class that is neither predicted nor
    among the targets has no score: it is NaN, and the mean leaves it out; for targets of 0 and 1, scikit-learn counts
    it as 0. NaN scores give NaN. Raises `TypeError` for
    what is not an array, and `ValueError` for shapes that do not fit, targets out of range, and negative weights.

    >>> import numpy as np
    >>> scores, labels = np.array([[2.0, 1, 0], [0, 3, 0], [5, 4, 0], [0, 0, 1]]), np.array([0, 1, 1, 2])
    >>> precision(scores, labels, average=None), float(precision(scores, labels, average="micro"))
    (array([0.5, 1. , 1. ]), 0.75)
    """
    return _counts("precision", scores, targets, weight, average, threshold, lambda tp, p, t: ratio(tp, p))


@Metric
def recall(
    scores: Any, targets: Any, weight: Any = None, *, average: str | None = "macro", threshold: float = 0.0
) -> Any:
    """Recall: the share of true positives among all that are positive, tp / (tp + fn). Else as `precision`.

    >>> import numpy as np
    >>> scores, labels = np.array([[2.0, 1, 0], [0, 3, 0], [5, 4, 0], [0, 0, 1]]), np.array([0, 1, 1, 2])
    >>> recall(scores, labels, average=None)
    array([1. , 0.5, 1. ])
    """
    return _counts("recall", scores, targets, weight, average, threshold, lambda tp, p, t: ratio(tp, t))


@Metric
def f1(scores: Any, targets: Any, weight: Any = None, *, average: str | None = "macro", threshold: float = 0.0) -> Any:
    """F1, the harmonic mean of precision and recall: 2 tp / (2 tp + fp + fn). Else as `precision`.

    (van Rijsbergen 1979, chapter 7: 1 - E with weights of 1/2)

    >>> import numpy as np
    >>> scores, labels = np.array([[2.0, 1, 0], [0, 3, 0], [5, 4, 0], [0, 0, 1]]), np.array([0, 1, 1, 2])
    >>> round(float(f1(scores, labels)), 4)
    0.7778
    """
    return _counts("f1", scores, targets, weight, average, threshold, lambda tp, p, t: ratio(2 * tp, p + t))


def _counts(
    name: str,
    scores: Any,
    targets: Any,
    weight: Any,
    average: str | None,
    threshold: float,
    score: Callable[[Array, Array, Array], Array],
) -> tuple[tuple[Array, ...], Callable[..., Array]]:
    """The weights of true, predicted and actual positives of each class (..., k), and the score of them."""
    check_average(name, average)
    a = answers(name, scores, targets, weight)
    if a.exclusive and threshold:
        problem = f"got {threshold!r} with labels, of which the highest score counts; leave it out"
        raise ValueError(f"{name}: a threshold is for targets of 0 and 1, {problem}")
    xp, s, w = scores.__array_namespace__(), a.scores, a.weights
    chosen = xp.argmax(s, axis=-1)[..., None] == xp.arange(s.shape[-1]) if a.exclusive else s > threshold
    unknown = xp.any(xp.isnan(s), axis=-1, keepdims=True) if a.exclusive else xp.isnan(s)
    positive = xp.where(unknown, xp.nan, xp.astype(chosen, w.dtype))

    def finish(*counts: Array) -> Array:
        sums = [xp.sum(each, axis=-1, keepdims=True) for each in counts] if average == "micro" else counts
        tp, predicted, actual = sums
        return averaged(score(tp, predicted, actual), predicted + actual != 0, average)

    return tuple(xp.sum(w * each, axis=-2) for each in (positive * a.targets, positive, a.targets)), finish
