"""Data as plain arrays: labelled images from files, splits, one-hot labels, and the synthetic sets of the paper.

A synthetic set is a pure function of a `Key`, so an experiment names its data by naming a key.
"""

import os
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np

from fnn.batching import batches
from fnn.data.idx import DataFormatError, read_idx
from fnn.random import Key, fold_in, generator
from fnn.values import FilePath

__all__ = [
    "DataFormatError",
    "Line",
    "batches",
    "blobs",
    "class_labels",
    "line",
    "one_hot",
    "read_idx",
    "read_labelled_images",
    "split_at",
    "xor",
]


def read_labelled_images(
    images_path: FilePath, labels_path: FilePath, n_classes: int = 10, *, limit: int = 2**30
) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, height, width) and their labels (n,), both uint8 and read-only, from two IDX files.

    Raises `DataFormatError` if a file is not that or claims more than `limit` bytes, if their counts differ, or for a
    label not below `n_classes`.
    """
    images, labels = read_idx(images_path, limit=limit), read_idx(labels_path, limit=limit)
    for path, array, name, ndim in ((images_path, images, "images", 3), (labels_path, labels, "labels", 1)):
        if array.ndim != ndim or array.dtype != np.uint8:
            got = f"{array.ndim} of {array.dtype}"
            problem = f"{name} must have {ndim} dimension(s) of uint8, got {got}; are the two paths swapped?"
            raise DataFormatError(path, 2, problem)
    if len(labels) != len(images):
        problem = f"expected {len(images)} labels, one for each image of {os.fspath(images_path)}, got {len(labels)}"
        raise DataFormatError(labels_path, 4, problem)
    if (bad := np.flatnonzero(labels >= n_classes)).size:
        problem = f"labels must be below n_classes={n_classes}, got {labels[bad[0]]}"
        raise DataFormatError(labels_path, 8 + int(bad[0]), problem)
    return images, labels


def split_at(arrays: Sequence[Any], n: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The first `n` examples of every array, and the others: two tuples of views.

    A negative `n` counts from the end, as in a slice: -10_000 keeps the last 10,000 for validation. Raises `ValueError`
    if the arrays differ in length or have fewer than `n` examples.

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
    if not _is_integer(n) or abs(n) > length:
        raise ValueError(f"split_at: n must be an integer from {-length} to {length}, got {n!r}; choose one")
    return tuple(array[:n] for array in arrays), tuple(array[n:] for array in arrays)


def class_labels(what: str, labels: Any, n_classes: int) -> np.ndarray:
    """`labels` as an array, if they are integers from 0 to `n_classes` - 1; `what` names them in the `ValueError`.

    >>> class_labels("labels", [0, 2], 3)
    array([0, 2])
    """
    if not _is_integer(n_classes) or n_classes < 1:
        raise ValueError(f"{what}: n_classes must be a positive integer, got {n_classes!r}; count the classes")
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError(f"{what} must be integers, got {labels.dtype}; convert them with astype(int)")
    if (bad := labels[(labels < 0) | (labels >= n_classes)]).size:
        raise ValueError(f"{what} must be from 0 to {n_classes - 1}, got {bad[0]}; renumber them or raise n_classes")
    return labels


def one_hot(labels: Any, n_classes: int, dtype: Any = np.float32) -> np.ndarray:
    """Integers (...) as rows of the identity matrix (..., n_classes). Raises `ValueError` for any other label.

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    labels = class_labels("one_hot: the labels", labels, n_classes)
    return (labels[..., None] == np.arange(n_classes)).astype(dtype)


@attrs.frozen
class Line:
    """Points near a line y = w x + b: `x` and `y` (n, 1) float32, and the `w` and `b` that a regression should find."""

    x: np.ndarray = attrs.field(eq=attrs.cmp_using(eq=np.array_equal))
    y: np.ndarray = attrs.field(eq=attrs.cmp_using(eq=np.array_equal))
    w: float
    b: float


def line(key: Key, n: int = 400) -> Line:
    """`n` noisy points of a random line (the paper's figure 2).

    y = w x + b + 0.5 N(0, 1),  x ~ U(0, 10),  w ~ U(-5, 5),  b ~ U(-10, 10)

    >>> line(Key(42)) == line(Key(42))
    True
    """
    _check_count("line", n, 1)
    w, b = generator(fold_in(key, 0)).uniform((-5, -10), (5, 10)).tolist()
    x = generator(fold_in(key, 1)).uniform(0, 10, (n, 1))
    y = w * x + b + 0.5 * generator(fold_in(key, 2)).standard_normal((n, 1))
    return Line(_frozen(x, np.float32), _frozen(y, np.float32), w, b)


def blobs(key: Key, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 2) float32 of two unit Gaussians, and which of the two (n,) int64 (the paper's figure 3).

    The centres are 2 U(-5, 5)^2, so that some keys give blobs that overlap. First come the n / 2 points of class 0,
    then those of class 1: shuffle them in training.

    >>> x, labels = blobs(Key(42), n=6)
    >>> x.shape, labels
    ((6, 2), array([0, 0, 0, 1, 1, 1]))
    """
    _check_count("blobs", n, 2)
    centres = 2 * generator(fold_in(key, 0)).uniform(-5, 5, (2, 2))
    return _around(fold_in(key, 1), centres, n), _frozen(np.repeat([0, 1], n // 2), np.int64)


def xor(key: Key, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 2) float32 of four unit Gaussians at (±3, ±3), and labels (n,) int64 (the paper's figure 4).

    The label is 1 where exactly one coordinate of the Gaussian's centre is positive. The points come centre by centre,
    n / 4 each: shuffle them in training.

    >>> xor(Key(42), n=4)[1]
    array([0, 1, 1, 0])
    """
    _check_count("xor", n, 4)
    centres = np.array([(-3, -3), (-3, 3), (3, -3), (3, 3)])
    return _around(fold_in(key, 0), centres, n), _frozen(np.repeat([0, 1, 1, 0], n // 4), np.int64)


def _around(key: Key, centres: np.ndarray, n: int) -> np.ndarray:
    """`n` points of unit Gaussians around the centres (k, d): (n, d), the same number around each, in their order."""
    points = np.repeat(centres, n // len(centres), axis=0)
    return _frozen(points + generator(key).standard_normal(points.shape), np.float32)


def _frozen(array: np.ndarray, dtype: Any) -> np.ndarray:
    """A read-only copy of the given type.

    >>> _frozen(np.zeros(2), np.int64).flags.writeable
    False
    """
    array = array.astype(dtype)
    array.flags.writeable = False
    return array


def _is_integer(n: object) -> bool:
    """Whether `n` is a true integer, as Python and NumPy have them.

    >>> _is_integer(np.int64(3)), _is_integer(3.0), _is_integer(True)
    (True, False, False)
    """
    return isinstance(n, (int, np.integer)) and not isinstance(n, bool)


def _check_count(name: str, n: object, multiple: int) -> None:
    """Raise `ValueError` unless `n` points can be shared out evenly among `multiple` groups, with some for each."""
    if not _is_integer(n) or n < multiple or n % multiple:  # type: ignore[operator]
        raise ValueError(f"{name}: n must be a positive multiple of {multiple}, got {n!r}; round it to one")
