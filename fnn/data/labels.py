"""Class labels: integers from 0 up, and their one-hot rows."""

from typing import Any

import numpy as np

from fnn.arrays import misfit
from fnn.values import is_integer

__all__ = ["class_labels", "class_weights", "one_hot"]


def class_labels(what: str, labels: Any, n_classes: int) -> np.ndarray:
    """`labels` as an array. Raises `ValueError` unless all of them are integers from 0 to `n_classes` - 1.

    `what` names the labels in the error's message.

    >>> class_labels("labels", [0, 2], 3)
    array([0, 2])
    """
    if not is_integer(n_classes) or n_classes < 1:
        raise ValueError(f"{what}: n_classes must be a positive integer, got {n_classes!r}; count the classes")
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

    The weights of the examples, `class_weights(labels)[labels]`, have a mean of 1. These are scikit-learn's weights
    "balanced". Raises `ValueError` unless the labels are integers from 0 up, at least one.

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
