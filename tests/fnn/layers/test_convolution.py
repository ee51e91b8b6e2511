"""Convolution and its adjoint: PyTorch's figures, the equation, shapes, blocks, and what is refused."""

import json
from itertools import product
from math import prod

import numpy as np
import pytest

import fnn
from fnn import Key, LayerError, convolution, transposed_convolution, tree
from fnn.layers import products, windows
from fnn.layers.windows import Windows
from tests.support.paths import ROOT
from tests.support.reference import images
from tests.support.table import normal

FIGURES = json.loads((ROOT / "tests" / "support" / "reference" / "images.json").read_text(encoding="utf-8"))
SETTINGS = [
    {"size": size, "stride": stride, "padding": padding, "dilation": dilation}
    for size, stride, padding, dilation in product([(3, 3), (2, 5)], [1, (2, 3)], ["valid", "same"], [1, (2, 1)])
]


@pytest.mark.parametrize("name", images.CASES)
def test_values_and_gradients_are_pytorchs(name):
    assert set(FIGURES) == set(images.CASES), "make the figures as tests/support/reference/images.py says"
    layer, _, _ = images.CASES[name]
    x, w = images.inputs(name)
    params = {} if w is None else {"weights": w, "bias": np.zeros(w.shape[-1])}
    y, back = layer.vjp(params, x)
    dparams, dx = back(-np.sin(y))  # the derivative of Σ cos y
    assert_close(y, FIGURES[name]["y"])
    assert_close(dx, FIGURES[name]["dx"])
    if w is not None:
        assert_close(dparams["weights"], FIGURES[name]["dw"])
        assert_close(dparams["bias"], -np.sin(y).sum(axis=tuple(range(y.ndim - 1))))


def assert_close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_the_transposed_convolution_is_the_adjoint(settings):
    down, up = convolution(4, bias=None, **settings), transposed_convolution(3, bias=None, **settings)
    small = normal(1, (2, 3, 4, 4))
    w = normal(2, (*settings["size"], 3, 4))
    large = up.apply({"weights": w.mT}, small)
    x = normal(3, large.shape)
    y = down.apply({"weights": w}, x)
    assert y.shape == small.shape
    assert np.vdot(y, small) == pytest.approx(np.vdot(x, large), rel=1e-12)


def test_a_convolution_is_its_equation():
    x, w, b = normal(1, (2, 7, 9, 2)), normal(2, (2, 3, 2, 4)), normal(3, (4,))
    y = convolution(4, (2, 3), stride=(2, 1), dilation=(1, 3)).apply({"weights": w, "bias": b}, x)
    expected = np.zeros((2, 3, 3, 4)) + b
    for p, q, i, j in product(range(3), range(3), range(2), range(3)):
        expected[:, p, q] += x[:, 2 * p + i, q + 3 * j] @ w[i, j]
    np.testing.assert_allclose(y, expected, rtol=1e-12)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_out_sizes(n, stride):
    for size, dilation in product((1, 2, 3, 4), (1, 2)):
        reach, settings = (size - 1) * dilation + 1, {"stride": stride, "dilation": dilation}
        for padding in ("valid", "same"):
            layers = (make(2, size, padding=padding, **settings) for make in (convolution, transposed_convolution))
            for layer, expected in zip(layers, sizes(n, stride, reach, padding), strict=True):
                if expected > 0:
                    params, shape = layer.init(Key(0), (n, 1))
                    assert shape == (expected, 2)
                    assert layer.apply(params, np.ones((1, n, 1), np.float32)).shape == (1, expected, 2)


def sizes(n, stride, reach, padding):
    """Of an axis of length n, the length after a convolution and after a transposed one."""
    if padding == "same":
        return -(-n // stride), n * stride
    return (n - reach) // stride + 1, (n - 1) * stride + reach


def test_of_an_odd_number_of_zeros_one_more_stands_at_the_end():
    y = convolution(1, 2, padding="same", bias=None).apply({"weights": np.ones((2, 1, 1))}, np.ones((1, 3, 1)))
    assert y.ravel().tolist() == [2, 2, 1]


def test_the_fans_are_those_of_the_kernel():
    params, _ = convolution(200, (3, 5)).init(Key(0), (9, 9, 40))
    assert params["weights"].std() == pytest.approx(np.sqrt(2 / (3 * 5 * 40)), rel=0.01)


@pytest.mark.parametrize("layer", [convolution(3, (3, 2), padding="same"), transposed_convolution(3, (2, 2), stride=2)])
@pytest.mark.parametrize("channels", [1, 2])
def test_blocks_change_nothing(layer, channels, monkeypatch):
    params = tree.cast(layer.init(Key(0), (6, 5, channels))[0], np.float64)
    x = normal(1, (2, 7, 6, 5, channels))
    y, back = layer.vjp(params, x)
    dparams, dx = back(y)
    assert len(Windows((3, 2), (1, 1), (1, 1)).blocks(x, (6, 5), channels)) == 1
    monkeypatch.setattr(windows, "BLOCK", 2 * 3 * prod((6, 5, 3, 2, channels)))  # three examples of the convolution
    assert len(Windows((3, 2), (1, 1), (1, 1)).blocks(x, (6, 5), channels)) == 3
    again, back_again = layer.vjp(params, x)
    np.testing.assert_allclose(again, y, rtol=1e-12, atol=1e-13)
    dparams_again, dx_again = back_again(y)
    for name in params:
        np.testing.assert_allclose(dparams_again[name], dparams[name], rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(dx_again, dx, rtol=1e-12, atol=1e-12)


def test_a_convolution_computes_dx_only_if_needed(monkeypatch):
    layer, x = convolution(3, (3, 3)), np.ones((2, 5, 5, 1), np.float32)
    y, back = layer.vjp(layer.init(Key(0), (5, 5, 1))[0], x)
    monkeypatch.setattr(Windows, "fold", lambda *args: pytest.fail("dx is computed"))
    assert back(y, need_dx=False)[1] is None


def test_windows_are_never_those_of_a_whole_batch(monkeypatch):
    largest = []
    unfold = Windows.unfold
    monkeypatch.setattr(Windows, "unfold", lambda self, x: largest.append(unfold(self, x).size) or unfold(self, x))
    layer, x = convolution(2, (5, 5), padding="same"), np.ones((64, 32, 32, 2), np.float32)
    y, back = layer.vjp(layer.init(Key(0), (32, 32, 2))[0], x)
    back(y)
    assert len(largest) > 2
    assert max(largest) <= windows.BLOCK < x.size * 25


def test_a_layer_of_windows_inside_a_model_says_where_it_stands():
    model = fnn.chain(encoder=fnn.chain(convolution(2, (3, 3)), fnn.max_pool((4, 4))))
    params, _ = model.init(Key(0), (6, 6, 1))
    here = r"in chain\['encoder'\]\['1'\]: expected images of at least \(4, 4\), got \(3, 6\)"
    with pytest.raises(LayerError, match=here):
        model.init(Key(0), (5, 8, 1))
    for call in (model.apply, model.vjp):
        with pytest.raises(LayerError, match=here):
            call(params, np.ones((2, 5, 8, 1), np.float32))


def test_products_keep_leading_axes_of_both():
    geometry = Windows((2, 2), (1, 1), (1, 1))
    x, w = normal(1, (3, 1, 5, 4, 4, 2)), normal(2, (2, 2, 2, 2, 3))
    y = products.gathered(geometry, x, w)
    assert y.shape == (3, 2, 5, 3, 3, 3)
    np.testing.assert_allclose(y[1, 1], products.gathered(geometry, x[1, 0], w[1]), rtol=1e-12)
