"""Initializers: their variances, and that they depend on the key and the shape alone."""

import numpy as np
import pytest

from fnn import initializers as init
from fnn.random import Key, fold_in
from tests.support.table import INITIALIZERS, each

SHAPE, N_IN = (300, 200), 300
DRAWING = {name: row for name, row in INITIALIZERS.items() if row.variance}
UNIFORM = {name: row for name, row in INITIALIZERS.items() if row.limit}
each_initializer = each(INITIALIZERS, "initializer")


@each(DRAWING, "initializer", "shape", "variance")
def test_mean_and_variance(initializer, shape, variance):
    sample = initializer(Key(0), shape).astype(float)
    assert abs(sample.mean()) < 5 * np.sqrt(variance / sample.size)
    assert sample.var() == pytest.approx(variance, rel=5 * np.sqrt(2 / sample.size))


@each(UNIFORM, "initializer", "limit")
def test_uniform_numbers_fill_their_interval(initializer, limit):
    sample = initializer(Key(0), SHAPE)
    assert 0.999 * limit < sample.max() <= limit * (1 + 1e-6)
    assert -0.999 * limit > sample.min() >= -limit * (1 + 1e-6)


def test_relu_keeps_the_mean_square_under_he():
    x = np.random.default_rng(0).standard_normal((500, N_IN))
    y = x @ init.he_normal(Key(0), (N_IN, 1000)) / np.sqrt(2)
    assert np.maximum(y, 0).var() + np.maximum(y, 0).mean() ** 2 == pytest.approx(0.5, rel=0.02)


@each_initializer
def test_float32_of_the_shape(initializer):
    sample = initializer(Key(0), (7, 4))
    assert sample.dtype == np.float32
    assert sample.shape == (7, 4)


@each_initializer
def test_equal_keys_give_equal_bits(initializer):
    assert initializer(Key(3), (7, 4)).tobytes() == initializer(Key(3), (7, 4)).tobytes()


@each(DRAWING, "initializer")
def test_other_keys_give_other_numbers(initializer):
    assert not np.array_equal(initializer(Key(3), (7, 4)), initializer(fold_in(Key(3), 0), (7, 4)))


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (4, 7, 3), (2, 4, 3, 7), (6, 1)], ids=str)
def test_orthogonal_rows_or_columns(shape):
    q = init.orthogonal(Key(0), shape)
    small = q.mT @ q if shape[-2] >= shape[-1] else q @ q.mT
    assert np.allclose(small, np.eye(min(shape[-2:])), atol=1e-6)


def test_orthogonal_has_no_preferred_signs():
    diagonals = np.array([init.orthogonal(fold_in(Key(0), i), (3, 3)).diagonal() for i in range(400)])
    assert np.abs(diagonals.mean(axis=0)).max() < 5 * np.sqrt(1 / 3 / 400)


def test_constants():
    assert (init.constant(0.5)(Key(0), (3,)) == 0.5).all()
    assert not init.zeros(Key(0), (3,)).any()
    assert not init.normal(0)(Key(0), (3,)).any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, True, "1", None], ids=repr)
@pytest.mark.parametrize("make", [init.normal, init.uniform, init.constant], ids=lambda f: f.__name__)
def test_settings_are_finite_numbers(make, value):
    with pytest.raises(ValueError, match=f"{make.__name__}.*.* must be a (finite )?number"):
        make(value)


@pytest.mark.parametrize("make", [init.normal, init.uniform], ids=lambda f: f.__name__)
def test_a_width_is_not_negative(make):
    with pytest.raises(ValueError, match=r"must be a number in \[0, inf\), got -0\.1"):
        make(-0.1)


@pytest.mark.parametrize(
    "f",
    [init.he_normal, init.he_uniform, init.glorot_normal, init.glorot_uniform, init.lecun_normal, init.orthogonal],
    ids=lambda f: f.__name__,
)
def test_a_vector_has_no_fan_in(f):
    with pytest.raises(ValueError, match="at least two axes"):
        f(Key(0), (3,))
