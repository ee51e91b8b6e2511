"""The synthetic sets: functions of their key, with the distributions that their docstrings state."""

import attrs
import numpy as np
import pytest

from fnn.data import blobs, line, xor
from fnn.random import Key, split


def arrays_of(points):
    return (points.x, points.y) if attrs.has(type(points)) else points


@pytest.mark.parametrize("make", [line, blobs, xor])
def test_a_synthetic_set_is_a_read_only_function_of_its_key(make):
    a, again, other = (arrays_of(make(Key(seed))) for seed in (1, 1, 2))
    for one, two in zip(a, again, strict=True):
        np.testing.assert_array_equal(one, two)
        assert len(one) == 400
        assert not one.flags.writeable
    assert not np.array_equal(a[0], other[0])


@pytest.mark.parametrize("make", [line, blobs, xor])
def test_the_points_have_two_axes_and_the_paper_s_types(make):
    x, y = arrays_of(make(Key(0), n=8))
    assert x.dtype == np.float32
    assert (x.shape, y.shape, y.dtype) == (((8, 1), (8, 1), np.float32) if make is line else ((8, 2), (8,), np.int64))


@pytest.mark.parametrize(
    ("make", "n", "multiple"),
    [
        (line, 0, 1),
        (line, 4.0, 1),
        (line, True, 1),
        (line, "4", 1),
        (blobs, 0, 2),
        (blobs, 5, 2),
        (xor, 6, 4),
        (xor, -4, 4),
    ],
)
def test_a_set_that_cannot_be_balanced_is_refused(make, n, multiple):
    with pytest.raises(ValueError, match=f"{make.__name__}: n must be a positive multiple of {multiple}, got {n!r}"):
        make(Key(0), n=n)


def test_lines_are_equal_by_value():
    assert line(Key(1)) == line(Key(1))
    assert line(Key(1)) != line(Key(2))


def test_the_points_of_a_line_lie_about_it_with_deviation_one_half():
    points = line(Key(3), n=100_000)
    rest = points.y - (points.w * points.x + points.b)
    assert abs(rest.mean()) < 0.01
    assert abs(rest.std() - 0.5) < 0.01
    assert abs(np.corrcoef(rest[:, 0], points.x[:, 0])[0, 1]) < 0.02
    assert 0 <= points.x.min() < 0.01
    assert 9.99 < points.x.max() <= 10
    assert abs(points.x.mean() - 5) < 0.05


def test_the_coefficients_of_lines_are_uniform():
    w, b = np.array([(points.w, points.b) for points in (line(key, n=1) for key in split(Key(4), 2000))]).T
    for values, bound in ((w, 5), (b, 10)):
        assert -bound <= values.min() < -0.98 * bound
        assert 0.98 * bound < values.max() <= bound
        assert abs(values.mean()) < 0.05 * bound
        assert abs(values.std() - bound / 3**0.5) < 0.03 * bound
    assert abs(np.corrcoef(w, b)[0, 1]) < 0.05


def test_blobs_are_two_unit_gaussians_in_order():
    x, labels = blobs(Key(5), n=100_000)
    assert labels.tolist() == [0] * 50_000 + [1] * 50_000
    for label in (0, 1):
        group = x[labels == label]
        np.testing.assert_allclose(np.cov(group.T), np.eye(2), atol=0.03)
        assert (abs(group.mean(axis=0)) < 10.05).all()


def test_the_centres_of_blobs_are_uniform_on_a_square_of_side_twenty():
    centres = np.array([blobs(key, n=2)[0] for key in split(Key(6), 2000)]).reshape(-1)  # with unit noise
    assert abs(centres.mean()) < 0.3
    assert abs(centres.std() - (100 / 3 + 1) ** 0.5) < 0.15
    assert abs(centres).max() < 15


def test_xor_is_four_unit_gaussians_whose_labels_are_the_xor_of_signs():
    x, labels = xor(Key(7), n=100_000)
    groups, group_labels = x.reshape(4, -1, 2), labels.reshape(4, -1)
    signs = np.sign(groups.mean(axis=1))
    assert len({tuple(sign) for sign in signs}) == 4
    np.testing.assert_allclose(groups.mean(axis=1), 3 * signs, atol=0.03)
    for group, sign, label in zip(groups, signs, group_labels, strict=True):
        np.testing.assert_allclose(np.cov(group.T), np.eye(2), atol=0.04)
        assert (label == (sign[0] != sign[1])).all()
    # A point crosses an axis with probability 0.00135, so the signs of the points err on 0.27 %.
    assert abs((((x[:, 0] > 0) ^ (x[:, 1] > 0)) != labels).mean() - 0.0027) < 0.001
