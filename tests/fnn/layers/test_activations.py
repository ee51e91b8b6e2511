"""Values and slopes of the activations, compared with their closed forms in 50 digits and with PyTorch's figures."""

import json

import numpy as np
import pytest

from fnn import Key, Params
from fnn.layers import elementwise, identity, leaky_relu, relu
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


def test_elementwise_makes_a_layer_of_a_function():
    square = elementwise("square", lambda xp, x: x * x, lambda xp, x, y: 2 * x)
    y, back = square.vjp({}, X)
    assert (repr(square), square.init(Key(0), (60,))) == ("square", (Params(), (60,)))
    assert np.array_equal(y, X**2)
    assert np.array_equal(back(X)[1], 2 * X**2)
    assert back(X, need_dx=False) == ({}, None)
