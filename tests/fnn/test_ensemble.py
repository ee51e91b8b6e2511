"""Ensembles: many networks side by side, each as if it were alone."""

import numpy as np
import pytest

from fnn import Key, Params, chain, ensemble, ravel, residual, split, tree
from fnn.layers import linear, relu, tanh

KEY = Key(42)
RNG = np.random.default_rng(0)
X = RNG.standard_normal((7, 5))


def start(model, shape=(5,)):
    """Parameters in float64."""
    return tree.cast(model.init(KEY, shape)[0], np.float64)


@pytest.mark.parametrize("model", [linear(3), chain(linear(4), tanh, linear(3)), residual(linear(5))], ids=str)
@pytest.mark.parametrize("own", [False, True], ids=["one x for all", "an x each"])
def test_an_ensemble_equals_its_members_one_by_one(model, own):
    params = start(ensemble(model, 3))
    x = RNG.standard_normal((3, 7, 5)) if own else X
    y, back = ensemble(model, 3).vjp(params, x)
    dparams, dx = back(np.cos(y))
    alone = [model.vjp(tree.member(params, i), x[i] if own else x) for i in range(3)]
    pulled = [b(np.cos(y)) for y, b in alone]
    np.testing.assert_allclose(y, [y for y, _ in alone], rtol=1e-12)
    for i, (each, _) in enumerate(pulled):
        np.testing.assert_allclose(ravel(tree.member(Params(dparams, lead=(3,)), i))[0], ravel(each)[0], rtol=1e-11)
    expected = np.stack([each for _, each in pulled]) if own else sum(each for _, each in pulled)
    np.testing.assert_allclose(dx, expected, rtol=1e-12)


def test_each_network_starts_from_its_own_key():
    model = chain(linear(4), relu, linear(3))
    params, out_shape = ensemble(model, 3).init(KEY, (5,))
    members = [model.init(key, (5,))[0] for key in split(KEY, 3)]
    assert [tree.member(params, i) for i in range(3)] == members
    assert (params.lead, out_shape) == ((3,), (3,))


def test_parts_of_an_ensemble_are_ensembles():
    model = ensemble(chain(linear(4), tanh, linear(3)), 2)
    params = start(model)
    h = model[:2].apply(params[:2], X)
    assert repr(model[2]) == "ensemble(linear(3), 2)"
    assert np.array_equal(model[2].apply(params["2"], h), model.apply(params, X))
