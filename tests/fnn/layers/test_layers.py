"""Softmax, linear, flatten and dropout: equations, pullbacks, and the effect of a key."""

import math

import numpy as np
import pytest

from fnn import Key, LayerError, Params, fold_in, leaky_relu
from fnn.layers import dropout, flatten, linear, log_softmax, softmax
from tests.support.activations import ACTIVATIONS, SOFTMAXES
from tests.support.table import LayerRow

KEY = Key(42)
X = np.random.default_rng(0).standard_normal((4, 5))


# ---- softmax


def test_softmax_equals_its_formula():
    e = np.exp(X)
    np.testing.assert_allclose(softmax.apply({}, X), e / e.sum(axis=-1, keepdims=True), rtol=1e-14)


def test_log_softmax_is_the_logarithm_of_softmax():
    np.testing.assert_allclose(log_softmax.apply({}, X), np.log(softmax.apply({}, X)), rtol=1e-13)


@pytest.mark.parametrize("layer", [softmax, log_softmax], ids=str)
def test_softmax_does_not_change_if_all_logits_are_shifted(layer):
    np.testing.assert_allclose(layer.apply({}, X + 1e4), layer.apply({}, X), rtol=0, atol=1e-11)


def test_softmax_of_extremes():
    x = np.array([[-math.inf, -1e4, 1e4], [1e4, 1e4, -math.inf]])
    assert np.array_equal(softmax.apply({}, x), [[0, 0, 1], [0.5, 0.5, 0]])
    np.testing.assert_allclose(
        log_softmax.apply({}, x), [[-math.inf, -2e4, 0], [-math.log(2), -math.log(2), -math.inf]]
    )


@pytest.mark.parametrize("layer", [softmax, log_softmax], ids=str)
def test_softmax_needs_an_axis(layer):
    with pytest.raises(LayerError, match="at least 2 axes"):
        layer.apply({}, np.array(1.0))


@pytest.mark.parametrize("layer", [softmax, log_softmax], ids=str)
@pytest.mark.parametrize("shape", [(5, 0), (2, 5, 0), (0, 0)])
def test_softmax_of_no_logits_is_empty(layer, shape):
    x = np.zeros(shape, np.float32)
    y, back = layer.vjp({}, x)
    assert (y.shape, y.dtype, layer.apply({}, x).shape) == (shape, np.float32, shape)
    assert back(x)[1].shape == shape


# ---- half precision


LAYERS = {**ACTIVATIONS, **SOFTMAXES, "dropout": LayerRow(dropout(0.3))}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("row", LAYERS.values(), ids=LAYERS)
def test_half_precision_is_kept(row, dtype):
    dtype = np.dtype(dtype if dtype == "float16" else pytest.importorskip("ml_dtypes").bfloat16)
    x = np.array([[-3e4, -300, -3, -1, 0, 0.5, 2, 9, 20, 300, 3e4]]).astype(dtype)
    y, back = row.layer.vjp({}, x, KEY)
    dx = back(np.ones_like(y))[1]
    exact, back = row.layer.vjp({}, x.astype(np.float64), KEY)
    assert (y.dtype, row.layer.apply({}, x).dtype, dx.dtype) == (dtype, dtype, dtype)
    np.testing.assert_allclose(y.astype(np.float64), exact, rtol=0.05, atol=1e-6)
    np.testing.assert_allclose(dx.astype(np.float64), back(np.ones_like(exact))[1], rtol=0.05, atol=0.05)


# ---- linear and flatten


def test_linear_equals_its_equation_and_its_pullback():
    w, b = np.random.default_rng(0).standard_normal((3, 2)), np.array([1.0, -1.0])
    x, dy = np.random.default_rng(1).standard_normal((5, 3)), np.random.default_rng(2).standard_normal((5, 2))
    y, back = linear(2).vjp({"weights": w, "bias": b}, x)
    dparams, dx = back(dy)
    np.testing.assert_allclose(y, np.einsum("bi,io->bo", x, w) + b, rtol=1e-13)
    np.testing.assert_allclose(dparams["weights"], np.einsum("bi,bo->io", x, dy), rtol=1e-13)
    np.testing.assert_allclose(dparams["bias"], np.einsum("bo->o", dy), rtol=1e-13)
    np.testing.assert_allclose(dx, np.einsum("bo,io->bi", dy, w), rtol=1e-13)


def test_linear_without_a_bias_is_the_matrix_alone():
    layer = linear(2, bias=None)
    params, out_shape = layer.init(KEY, (3,))
    assert (list(params), out_shape) == (["weights"], (2,))
    assert np.array_equal(layer.apply(params, np.eye(3, dtype=np.float32)), params["weights"])
    assert list(layer.vjp(params, np.ones((4, 3), np.float32))[1](np.ones((4, 2), np.float32))[0]) == ["weights"]


def test_each_initializer_of_linear_has_a_key_of_its_own():
    draw = lambda key, shape: np.full(shape, key.path[-1], np.float32)  # noqa: E731
    params, _ = linear(2, weights=draw, bias=draw).init(KEY, (3,))
    assert params == Params({"weights": np.zeros((3, 2), np.float32), "bias": np.ones(2, np.float32)})


def test_float64_inputs_give_float64_outputs():
    params, _ = linear(2).init(KEY, (3,))
    assert linear(2).apply(params, np.ones((5, 3))).dtype == np.float64


@pytest.mark.parametrize("n_out", [0, -1, 2.0, True, "2", None], ids=repr)
def test_linear_has_a_whole_number_of_outputs(n_out):
    with pytest.raises(ValueError, match=r"linear\(n_out\) must be a whole number from 1 up"):
        linear(n_out)


def test_flatten_joins_the_last_two_axes_and_back():
    x = np.arange(24.0).reshape(2, 3, 4)
    y, back = flatten().vjp({}, x)
    assert flatten().init(KEY, (3, 4)) == (Params(), (12,))
    assert np.array_equal(y, x.reshape(2, 12))
    assert np.shares_memory(y, x)
    assert np.array_equal(back(y)[1], x)


def test_flatten_needs_two_axes():
    with pytest.raises(LayerError, match=r"at least two axes of features .*, got \(12,\)"):
        flatten().init(KEY, (12,))
    with pytest.raises(LayerError, match="at least 3 axes"):
        flatten().apply({}, np.zeros((3, 4)))


# ---- dropout


def test_dropout_keeps_its_share_and_the_mean():
    y, _ = dropout(0.3).vjp({}, np.ones((400, 250)), KEY)
    kept = y != 0
    assert np.allclose(y[kept], 1 / 0.7)
    assert abs(kept.mean() - 0.7) < 5 * math.sqrt(0.3 * 0.7 / y.size)
    assert abs(y.mean() - 1) < 5 * math.sqrt(0.3 / 0.7 / y.size)


def test_dropouts_elements_are_independent():
    kept = dropout(0.5).vjp({}, np.ones((1000, 20)), KEY)[0] != 0
    off_diagonal = np.corrcoef(kept.T) - np.eye(20)
    assert np.abs(off_diagonal).max() < 5 / math.sqrt(1000)


def test_equal_keys_give_equal_masks_and_different_keys_different_ones():
    ones = np.ones((10, 10))
    masks = [dropout(0.5).vjp({}, ones, key)[0] for key in (KEY, KEY, fold_in(KEY, 0), Key(43))]
    assert np.array_equal(masks[0], masks[1])
    assert not any(np.array_equal(masks[0], mask) for mask in masks[2:])


def test_the_gradient_goes_through_the_same_mask():
    x = np.random.default_rng(0).standard_normal((10, 10))
    y, back = dropout(0.5).vjp({}, x, KEY)
    np.testing.assert_allclose(x * back(np.ones_like(x))[1], y, rtol=1e-15)


def test_without_a_key_dropout_is_the_identity():
    y, back = dropout(0.5).vjp({}, X)
    assert dropout(0.5).apply({}, X) is X
    assert np.array_equal(y, X)
    assert np.array_equal(back(X)[1], X)


def test_a_rate_of_0_drops_nothing():
    assert np.array_equal(dropout(0).vjp({}, X, KEY)[0], X)


def test_dropout_keeps_float32():
    y, back = dropout(0.3).vjp({}, np.ones((2, 3), np.float32), KEY)
    assert (y.dtype, back(y)[1].dtype) == (np.float32, np.float32)


@pytest.mark.parametrize("rate", [1, 1.0, -0.1, np.nan, True, "0.5", None], ids=repr)
def test_a_dropout_rate_is_a_probability_below_1(rate):
    with pytest.raises(ValueError, match="the probability to drop"):
        dropout(rate)


LINEAR = {name: np.asarray(leaf, float) for name, leaf in linear(2).init(KEY, (5,))[0].items()}


@pytest.mark.parametrize(
    ("layer", "params", "x"),
    [
        (linear(2), {"weights": LINEAR["weights"]}, X),
        (linear(2, bias=None), LINEAR, X),
        (linear(2), {**LINEAR, "gain": np.ones(2)}, X),
        (linear(2), {**LINEAR, "bias": np.ones(1)}, X),
        (linear(2), {"weights": np.ones(2), "bias": np.ones(2)}, X),
        (linear(2), {name: leaf.astype(int) for name, leaf in LINEAR.items()}, X.astype(int)),
    ],
    ids=["no bias", "a bias too many", "a gain", "a shorter bias", "no matrix", "integers throughout"],
)
def test_linear_refuses_other_parameters(layer, params, x):
    with pytest.raises(LayerError, match=r"linear\(2.*\): "):
        layer.apply(params, x)


def test_an_initializer_gives_the_shape_it_is_asked_for():
    with pytest.raises(
        LayerError, match=r"weights must return an array of shape \(5, 2\), got an array of shape \(2,\)"
    ):
        linear(2, weights=lambda key, shape: np.zeros(2)).init(KEY, (5,))


@pytest.mark.parametrize(
    "layer", [linear(np.int64(2)), dropout(np.float64(0.5)), leaky_relu(np.float64(0.1))], ids=repr
)
def test_numpy_scalars_as_settings_keep_float32(layer):
    params, _ = layer.init(KEY, (5,))
    y, back = layer.vjp(params, X.astype(np.float32), KEY)
    assert (y.dtype, back(y)[1].dtype) == (np.float32, np.float32)
