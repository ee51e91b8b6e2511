"""Normalisation: PyTorch's figures, statistics and how they are tuned, and what an optimizer makes of them."""

import json
from functools import reduce

import numpy as np
import pytest

import fnn
from fnn import Key, LayerError, Params, tree
from tests.support.paths import ROOT
from tests.support.reference.normalisation import arrays
from tests.support.table import normal

FIGURES = json.loads((ROOT / "tests" / "support" / "reference" / "normalisation.json").read_text(encoding="utf-8"))
LAYERS = {
    "batch_norm": fnn.batch_norm(),
    "batch_norm, stored": fnn.batch_norm(),
    "batch_norm, images": fnn.each(fnn.batch_norm(), axes=2),
    "layer_norm": fnn.layer_norm(),
    "rms_norm": fnn.rms_norm(),
    "group_norm": fnn.group_norm(2),
    "group_norm, images": fnn.group_norm(2, axes=3),
}
MODEL = fnn.chain(fnn.linear(6), fnn.batch_norm(), fnn.relu, fnn.linear(3), fnn.batch_norm())
X = normal(1, (200, 4)) * 3 + 1


@pytest.mark.parametrize("name", FIGURES)
def test_values_and_gradients_are_pytorchs(name):
    x, dy, scale, bias, statistics = arrays(name)
    names, _ = LAYERS[name].init(Key(0), x.shape[1:])
    given = {"scale": scale, "bias": bias, "statistics": statistics}
    y, back = LAYERS[name].vjp({what: given[what] for what in names}, x, None if "stored" in name else Key(1))
    grads, dx = back(dy)
    for what, came in {"y": y, "x": dx, **{what: grads[what] for what in names if what != "statistics"}}.items():
        np.testing.assert_allclose(came, FIGURES[name][what], rtol=1e-12, atol=1e-12)


def test_a_tuned_model_normalises_the_data_it_was_tuned_on():
    params = fnn.tune(MODEL, tree.cast(MODEL.init(Key(0), (4,))[0], np.float64), X)
    for n in (2, 5):  # the layers up to each batch normalisation
        y = MODEL[:n].apply(params[:n], X)
        np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(y.var(axis=0), 1, rtol=1e-4)  # ε
    keyed, _ = MODEL.vjp(params, X, Key(3))
    np.testing.assert_allclose(MODEL.apply(params, X), keyed, atol=1e-12)


def test_each_network_of_an_ensemble_has_statistics_of_its_own():
    model = fnn.ensemble(MODEL, 3)
    params, _ = model.init(Key(0), (4,))
    tuned = fnn.tune(model, params, X.astype(np.float32))
    assert tuned.lead == (3,)
    for i in range(3):
        alone = fnn.tune(MODEL, tree.member(params, i), X.astype(np.float32))
        for path, (a, b) in tree.items(tree.map(lambda *leaves: leaves, tree.member(tuned, i), alone)):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6, err_msg=str(path))


def test_a_model_without_statistics_is_tuned_to_itself():
    params, _ = fnn.linear(2).init(Key(0), (4,))
    assert fnn.tune(fnn.linear(2), params, X) == params


@pytest.mark.parametrize(
    "optimizer",
    [
        fnn.adamw(1e-2, decay=0.5, matrices_only=False),
        fnn.chain_updates(fnn.weight_decay(0.5, matrices_only=False), fnn.momentum(1e-2)),
        fnn.lion(1e-2),
    ],
    ids=repr,
)
def test_no_optimizer_touches_statistics(optimizer):
    params = fnn.tune(MODEL, MODEL.init(Key(0), (4,))[0], X.astype(np.float32))
    step = fnn.train_step(MODEL, fnn.mse, optimizer, Key(1))
    batch = X.astype(np.float32), np.ones((200, 3), np.float32)
    after = reduce(step, [batch] * 20, optimizer.init(params)).params
    for path, (a, b) in tree.items(tree.map(lambda *leaves: leaves, params, after)):
        assert np.array_equal(a, b) == ("statistics" in path), path


def test_statistics_that_are_a_tree_do_not_decay():
    ones = np.ones((2, 3), np.float32)
    params = Params({"own": {"statistics": {"mean": ones}, "weights": ones}})
    rule = fnn.chain_updates(fnn.weight_decay(0.5, matrices_only=False), fnn.sgd(0.1))
    after = rule.update(rule.init(params), tree.map(np.zeros_like, params)).params["own"]
    assert (after["statistics"]["mean"] == 1).all()
    assert (after["weights"] < 1).all()


def test_training_without_a_key_is_refused():
    with pytest.raises(ValueError, match=r"batch_norm\(\), batch_norm\(\) needs a key in training"):
        fnn.train_step(MODEL, fnn.mse, fnn.adam())


def test_a_feature_that_never_varies_is_centred_by_standardise():
    x = np.array([[1.0, 5.0], [3.0, 5.0]])
    params = fnn.tune(fnn.standardise(), fnn.standardise().init(Key(0), (2,))[0], x)
    np.testing.assert_allclose(fnn.standardise().apply(params, x), [[-1, 0], [1, 0]])


@pytest.mark.parametrize("n", [100, 1000, 5000])
def test_a_constant_that_has_no_exact_mean_is_centred_too(n):
    x = np.stack([np.full(n, 0.1), np.full(n, 1000.3), normal(5, (n,)) * 1e-3 + 1000], axis=1).astype(np.float32)
    layer = fnn.chain(fnn.standardise())
    params = fnn.tune(layer, layer.init(Key(0), (3,))[0], x)
    mean, variance = params["0"]["statistics"]
    np.testing.assert_allclose(mean, x.astype(np.float64).mean(axis=0), rtol=1e-7)
    np.testing.assert_allclose(variance, x.astype(np.float64).var(axis=0), rtol=1e-3)
    assert np.abs(layer.apply(params, x)[:, :2]).max() < 1e-4


def test_leading_axes_that_the_parameters_lack_are_refused():
    model = fnn.chain(fnn.relu, fnn.batch_norm())
    params, x = model.init(Key(0), (4,))[0], X.reshape(2, 100, 4)
    words = r"batch_norm\(\) in chain\['1'\]: tune: x has the leading axes \(2,\), the parameters have \(\); join"
    with pytest.raises(LayerError, match=words):
        fnn.tune(model, params, x)
    assert fnn.tune(fnn.ensemble(model, 2), tree.stack([params, params]), x).lead == (2,)


def test_statistics_of_many_examples_are_precise_in_float32():
    x = (normal(2, (200_000, 2)) + 30).astype(np.float32)
    params = fnn.tune(fnn.batch_norm(), fnn.batch_norm().init(Key(0), (2,))[0], x)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(params["statistics"], [exact.mean(0), exact.var(0)], rtol=1e-6)


def test_groups_divide_the_features():
    with pytest.raises(LayerError, match=r"group_norm\(3\) in chain\['1'\]: 3 groups do not divide 4 features; choose"):
        fnn.chain(fnn.relu, fnn.group_norm(3)).init(Key(0), (4,))


def test_each_says_how_many_axes_it_expects():
    with pytest.raises(LayerError, match=r"expected one axis in front of one axis of features, got \(4,\)"):
        fnn.each(fnn.linear(3)).init(Key(0), (4,))
    with pytest.raises(LayerError, match="expected a layer that makes vectors"):
        fnn.each(fnn.parameterless("square", lambda xp, x: (x, lambda dy: dy), y=lambda s: (*s, *s))).init(
            Key(0), (2, 3)
        )
    model = fnn.chain(fnn.each(fnn.linear(3)))
    with pytest.raises(LayerError, match=r"each\(linear\(3\)\) in chain\['0'\]: expected x \(..., batch, one axis"):
        model.apply(model.init(Key(0), (5, 4))[0], np.zeros((2, 4), np.float32))


def test_each_token_is_an_example():
    layer, x = fnn.each(fnn.linear(3)), normal(4, (2, 5, 4))
    params, _ = layer.init(Key(0), (5, 4))
    np.testing.assert_allclose(layer.apply(params, x)[1, 2], fnn.linear(3).apply(params, x[1, 2:3])[0], rtol=1e-12)
