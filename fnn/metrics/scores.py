"""Measures that are no folds over batches: of whole arrays, and of the scores of independent runs together."""

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

from fnn.data import class_labels, one_hot
from fnn.random import Key, fold_in, generator, split
from fnn.values import number, whole

__all__ = ["OneVsRest", "bootstrap_difference", "bootstrap_interval", "confusion_matrix", "iqm", "iqr", "one_vs_rest"]

_BLOCK = 2**20  # numbers drawn at a time, which bounds the memory


def finite(what: str, values: Any) -> np.ndarray:
    """`values` as float64. Raises `ValueError`, in which `what` names them, if there are none or one is not finite."""
    x = np.asarray(values, dtype=np.float64)
    if x.size == 0 or not np.isfinite(x).all():
        got = f"shape {x.shape}, {np.sum(~np.isfinite(x))} not finite; report runs that diverged separately"
        raise ValueError(f"{what} must be finite numbers, at least one, got {got}")
    return x


def confusion_matrix(predicted: Any, labels: Any, n_classes: int) -> np.ndarray:
    """How often each class is predicted for each true class: counts (..., k, k), a row for each true class.

    C[i, j] = #{n: labels[n] = i, predicted[n] = j}

    scikit-learn's confusion_matrix takes the labels first; give both by name.
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


def iqm(values: Any, axis: int = -1) -> Any:
    """The interquartile mean: the mean of the middle half of the sorted values along `axis`.

    iqm = sum w_i x_(i) / sum w_i,   w_i = the length of [i, i + 1] within [n / 4, 3 n / 4],   i = 0 .. n - 1

    The weights sum to n / 2, also if 4 does not divide n. Raises `ValueError` if there are no values, or if one is not
    finite.

    >>> iqm([1, 2, 4, 100]), iqm([1, 2, 6])  # (2 + 4) / 2, (0.25 * 1 + 2 + 0.25 * 6) / 1.5
    (np.float64(3.0), np.float64(2.5))
    """
    x = np.sort(np.moveaxis(finite("iqm: the values", values), axis, -1), axis=-1)
    n = x.shape[-1]
    i = np.arange(n)
    weights = np.clip(np.minimum(i + 1, 0.75 * n) - np.maximum(i, 0.25 * n), 0, 1)
    return x @ (weights / weights.sum())


def iqr(values: Any, axis: int = -1) -> tuple[Any, Any]:
    """The quartiles (q25, q75) along `axis`, interpolated linearly. Raises the same errors as `iqm`.

    >>> iqr([1, 2, 3, 4, 5])
    (np.float64(2.0), np.float64(4.0))
    """
    q25, q75 = np.quantile(finite("iqr: the values", values), (0.25, 0.75), axis=axis)
    return q25, q75


def bootstrap_interval(
    values: Any, statistic: Callable[..., Any] = iqm, *, key: Key, resamples: int = 10_000, level: float = 0.95
) -> tuple[float, float]:
    """A confidence interval (low, high) of a statistic, by the percentile bootstrap (Efron & Tibshirani 1993, ch. 13).

    `values` are the scores of n >= 2 independent runs (n,), and `statistic` maps (..., n) to (...). It is computed on
    `resamples` samples of n scores, drawn with replacement by `key`; the interval contains the middle of its values, a
    share of `level`.

    Raises `ValueError` if the scores are not finite or fewer than two, and for other arguments out of range.

    >>> low, high = bootstrap_interval([0.96, 0.97, 0.97, 0.98], key=Key(42))
    >>> 0.96 <= low < 0.97 < high <= 0.98
    True
    """
    return _middle(_resampled(values, statistic, key, resamples), level)


def bootstrap_difference(
    a: Any,
    b: Any,
    statistic: Callable[..., Any] = iqm,
    *,
    key: Key,
    resamples: int = 10_000,
    level: float = 0.95,
    paired: bool = False,
) -> tuple[float, float]:
    """A confidence interval (low, high) of statistic(a) - statistic(b), by the percentile bootstrap.

    `a` and `b` are the scores of runs (n,) and (m,). If `paired`, a[i] and b[i] belong together, for example by their
    seed, and are drawn together. The other arguments, and the errors, are those of `bootstrap_interval`.

    >>> low, high = bootstrap_difference([0.96, 0.97, 0.97, 0.99], [0.91, 0.92, 0.93, 0.92], key=Key(42))
    >>> 0 < low < 0.05 < high
    True
    """
    if paired and np.shape(a) != np.shape(b):
        raise ValueError(f"bootstrap: pairs need equal shapes, got {np.shape(a)} and {np.shape(b)}; give paired=False")
    key_a, key_b = (key, key) if paired else split(key, 2)
    return _middle(_resampled(a, statistic, key_a, resamples) - _resampled(b, statistic, key_b, resamples), level)


def _resampled(values: Any, statistic: Callable[..., Any], key: Key, resamples: int) -> np.ndarray:
    """The statistic of each resample of `values` (n,), computed block by block: (resamples,)."""
    x = finite("bootstrap: the values", values)
    if x.ndim != 1 or x.size < 2:
        raise ValueError(f"bootstrap: expected two or more values (n,), got shape {x.shape}; give one for each run")
    resamples = whole("bootstrap: resamples (10_000 is usual)", resamples)
    if (shape := np.shape(statistic(x[None]))) != (1,):
        got = f"{shape} from {(1, x.size)}; reduce the last axis only, as partial(np.mean, axis=-1) does"
        raise ValueError(f"bootstrap: the statistic must map (..., n) to (...), got {got}")
    rows = max(1, _BLOCK // x.size)
    sizes = [(min(rows, resamples - start), x.size) for start in range(0, resamples, rows)]
    draws = (generator(fold_in(key, i)).integers(x.size, size=size) for i, size in enumerate(sizes))
    return np.concatenate([statistic(x[draw]) for draw in draws])


def _middle(drawn: np.ndarray, level: float) -> tuple[float, float]:
    """The ends (low, high) of the interval that contains the middle of the drawn values, a share of `level`."""
    level = number("bootstrap: level (0.95 is usual)", level, 0, 1, above=True)
    low, high = np.quantile(drawn, ((1 - level) / 2, (1 + level) / 2)).tolist()
    return low, high
