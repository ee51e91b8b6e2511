"""Pooling, upsampling and the mean over an image; their values beside PyTorch's are in test_convolution.py."""

import numpy as np
import pytest

from fnn import Key, LayerError, chain, convolution, global_mean, max_pool, mean_pool, upsample
from tests.support.table import normal

KEY = Key(1)
NAN = np.nan


def image(rows):
    """One example of one channel."""
    return np.array(rows, dtype=float)[None, ..., None]


def test_the_first_of_equal_maxima_gets_the_whole_gradient():
    y, back = max_pool((2, 2)).vjp({}, image([[1, 3, 5, 5], [3, 2, 5, 5]]))
    dx = back(image([[1, 10]]))[1]
    assert y.ravel().tolist() == [3, 5]
    assert dx[0, ..., 0].tolist() == [[0, 1, 10, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("pool", [max_pool, mean_pool])
def test_a_rest_too_short_for_a_window_is_not_read(pool):
    layer, x = pool((2, 2)), normal(1, (1, 5, 7, 1))
    y, back = layer.vjp({}, x)
    dx = back(np.ones_like(y))[1]
    assert layer.init(KEY, (5, 7, 1))[1] == y.shape[1:] == (2, 3, 1)
    assert not dx[:, 4:].any()
    assert not dx[:, :, 6:].any()
    x[:, 4:], x[:, :, 6:] = NAN, NAN
    assert np.array_equal(layer.apply({}, x), y)


@pytest.mark.parametrize("pool", [max_pool, mean_pool])
@pytest.mark.parametrize("place", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_a_nan_passes_on_and_a_gradient_is_not_lost(pool, place):
    x = np.ones((2, 2))
    x[place] = NAN
    y, back = pool((2, 2)).vjp({}, image(x))
    assert np.isnan(y).all()
    assert back(np.ones_like(y))[1].sum() == 1


def test_global_mean_and_upsample_by_hand():
    x = image([[1, 2], [3, 6]])
    assert global_mean().apply({}, x).tolist() == [[3]]
    y, back = upsample((1, 2)).vjp({}, x)
    assert y[0, ..., 0].tolist() == [[1, 1, 2, 2], [3, 3, 6, 6]]
    assert back(y)[1][0, ..., 0].tolist() == [[2, 4], [6, 12]]


def test_an_encoder_and_a_decoder_fit():
    encoder = chain(convolution(4, (3, 3), padding="same"), max_pool((2, 2)))
    decoder = chain(upsample((2, 2)), convolution(1, (3, 3), padding="same"))
    assert chain(encoder, decoder).init(KEY, (28, 28, 1))[1] == (28, 28, 1)


@pytest.mark.parametrize("layer", [max_pool((3, 3)), mean_pool((3, 3), stride=1)], ids=repr)
def test_an_image_smaller_than_a_window(layer):
    must = r"pool\(.*\): expected images of at least \(3, 3\), got \(2, 9\); give larger images"
    with pytest.raises(LayerError, match=must):
        layer.init(KEY, (2, 9, 1))
    with pytest.raises(LayerError, match=must):
        layer.apply({}, np.ones((4, 2, 9, 1), np.float32))


@pytest.mark.parametrize("layer", [max_pool(2), mean_pool(2), convolution(3, 3)], ids=repr)
def test_a_size_of_one_number_is_for_signals(layer):
    with pytest.raises(
        LayerError, match=r"expected features \(length, channels\), got \(8, 8, 1\); .*\(3, 3\) for imag"
    ):
        layer.init(KEY, (8, 8, 1))


@pytest.mark.parametrize("axes", [0, 3, True, 1.5, (2, 2)], ids=repr)
def test_global_mean_is_over_one_or_two_axes(axes):
    with pytest.raises(ValueError, match=r"global_mean\(axes\), the number of spatial axes, must be 1 or 2"):
        global_mean(axes)


@pytest.mark.parametrize("make", [max_pool, mean_pool, upsample])
@pytest.mark.parametrize("size", [0, -1, 2.0, True, "2", None, (2, 0), (2, 2, 2), ()], ids=repr)
def test_a_size_is_one_or_two_whole_numbers(make, size):
    with pytest.raises(ValueError, match=rf"{make.__name__}\(.*\) must "):
        make(size)


@pytest.mark.parametrize("stride", [0, (2,), (2, 2, 2), 1.5], ids=repr)
def test_a_stride_is_a_number_for_each_axis(stride):
    with pytest.raises(ValueError, match=r"max_pool\(stride\) must "):
        max_pool((2, 2), stride=stride)
