"""What an experiment reports: scores of predictions, and statistics of scores over independent runs.

Nothing here takes part in a gradient. Every interval is a pure function of its sample and a `Key`.
"""

import math
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

from fnn.data import class_labels, one_hot
from fnn.random import Key, fold, generator, split

__all__ = [
    "OneVsRest",
    "accuracy",
    "bootstrap_difference",
    "bootstrap_interval",
    "confusion_matrix",
    "iqm",
    "iqr",
    "one_vs_rest",
    "psnr",
]

_BLOCK = 2**20  # numbers resampled at a time


def accuracy(scores: Any, labels: Any) -> Any:
    """The share of examples whose highest score is that of their label: (..., batch, k), (..., batch) -> (...).

    The labels are integers; leading axes they lack are shared by all. The first of equal scores wins, and a label
    outside 0 .. k - 1 is a miss. Raises `ValueError` where the shapes or the type do not fit.

    >>> accuracy(np.array([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0], [1.0, 0.0]]), np.array([0, 1, 1, 0]))
    np.float64(0.75)
    """
    xp = scores.__array_namespace__()
    if (
        0 in scores.shape
        or labels.ndim < 1
        or labels.shape != scores.shape[-1 - labels.ndim : -1]
        or not xp.isdtype(labels.dtype, "integral")
    ):
        got = f"{scores.shape} and {labels.shape} of {labels.dtype}; give class numbers, not columns or one-hot rows"
        raise ValueError(f"accuracy: scores (..., batch, k), none of them 0, need integers (..., batch), got {got}")
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
    tp = np.diagonal(c, axis1=-2, axis2=-1)
    fp, fn = c.sum(axis=-2) - tp, c.sum(axis=-1) - tp
    return OneVsRest(tp, fp, fn, c.sum(axis=(-2, -1))[..., None] - tp - fp - fn)


def iqm(values: Any, axis: int = -1) -> Any:
    """The interquartile mean: the mean of the middle half of the sorted values along `axis`.

    iqm = sum w_i x_(i) / sum w_i,   w_i = the length of [i, i + 1] within [n / 4, 3 n / 4],   i = 0 .. n - 1

    Where 4 divides n, the weights are 0 or 1; elsewhere the values at the quartiles count in part, so that half the
    weight is trimmed for every n. Raises `ValueError` for no values, and for any that is not finite.

    >>> iqm([1, 2, 4, 100]), iqm([1, 2, 6])  # (2 + 4) / 2, (0.25 * 1 + 2 + 0.25 * 6) / 1.5
    (np.float64(3.0), np.float64(2.5))
    """
    x = np.sort(np.moveaxis(_finite("iqm: the values", values), axis, -1), axis=-1)
    n = x.shape[-1]
    i = np.arange(n)
    weights = np.clip(np.minimum(i + 1, 0.75 * n) - np.maximum(i, 0.25 * n), 0, 1)
    return x @ (weights / weights.sum())


def iqr(values: Any, axis: int = -1) -> tuple[Any, Any]:
    """The quartiles (q25, q75) along `axis`, linear between neighbours. Raises as `iqm` does.

    >>> iqr([1, 2, 3, 4, 5])
    (np.float64(2.0), np.float64(4.0))
    """
    q25, q75 = np.quantile(_finite("iqr: the values", values), (0.25, 0.75), axis=axis)
    return q25, q75


def bootstrap_interval(
    values: Any, statistic: Callable[..., Any] = iqm, *, key: Key, resamples: int = 10_000, level: float = 0.95
) -> tuple[float, float]:
    """The percentile bootstrap's confidence interval (low, high) of a statistic of independent runs (n,).

    `statistic` maps (..., n) to (...). The interval holds the middle `level` of its values on `resamples` samples of n
    drawn with replacement (Efron & Tibshirani 1993, chapter 13). Raises `ValueError` for values that are not finite,
    and for fewer than two: an interval without width would seem certain.

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
    """The percentile bootstrap's interval (low, high) of statistic(a) - statistic(b), as `bootstrap_interval` has it.

    With `paired`, a[i] and b[i] belong together and are drawn together: the same key draws the same runs on both sides.

    >>> low, high = bootstrap_difference([0.96, 0.97, 0.97, 0.99], [0.91, 0.92, 0.93, 0.92], key=Key(42))
    >>> 0 < low < 0.05 < high
    True
    """
    if paired and np.shape(a) != np.shape(b):
        raise ValueError(f"bootstrap: pairs need equal shapes, got {np.shape(a)} and {np.shape(b)}; give paired=False")
    key_a, key_b = (key, key) if paired else split(key, 2)
    return _middle(_resampled(a, statistic, key_a, resamples) - _resampled(b, statistic, key_b, resamples), level)


def psnr(prediction: Any, target: Any, peak: float = 1.0) -> float:
    """The peak signal-to-noise ratio in dB: psnr = 10 log10(peak^2 / mse), infinite for identical arrays.

    The mean squared error is over all elements: a set of images has one ratio, which is not the mean of theirs. Raises
    `ValueError` for shapes that differ, for no values, and for any that is not finite.

    >>> psnr([1.0, 0.5], [0.9, 0.4])
    20.0
    """
    p, t = _finite("psnr: the prediction", prediction), _finite("psnr: the target", target)
    if p.shape != t.shape or not 0 < peak < math.inf:
        got = f"{p.shape}, {t.shape} and {peak!r}; reshape one, give the largest value of a pixel"
        raise ValueError(f"psnr: prediction and target must have one shape, and a positive peak, got {got}")
    mse = float(np.mean((p - t) ** 2))
    return 20 * math.log10(peak) - 10 * math.log10(mse) if mse else math.inf


def _finite(what: str, values: Any) -> np.ndarray:
    """`values` as float64, if there are any and all are finite; `what` names them in the `ValueError`.

    >>> _finite("the values", [1, 2])
    array([1., 2.])
    """
    x = np.asarray(values, dtype=np.float64)
    if x.size == 0 or not np.isfinite(x).all():
        got = f"shape {x.shape}, {np.sum(~np.isfinite(x))} not finite; count runs that diverged apart"
        raise ValueError(f"{what} must be finite numbers, at least one, got {got}")
    return x


def _resampled(values: Any, statistic: Callable[..., Any], key: Key, resamples: int) -> np.ndarray:
    """The statistic of each of the resamples of `values` (n,), computed a block at a time: (resamples,)."""
    x = _finite("bootstrap: the values", values)
    if x.ndim != 1 or x.size < 2:
        raise ValueError(f"bootstrap: expected two or more values (n,), got shape {x.shape}; give one for each run")
    if not isinstance(resamples, int) or resamples < 1:
        raise ValueError(f"bootstrap: resamples must be a positive integer, got {resamples!r}; 10_000 are usual")
    if (shape := np.shape(statistic(x[None]))) != (1,):
        got = f"{shape} from {(1, x.size)}; reduce the last axis only, as partial(np.mean, axis=-1) does"
        raise ValueError(f"bootstrap: the statistic must map (..., n) to (...), got {got}")
    rows = max(1, _BLOCK // x.size)
    sizes = [(min(rows, resamples - start), x.size) for start in range(0, resamples, rows)]
    draws = (generator(fold(key, i)).integers(x.size, size=size) for i, size in enumerate(sizes))
    return np.concatenate([statistic(x[draw]) for draw in draws])


def _middle(drawn: np.ndarray, level: float) -> tuple[float, float]:
    """The two values between which the middle `level` of the drawn ones lie.

    >>> _middle(np.arange(101), 0.5)
    (25.0, 75.0)
    """
    if not 0 < level < 1:
        raise ValueError(f"bootstrap: level must lie between 0 and 1, got {level!r}; 0.95 is usual")
    low, high = np.quantile(drawn, ((1 - level) / 2, (1 + level) / 2)).tolist()
    return low, high
