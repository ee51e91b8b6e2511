"""The paper's synthetic data sets, pure functions of a key: points near a line, two blobs, and XOR."""

import attrs
import numpy as np

from fnn.arrays import read_only
from fnn.random import Key, fold_in, generator
from fnn.values import is_integer

__all__ = ["Line", "blobs", "line", "xor"]


@attrs.frozen
class Line:
    """Points near the line y = w x + b: `x` and `y` (n, 1) float32, and the true `w` and `b`."""

    x: np.ndarray = attrs.field(eq=attrs.cmp_using(eq=np.array_equal))
    y: np.ndarray = attrs.field(eq=attrs.cmp_using(eq=np.array_equal))
    w: float
    b: float


def line(key: Key, n: int = 400) -> Line:
    """`n` noisy points of a random line (the paper's figure 2).

    y = w x + b + 0.5 N(0, 1),  x ~ U(0, 10),  w ~ U(-5, 5),  b ~ U(-10, 10)

    Raises `ValueError` unless `n` is a positive integer.

    >>> line(Key(42)) == line(Key(42))
    True
    """
    _check_count("line", n, 1)
    w, b = generator(fold_in(key, 0)).uniform((-5, -10), (5, 10)).tolist()
    x = generator(fold_in(key, 1)).uniform(0, 10, (n, 1))
    y = w * x + b + 0.5 * generator(fold_in(key, 2)).standard_normal((n, 1))
    return Line(read_only(x.astype(np.float32)), read_only(y.astype(np.float32)), w, b)


def blobs(key: Key, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 2) float32 from two unit Gaussians, and their labels 0 or 1, (n,) int64 (the paper's figure 3).

    The two centres are drawn from 2 U(-5, 5)^2, so the blobs of some keys overlap. The n / 2 points of class 0 come
    first, then those of class 1: shuffle them for training. Raises `ValueError` unless `n` is a positive multiple of 2.

    >>> x, labels = blobs(Key(42), n=6)
    >>> x.shape, labels
    ((6, 2), array([0, 0, 0, 1, 1, 1]))
    """
    _check_count("blobs", n, 2)
    centres = 2 * generator(fold_in(key, 0)).uniform(-5, 5, (2, 2))
    return _gaussians(fold_in(key, 1), centres, [0, 1], n)


def xor(key: Key, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 2) float32 from four unit Gaussians at (±3, ±3), and labels (n,) int64 (the paper's figure 4).

    The label is 1 where exactly one coordinate of the Gaussian's centre is positive. The points come centre by centre,
    n / 4 each: shuffle them for training. Raises `ValueError` unless `n` is a positive multiple of 4.

    >>> xor(Key(42), n=4)[1]
    array([0, 1, 1, 0])
    """
    _check_count("xor", n, 4)
    centres = np.array([(-3, -3), (-3, 3), (3, -3), (3, 3)])
    return _gaussians(fold_in(key, 0), centres, [0, 1, 1, 0], n)


def _gaussians(key: Key, centres: np.ndarray, classes: list[int], n: int) -> tuple[np.ndarray, np.ndarray]:
    """`n` points (n, d) in equal parts from unit Gaussians at the centres (k, d), and the class of each point (n,)."""
    each = n // len(centres)
    points = np.repeat(centres, each, axis=0)
    noisy = points + generator(key).standard_normal(points.shape)
    return read_only(noisy.astype(np.float32)), read_only(np.repeat(np.array(classes, np.int64), each))


def _check_count(name: str, n: int, multiple: int) -> None:
    """Raise `ValueError` unless `n` is a positive multiple of `multiple`, the number of equally large groups."""
    if not is_integer(n) or n < multiple or n % multiple:
        raise ValueError(f"{name}: n must be a positive multiple of {multiple}, got {n!r}; round it to one")
