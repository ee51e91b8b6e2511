"""What a key draws: splits, as indices, and the paper's synthetic points."""

from typing import Any

import attrs
import numpy as np

from fnn.arrays import read_only
from fnn.random import Key, fold_in, generator
from fnn.values import is_integer, whole

__all__ = ["Line", "blobs", "k_fold", "line", "shuffled_split", "stratified_split", "xor"]

Split = tuple[np.ndarray, np.ndarray]  # the indices of the training and of the test examples


def shuffled_split(key: Key, n: int, n_test: int) -> Split:
    """The indices of `n` examples in a random order, split into `n` - `n_test` for training and `n_test` for a test.

    Raises `ValueError` unless 0 < n_test < n.

    >>> train, test = shuffled_split(Key(0), 5, 2)
    >>> len(train), len(test), sorted([*train, *test]) == list(range(5))
    (3, 2, True)
    """
    _check_is_count("shuffled_split", n, "n=len(x)")
    n, n_test = _sizes("shuffled_split", n, n_test)
    order = generator(key).permutation(n)
    return order[n_test:], order[:n_test]


def stratified_split(key: Key, labels: Any, n_test: int) -> Split:
    """The indices of the examples in a random order, split so that each class has its share of the test.

    key      draws the split
    labels   the classes (n,): integers, words or truth values
    n_test   the number of test examples

    Of the nᵢ examples of class i, n_test · nᵢ / n are test examples, rounded down or up, perhaps to 0 or to nᵢ.

    Raises `ValueError` unless 0 < n_test < n, if a class has only one example, and if there are more classes than
    examples for training or for the test.

    >>> labels = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1])
    >>> train, test = stratified_split(Key(0), labels, 3)
    >>> sorted(labels[train].tolist()), sorted(labels[test].tolist())
    ([0, 0, 0, 0, 1, 1], [0, 0, 1])
    """
    classes = _strata("stratified_split", labels, 2, "both sides; leave it out, or put it into another class")
    n, n_test = _sizes("stratified_split", len(classes), n_test)
    if (k := len(np.unique(classes))) > min(n_test, n - n_test):
        sides = f"{n - n_test} and {n_test} examples have no room for one of each of {k} classes"
        raise ValueError(f"stratified_split: {sides}; choose n_test from {k} to {n - k}")
    order = generator(key).permutation(n)
    # Equal steps through the classes, one behind the other, meet each class as often as its length says.
    steps = (2 * np.arange(n_test) + 1) * n // (2 * n_test)
    chosen = np.zeros(n, bool)
    chosen[order[np.argsort(classes[order], kind="stable")][steps]] = True
    return order[~chosen[order]], order[chosen[order]]


def k_fold(key: Key, n: int, k: int, *, labels: Any = None) -> list[Split]:
    """`k` splits of `n` examples into indices for training and for a test: each example is in one of the tests.

    key      draws the splits
    n        the number of examples
    k        the number of splits; with k = n, each test is one example
    labels   the classes (n,), where each shall have its share of each test: nᵢ / k, rounded down or up

    The tests have n / k examples, rounded down or up. Raises `ValueError` unless 2 ≤ k ≤ n, and if a class has fewer
    than `k` examples.

    >>> [(len(train), len(test)) for train, test in k_fold(Key(0), 7, 3)]
    [(4, 3), (5, 2), (5, 2)]
    >>> sorted(i for _, test in k_fold(Key(0), 7, 3) for i in test.tolist())
    [0, 1, 2, 3, 4, 5, 6]
    """
    _check_is_count("k_fold", n, "n=len(labels), labels=labels")
    n, k = whole("k_fold(n)", n, 2), whole("k_fold(k)", k, 2)
    if k > n:
        raise ValueError(f"k_fold: {n} examples cannot make {k} tests; choose k from 2 to {n}")
    order = generator(key).permutation(n)
    ordered = order
    if labels is not None:
        classes = _strata("k_fold", labels, k, f"each of {k} tests; choose a smaller k, or leave labels out")
        if len(classes) != n:
            raise ValueError(f"k_fold: expected {n} labels, got {len(classes)}; give n=len(labels)")
        ordered = order[np.argsort(classes[order], kind="stable")]  # class by class: every k-th example is a fair part
    fold = np.empty(n, int)
    fold[ordered] = np.arange(n) % k
    fold = fold[order]
    return [(order[fold != i], order[fold == i]) for i in range(k)]


def _check_is_count(name: str, n: Any, remedy: str) -> None:
    """Raise a `ValueError` if the examples themselves are given in the place of their number."""
    if shape := np.shape(n):
        raise ValueError(f"{name}: n is the number of examples, got an array of shape {shape}; give {remedy}")


def _sizes(name: str, n: int, n_test: int) -> tuple[int, int]:
    """`n` and `n_test` as ints. Raises `ValueError` unless 0 < n_test < n."""
    n = whole(f"{name}: the number of examples", n, 2)
    if not is_integer(n_test) or not 0 < n_test < n:
        share = f"; for a share, give int({n_test!r} * n)" if isinstance(n_test, float) and 0 < n_test < 1 else ""
        raise ValueError(f"{name}: n_test must be a whole number from 1 to {n - 1}, got {n_test!r}{share}")
    return n, int(n_test)


def _strata(name: str, labels: Any, least: int, why: str) -> np.ndarray:
    """The labels as classes 0, 1, ... Raises `ValueError` unless each has at least `least` examples, and says why."""
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind in "fc":
        came = f"{labels.dtype} of shape {labels.shape}; convert them with astype(int), and use ravel()"
        raise ValueError(f"{name}: expected labels (n,), integers or words, got {came}")
    names, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if (few := np.flatnonzero(counts < least)).size:
        came = f"class {names[few[0]]!s} has {counts[few[0]]} of the {least} examples that it needs"
        raise ValueError(f"{name}: {came} for {why}")
    return classes


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
    first: shuffle them for training. Raises `ValueError` unless `n` is a positive multiple of 2.

    >>> x, labels = blobs(Key(42), n=6)
    >>> x.shape, labels
    ((6, 2), array([0, 0, 0, 1, 1, 1]))
    """
    _check_count("blobs", n, 2)
    centres = 2 * generator(fold_in(key, 0)).uniform(-5, 5, (2, 2))
    return _gaussians(fold_in(key, 1), centres, [0, 1], n)


def xor(key: Key, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 2) float32 from four unit Gaussians at (±3, ±3), and labels (n,) int64 (the paper's figure 4).

    The label is 1 where exactly one coordinate of the centre is positive. The points come centre by centre, n / 4 each:
    shuffle them for training. Raises `ValueError` unless `n` is a positive multiple of 4.

    >>> xor(Key(42), n=4)[1]
    array([0, 1, 1, 0])
    """
    _check_count("xor", n, 4)
    centres = np.array([(-3, -3), (-3, 3), (3, -3), (3, 3)])
    return _gaussians(fold_in(key, 0), centres, [0, 1, 1, 0], n)


def _gaussians(key: Key, centres: np.ndarray, classes: list[int], n: int) -> tuple[np.ndarray, np.ndarray]:
    """`n` points in equal parts from unit Gaussians at the centres (k, d), and the class of each point."""
    each = n // len(centres)
    points = np.repeat(centres, each, axis=0)
    noisy = points + generator(key).standard_normal(points.shape)
    return read_only(noisy.astype(np.float32)), read_only(np.repeat(np.array(classes, np.int64), each))


def _check_count(name: str, n: int, multiple: int) -> None:
    """Raise `ValueError` unless `n` is a positive multiple of `multiple`."""
    if not is_integer(n) or n < multiple or n % multiple:
        raise ValueError(f"{name}: n must be a positive multiple of {multiple}, got {n!r}; round it to one")
