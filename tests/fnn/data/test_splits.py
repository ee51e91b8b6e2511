"""Splits: the two sides make the whole, by a place or by indices that a key draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnn import Key, fold_in
from fnn.data import k_fold, shuffled_split, split_at, stratified_split


@given(st.integers(0, 6).flatmap(lambda length: st.tuples(st.just(length), st.integers(-length, length))))
def test_the_two_sides_of_a_split_make_the_whole(length_and_n):
    length, n = length_and_n
    arrays = np.arange(length), np.arange(2 * length).reshape(length, 2)
    before, after = split_at(arrays, n)
    for whole, a, b in zip(arrays, before, after, strict=True):
        np.testing.assert_array_equal(np.concatenate([a, b]), whole)
        assert len(a) == n % length if n < 0 else len(a) == n


def test_a_split_is_made_of_views_and_keeps_them_read_only():
    x = np.arange(5)
    x.flags.writeable = False
    (a,), (b,) = split_at((x,), np.int64(3))
    assert np.shares_memory(a, x)
    assert np.shares_memory(b, x)
    assert not a.flags.writeable
    assert not b.flags.writeable


@pytest.mark.parametrize(
    ("arrays", "n", "message"),
    [
        (np.zeros((5, 2)), 2, r"expected a tuple of arrays, got one array; write split_at\(\(x,\), n\)"),
        ((np.zeros(5), np.zeros(4)), 2, r"equal length, got shapes \[\(5,\), \(4,\)\]"),
        ((np.zeros(5), np.float64(1)), 2, r"equal length, got shapes \[\(5,\), \(\)\]"),
        ((), 0, r"equal length, got shapes \[\]"),
        ((np.zeros(5),), 6, "integer from -5 to 5, got 6"),
        ((np.zeros(5),), -6, "integer from -5 to 5, got -6"),
        ((np.zeros(5),), 0.8, "integer from -5 to 5, got 0.8"),
        ((np.zeros(5),), True, "integer from -5 to 5, got True"),
    ],
)
def test_what_cannot_be_split_is_refused(arrays, n, message):
    with pytest.raises(ValueError, match=message):
        split_at(arrays, n)


LABELS = np.repeat([0, 1, 2, 3], [50, 30, 13, 7])
NAMED = {
    "shuffled": lambda key: [shuffled_split(key, 100, 20)],
    "stratified": lambda key: [stratified_split(key, LABELS, 20)],
    "folds": lambda key: k_fold(key, 100, 5),
    "stratified folds": lambda key: k_fold(key, 100, 5, labels=LABELS),
}
SPLITS = pytest.mark.parametrize("splits", NAMED.values(), ids=NAMED)


def halves_up(exact):
    """The whole numbers that `exact` can be rounded to."""
    return {int(np.floor(exact + 1e-9)), int(np.ceil(exact - 1e-9))}


@SPLITS
def test_every_index_is_on_exactly_one_side(splits):
    made = splits(Key(0))
    for train, test in made:
        assert sorted([*train, *test]) == list(range(100))
        assert len(test) == 20
    if len(made) > 1:
        assert sorted(np.concatenate([test for _, test in made])) == list(range(100))


@SPLITS
def test_the_key_alone_draws_the_split(splits):
    draws = [np.concatenate([*map(np.concatenate, splits(fold_in(Key(7), i)))]).tobytes() for i in range(20)]
    assert draws == [np.concatenate([*map(np.concatenate, splits(fold_in(Key(7), i)))]).tobytes() for i in range(20)]
    assert len(set(draws)) == 20


@SPLITS
def test_every_example_is_as_likely_a_test_example_as_any_other_of_its_class(splits):
    times = np.zeros(100)
    for i in range(400):
        times[splits(fold_in(Key(3), i))[0][1]] += 1
    shares = times / 400
    assert np.abs(shares - 0.2).max() < 0.12  # 6 sigma, or less where a class's share is rounded


@SPLITS
def test_both_sides_are_in_a_random_order(splits):
    for train, test in splits(Key(0)):
        for side in (train, test):
            assert np.abs(np.corrcoef(np.arange(len(side)), LABELS[side])[0, 1]) < 0.6
            assert (np.diff(side) < 0).any()


@given(st.lists(st.integers(2, 40), min_size=1, max_size=6), st.integers(0, 2**32 - 1), st.data())
def test_each_class_has_its_share_within_one_example(counts, seed, data):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    n, k = len(labels), len(counts)
    n_test = data.draw(st.integers(k, n - k))
    train, test = stratified_split(Key(seed), labels, n_test)
    assert len(test) == n_test
    for i, count in enumerate(counts):
        assert (labels[test] == i).sum() in halves_up(count * n_test / n)
        assert (labels[train] == i).sum() in halves_up(count * (n - n_test) / n)


@given(st.lists(st.integers(5, 40), min_size=1, max_size=6), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_each_class_has_its_share_of_each_fold(counts, k, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    splits = k_fold(Key(seed), len(labels), k, labels=labels)
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(len(labels)))
    for _, test in splits:
        assert len(test) in halves_up(len(labels) / k)
        assert all((labels[test] == i).sum() in halves_up(count / k) for i, count in enumerate(counts))


@given(st.integers(2, 60), st.data())
def test_folds_differ_by_one_example_at_most(n, data):
    k = data.draw(st.integers(2, n))
    splits = k_fold(Key(n), n, k)
    assert len(splits) == k
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(n))
    assert all(len(test) in halves_up(n / k) and not set(train) & set(test) for train, test in splits)


def test_classes_may_be_words():
    words = np.array(["cat", "dog"])[LABELS % 2]
    by_words, by_objects = (stratified_split(Key(0), labels, 20) for labels in (words, words.astype(object)))
    by_numbers = stratified_split(Key(0), LABELS % 2, 20)
    for side, other, third in zip(by_words, by_objects, by_numbers, strict=True):
        assert side.tolist() == other.tolist() == third.tolist()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: shuffled_split(Key(0), 5, 5), "n_test must be a whole number from 1 to 4, got 5"),
        (lambda: shuffled_split(Key(0), 5, 0), "from 1 to 4, got 0"),
        (lambda: shuffled_split(Key(0), 5, -2), "from 1 to 4, got -2"),
        (lambda: shuffled_split(Key(0), 5, 0.2), r"got 0.2; for a share, give int\(0.2 \* n\)"),
        (lambda: shuffled_split(Key(0), 1, 1), "number of examples must be a whole number from 2 up, got 1"),
        (lambda: stratified_split(Key(0), LABELS, 3), "97 and 3 .* no room for one of each of 4 classes; .* 4 to 96"),
        (lambda: stratified_split(Key(0), LABELS, 97), "3 and 97 examples have no room"),
        (lambda: stratified_split(Key(0), [0, 0, 1], 1), "class 1 has 1 of the 2 examples that it needs for both sid"),
        (lambda: stratified_split(Key(0), LABELS.astype(float), 20), r"words, got float64 .* astype\(int\)"),
        (lambda: stratified_split(Key(0), LABELS[:, None], 20), r"of shape \(100, 1\); .* ravel\(\)"),
        (lambda: k_fold(Key(0), 4, 5), "4 examples cannot make 5 tests; choose k from 2 to 4"),
        (lambda: k_fold(Key(0), 4, 1), r"k_fold\(k\) must be a whole number from 2 up, got 1"),
        (lambda: k_fold(Key(0), 100, 8, labels=LABELS), "class 3 has 7 of the 8 examples .* each of 8 tests; choose"),
        (lambda: k_fold(Key(0), 99, 5, labels=LABELS), r"expected 99 labels, got 100; give n=len\(labels\)"),
    ],
)
def test_impossible_splits_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("key", [None, 42])
def test_a_split_needs_a_key(key):
    for call in (
        lambda: shuffled_split(key, 5, 2),
        lambda: k_fold(key, 5, 2),
        lambda: stratified_split(key, LABELS, 9),
    ):
        with pytest.raises(TypeError, match="expected a Key, got"):
            call()
