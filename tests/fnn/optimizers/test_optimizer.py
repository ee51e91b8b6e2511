"""Optimizers as values: states that are never changed, rules that compose as a monoid, and networks side by side."""

import pickle
from functools import reduce

import array_api_strict
import attrs
import numpy as np
import pytest

from fnn import cosine, tree
from fnn.optimizers import (
    adagrad,
    adam,
    adamw,
    clip_by_global_norm,
    clip_by_value,
    momentum,
    rmsprop,
    sgd,
    weight_decay,
)
from fnn.optimizers.optimizer import chain_updates
from fnn.tree import Params, TreeError

RNG = np.random.default_rng(0)
START = Params({"weights": RNG.standard_normal((3, 2)), "bias": RNG.standard_normal(2)})
RATED = [sgd, momentum, rmsprop, adagrad, adam, adamw]
RULES = [
    *(make(0.1) for make in RATED),
    momentum(0.1, nesterov=True),
    adam(cosine(0.1, 10)),
    chain_updates(clip_by_global_norm(0.5), clip_by_value(0.3), momentum(0.1), weight_decay(0.01)),
    chain_updates(),
]
rules = pytest.mark.parametrize("optimizer", RULES, ids=str)


def gradient(params):
    """Of the sum of x⁴/4 + x²/2 - x."""
    return tree.map(lambda x: x * x * x + x - 1, params)


def train(optimizer, params=START, steps=5):
    """The state after some steps."""
    start = optimizer.init(params)
    return reduce(lambda state, _: optimizer.update(state, gradient(state.params)), range(steps), start)


def arrays(part):
    """The arrays in a state's memory."""
    return [array for each in part for array in arrays(each)] if isinstance(part, tuple) else [part]


# ---- chain_updates is a monoid


PARTS = clip_by_global_norm(0.5), momentum(0.1), weight_decay(0.01)


def test_chaining_is_associative():
    a, b, c = PARTS
    ways = [chain_updates(a, b, c), chain_updates(chain_updates(a, b), c), chain_updates(a, chain_updates(b, c))]
    assert len({train(way).vector.tobytes() for way in ways}) == 1


@rules
def test_the_empty_chain_is_the_identity(optimizer):
    ways = optimizer, chain_updates(optimizer), chain_updates(chain_updates(), optimizer, chain_updates())
    assert len({train(way).vector.tobytes() for way in ways}) == 1


def test_the_order_of_a_chain_matters():
    a, b, _ = PARTS
    assert train(chain_updates(a, b)).params != train(chain_updates(b, a)).params


def test_only_optimizers_chain():
    with pytest.raises(TypeError, match="expected optimizers, got function; call it to make one"):
        chain_updates(sgd(0.1), adam)


# ---- states are values


@rules
def test_an_update_changes_nothing_but_its_result(optimizer):
    state, grads = train(optimizer), {name: np.ones_like(leaf) for name, leaf in START.items()}
    before, grads_before = pickle.loads(pickle.dumps(state)), Params(grads)
    once, again = optimizer.update(state, grads), optimizer.update(state, grads)
    assert once == again
    assert state == before
    assert Params(grads) == grads_before
    assert (once.step, once == state) == (state.step + 1, False)


@rules
def test_a_states_arrays_are_read_only(optimizer):
    state = train(optimizer)
    held = [state.vector, *tree.leaves(state.params), *arrays(state.memory)]
    assert not any(array.flags.writeable for array in held)
    with pytest.raises(ValueError, match="read-only"):
        state.vector[0] = 1


@rules
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
def test_dtypes_stay(optimizer, dtype):
    state = optimizer.init(tree.cast(START, dtype))
    for _ in range(3):
        state = optimizer.update(state, gradient(START))  # in float64
    assert state.vector.dtype == dtype
    assert {array.dtype for array in (*tree.leaves(state.params), *arrays(state.memory))} == {np.dtype(dtype)}


def test_the_repr_of_a_state_shows_step_and_loss():
    state = train(sgd(0.1), steps=2)
    assert repr(state) == "State(step=2, loss=array(nan), rule='sgd')"
    assert repr(chain_updates(sgd(0.1), adamw())) == "chain_updates(sgd(0.1), adamw(0.001))"


def test_equal_states_have_equal_hashes():
    assert len({train(adam(0.1)), train(adam(0.1)), train(adam(0.2))}) == 2


def test_a_model_without_parameters_trains_to_itself():
    params = Params({"0": {}})
    for optimizer in RULES:
        assert optimizer.update(optimizer.init(params), {"0": {}}).params == params


@pytest.mark.parametrize(
    ("grads", "words"),
    [
        ({"weights": START["weights"]}, r"missing \['bias'\]"),
        ({"weights": np.zeros((2, 3)), "bias": 0}, r"\['weights'\]"),
    ],
    ids=["a missing leaf", "another shape"],
)
def test_gradients_of_another_model_are_refused(grads, words):
    with pytest.raises(TreeError, match=words):
        sgd(0.1).update(sgd(0.1).init(START), grads)


# ---- ensembles


MEMBERS = [tree.map(lambda leaf, i=i: leaf * (1 + i), START) for i in range(3)]


@rules
def test_each_network_of_an_ensemble_trains_as_if_alone(optimizer):
    together = train(optimizer, tree.stack(MEMBERS)).params
    for i, params in enumerate(MEMBERS):
        for leaf, expected in zip(
            tree.leaves(tree.member(together, i)), tree.leaves(train(optimizer, params).params), strict=True
        ):
            np.testing.assert_allclose(leaf, expected, rtol=1e-13)


@pytest.mark.parametrize("make", RATED, ids=lambda make: make.__name__)
def test_an_array_of_rates_gives_each_network_its_own(make):
    rates = [0.0, 0.01, 0.02]
    together = train(make(np.array(rates)), tree.stack(MEMBERS)).params
    for i, rate in enumerate(rates):
        assert tree.member(together, i) == train(make(rate), MEMBERS[i]).params


def test_clipping_by_norm_is_each_networks_own():
    params = tree.stack([START] * 3)
    grads = tree.stack([tree.map(lambda leaf, i=i: np.full_like(leaf, 10.0**i), START) for i in range(3)])
    clip = clip_by_global_norm(5.0)
    steps = clip.init(params).vector - clip.update(clip.init(params), grads).vector
    np.testing.assert_allclose(np.linalg.norm(steps, axis=-1), [np.sqrt(8), 5, 5], rtol=1e-12)


def test_an_array_of_rates_keeps_float32():
    state = sgd(np.array([0.1, 0.2, 0.3])).init(tree.cast(tree.stack(MEMBERS), np.float32))
    assert sgd(np.array([0.1, 0.2, 0.3])).update(state, state.params).vector.dtype == np.float32


# ---- other array libraries


def test_arrays_of_another_library_stay_its_own():
    params = {name: array_api_strict.asarray(np.array(leaf)) for name, leaf in START.items()}
    state = train(adam(0.1), params)
    assert isinstance(state.vector, type(params["bias"]))
    np.testing.assert_allclose(np.asarray(state.vector), train(adam(0.1)).vector, rtol=1e-14)


@pytest.mark.parametrize("params", [START, tree.stack(MEMBERS)], ids=["one", "three"])
def test_there_is_a_rate_for_each_network(params):
    optimizer = sgd(np.array([0.1, 0.2]))
    with pytest.raises(ValueError, match=r"holds \(2,\) rates"):
        optimizer.update(optimizer.init(params), params)


@pytest.mark.parametrize("rate", [lambda step: 0.1 / np.sqrt(step + 1), cosine(0.1, 10)], ids=["NumPy's", "ours"])
def test_a_schedule_keeps_float32_whatever_number_it_gives_or_gets(rate):
    optimizer = sgd(rate)
    state = attrs.evolve(optimizer.init(tree.cast(START, np.float32)), step=np.int64(3))
    assert optimizer.update(state, START).vector.dtype == np.float32
