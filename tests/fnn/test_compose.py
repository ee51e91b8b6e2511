"""Combinators: what they compute, which keys they hand down, and that a part of a model is a model."""

import pickle
from functools import reduce

import attrs
import numpy as np
import pytest

import fnn
from fnn import Key, LayerError, LayerTypeError, Params, chain, checkpoint, concat, ensemble, fold_in, residual, tree
from fnn.compose.several import DEEPEST
from fnn.layers import dropout, elementwise, flatten, identity, linear, relu, tanh

KEY = Key(42)
RNG = np.random.default_rng(0)
X = RNG.standard_normal((7, 5))


def start(model, shape=(5,)):
    """Parameters in float64."""
    return tree.cast(model.init(KEY, shape)[0], np.float64)


def refuse(*arguments):
    raise AssertionError("need_dx is False, so this gradient must not be computed")


def thrifty(layer):
    """A layer whose pullback refuses to compute dx."""

    def vjp(params, x, key=None):
        y, back = layer.vjp(params, x, key)
        return y, lambda dy, need_dx=True: refuse() if need_dx else back(dy, need_dx=False)

    return attrs.evolve(layer, vjp=vjp)


# ---- chain


def test_a_chain_equals_doing_it_by_hand():
    layers = linear(4), tanh, linear(3)
    model, params = chain(*layers), start(chain(*layers))
    h, back_first = layers[0].vjp(params["0"], X)
    a, back_tanh = layers[1].vjp({}, h)
    y, back_last = layers[2].vjp(params["2"], a)
    dlast, da = back_last(y)
    dfirst, dx = back_first(back_tanh(da)[1])
    got, back = model.vjp(params, X)
    dparams, got_dx = back(y)
    assert np.array_equal(got, y)
    assert np.array_equal(model.apply(params, X), y)
    assert np.array_equal(got_dx, dx)
    assert Params(dparams) == Params({"0": dfirst, "1": {}, "2": dlast})


def test_each_layer_starts_from_the_key_of_its_position():
    params, out_shape = chain(linear(4), relu, linear(3)).init(KEY, (5,))
    assert params["0"] == linear(4).init(fold_in(KEY, 0), (5,))[0]
    assert params["2"] == linear(3).init(fold_in(KEY, 2), (4,))[0]
    assert out_shape == (3,)


def test_no_two_layers_start_with_equal_weights():
    pair = chain(linear(5), linear(5))
    model = chain(pair, linear(5), concat(linear(5), pair), linear(5), residual(pair))
    weights = [leaf for path, leaf in tree.items(model.init(KEY, (5,))[0]) if path[-1] == "weights"]
    assert len({leaf[:5, :5].tobytes() for leaf in weights}) == len(weights) == 9


def test_no_two_dropouts_draw_the_same_mask():
    half, ones = dropout(0.5), np.ones((20, 20))
    masks = [half.vjp({}, ones, fold_in(KEY, i))[0] for i in (0, 1)]
    assert not np.array_equal(*masks)
    y, back = chain(half, half).vjp({"0": {}, "1": {}}, ones, KEY)
    assert np.array_equal(y, masks[0] * masks[1])
    assert np.array_equal(back(ones)[1], masks[0] * masks[1])


def test_a_chain_of_no_layers_is_the_identity():
    y, back = chain().vjp({}, X)
    assert chain().apply({}, X) is y is X
    assert back(X) == ({}, X)
    assert chain().init(KEY, (5,)) == (Params(), (5,))


def test_composition_is_associative():
    a, b, c = linear(4), tanh, linear(3)
    flat = start(chain(a, b, c))
    nested = {"0": flat["0"], "1": {"0": flat["1"], "1": flat["2"]}}
    assert np.array_equal(chain(a, b, c).apply(flat, X), chain(a, chain(b, c)).apply(nested, X))


def test_a_slice_of_a_model_takes_the_slice_of_its_parameters():
    model = chain(linear(4), tanh, readout=linear(3))
    params = start(model)
    h = model[:1].apply(params[:1], X)
    assert np.array_equal(model[1:].apply(params[1:], h), model.apply(params, X))


WRAPPINGS = {
    "chain": lambda first: chain(elementwise("stop", lambda xp, x: x, refuse), first, tanh, linear(3)),
    "chain of chains": lambda first: chain(chain(first, tanh), chain(linear(3))),
    "behind a chain without parameters": lambda first: chain(
        chain(elementwise("stop", lambda xp, x: x, refuse)), first
    ),
    "concat": lambda first: chain(concat(first, first), linear(3)),
    "residual": lambda first: residual(chain(first, tanh, linear(5))),
    "ensemble": lambda first: ensemble(chain(first, tanh, linear(3)), 2),
}


@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
def test_without_need_dx_no_layer_computes_an_unused_dx(wrap):
    model, params = wrap(thrifty(linear(4))), start(wrap(linear(4)))
    y, back = model.vjp(params, X)
    dparams, dx = back(y, need_dx=False)
    assert dx is None
    assert dparams.keys() == params.keys()


# ---- residual and concat


def test_residual_adds_the_input_to_the_output_and_the_gradient():
    f = chain(linear(4), tanh, linear(5))
    params = start(f)
    y, back = residual(f).vjp(params, X)
    f_y, f_back = f.vjp(params, X)
    assert residual(f).init(KEY, (5,)) == f.init(KEY, (5,))
    assert np.array_equal(y, X + f_y)
    assert np.array_equal(back(y)[1], y + f_back(y)[1])
    assert Params(back(y)[0]) == Params(back(y, need_dx=False)[0]) == Params(f_back(y)[0])


def test_concat_lays_the_branches_side_by_side():
    model = concat(linear(2), tanh, deep=chain(linear(3)))
    params = start(model)
    y, back = model.vjp(params, X)
    parts = [model[i].vjp(params[name], X) for i, name in enumerate(params)]
    pulled = [b(d) for (_, b), d in zip(parts, np.split(y, [2, 7], axis=-1), strict=True)]
    assert model.init(KEY, (5,))[1] == (10,)
    assert np.array_equal(y, np.concatenate([part for part, _ in parts], axis=-1))
    assert Params(back(y)[0]) == Params(dict(zip(params, (dparams for dparams, _ in pulled), strict=True)))
    np.testing.assert_allclose(back(y)[1], sum(dx for _, dx in pulled), rtol=1e-13)
    assert back(y, need_dx=False)[1] is None
    assert Params(back(y, need_dx=False)[0]) == Params(back(y)[0])


def test_concat_gives_each_branch_its_own_key():
    y, _ = concat(dropout(0.5), dropout(0.5)).vjp({"0": {}, "1": {}}, np.ones((20, 20)), KEY)
    assert not np.array_equal(*np.split(y, 2, axis=-1))


def test_concat_of_one_and_many_networks_repeats_the_one():
    model = concat(ensemble(linear(2), 3), identity)
    y, back = model.vjp(start(model), X)
    assert y.shape == (3, 7, 7)
    assert all(np.array_equal(each, X) for each in y[..., 2:])
    assert back(y)[1].shape == X.shape


# ---- what combinators pass on


COMBINED = {
    "chain": lambda layer: chain(relu, layer),
    "a named part": lambda layer: chain(relu, last=layer),
    "chain of chains": lambda layer: chain(chain(chain(layer)), relu),
    "concat": lambda layer: concat(layer, relu),
    "residual": lambda layer: residual(layer),
    "ensemble": lambda layer: ensemble(layer, 2),
    "all": lambda layer: ensemble(residual(chain(concat(chain(layer)))), 3),
    "a slice": lambda layer: chain(relu, layer, relu)[1:],
    "a part": lambda layer: chain(relu, chain(layer))[1],
}


@pytest.mark.parametrize("combine", COMBINED.values(), ids=COMBINED)
def test_a_model_needs_a_key_if_one_of_its_layers_does(combine):
    assert combine(dropout(0.5)).needs_key
    assert not combine(dropout(0)).needs_key


def test_a_slice_without_dropout_needs_no_key():
    model = chain(dropout(0.5), linear(3), relu)
    assert (model.needs_key, model[1:].needs_key) == (True, False)


NESTED = {
    "chain": lambda model: chain(model),
    "a named part": lambda model: chain(inner=model),
    "concat": lambda model: concat(model),
    "residual": residual,
    "ensemble": lambda model: ensemble(model, 1),
}


@pytest.mark.parametrize("combine", NESTED.values(), ids=NESTED)
def test_combinators_too_deep_inside_one_another_are_explained(combine):
    with pytest.raises(LayerError, match=r"at most 60 deep inside one another, got 61 levels; .* chain\(\*layers\)"):
        reduce(lambda model, _: combine(model), range(600), linear(5))


def test_the_deepest_model_works():
    model = reduce(lambda model, _: chain(model), range(DEEPEST), dropout(0.5))
    params, _ = model.init(KEY, (5,))
    y, back = model.vjp(params, X, KEY)
    assert model.apply(params, X).shape == y.shape == back(y)[1].shape == X.shape
    again = pickle.loads(pickle.dumps(model))
    assert (again, hash(again), repr(again)) == (model, hash(model), repr(model))


def test_the_deepest_model_can_be_saved(tmp_path):
    model = reduce(lambda model, _: chain(model), range(DEEPEST - 1), chain(linear(2)))
    progress = fnn.Progress.start(fnn.adam().init(model.init(KEY, (5,))[0]))
    checkpoint.save(tmp_path / "x.npz", progress)
    assert checkpoint.load(tmp_path / "x.npz", like=progress) == progress


def test_a_chain_takes_any_number_of_layers():
    params, _ = chain(*[relu] * 2000).init(KEY, (5,))
    assert np.array_equal(chain(*[relu] * 2000).apply(params, X), relu.apply({}, X))


# ---- names and errors


def test_repr_is_the_call_that_makes_the_model():
    model = chain(concat(linear(2), wide=linear(3)), residual(chain(linear(5), relu)), out=ensemble(linear(1), 2))
    assert repr(model) == (
        "chain(concat(linear(2), wide=linear(3)), residual(chain(linear(5), relu)), out=ensemble(linear(1), 2))"
    )


def test_a_long_repr_has_a_line_for_each_part():
    deep = chain(*[linear(1000)] * 9)
    lines = repr(chain(relu, deep=deep)).splitlines()
    assert lines[:3] == ["chain(", "    relu,", "    deep=chain("]
    assert lines[3:] == ["        linear(1000),"] * 9 + ["    ),", ")"]


PARAMS = start(chain(linear(4), relu))
MISTAKES = {
    "a string for a layer": (
        lambda: chain(linear(3), "relu"),
        LayerTypeError,
        r"chain\['1'\]: expected a Layer, got str$",
    ),
    "a constructor": (
        lambda: concat(a=dropout),
        LayerTypeError,
        r"concat\['a'\]: expected a Layer, got function; call it",
    ),
    "a name that is a position": (lambda: chain(relu, **{"0": relu}), LayerError, r"\['0'\] is also a position"),
    "no branches": (lambda: concat(), LayerError, "at least one branch"),
    "branches of other rank": (
        lambda: concat(identity, flatten()).init(KEY, (2, 3)),
        LayerError,
        "all but the last axis",
    ),
    "branches without axes": (lambda: concat(identity, relu).init(KEY, ()), LayerError, "all but the last axis"),
    "residual of another shape": (lambda: residual(linear(3)).init(KEY, (5,)), LayerError, r"\(3,\) of \(5,\)"),
    "params of a longer chain": (
        lambda: chain(linear(4)).apply(PARAMS, X),
        LayerError,
        r"another model: missing \[\], unexpected \['1'\]",
    ),
    "params of a shorter chain": (
        lambda: chain(a=chain(linear(4), relu, relu)).vjp({"a": PARAMS}, X),
        LayerError,
        r"chain in chain\['a'\]: these are parameters of another model: missing \['2'\]",
    ),
    "x for params": (lambda: concat(relu).apply(X, X), LayerTypeError, r"got ndarray; call f\(params, x\)"),
    "another dy": (lambda: concat(relu).vjp({"0": {}}, X)[1](X[:, :2]), LayerError, "concat: the pullback expects dy"),
    "params of one network": (
        lambda: ensemble(linear(4), 2).apply(PARAMS["0"], X),
        LayerError,
        "not of 2 networks but of one; use its init",
    ),
    "params of more networks": (
        lambda: ensemble(linear(4), 2).vjp(start(ensemble(linear(4), 3)), X),
        LayerError,
        r"not of 2 networks but of \(3,\)",
    ),
}


@pytest.mark.parametrize(("call", "error", "words"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_explained(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("n", [0, -1, 2.0, True, "2"], ids=repr)
def test_an_ensemble_has_a_whole_number_of_networks(n):
    with pytest.raises(ValueError, match="a whole number from 1 up"):
        ensemble(relu, n)
