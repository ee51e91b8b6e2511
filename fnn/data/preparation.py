"""What arrays become before a training: they are split, labels one-hot or weighed, and features standardised."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fnn.arrays import Array, dtype_kind, misfit
from fnn.values import constructor, is_integer, whole

__all__ = ["class_labels", "class_weights", "one_hot", "split_at", "standardise"]


def split_at(arrays: Sequence[Any], n: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The first `n` examples of every array, and the remaining ones: two tuples of views.

    A negative `n` counts from the end, as in a slice.
    Raises `ValueError` if the arrays differ in length or have fewer than `n` examples.

    >>> (x, y), (x_validation, y_validation) = split_at((np.arange(5), np.arange(5) ** 2), -2)
    >>> x, y_validation
    (array([0, 1, 2]), array([ 9, 16]))
    """
    if hasattr(arrays, "shape"):
        raise ValueError("split_at: expected a tuple of arrays, got one array; write split_at((x,), n)")
    shapes = [np.shape(array) for array in arrays]
    if not all(shapes) or len({shape[0] for shape in shapes}) != 1:
        raise ValueError(f"split_at: expected arrays of equal length, got shapes {shapes}; pair them up first")
    length = shapes[0][0]
    if not is_integer(n) or abs(n) > length:
        raise ValueError(f"split_at: n must be an integer from {-length} to {length}, got {n!r}; choose one")
    return tuple(array[:n] for array in arrays), tuple(array[n:] for array in arrays)


def class_labels(what: str, labels: Any, n_classes: int) -> np.ndarray:
    """`labels` as an array. Raises `ValueError`, in which `what` names them, unless all are integers in [0, n_classes).

    >>> class_labels("labels", [0, 2], 3)
    array([0, 2])
    """
    whole(f"{what}: n_classes (count the classes)", n_classes)
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        came = misfit(labels) or f"{labels.dtype}; convert them with astype(int)"
        raise ValueError(f"{what} must be integers, got {came}")
    if (bad := labels[(labels < 0) | (labels >= n_classes)]).size:
        raise ValueError(f"{what} must be from 0 to {n_classes - 1}, got {bad[0]}; renumber them or raise n_classes")
    return labels


def one_hot(labels: Any, n_classes: int, dtype: Any = np.float32) -> np.ndarray:
    """Labels (...) as one-hot rows (..., n_classes): 1 at the index of the class, 0 elsewhere.

    Raises `ValueError` unless the labels are integers from 0 to `n_classes` - 1.

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    labels = class_labels("one_hot: the labels", labels, n_classes)
    return (labels[..., None] == np.arange(n_classes)).astype(dtype)


def class_weights(labels: Any, n_classes: int | None = None) -> np.ndarray:
    """The weight of each class under which all classes count alike, n / (k nᵢ): float32, (n_classes,).

    labels      integers (n,), nᵢ of them i; k of the classes occur
    n_classes   the number of classes, by default the greatest label plus 1; a class that does not occur gets 0

    The examples' weights, `class_weights(labels)[labels]`, have a mean of 1: scikit-learn's "balanced". Raises
    `ValueError` unless the labels are integers from 0 up, at least one.

    >>> class_weights([0, 0, 0, 1])
    array([0.6666667, 2.       ], dtype=float32)
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.size == 0:
        raise ValueError(f"class_weights: expected labels (n,), at least one, got shape {labels.shape}; use ravel()")
    if n_classes is None:
        n_classes = max(int(labels.max()), 0) + 1 if labels.dtype.kind in "iu" else 1
    counts = np.bincount(class_labels("class_weights: the labels", labels, n_classes), minlength=n_classes)
    shares = counts * np.count_nonzero(counts) / labels.size
    return np.divide(1, shares, out=np.zeros(len(shares)), where=counts > 0).astype(np.float32)


@constructor
def standard(mean: Any, scale: Any) -> Callable[[Array], Array]:
    """The function x -> (x - mean) / scale."""
    return lambda x: _fitting("standardise", x, mean, lambda x: (x - mean) / scale)


@constructor
def original(mean: Any, scale: Any) -> Callable[[Array], Array]:
    """The function z -> z * scale + mean, the inverse of `standard`."""
    return lambda z: _fitting("standardise: the inverse", z, mean, lambda z: z * scale + mean)


def standardise(x: Array, axis: int | Sequence[int] | None = None) -> tuple[Callable[..., Array], Callable[..., Array]]:
    """The function that standardises data as it does `x`, and its inverse.

    forward(x) = (x - μ) / σ,    inverse(z) = z σ + μ,    with the mean μ and the standard deviation σ of each feature

    x      the training data, and only these: validation and test data go through the same two functions
    axis   the axes over which μ and σ are taken. By default all but the last one, which is the axis of the features,
           or all of a vector (n,). For x (R, n, features) of R networks, `axis=1` gives each network its own.

    A constant feature becomes 0: its σ is taken as 1. The sum in σ² is divided by n. Both functions compute in float64
    and keep the dtype of floating-point data; all other data become float32. They can be compared and pickled;
    `forward.call.args` is (μ, σ). The targets of a regression take a pair of their own.

    Raises `TypeError` unless `x` is an array of numbers, and `ValueError` for one without examples or with values that
    are not finite.

    >>> x = np.array([[1.0, 7.0], [3.0, 7.0], [5.0, 7.0]])
    >>> forward, inverse = standardise(x)
    >>> forward(x).round(3)
    array([[-1.225,  0.   ],
           [ 0.   ,  0.   ],
           [ 1.225,  0.   ]])
    >>> np.allclose(inverse(forward(x)), x)
    True
    """
    _check_numbers("standardise", x)
    data = np.asarray(x, np.float64)
    axes = tuple(range(max(1, data.ndim - 1))) if axis is None else axis
    if data.ndim == 0 or data.size == 0:
        raise ValueError(f"standardise: expected x (n, features) with examples, got shape {data.shape}; is it empty?")
    if (bad := np.argwhere(~np.isfinite(data))).size:
        at = bad[0].tolist()
        came = f"{data[tuple(at)]} at {at}, one of {len(bad)} such values"
        raise ValueError(f"standardise: expected finite x, got {came}; leave such examples out, or fill them in")
    # The data between 0 and 1: then no square overflows, and a constant feature is found exactly.
    low, high = data.min(axis=axes, keepdims=True), data.max(axis=axes, keepdims=True)
    with np.errstate(over="ignore"):
        width = high - low
    if not np.isfinite(width).all():
        raise ValueError(f"standardise: x from {data.min()} to {data.max()} is too wide for a float; divide it first")
    unit = (data - low) / np.where(width > 0, width, 1)
    mean, scale = low + width * unit.mean(axis=axes, keepdims=True), width * unit.std(axis=axes, keepdims=True)
    scale = np.where(scale > 0, scale, 1)
    return standard(mean, scale), original(mean, scale)


def _fitting(name: str, x: Array, mean: np.ndarray, f: Callable[[Array], Array]) -> Array:
    """f(x) in the dtype of x, or in float32. Raises unless the mean can be subtracted from each example of x."""
    _check_numbers(name, x)
    lengths = zip(x.shape[::-1], mean.shape[::-1], strict=False)
    if mean.ndim > x.ndim or any(n not in (1, own) for own, n in lengths):
        expected = f"x has shape {x.shape}, the mean of the training data {mean.shape}"
        raise ValueError(f"{name}: {expected}; give a batch of the same features, of one example x[None]")
    xp = x.__array_namespace__()
    return xp.astype(f(x), x.dtype if dtype_kind(x.dtype) == "float" else xp.float32)


def _check_numbers(name: str, x: Any) -> None:
    """Raise `TypeError` unless x is an array of real numbers."""
    if came := misfit(x) or ("" if dtype_kind(x.dtype) in ("float", "int", "bool") else f"an array of {x.dtype}"):
        raise TypeError(f"{name}: expected x as an array of numbers, got {came}")
