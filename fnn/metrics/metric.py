"""What metrics are made of: a fold over batches (the parts of each, a join, a finish), and arguments in one form."""

from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np

from fnn.arrays import Array, dtype_kind, misfit
from fnn.layers.activations import logistic
from fnn.layers.softmax import softmax
from fnn.losses.reduction import quiet, same_number, total_weight, weights
from fnn.training.inference import added

__all__ = ["Answers", "Metric", "answers", "appended", "averaged", "check_arrays", "check_average"]
__all__ += ["counted", "probabilities", "ratio", "weighing"]

Parts = tuple[Array, ...]


def appended(batches: Sequence[Parts]) -> Parts:
    """Parts whose last axis is the batch: those of several batches are put one behind the other.

    >>> appended([(np.array([1, 2]),), (np.array([3]),)])
    (array([1, 2, 3]),)
    """
    return tuple(np.concatenate(each, axis=-1) for each in zip(*batches, strict=True))


@attrs.frozen(eq=False, repr=False, slots=False)
class Metric:
    """A score of predictions that can be computed in batches; also a decorator of the function that gives its parts.

    parts   (prediction, target, weight=None, **settings) -> (parts, finish): a tuple of arrays, and the function of
            the joined parts of all batches that gives the score
    join    the joined parts of several batches: by default their sums

    >>> @Metric
    ... def greatest_share(prediction, target, weight=None, *, above=0.5):
    ...     return (np.sum(prediction > above), np.asarray(prediction.size)), lambda count, n: count / n
    >>> greatest_share(np.array([[0.2], [0.7]]), None), greatest_share(np.array([[0.2], [0.7]]), None, above=0.1)
    (np.float64(0.5), np.float64(1.0))
    """

    parts: Callable[..., tuple[Parts, Callable[..., Any]]]
    join: Callable[[Sequence[Parts]], Parts] = added

    def __attrs_post_init__(self) -> None:
        about = {
            name: getattr(self.parts, name, None) for name in ("__module__", "__name__", "__qualname__", "__doc__")
        }
        vars(self).update(about, __wrapped__=self.parts)  # name, docstring and signature are those of the function

    def __reduce__(self) -> str:  # pickle finds a metric by its name in its module, as it finds functions
        return str(vars(self)["__qualname__"])

    def __repr__(self) -> str:
        return str(vars(self)["__qualname__"])

    def __call__(self, *args: Any, **settings: Any) -> Any:
        """The score of (prediction, target, weight=None) as one batch."""
        parts, finish = self.parts(*args, **settings)
        return finish(*parts)


def check_average(name: str, average: Any, *others: str) -> None:
    """Raise a `ValueError` unless `average` is one of the ways to average classes or outputs."""
    if average not in (ways := ("macro", "micro", None, *others)):
        words = ", ".join(repr(way) for way in ways)
        raise ValueError(f"{name}: average must be one of {words}, got {average!r}; None gives the score of each class")


def weighing(name: str, weight: Any, prediction: Array, dtype: Any, *, per_element: bool = False) -> Array:
    """The weights as `fnn.losses` take them, in this dtype, or ones (batch, 1). Raises if all are 0."""
    w = weights(name, weight, prediction, per_element=per_element, dtype=dtype)
    if w is None:
        return prediction.__array_namespace__().ones((prediction.shape[-2], 1), dtype=dtype)
    total_weight(name, w)
    return w


def check_arrays(name: str, **arrays: Any) -> None:
    """Raise a `TypeError` unless all are arrays, and a `ValueError` if `scores` are the numbers of classes."""
    for array in arrays.values():
        if problem := misfit(array):
            raise TypeError(f"{name}: expected {' and '.join(arrays)} as arrays, got {problem}")
    scores = arrays["scores"]
    if scores.ndim < 2 and dtype_kind(scores.dtype) in ("int", "bool"):
        came = f"{scores.dtype} of shape {scores.shape}; give the model's outputs, not predicted classes"
        raise ValueError(f"{name}: expected scores (..., batch, k), got {came}")


def counted(xp: Any, values: Array, w: Array) -> Array:
    """w v, and 0 where the weight is 0, also if v is infinite. A NaN stays: a mask does not hide it."""
    return xp.where((w > 0) | xp.isnan(values), values, 0.0) * w


def ratio(a: Array, b: Array, empty: float = 0.0) -> Array:
    """a / b, and `empty` where b is 0.

    >>> ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0]))
    array([0.5, 0. ])
    """
    xp = b.__array_namespace__()
    return 1.0 * xp.where(b == 0, empty, a / xp.where(b == 0, 1.0, b))  # 1.0 makes an array () of NumPy's a number


def averaged(values: Array, defined: Array, average: str | None) -> Array:
    """The mean over the last axis, of classes or outputs, or each value. What is not defined is NaN, or left out.

    >>> averaged(np.array([0.5, 0.0]), np.array([True, False]), "macro")
    np.float64(0.5)
    """
    xp = values.__array_namespace__()
    if average is None:
        return xp.where(defined, values, xp.nan)
    n = xp.sum(xp.astype(defined, values.dtype), axis=-1)
    return ratio(xp.sum(xp.where(defined, values, 0.0), axis=-1), n, xp.nan)


@attrs.frozen(eq=False)
class Answers:
    """Scores and targets of classifiers in one form, all in the default float type of their array library.

    scores      (..., batch, k)
    targets     1 for the true class or for yes, else 0: (..., batch, k), perhaps without leading axes of the scores
    weights     (..., batch, 1 or k), likewise
    exclusive   whether the targets were labels
    """

    scores: Array
    targets: Array
    weights: Array
    exclusive: bool


def answers(name: str, scores: Any, target: Any, weight: Any) -> Answers:
    """The arguments of a metric of classifiers such as `precision`, checked and brought into one form.

    Under a weight of 0 a target may be missing: -1 or NaN. Raises `TypeError` for what is not an array, and
    `ValueError` for shapes that do not fit, targets out of range and negative weights. Only NumPy's values are looked
    at.
    """
    check_arrays(name, scores=scores, targets=target)
    xp, shape, own = scores.__array_namespace__(), scores.shape, tuple(target.shape)
    of_examples = bool(own) and own == tuple(shape[-1 - len(own) : -1])
    of_outputs = len(own) > 1 and own == tuple(shape[-len(own) :])
    exclusive = of_examples and shape[-1] > 1 and dtype_kind(target.dtype) == "int"
    one = of_examples and shape[-1] == 1
    if 0 in shape or not (exclusive or one or of_outputs):
        same_number(name, shape[:-1], own)
        if own[-1:] == shape[-1:]:
            same_number(name, shape[:-1], own[:-1])
        must = "scores must have the shape (..., batch, k), no axis 0, and targets be integer labels (..., batch)"
        raise ValueError(f"{name}: {must} or 0 and 1 (..., batch, k), got {shape} and {own} of {target.dtype}")
    real = xp.zeros(()).dtype
    w = weighing(name, weight, scores, real, per_element=not exclusive)
    t = target if of_outputs and not exclusive else target[..., None]
    if weight is not None:
        t = xp.where(w > 0, t, 0)
    if isinstance(t, np.ndarray) and not (((t >= 0) & (t < shape[-1])) if exclusive else ((t == 0) | (t == 1))).all():
        must = (
            f"labels must lie in 0 .. {shape[-1] - 1}, the scores' classes," if exclusive else "targets must be 0 or 1,"
        )
        raise ValueError(f"{name}: {must} got {t.min()} to {t.max()}; what is missing needs a weight of 0")
    y = xp.astype(t == xp.arange(shape[-1]) if exclusive else t, real)
    return Answers(xp.astype(scores, real), y, w, exclusive)


@quiet
def probabilities(name: str, a: Answers, given: bool) -> Array:
    """The probabilities of the classes: softmax or σ of the logits, or the scores if they are `given` as such.

    Raises `ValueError` for scores that are not probabilities.
    """
    p = a.scores
    if not given:
        return softmax.apply({}, p) if a.exclusive else logistic(p.__array_namespace__(), p)
    if isinstance(p, np.ndarray):
        outside = ((p < 0) | (p > 1)).any()
        if outside or (a.exclusive and (np.abs(p.sum(axis=-1) - 1) > 1e-3).any()):
            came = f"got {p.min()} to {p.max()}, sums of up to {p.sum(axis=-1).max()}"
            remedy = "if they are logits, leave out probabilities=True"
            raise ValueError(
                f"{name}: probabilities must lie in [0, 1], those of classes with the sum 1, {came}; {remedy}"
            )
    return p
