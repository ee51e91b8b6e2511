"""Rows of pixels as images, and their random changes."""

from functools import partial

import numpy as np
import pytest

from fnn import Key, batches, fold_in, generator
from recipes.beyond.images import between, changed, images

SHAPE = (6, 8)
X = generator(Key(0)).random((5, 48), dtype=np.float32)
LABELS = np.arange(5)
NONE = {"turn": 0.0, "stretch": 0.0, "shift": 0.0}


def change(x, key=Key(1), **most):
    return changed((x, LABELS), key, shape=SHAPE, **{**NONE, **most})


def test_without_a_change_images_stay_as_they_are():
    x, labels = change(X)
    np.testing.assert_allclose(x, images((X,), shape=SHAPE)[0], atol=1e-6)
    assert x.dtype == np.float32
    assert labels is LABELS


def test_whole_pixels_shift_exactly_and_zeros_come_in():
    x = X.reshape(5, *SHAPE)
    down, across = np.mgrid[:6, :8].reshape(2, 1, -1).astype(np.float32).repeat(5, axis=1)
    moved = between(x, down + 2, across - 1).reshape(x.shape)
    np.testing.assert_array_equal(moved[:, :4, 1:], x[:, 2:, :-1])
    assert not moved[:, 4:].any()
    assert not moved[:, :, 0].any()


def test_between_pixels_grey_is_linear():
    ramp = np.arange(48.0).reshape(1, *SHAPE)  # 8 i + j
    np.testing.assert_allclose(between(ramp, np.array([[1.25, 4.5]]), np.array([[2.5, 6.75]])), [[12.5, 42.75]])


@pytest.mark.parametrize(("most", "value"), [("turn", 20.0), ("stretch", 0.2), ("shift", 2.0)])
def test_each_change_keeps_a_disc_in_reach(most, value):
    """Of a disc on a large canvas, a turn keeps the centre and the size, a stretch the centre, a shift the size."""
    p, q = np.mgrid[:41, :41] - 20
    disc = np.clip(8.5 - np.hypot(p, q), 0, 1).astype(np.float32)
    x, *_ = changed((np.tile(disc.ravel(), (64, 1)),), Key(0), shape=(41, 41), **{**NONE, most: value})
    x = x[..., 0]
    size, centre = x.sum(axis=(1, 2)) / disc.sum(), [(x * at).sum(axis=(1, 2)) / x.sum(axis=(1, 2)) for at in (p, q)]
    far = np.abs(centre).max(axis=1)
    if most == "shift":
        assert (far > 1.7).all()
        assert (far < 2.01).all()
    else:
        assert (far < 0.02).all()
    low, high = {"turn": (0.99, 1.01), "stretch": (1 / 1.2**2, 1 / 0.8**2), "shift": (0.99, 1.01)}[most]
    assert low <= size.min()
    assert size.max() <= high
    assert (np.ptp(size) > 0.2) == (most == "stretch")


def test_a_turn_turns():
    bar = np.zeros((1, 21, 21), np.float32)
    bar[0, 10, 3:18] = 1
    x, *_ = changed((np.repeat(bar.reshape(1, -1), 200, axis=0),), Key(0), shape=(21, 21), **{**NONE, "turn": 30.0})
    p, q = np.mgrid[:21, :21] - 10
    grey = x[..., 0]
    angles = np.degrees(np.arctan2((grey * p * q).sum(axis=(1, 2)), (grey * q * q).sum(axis=(1, 2))))
    assert 25 < angles.max() < 31
    assert -31 < angles.min() < -25


def test_changes_follow_from_the_key_alone():
    prepare = partial(changed, shape=SHAPE, turn=10.0, stretch=0.1, shift=2.0)
    first, again = ([x for x, _ in batches(Key(3), (X, LABELS), 2, prepare=prepare)] for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(*(prepare((X, LABELS), fold_in(Key(3), i))[0] for i in (0, 1)))
