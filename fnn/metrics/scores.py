"""What an experiment reports: scores of predictions, and statistics of them over independent runs.

Nothing here takes part in a gradient.
"""

import math
from typing import Any

import attrs
import numpy as np

from fnn.data import class_labels, one_hot
from fnn.metrics.bootstrap import finite
from fnn.tree.params import is_array

__all__ = ["OneVsRest", "accuracy", "confusion_matrix", "one_vs_rest", "psnr"]


def accuracy(scores: Any, labels: Any) -> Any:
    """The share of examples whose highest score is that of their label: (..., batch, k), (..., batch) -> (...).

    The labels are integers; leading axes they lack are shared by all. The first of equal scores wins. Raises
    `ValueError` where the shapes or the type do not fit, for fewer than two classes, and for labels outside 0 .. k - 1
    (which a traced array does not show: there they are misses).

    >>> accuracy(np.array([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0], [1.0, 0.0]]), np.array([0, 1, 1, 0]))
    np.float64(0.75)
    """
    if not (is_array(scores) and is_array(labels)):
        came = f"{type(scores).__name__} and {type(labels).__name__}"
        raise TypeError(f"accuracy: expected scores and labels as arrays, got {came}; use np.asarray")
    xp = scores.__array_namespace__()
    if (
        0 in scores.shape
        or scores.shape[-1] < 2
        or labels.ndim < 1
        or labels.shape != scores.shape[-1 - labels.ndim : -1]
        or not xp.isdtype(labels.dtype, "integral")
    ):
        got = f"{scores.shape} and {labels.shape} of {labels.dtype}; give class numbers, not columns or one-hot rows"
        raise ValueError(
            f"accuracy: scores (..., batch, k), k from 2 up, none of them 0, need integers (..., batch), got {got}"
        )
    if isinstance(labels, np.ndarray) and not (labels.min() >= 0 and labels.max() < scores.shape[-1]):
        got = f"{labels.min()} to {labels.max()}; are these the labels of these scores?"
        raise ValueError(f"accuracy: labels must lie in 0 .. {scores.shape[-1] - 1}, the scores' classes, got {got}")
    hits = xp.argmax(scores, axis=-1) == labels
    return xp.mean(xp.astype(hits, xp.zeros(()).dtype), axis=-1)  # in the library's own default float


def confusion_matrix(predicted: Any, labels: Any, n_classes: int) -> np.ndarray:
    """How often each class is taken for each: counts (..., k, k), a row for a true class, a column for a predicted one.

    C[i, j] = #{n: labels[n] = i, predicted[n] = j}, for integers (..., n) below k; anything else raises `ValueError`.

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
    """A confusion matrix seen from each class in turn, that class against all the rest: four counts (..., k) each.

    Beware of the mean of `accuracy` over the classes, the paper's "96.19 %": it is not the share of right answers.
    Every mistake counts against two classes only: mean = 1 - 2 (1 - plain) / k. Guessing among ten has 82 %.
    """

    tp: np.ndarray = attrs.field(eq=attrs.cmp_using(eq=np.array_equal))
    fp: np.ndarray = attrs.field(eq=attrs.cmp_using(eq=np.array_equal))
    fn: np.ndarray = attrs.field(eq=attrs.cmp_using(eq=np.array_equal))
    tn: np.ndarray = attrs.field(eq=attrs.cmp_using(eq=np.array_equal))

    @property
    def accuracy(self) -> np.ndarray:
        """The share (tp + tn) / all of each class (..., k); its mean is the mean one-against-rest accuracy."""
        return (self.tp + self.tn) / (self.tp + self.fp + self.fn + self.tn)

    @property
    def plain_accuracy(self) -> Any:
        """The share of right answers (...)."""
        return np.sum(self.tp, axis=-1) / np.sum(self.tp + self.fn, axis=-1)


def one_vs_rest(confusion: Any) -> OneVsRest:
    """Each class's true and false positives, false and true negatives, from a confusion matrix (..., k, k).

    Raises `ValueError` unless it holds counts, at least one, with a row and a column for each class.

    >>> table = one_vs_rest([[1, 1], [0, 2]])
    >>> table.tp, table.fp, table.fn, table.tn
    (array([1, 2]), array([0, 1]), array([1, 0]), array([2, 1]))
    """
    c = np.asarray(confusion)
    square = c.ndim >= 2 and c.shape[-1] == c.shape[-2] and c.dtype.kind in "iu"
    if not square or (c < 0).any() or not c.any(axis=(-2, -1)).all():
        got = f"shape {c.shape} of {c.dtype}; make them with confusion_matrix"
        raise ValueError(f"one_vs_rest: expected counts (..., k, k), no negative one and not all zero, got {got}")
    tp = np.diagonal(c, axis1=-2, axis2=-1).copy()  # of its own: NumPy's is a view of the caller's matrix
    fp, fn = c.sum(axis=-2) - tp, c.sum(axis=-1) - tp
    return OneVsRest(tp, fp, fn, c.sum(axis=(-2, -1))[..., None] - tp - fp - fn)


def psnr(prediction: Any, target: Any, peak: float = 1.0) -> float:
    """The peak signal-to-noise ratio in dB: psnr = 10 log10(peak^2 / mse), infinite for identical arrays.

    The mean squared error is over all elements: a set of images has one ratio, which is not the mean of theirs. Raises
    `ValueError` for shapes that differ, for no values, and for any that is not finite.

    >>> psnr([1.0, 0.5], [0.9, 0.4])
    20.0
    """
    p, t = finite("psnr: the prediction", prediction), finite("psnr: the target", target)
    if p.shape != t.shape or not 0 < peak < math.inf:
        got = f"{p.shape}, {t.shape} and {peak!r}; reshape one, give the largest value of a pixel"
        raise ValueError(f"psnr: prediction and target must have one shape, and a positive peak, got {got}")
    mse = float(np.mean((p - t) ** 2))
    return 20 * math.log10(peak) - 10 * math.log10(mse) if mse else math.inf
