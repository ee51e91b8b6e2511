"""Splitting a data set in two, such as a training and a validation set."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fnn.values import is_integer

__all__ = ["split_at"]


def split_at(arrays: Sequence[Any], n: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The first `n` examples of every array, and the remaining ones: two tuples of views.

    A negative `n` counts from the end, as in a slice: -10_000 puts the last 10,000 examples into the second tuple.
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
