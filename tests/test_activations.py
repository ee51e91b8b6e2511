"""The activations' values and slopes against their closed forms, and at their extremes."""

import math

import numpy as np
import pytest

from fnn import Key, Params
from fnn.layers import elementwise, elu, gelu, identity, leaky_relu, relu, sigmoid, softplus, swish, tanh

X = np.linspace(-6, 6, 120).reshape(2, 60)  # without 0, where relu has its kink
INF = np.inf


def logistic(x):
    return 1 / (1 + math.exp(-x))


def gate(x):
    return logistic(2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))


def gate_slope(x):
    return gate(x) * (1 - gate(x)) * 2 * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)


CLOSED_FORMS = {  # y, dy/dx
    "identity": (identity, lambda x: x, lambda x: 1.0),
    "relu": (relu, lambda x: max(x, 0.0), lambda x: float(x > 0)),
    "leaky_relu": (leaky_relu(0.1), lambda x: x if x > 0 else 0.1 * x, lambda x: 1.0 if x > 0 else 0.1),
    "elu": (elu, lambda x: x if x > 0 else math.expm1(x), lambda x: 1.0 if x > 0 else math.exp(x)),
    "sigmoid": (sigmoid, logistic, lambda x: logistic(x) * logistic(-x)),
    "tanh": (tanh, math.tanh, lambda x: 1 / math.cosh(x) ** 2),
    "softplus": (softplus, lambda x: math.log1p(math.exp(x)), logistic),
    "swish": (swish, lambda x: x * logistic(x), lambda x: logistic(x) + x * logistic(x) * logistic(-x)),
    "gelu": (gelu, lambda x: x * gate(x), lambda x: gate(x) + x * gate_slope(x)),
}
EXTREMES = {  # y and dy/dx at -inf, -1e4, 1e4, inf
    "identity": (identity, [-INF, -1e4, 1e4, INF], [1, 1, 1, 1]),
    "relu": (relu, [0, 0, 1e4, INF], [0, 0, 1, 1]),
    "leaky_relu": (leaky_relu(0.1), [-INF, -1e3, 1e4, INF], [0.1, 0.1, 1, 1]),
    "elu": (elu, [-1, -1, 1e4, INF], [0, 0, 1, 1]),
    "sigmoid": (sigmoid, [0, 0, 1, 1], [0, 0, 0, 0]),
    "tanh": (tanh, [-1, -1, 1, 1], [0, 0, 0, 0]),
    "softplus": (softplus, [0, 0, 1e4, INF], [0, 0, 1, 1]),
    "swish": (swish, [0, 0, 1e4, INF], [0, 0, 1, 1]),
    "gelu": (gelu, [0, 0, 1e4, INF], [0, 0, 1, 1]),
}


@pytest.mark.parametrize(("layer", "y", "slope"), CLOSED_FORMS.values(), ids=CLOSED_FORMS)
def test_values_and_slopes_equal_the_closed_form(layer, y, slope):
    got, back = layer.vjp({}, X)
    np.testing.assert_allclose(got, np.vectorize(y)(X), rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose(back(np.ones_like(X))[1], np.vectorize(slope)(X), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize(("layer", "y", "slope"), EXTREMES.values(), ids=EXTREMES)
def test_extremes_give_their_limits(layer, y, slope, dtype):
    got, back = layer.vjp({}, np.array([-INF, -1e4, 1e4, INF], dtype))
    np.testing.assert_array_equal(got, np.array(y, dtype))
    np.testing.assert_allclose(back(np.ones_like(got))[1], np.array(slope, dtype), rtol=1e-6)


@pytest.mark.parametrize("layer", [form[0] for form in CLOSED_FORMS.values()], ids=CLOSED_FORMS)
def test_nan_stays_nan(layer):
    assert np.isnan(layer.apply({}, np.array([np.nan]))).all()


@pytest.mark.parametrize(("layer", "power"), [(sigmoid, 1), (softplus, 1), (swish, -50)], ids=str)
def test_the_left_tail_keeps_its_precision(layer, power):
    assert layer.apply({}, np.array([-50.0]))[0] == pytest.approx(power * math.exp(-50), rel=1e-15, abs=0)


def test_identity_is_the_very_same_array():
    assert identity.apply({}, X) is X


def test_relu_has_slope_0_at_its_kink():
    _, back = relu.vjp({}, np.zeros((1, 2)))
    assert not back(np.ones((1, 2)))[1].any()


@pytest.mark.parametrize("slope", [0, 1, -0.1, 1.5, np.nan, True, "0.1", None], ids=repr)
def test_a_leaky_slope_lies_between_0_and_1(slope):
    with pytest.raises(ValueError, match=r"slope\) must be a number in \(0, 1\)"):
        leaky_relu(slope)


def test_elementwise_makes_a_layer_of_a_function():
    square = elementwise("square", lambda xp, x: x * x, lambda xp, x, y: 2 * x)
    y, back = square.vjp({}, X)
    assert (repr(square), square.init(Key(0), (60,))) == ("square", (Params(), (60,)))
    assert np.array_equal(y, X**2)
    assert np.array_equal(back(X)[1], 2 * X**2)
    assert back(X, need_dx=False) == ({}, None)
