"""Embedding: rows of a matrix, sums of gradients, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
import fnn.interop.jax
from fnn import Key, LayerError, LayerTypeError
from tests.support.table import normal

LAYER = fnn.embedding(5, 3)
PARAMS = {"weights": normal(1, (5, 3))}
X = np.array([[4, 0, 0, 2], [1, 4, 4, 4]])


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_a_token_gives_its_row(dtype):
    np.testing.assert_array_equal(LAYER.apply(PARAMS, X.astype(dtype)), PARAMS["weights"][X])


def test_gradients_are_summed_over_the_places_of_a_token():
    y, back = LAYER.vjp(PARAMS, X)
    dy = normal(2, y.shape)
    expected = np.zeros((5, 3))
    np.add.at(expected, X, dy)
    for own, params in ((X, PARAMS), (jnp.asarray(X), {"weights": jnp.asarray(PARAMS["weights"])})):
        dparams, dx = LAYER.vjp(params, own)[1](dy if own is X else jnp.asarray(dy))
        np.testing.assert_allclose(dparams["weights"], expected, rtol=1e-12)
        assert dx is None
    assert back(dy)[0]["weights"][3].tolist() == [0, 0, 0]


@pytest.mark.parametrize("axes", [0, 1, 2])
def test_axes_of_an_example(axes):
    layer, shape = fnn.embedding(5, 3, axes=axes), (2, 4)[2 - axes :]
    assert layer.init(Key(0), shape)[1] == (*shape, 3)
    x = np.broadcast_to(X[0, 0], (7, *shape))
    assert layer.apply(PARAMS, x).shape == (7, *shape, 3)


def test_networks_share_tokens_or_have_their_own():
    weights = normal(3, (2, 5, 3))
    own = np.stack([X, X[::-1]])
    for x in (X, own):
        y, back = LAYER.vjp({"weights": weights}, x)
        dy = normal(4, y.shape)
        alone = [LAYER.vjp({"weights": weights[i]}, x if x is X else x[i]) for i in range(2)]
        np.testing.assert_array_equal(y, np.stack([y for y, _ in alone]))
        expected = np.stack([pull(dy[i])[0]["weights"] for i, (_, pull) in enumerate(alone)])
        np.testing.assert_allclose(back(dy)[0]["weights"], expected, rtol=1e-12)


def test_no_tokens_have_no_gradient():
    y, back = LAYER.vjp(PARAMS, X[:0])
    assert y.shape == (0, 4, 3)
    assert not back(y)[0]["weights"].any()


@pytest.mark.parametrize("token", [-1, 5, 1000])
def test_a_token_out_of_range_is_refused(token):
    x = X.copy()
    x[1, 2] = token
    words = rf"embedding\(5, 3\) in chain\['0'\]: expected x of integers from 0 to 4, got {token}"
    with pytest.raises(LayerError, match=words):
        fnn.chain(LAYER).apply({"0": PARAMS}, x)


def test_floating_point_tokens_are_refused():
    with pytest.raises(LayerTypeError, match=r"integers from 0 to 4, got float64; convert it: x.astype\(np.int64\)"):
        LAYER.apply(PARAMS, X.astype(float))


def test_a_step_over_tokens_is_compiled_and_checked_by_the_laws():
    model = fnn.chain(fnn.embedding(5, 4), fnn.recurrent(fnn.elman(6)), fnn.linear(2))
    fnn.check_layer(model, (4,))
    optimizer = fnn.sgd(0.1)
    step = fnn.train_step(model, fnn.cross_entropy, optimizer)
    start, batch = optimizer.init(model.init(Key(0), (4,))[0]), (X, np.array([0, 1]))
    np.testing.assert_allclose(jax.jit(step)(start, batch).vector, step(start, batch).vector, atol=1e-6)
