"""Scores of decisions: the share of right answers, precision, recall and F1."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fnn.arrays import Array, dtype_kind
from fnn.losses.reduction import same_number
from fnn.metrics.metric import Metric, answers, averaged, check_arrays, check_average, ratio, weighing
from fnn.values import whole

__all__ = ["accuracy", "binary_accuracy", "f1", "precision", "recall"]


@Metric
def accuracy(scores: Any, labels: Any, weight: Any = None, *, top: int = 1) -> Any:
    """The share of examples whose label has the highest score: (..., batch, k), (..., batch) -> (...).

    scores   logits or probabilities of k classes; if two are equal, the first of them counts as the higher one
    labels   integers. They may lack leading axes of the scores: then all share them
    weight   w (..., batch): the share is Σ w hit / Σ w. Under a weight of 0 the label may be missing, such as -1
    top      an answer is right if the label is among the classes of the `top` highest scores

    The share is NaN if a score is NaN. Raises `TypeError` unless the arguments are arrays, and `ValueError` for shapes
    and labels that do not fit, fewer than two classes, negative weights, and weights that are all 0. Of other libraries
    than NumPy, values are not checked: a label that is out of range counts as a wrong answer.

    It equals scikit-learn's accuracy_score and top_k_accuracy_score, which of equal scores takes the last.

    >>> accuracy(np.array([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0], [1.0, 0.0]]), np.array([0, 1, 1, 0]))
    np.float64(0.75)
    """
    check_arrays("accuracy", scores=scores, labels=labels)
    top = whole("accuracy(top)", top)
    xp = scores.__array_namespace__()
    paired = labels.ndim > 0 and labels.shape == scores.shape[-1 - labels.ndim : -1]
    if not (paired and 0 not in scores.shape and scores.shape[-1] > 1 and xp.isdtype(labels.dtype, "integral")):
        same_number("accuracy", scores.shape[:-1], labels.shape)
        got = f"{scores.shape} and {labels.shape} of {labels.dtype}; give class numbers, not columns or one-hot rows"
        must = "scores must have the shape (..., batch, k), k from 2 up, no axis 0, and labels be integers (..., batch)"
        raise ValueError(f"accuracy: {must}, got {got}, or use binary_accuracy")
    real = xp.zeros(()).dtype  # the default float type of the array library
    w = weighing("accuracy", weight, scores, real)[..., 0]
    if weight is not None:
        labels = xp.where(w > 0, labels, 0)
    if isinstance(labels, np.ndarray) and not (labels.min() >= 0 and labels.max() < scores.shape[-1]):
        got = f"{labels.min()} to {labels.max()}; are these the labels of these scores?"
        raise ValueError(f"accuracy: labels must lie in 0 .. {scores.shape[-1] - 1}, the scores' classes, got {got}")
    right = xp.argmax(scores, axis=-1) == labels if top == 1 else _rank(xp, scores, labels) < top
    hits = xp.astype(right, real)
    if dtype_kind(scores.dtype) == "float":
        hits = xp.where(xp.isnan(xp.max(scores, axis=-1)), xp.nan, hits)
    return (xp.sum(hits * w, axis=-1), xp.sum(w, axis=-1)), ratio


def _rank(xp: Any, scores: Any, labels: Any) -> Any:
    """How many classes come before that of the label: (..., batch). All of them, if it is out of range."""
    classes = xp.arange(scores.shape[-1])
    hot = labels[..., None] == classes
    own = xp.max(xp.where(hot, scores, xp.min(scores, axis=-1, keepdims=True)), axis=-1, keepdims=True)
    before = (scores > own) | ((scores == own) & (classes < labels[..., None]))
    ranks = xp.sum(xp.astype(before, classes.dtype), axis=-1)
    return xp.where(xp.any(hot, axis=-1), ranks, scores.shape[-1])


@Metric
def binary_accuracy(
    scores: Any, targets: Any, weight: Any = None, *, threshold: float = 0.0, average: str | None = "all"
) -> Any:
    """The share of right answers of outputs that each say yes or no: yes if the score is above the threshold.

    scores      logits (..., batch, k), or probabilities with a threshold of 0.5
    targets     0 and 1 (..., batch, k); for one output also (..., batch)
    weight      (..., batch), or, except for "all", (..., batch, k)
    average     "all": an example is right if all its outputs are (scikit-learn's accuracy_score); "macro": the mean of
                the outputs' shares; "micro": the share of all answers; None: the share of each output

    The share is NaN if a score is NaN. Raises the errors of `accuracy`.

    >>> scores, targets = np.array([[2.0, -1.0], [0.5, 3.0]]), np.array([[1, 0], [0, 1]])
    >>> float(binary_accuracy(scores, targets)), binary_accuracy(scores, targets, average=None)
    (0.5, array([0.5, 1. ]))
    """
    name = "binary_accuracy"
    check_average(name, average, "all")
    a = answers(name, scores, targets, weight)
    if a.exclusive:
        must = "targets must be 0 and 1, one for each output"
        raise ValueError(f"{name}: {must}, got labels {targets.shape} for scores {scores.shape}; use accuracy")
    xp, w = scores.__array_namespace__(), a.weights
    real = w.dtype
    hits = xp.astype((a.scores > threshold) == (a.targets > 0), real)
    hits = xp.where(xp.isnan(a.scores), xp.nan, hits)
    if average == "all":
        if w.shape[-1] != 1:
            raise ValueError(
                f'{name}: average="all" needs one weight for each example, got {weight.shape}; use "micro"'
            )
        hits = xp.min(hits, axis=-1, keepdims=True)
    w = w + xp.zeros(hits.shape[-2:], dtype=real)
    parts = xp.sum(hits * w, axis=-2), xp.sum(w, axis=-2)  # (..., k)

    def finish(right: Any, total: Any) -> Any:
        if average == "micro":
            return ratio(xp.sum(right, axis=-1), xp.sum(total, axis=-1))
        return averaged(ratio(right, total), total > 0, average)

    return parts, finish


@Metric
def precision(
    scores: Any, targets: Any, weight: Any = None, *, average: str | None = "macro", threshold: float = 0.0
) -> Any:
    """Precision: the share of true positives among what is predicted as positive, tp / (tp + fp).

    scores      logits or probabilities (..., batch, k)
    targets     integer labels (..., batch): then the class with the highest score is predicted; or 0 and 1
                (..., batch, k), for one output also (..., batch): then scores above the threshold are positive
    weight      (..., batch), for targets of 0 and 1 also (..., batch, k); under a weight of 0 a target may be missing
    average     "macro": the mean over the classes; "micro": of the counts of all classes; None: each class, (..., k)
    threshold   0 for logits; give 0.5 for probabilities

    The precision of a class that is never predicted is 0, as in scikit-learn. A class that is neither predicted nor
    among the targets has no score: it is NaN, and the mean leaves it out; for targets of 0 and 1, scikit-learn counts
    it as 0. NaN scores give NaN. Raises the errors of `accuracy`.

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
