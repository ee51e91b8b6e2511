"""Splits: the two sides make the whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnn.data import split_at


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
