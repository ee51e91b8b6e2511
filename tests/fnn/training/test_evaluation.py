"""Evaluation in batches equals evaluation at once, and needs memory for one batch only."""

import tracemalloc

import numpy as np
import pytest
import toolz

from fnn import Key, chain, cross_entropy, dropout, ensemble, evaluate, linear, mse, predict, tanh
from fnn.metrics import accuracy

RNG = np.random.default_rng(0)
X = RNG.standard_normal((23, 5)).astype(np.float32)
LABELS = RNG.integers(3, size=23)
MODEL = chain(linear(8), tanh, dropout(0.3), linear(3))
PARAMS, _ = MODEL.init(Key(1), (5,))
LOSS = toolz.compose(toolz.first, cross_entropy)
MEASURES = {"loss": LOSS, "accuracy": accuracy}


@pytest.mark.parametrize("size", [1, 5, 22, 23, 100])
def test_evaluating_in_batches_equals_at_once(size):
    got = evaluate(MODEL, PARAMS, (X, LABELS), MEASURES, size)
    prediction = MODEL.apply(PARAMS, X)
    assert got == pytest.approx({name: f(prediction, LABELS) for name, f in MEASURES.items()}, rel=1e-6)
    np.testing.assert_allclose(predict(MODEL, PARAMS, X, size), prediction, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("own", [False, True], ids=["one x for all", "an x each"])
def test_evaluating_an_ensemble_gives_each_networks_own(own):
    model = ensemble(chain(linear(4), tanh, linear(3)), 3)
    params, _ = model.init(Key(0), (5,))
    x, labels = (np.stack([X, 2 * X, 3 * X]), np.stack([LABELS] * 3)) if own else (X, LABELS)
    got = evaluate(model, params, (x, labels), MEASURES, 5, axis=int(own))
    prediction = model.apply(params, x)
    for name, f in MEASURES.items():
        np.testing.assert_allclose(got[name], f(prediction, labels), rtol=1e-6)
    np.testing.assert_allclose(predict(model, params, x, 5, axis=int(own)), prediction, rtol=1e-5, atol=1e-6)


def test_evaluation_holds_the_hidden_values_of_one_batch_only():
    model = chain(linear(500), tanh, linear(2))
    params, _ = model.init(Key(0), (5,))
    x, t = np.zeros((20_000, 5), np.float32), np.zeros((20_000, 2), np.float32)
    tracemalloc.start()
    evaluate(model, params, (x, t), {"mse": toolz.compose(toolz.first, mse)}, 500)
    predict(model, params, x, 500)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4e6 < x.shape[0] * 500 * 4  # bytes


def test_no_examples_have_predictions_but_no_mean():
    assert predict(MODEL, PARAMS, X[:0]).shape == (0, 3)
    with pytest.raises(ValueError, match="no examples, so there is no mean; is the data empty"):
        evaluate(MODEL, PARAMS, (X[:0], LABELS[:0]), MEASURES)


def test_evaluation_applies_no_dropout():
    plain = chain(linear(8), tanh, dropout(0), linear(3))
    assert np.array_equal(predict(MODEL, PARAMS, X), predict(plain, PARAMS, X))


def test_a_loss_as_a_measure_gives_its_value():
    data = (X, LABELS)
    (value, _), scores = (
        cross_entropy(MODEL.apply(PARAMS, X), LABELS),
        evaluate(MODEL, PARAMS, data, {"loss": cross_entropy}),
    )
    assert scores["loss"] == pytest.approx(float(value))
    assert type(scores["loss"]) is float
