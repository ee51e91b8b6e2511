"""What training does not use is not computed: the gradient with respect to a network's input."""

import attrs
import numpy as np

from fnn import Key, chain, cross_entropy, linear, relu, sgd, train_step, value_and_grad

X, LABELS = np.ones((4, 5), np.float32), np.arange(4) % 3


def watched(layer, asked):
    """The same layer, writing down whether its pullback is asked for dx."""

    def vjp(params, x, key=None):
        y, back = layer.vjp(params, x, key)

        def watching(dy, need_dx=True):
            asked.append(need_dx)
            return back(dy, need_dx)

        return y, watching

    return attrs.evolve(layer, vjp=vjp)


def test_training_asks_the_first_layer_for_no_dx():
    asked = []
    model = chain(watched(linear(4), asked), relu, watched(linear(3), asked))
    params = model.init(Key(0), (5,))[0]
    value_and_grad(model, cross_entropy)(params, (X, LABELS))
    assert asked == [True, False]  # the last layer comes first
    train_step(model, cross_entropy, sgd(0.1))(sgd(0.1).init(params), (X, LABELS))
    assert asked == [True, False] * 2


def test_a_single_layer_is_its_own_first():
    asked = []
    model = watched(linear(3), asked)
    value_and_grad(model, cross_entropy)(model.init(Key(0), (5,))[0], (X, LABELS))
    assert asked == [False]


def test_linear_leaves_out_what_is_not_needed():
    y, back = linear(3).vjp(linear(3).init(Key(0), (5,))[0], X)
    assert back(y, need_dx=False)[1] is None
    assert back(y)[1].shape == X.shape
