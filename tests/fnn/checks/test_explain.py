"""Explain: its numbers are those of the model's own pass, and a fault is marked at the layer where it begins."""

import math

import attrs
import jax
import numpy as np
import pytest

from fnn import (
    Key,
    LayerError,
    Params,
    chain,
    concat,
    cross_entropy,
    dropout,
    ensemble,
    flatten,
    generator,
    glorot_uniform,
    linear,
    mse,
    normal,
    relu,
    residual,
    sigmoid,
    tree,
    value_and_grad,
)
from fnn.checks import explain
from fnn.checks.explain import Numbers

X = generator(Key(1)).standard_normal((64, 16), dtype=np.float32)
LABELS = np.arange(64) % 4


def deep(layer, activation, depth=8):
    return chain(*[chain(layer, activation) for _ in range(depth)])


def explained(model, **settings):
    params, _ = model.init(Key(0), X.shape[1:])
    return explain(model, params, X, **settings)


def marks(model):
    return [row.mark for row in explained(model).rows]


MODELS = {  # the paths of the innermost layers
    "chain": (chain(linear(8), relu, chain(readout=linear(4))), ["0", "1", "2.readout"]),
    "residual": (chain(residual(chain(linear(16), relu)), residual(relu), linear(4)), ["0.0", "0.1", "1", "2"]),
    "concat": (concat(linear(3), wide=chain(linear(2), relu)), ["0", "wide.0", "wide.1"]),
    "ensemble": (ensemble(chain(linear(8), relu, linear(4)), 3), ["0", "1", "2"]),
    "ensemble within": (chain(linear(8), relu, ensemble(linear(4), 3)), ["0", "1", "2"]),
    "one layer": (linear(4), [""]),
    "dropout": (chain(linear(8), dropout(0.5), linear(4)), ["0", "1", "2"]),
}


@pytest.mark.parametrize(("model", "paths"), MODELS.values(), ids=MODELS)
def test_a_row_for_each_innermost_layer(model, paths):
    rows = explained(model).rows
    assert [".".join(row.path) for row in rows] == paths
    assert not any(row.mark for row in rows)


@pytest.mark.parametrize(("model", "paths"), MODELS.values(), ids=MODELS)
def test_the_gradients_are_those_of_training(model, paths):
    params, _ = model.init(Key(0), (16,))
    target = np.zeros_like(model.apply(params, X))
    _, grads = value_and_grad(model, mse)(params, (X, target))
    for row in explain(model, params, X, target, mse).rows:
        own = grads
        for name in row.path if row.dparams else ():
            own = own[name]
        assert row.dparams == (Numbers.of(*tree.leaves(own)) if row.dparams else None)


def test_outputs_and_their_gradients_are_those_of_the_pass():
    model = chain(linear(8), relu, linear(4))
    params, _ = model.init(Key(0), (16,))
    first, second, last = explain(model, params, X, LABELS, cross_entropy).rows
    for row, part in ((first, model[:1]), (second, model[:2]), (last, model)):
        assert row.output == Numbers.of(part.apply(params[: len(part.parts)], X))
    dy = cross_entropy(model.apply(params, X), LABELS)[1]()
    assert last.gradient == Numbers.of(dy)
    assert second.gradient == Numbers.of(
        model[2].vjp(params[2], relu.apply({}, model[0].apply(params[0], X)))[1](dy)[1]
    )


def test_gradients_vanish_in_the_first_layers_of_a_deep_sigmoid_network():
    rows = explained(deep(linear(16, weights=glorot_uniform), sigmoid)).rows
    assert [row.mark for row in rows[:4]] == ["vanishing"] * 4
    assert [row.mark for row in rows[-4:]] == [""] * 4


def test_gradients_do_not_vanish_in_a_deep_relu_network_of_he():
    assert set(marks(deep(linear(64), relu))) == {""}


def test_large_weights_explode():
    assert marks(deep(linear(64, weights=normal(1.0)), relu))[0] == "exploding"


def test_a_relu_that_is_always_0_marks_all_layers_dead():
    silent = linear(8, bias=lambda key, shape: np.full(shape, -1e3, np.float32))
    assert marks(chain(linear(8), silent, relu, linear(4))) == ["dead"] * 4


def test_a_value_that_is_not_finite_is_marked_where_it_begins():
    model = chain(linear(8), relu, linear(4))
    params, _ = model.init(Key(0), (16,))
    spoilt = Params({**params, "2": {**params["2"], "bias": np.full(4, np.inf, np.float32)}})
    first, second, last = explain(model, spoilt, X).rows
    assert (first.mark, second.mark, last.mark) == ("", "", "not finite: output")
    assert (last.output.not_finite, math.isnan(last.output.mean)) == (1.0, True)
    bad = LABELS.astype(np.float32)[:, None] * np.full(4, np.nan, np.float32)
    assert [row.mark for row in explain(model, params, X, bad, mse).rows] == ["not finite: gradient"] * 3


def test_a_loss_without_gradient_marks_no_layer():
    model = chain(linear(8), relu, linear(4))
    params, _ = model.init(Key(0), (16,))
    assert {row.mark for row in explain(model, params, X, model.apply(params, X), mse).rows} == {""}


def test_numbers_are_those_of_numpy_and_do_not_overflow():
    values = np.array([1.0, -2.0, 0.0, 5.0])
    expected = (1.0, np.std(values), np.sqrt(7.5), 5.0, 0.25, 0.0)
    assert attrs.astuple(Numbers.of(values)) == pytest.approx(expected, rel=1e-15)
    huge = Numbers.of(np.array([1e308, -1e308]))
    assert (huge.std, huge.rms, huge.largest) == (1e308, 1e308, 1e308)
    assert Numbers.of(np.zeros(2)) == Numbers(0.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def test_it_is_a_pure_function_of_its_arguments():
    model = chain(flatten(), linear(4))
    params, x = model.init(Key(0), (4, 4))[0], X.reshape(64, 4, 4).copy()
    before = x.tobytes()
    assert repr(explain(model, params, x)) == repr(explain(model, params, x))
    assert explain(model, params, x) != explain(model, params, x, key=Key(1))
    assert x.tobytes() == before


def test_arrays_of_another_library_are_explained_too():
    model = chain(linear(8), relu, linear(4))
    params, _ = model.init(Key(0), (16,))
    theirs = explain(model, tree.map(jax.numpy.asarray, params), jax.numpy.asarray(X))
    for row, other in zip(explain(model, params, X).rows, theirs.rows, strict=True):
        assert row.output.std == pytest.approx(other.output.std, rel=1e-5)
        assert row.gradient.std == pytest.approx(other.gradient.std, rel=1e-5)


def test_a_wrong_call_is_refused():
    model = chain(encoder=chain(linear(8)))
    params, _ = model.init(Key(0), (16,))
    with pytest.raises(ValueError, match="a loss needs its target"):
        explain(model, params, X, loss=mse)
    with pytest.raises(ValueError, match="a loss needs its target"):
        explain(model, params, X, LABELS)
    with pytest.raises(ValueError, match="give some examples"):
        explain(model, params, X[:0])
    with pytest.raises(LayerError, match=r"linear\(8\) in chain\['encoder'\]\['0'\]: x has 15 features"):
        explain(model, params, X[:, :15])
