"""Scores of whole arrays: confusion matrices, one class against the rest, and PSNR."""

import math
from typing import Any

import attrs
import numpy as np

from fnn.data import class_labels, one_hot

__all__ = ["OneVsRest", "confusion_matrix", "one_vs_rest", "psnr"]


def finite(what: str, values: Any) -> np.ndarray:
    """`values` as float64. Raises `ValueError`, in which `what` names them, if there are none or one is not finite.

    >>> finite("the values", [1, 2])
    array([1., 2.])
    """
    x = np.asarray(values, dtype=np.float64)
    if x.size == 0 or not np.isfinite(x).all():
        got = f"shape {x.shape}, {np.sum(~np.isfinite(x))} not finite; report runs that diverged separately"
        raise ValueError(f"{what} must be finite numbers, at least one, got {got}")
    return x


def confusion_matrix(predicted: Any, labels: Any, n_classes: int) -> np.ndarray:
    """How often each class is predicted for each true class: counts (..., k, k), a row for each true class.

    C[i, j] = #{n: labels[n] = i, predicted[n] = j}

    Predictions come first, as in all of fnn. scikit-learn's confusion_matrix takes the labels first; give both by name.
    Raises `ValueError` unless both are integers of one shape (..., n), from 0 to k - 1 = `n_classes` - 1.

    >>> confusion_matrix(predicted=[0, 1, 1, 1], labels=[0, 0, 1, 1], n_classes=2)
    array([[1, 1],
           [0, 2]])
    """
    predicted = class_labels("confusion_matrix: the predicted classes", predicted, n_classes)
    labels = class_labels("confusion_matrix: the labels", labels, n_classes)
    if predicted.shape != labels.shape or predicted.ndim < 1:
        got = f"{predicted.shape} and {labels.shape}; from scores, give argmax(scores, axis=-1)"
        raise ValueError(f"confusion_matrix: predicted classes and labels must have one shape (..., n), got {got}")
    return one_hot(labels, n_classes, np.int64).mT @ one_hot(predicted, n_classes, np.int64)


@attrs.frozen
class OneVsRest:
    """Each class of a classifier against all others: the counts of true and false positives and negatives (..., k).

    The mean of `accuracy` over the k classes, which the paper reports as "96.19 %", is not the share of right answers,
    `plain_accuracy`: a wrong answer is wrong for two classes and right for all others, so mean = 1 - 2 (1 - plain) / k.
    """

    tp: np.ndarray = attrs.field(eq=attrs.cmp_using(eq=np.array_equal))
    fp: np.ndarray = attrs.field(eq=attrs.cmp_using(eq=np.array_equal))
    fn: np.ndarray = attrs.field(eq=attrs.cmp_using(eq=np.array_equal))
    tn: np.ndarray = attrs.field(eq=attrs.cmp_using(eq=np.array_equal))

    @property
    def accuracy(self) -> np.ndarray:
        """The share of right answers to "is it this class?", for each class: (tp + tn) / all, (..., k)."""
        return (self.tp + self.tn) / (self.tp + self.fp + self.fn + self.tn)

    @property
    def plain_accuracy(self) -> Any:
        """The share of examples whose class is predicted right: (...)."""
        return np.sum(self.tp, axis=-1) / np.sum(self.tp + self.fn, axis=-1)


def one_vs_rest(confusion: Any) -> OneVsRest:
    """The true and false positives and negatives of each class, from a confusion matrix (..., k, k).

    Raises `ValueError` unless the matrix is square and holds integers >= 0, not all of them zero.

    >>> table = one_vs_rest([[1, 1], [0, 2]])
    >>> table.tp, table.fp, table.fn, table.tn
    (array([1, 2]), array([0, 1]), array([1, 0]), array([2, 1]))
    """
    c = np.asarray(confusion)
    square = c.ndim >= 2 and c.shape[-1] == c.shape[-2] and c.dtype.kind in "iu"
    if not square or (c < 0).any() or not c.any(axis=(-2, -1)).all():
        got = f"shape {c.shape} of {c.dtype}; make them with confusion_matrix"
        raise ValueError(f"one_vs_rest: expected counts (..., k, k) from 0 up, not all of them zero, got {got}")
    tp = np.diagonal(c, axis1=-2, axis2=-1).copy()  # since np.diagonal gives a view of the caller's matrix
    fp, fn = c.sum(axis=-2) - tp, c.sum(axis=-1) - tp
    return OneVsRest(tp, fp, fn, c.sum(axis=(-2, -1))[..., None] - tp - fp - fn)


def psnr(prediction: Any, target: Any, peak: float = 1.0) -> float:
    """The peak signal-to-noise ratio in dB: psnr = 10 log10(peak^2 / mse), infinite for identical arrays.

    The mean squared error is taken over all elements, so the ratio of a set of images is not the mean of their ratios.
    Raises `ValueError` if the shapes differ, if there are no values, or if one is not finite.

    >>> psnr([1.0, 0.5], [0.9, 0.4])
    20.0
    """
    p, t = finite("psnr: the prediction", prediction), finite("psnr: the target", target)
    if p.shape != t.shape or not 0 < peak < math.inf:
        got = f"{p.shape}, {t.shape} and {peak!r}; reshape one, give the largest value of a pixel"
        raise ValueError(f"psnr: prediction and target must have one shape, and a positive peak, got {got}")
    mse = float(np.mean((p - t) ** 2))
    return 20 * math.log10(peak) - 10 * math.log10(mse) if mse else math.inf
