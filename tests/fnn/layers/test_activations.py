"""Values and slopes of the activations, compared with their closed forms in 50 digits and with PyTorch's figures."""

import json

import array_api_strict as strict
import jax
import numpy as np
import pytest

from fnn import Key, Params
from fnn.layers import (
    elementwise,
    elu,
    elu_with,
    gelu,
    gelu_exact,
    identity,
    leaky_relu,
    relu,
    softplus,
    softplus_with,
)
from tests.support.activations import ACTIVATIONS
from tests.support.exact import MP
from tests.support.paths import ROOT

X = np.linspace(-6, 6, 120).reshape(2, 60)  # without 0, where relu has its kink
FIGURES = json.loads((ROOT / "tests" / "support" / "reference" / "activations.json").read_text(encoding="utf-8"))
IN_TORCH = [name for name, row in ACTIVATIONS.items() if row.torch]


@pytest.mark.parametrize("row", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_values_and_slopes_equal_the_closed_form(row):
    y, back = row.layer.vjp({}, X)
    exactly = lambda f: [[float(f(MP.mpf(x))) for x in line] for line in X]  # noqa: E731
    np.testing.assert_allclose(y, exactly(row.value), rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose(back(np.ones_like(X))[1], exactly(row.slope), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", IN_TORCH)
def test_values_and_slopes_equal_pytorchs(name):
    x, figures = np.array(FIGURES["x"]), FIGURES[name]
    y, back = ACTIVATIONS[name].layer.vjp({}, x)
    np.testing.assert_allclose(y, figures["value"], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(back(np.ones_like(x))[1], figures["slope"], rtol=1e-12, atol=1e-12)


def test_every_row_with_a_name_in_pytorch_has_its_figures():
    assert list(FIGURES) == ["x", *IN_TORCH], "make the figures as tests/support/reference/activations.py says"


def test_identity_is_the_very_same_array():
    assert identity.apply({}, X) is X


def test_relu_has_slope_0_at_its_kink():
    _, back = relu.vjp({}, np.zeros((1, 2)))
    assert not back(np.ones((1, 2)))[1].any()


@pytest.mark.parametrize("slope", [0, 1, -0.1, 1.5, np.nan, True, "0.1", None], ids=repr)
def test_a_leaky_slope_lies_between_0_and_1(slope):
    with pytest.raises(ValueError, match=r"slope\) must be a number in \(0, 1\)"):
        leaky_relu(slope)


@pytest.mark.parametrize(("make", "setting"), [(elu_with, "alpha"), (softplus_with, "beta")])
@pytest.mark.parametrize("value", [0, -0.1, np.inf, np.nan, True, "0.1", None], ids=repr)
def test_alpha_and_beta_are_positive(make, setting, value):
    with pytest.raises(ValueError, match=rf"{make.__name__}\({setting}\) must be a number in \(0, inf\)"):
        make(value)


@pytest.mark.parametrize(("made", "plain"), [(elu_with(1), elu), (softplus_with(1), softplus)], ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_setting_of_1_gives_the_plain_layer_bit_for_bit(made, plain, dtype):
    x = np.array([-np.inf, -800, -3, -1e-9, -0.0, 0, 1e-9, 3, 800, np.inf, np.nan, *X.ravel()], dtype)
    (y, back), (expected, plain_back) = made.vjp({}, x), plain.vjp({}, x)
    assert y.tobytes() == expected.tobytes()
    dx, plain_dx = back(np.ones_like(x))[1], plain_back(np.ones_like(x))[1]
    np.testing.assert_allclose(dx, plain_dx, rtol=np.finfo(dtype).eps)


def test_plain_layers_keep_their_names():
    assert repr([elu, softplus, gelu]) == "[elu, softplus, gelu]"
    assert repr([elu_with(2), softplus_with(2), gelu_exact]) == "[elu_with(2), softplus_with(2), gelu_exact]"


def test_the_tanh_form_of_gelu_is_near_the_exact_one():
    x = np.linspace(-10, 10, 20_001)
    assert 4e-4 < np.max(np.abs(gelu.apply({}, x) - gelu_exact.apply({}, x))) < 5e-4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exact_gelu_is_the_same_in_every_array_library(dtype):
    x = np.linspace(-12, 12, 999).astype(dtype)
    y, back = gelu_exact.vjp({}, x)
    strictly, strict_back = gelu_exact.vjp({}, strict.asarray(x))
    assert (strictly.dtype, strict_back(strictly)[1].dtype) == (getattr(strict, dtype.__name__),) * 2
    np.testing.assert_array_equal(np.asarray(strictly), y)
    traced = jax.jit(lambda x: gelu_exact.apply({}, x))(x)
    slope = jax.jit(lambda x: gelu_exact.vjp({}, x)[1](x)[1])(x)
    assert traced.dtype == slope.dtype == dtype
    tolerance = 8 * np.finfo(dtype).eps
    np.testing.assert_allclose(traced, y, rtol=tolerance)
    np.testing.assert_allclose(slope, back(x)[1], rtol=tolerance, atol=tolerance)


def test_elementwise_makes_a_layer_of_a_function():
    square = elementwise("square", lambda xp, x: x * x, lambda xp, x, y: 2 * x)
    y, back = square.vjp({}, X)
    assert (repr(square), square.init(Key(0), (60,))) == ("square", (Params(), (60,)))
    assert np.array_equal(y, X**2)
    assert np.array_equal(back(X)[1], 2 * X**2)
    assert back(X, need_dx=False) == ({}, None)


@pytest.mark.parametrize(("beta", "dtype"), [(1e5, np.float16), (1e39, np.float32), (1e308, np.float64)])
def test_a_beta_beyond_the_dtype_gives_relu(beta, dtype):
    x = np.array([[0, 1, -1]], dtype)
    y, back = softplus_with(beta).vjp({}, x)
    assert y.dtype == dtype
    np.testing.assert_allclose(y, [[0, 1, 0]], atol=2e-5)
    assert back(np.ones_like(x))[1].tolist() == [[0.5, 1, 0]]
