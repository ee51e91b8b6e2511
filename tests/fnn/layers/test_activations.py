"""The activations' values and slopes against their closed forms."""

import math

import numpy as np
import pytest

from fnn import Key, Params
from fnn.layers import elementwise, elu, gelu, identity, leaky_relu, relu, sigmoid, softplus, swish, tanh

X = np.linspace(-6, 6, 120).reshape(2, 60)  # without 0, where relu has its kink


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


@pytest.mark.parametrize(("layer", "y", "slope"), CLOSED_FORMS.values(), ids=CLOSED_FORMS)
def test_values_and_slopes_equal_the_closed_form(layer, y, slope):
    got, back = layer.vjp({}, X)
    np.testing.assert_allclose(got, np.vectorize(y)(X), rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose(back(np.ones_like(X))[1], np.vectorize(slope)(X), rtol=1e-12, atol=1e-15)


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
