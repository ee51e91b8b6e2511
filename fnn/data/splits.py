"""Splitting a data set: in two at a place, or by indices that a key draws."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fnn.random import Key, generator
from fnn.values import is_integer, whole

__all__ = ["k_fold", "shuffled_split", "split_at", "stratified_split"]

Split = tuple[np.ndarray, np.ndarray]  # the indices of the training and of the test examples


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

    Of the nᵢ examples of class i, n_test · nᵢ / n are test examples, rounded down or up, for a rare class to 0 or nᵢ.

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
