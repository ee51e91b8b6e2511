"""Standardising: mean 0 and deviation 1, an exact way back, and no feature that breaks it."""

import pickle

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from fnn.data import standardise

X = np.random.default_rng(0).normal((0, 1e3, -5), (1, 10, 1e-3), (200, 3))


@given(st.integers(1, 30), st.integers(1, 5), st.integers(0, 2**32 - 1), st.integers(-150, 150))
def test_features_get_mean_0_and_deviation_1_and_come_back(n, n_in, seed, exponent):
    x = np.random.default_rng(seed).normal(1, 1, (n, n_in)) * 10.0**exponent
    forward, inverse = standardise(x)
    z = forward(x)
    assert np.abs(z.mean(axis=0)).max() < 1e-12
    assert np.allclose(z.std(axis=0), float(n > 1), rtol=1e-12)
    assert np.allclose(inverse(z), x, rtol=1e-12, atol=1e-12 * 10.0**exponent)


def test_it_is_that_of_scikit_learn():
    other = StandardScaler().fit(X)
    forward, inverse = standardise(X)
    assert np.allclose(forward(X[::-1] + 1), other.transform(X[::-1] + 1), rtol=1e-12, atol=1e-12)
    assert np.allclose(inverse(X), other.inverse_transform(X), rtol=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, -7.3, 1e300, 5e-324, 255])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_feature_becomes_0_and_comes_back(value, dtype):
    with np.errstate(over="ignore"):
        x = np.full((7, 1), value).astype(dtype)
    if np.isfinite(x).all():
        forward, inverse = standardise(x)
        assert np.array_equal(forward(x), np.zeros((7, 1), dtype))
        assert np.array_equal(inverse(forward(x)), x)


@pytest.mark.parametrize("factor", [1e-320, 1e-200, 1e200, 1e307])
def test_extreme_features_neither_overflow_nor_divide_by_0(factor):
    x = np.array([[-1.0], [0.0], [1.0]]) * factor
    assert np.allclose(standardise(x)[0](x), standardise(np.sign(x))[0](np.sign(x)), rtol=1e-3)


def test_a_span_beyond_all_floats_is_refused():
    with pytest.raises(ValueError, match=r"x from -1e[+]308 to 1e[+]308 is too wide for a float"):
        standardise(np.array([[1e308], [-1e308]]))


def test_a_large_offset_costs_float32_no_accuracy():
    x = (np.arange(8.0) + 2**23).astype(np.float32)[:, None]
    z = standardise(x)[0](x)
    assert z.dtype == np.float32
    assert np.allclose(z, StandardScaler().fit_transform(np.arange(8.0)[:, None]), rtol=1e-6)


@pytest.mark.parametrize(
    ("dtype", "expected"), [("f2", "f2"), ("f4", "f4"), ("f8", "f8"), ("u1", "f4"), ("i8", "f4"), ("?", "f4")]
)
def test_floating_point_dtypes_stay_and_others_become_float32(dtype, expected):
    x = (np.arange(12).reshape(6, 2) % 5).astype(dtype)
    forward, inverse = standardise(x)
    assert forward(x).dtype == inverse(forward(x)).dtype == expected
    assert np.allclose(inverse(forward(x)), x, atol=1e-2 if dtype == "f2" else 1e-6)


def test_all_axes_but_the_last_are_examples_and_a_vector_is_one_feature():
    sequences = X.reshape(20, 10, 3)
    assert standardise(sequences)[0](X[None]) == pytest.approx(standardise(X)[0](X)[None])
    assert standardise(X[:, 0])[0](X[:, 0]) == pytest.approx(standardise(X)[0](X)[:, 0])
    assert standardise(X, axis=(0, 1))[0](X).std() == pytest.approx(1)


def test_networks_with_data_of_their_own_have_means_of_their_own():
    stacked = np.stack([X, 2 * X + 1, X - 3])
    z = standardise(stacked, axis=1)[0](stacked)
    assert z == pytest.approx(np.stack([standardise(x)[0](x) for x in stacked]))
    assert standardise(X)[0](stacked)[0] == pytest.approx(z[0])


def test_the_pair_are_values():
    for one, other, third in zip(standardise(X), standardise(X.copy()), standardise(X[1:]), strict=True):
        assert one == other != third
        assert np.array_equal(pickle.loads(pickle.dumps(one))(X), one(X))
    mean, scale = standardise(X)[0].call.args
    assert np.allclose(mean, X.mean(axis=0))
    assert np.allclose(scale, X.std(axis=0))


def test_other_arrays_stay_what_they_are():
    forward, inverse = standardise(X)
    x = jnp.asarray(X, jnp.float32)
    assert isinstance(forward(x), type(x))
    assert np.allclose(inverse(forward(x)), X, rtol=1e-4)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: standardise(X.tolist()), TypeError, "expected x as an array of numbers, got list; convert it with np"),
        (lambda: standardise(X.astype(str)), TypeError, "an array of <U"),
        (lambda: standardise(X.astype(complex)), TypeError, "an array of complex128"),
        (lambda: standardise(X[:0]), ValueError, r"with examples, got shape \(0, 3\)"),
        (lambda: standardise(X[0, 0:1].reshape(())), ValueError, r"with examples, got shape \(\)"),
        (lambda: standardise(np.where(X[5] < X, np.nan, X)), ValueError, r"finite x, got nan at \[.*; leave such"),
        (lambda: standardise(np.array([1, np.inf])), ValueError, r"got inf at \[1\], one of 1 such values"),
        (lambda: standardise(X)[0](X[:, :2]), ValueError, r"x has shape \(200, 2\), the mean .* \(1, 3\); give"),
        (lambda: standardise(X)[0](X[:, :1]), ValueError, r"x has shape \(200, 1\)"),
        (lambda: standardise(X)[1](X[:, :1]), ValueError, r"the inverse: x has shape \(200, 1\)"),
        (lambda: standardise(X)[0](X[0]), ValueError, r"of one example x\[None\]"),
        (lambda: standardise(X)[0](X.tolist()), TypeError, "got list"),
    ],
)
def test_what_cannot_be_standardised_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
