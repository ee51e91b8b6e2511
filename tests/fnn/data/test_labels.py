"""Class labels and their one-hot rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnn.data import class_labels, one_hot


@given(st.lists(st.integers(0, 4), max_size=8))
def test_one_hot_is_undone_by_argmax_and_sums_to_one(labels):
    rows = one_hot(np.array(labels, int), 5)
    assert rows.shape == (len(labels), 5)
    assert rows.dtype == np.float32
    assert rows.argmax(axis=-1).tolist() == labels
    assert (rows.sum(axis=-1) == 1).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.uint64])
def test_one_hot_takes_any_integers_and_any_leading_axes(dtype):
    labels = np.array([[0, 1, 2], [2, 1, 0]], dtype)
    np.testing.assert_array_equal(one_hot(labels, 3, np.float64), np.eye(3)[labels])
    assert one_hot(labels, 3, np.float64).dtype == np.float64
    assert one_hot(dtype(1), 3).tolist() == [0, 1, 0]
    assert one_hot(labels, 1000).shape == (2, 3, 1000)


@pytest.mark.parametrize(
    ("labels", "n_classes", "message"),
    [
        ([0.0, 1.0], 2, r"the labels must be integers, got float64; convert them with astype\(int\)"),
        ([True, False], 2, "must be integers, got bool"),
        ([0, 2], 2, "must be from 0 to 1, got 2"),
        ([0, -1], 2, "must be from 0 to 1, got -1"),
        ([0], 0, "n_classes .* must be a whole number from 1 up, got 0"),
        ([0], 2.0, "n_classes .* must be a whole number from 1 up, got 2.0"),
    ],
)
def test_wrong_labels_are_refused(labels, n_classes, message):
    for check in (one_hot, lambda labels, n: class_labels("the labels", labels, n)):
        with pytest.raises(ValueError, match=message):
            check(np.array(labels), n_classes)
