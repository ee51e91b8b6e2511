"""Training never computes the gradient with respect to the input of the network."""

import attrs
import numpy as np
import pytest

from fnn import Key, chain, cross_entropy, linear, relu, sgd, train_step, value_and_grad

X, LABELS = np.ones((4, 5), np.float32), np.arange(4) % 3


def watched(layer, asked):
    """The same layer; each call of its pullback appends `need_dx` to `asked`."""

    def vjp(params, x, key=None):
        y, back = layer.vjp(params, x, key)

        def watching(dy, need_dx=True):
            asked.append(need_dx)
            return back(dy, need_dx)

        return y, watching

    return attrs.evolve(layer, vjp=vjp)


def test_training_calls_the_first_layers_pullback_without_need_dx():
    asked = []
    model = chain(watched(linear(4), asked), relu, watched(linear(3), asked))
    params = model.init(Key(0), (5,))[0]
    value_and_grad(model, cross_entropy)(params, (X, LABELS))
    assert asked == [True, False]  # the last layer comes first
    train_step(model, cross_entropy, sgd(0.1))(sgd(0.1).init(params), (X, LABELS))
    assert asked == [True, False] * 2


def test_a_model_of_one_layer_computes_no_dx():
    asked = []
    model = watched(linear(3), asked)
    value_and_grad(model, cross_entropy)(model.init(Key(0), (5,))[0], (X, LABELS))
    assert asked == [False]


def test_linear_computes_dx_only_if_needed():
    y, back = linear(3).vjp(linear(3).init(Key(0), (5,))[0], X)
    assert back(y, need_dx=False)[1] is None
    assert back(y)[1].shape == X.shape


def test_linear_does_no_work_for_a_dx_that_is_not_needed():
    class Untransposed(np.ndarray):  # dx = dy Wᵀ is the one place that transposes the weights
        @property
        def mT(self):
            raise AssertionError("the weights are transposed")

    params = dict(linear(3).init(Key(0), (5,))[0])
    y, back = linear(3).vjp({**params, "weights": params["weights"].view(Untransposed)}, X)
    assert back(y, need_dx=False)[1] is None
    with pytest.raises(AssertionError, match="transposed"):
        back(y)
