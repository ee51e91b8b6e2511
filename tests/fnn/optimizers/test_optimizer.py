"""Optimizers as values: states that are never changed, rules that compose as a monoid, and networks side by side."""

import copy
import pickle
from functools import reduce

import array_api_strict
import attrs
import jax.numpy as jnp
import numpy as np
import pytest

from fnn import Key, chain, cosine, linear, mse, train_step, tree
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
from tests.support.table import OPTIMIZERS, each

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


COPIES = {"pickle": lambda state: pickle.loads(pickle.dumps(state)), "copy": copy.copy, "deepcopy": copy.deepcopy}


@rules
@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copied_state_is_equal_and_read_only(optimizer, copied):
    state = optimizer.update(train(optimizer, tree.stack(MEMBERS)), tree.stack(MEMBERS), np.arange(3.0))
    again = copied(state)
    assert again == state
    assert hash(again) == hash(state)
    assert not any(array.flags.writeable for array in (again.vector, again.loss, *arrays(again.memory)))
    assert optimizer.update(again, tree.stack(MEMBERS)) == optimizer.update(state, tree.stack(MEMBERS))


@rules
def test_gradients_in_another_order_meet_their_parameters_by_name(optimizer):
    state = train(optimizer)
    grads = gradient(state.params)
    other = {name: grads[name] for name in reversed(list(grads))}
    assert list(other) != list(grads)
    assert optimizer.update(state, other) == optimizer.update(state, grads)


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


# ---- rates that a schedule gives

SINGLE = tree.cast(START, np.float32)
GIVEN = {
    "Python's": lambda rate: rate,
    "a NumPy scalar": np.float64,
    "a float32 scalar": np.float32,
    "a 0-d array": np.asarray,
    "where": lambda rate: np.where(rate > 0, rate, 1.0),
    "JAX's": jnp.asarray,
    "array-api-strict's": array_api_strict.asarray,
}


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
@pytest.mark.parametrize("make", RATED, ids=lambda make: make.__name__)
def test_whatever_number_a_schedule_gives_the_state_stays_float32_and_numpys(make, given):
    state, expected = train(make(lambda step: given(0.1)), SINGLE), train(make(0.1), SINGLE)
    assert {type(array) for array in (state.vector, *arrays(state.memory))} == {np.ndarray}
    assert {array.dtype for array in (state.vector, *arrays(state.memory))} == {np.dtype(np.float32)}
    np.testing.assert_allclose(state.vector, expected.vector, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("rate", [1, np.int64(1), np.array(1), 0])
def test_a_schedule_may_give_whole_numbers(rate):
    assert train(sgd(lambda step: rate), SINGLE).vector.dtype == np.float32


@pytest.mark.parametrize("rate", [lambda step: 0.1 / np.sqrt(step + 1), cosine(0.1, 10)], ids=["NumPy's", "ours"])
def test_a_schedule_keeps_float32_whatever_step_it_gets(rate):
    optimizer = sgd(rate)
    state = attrs.evolve(optimizer.init(SINGLE), step=np.int64(3))
    assert optimizer.update(state, START).vector.dtype == np.float32


@pytest.mark.parametrize("make", RATED, ids=lambda make: make.__name__)
def test_a_schedule_may_give_each_network_its_own_rate(make):
    rates, members = np.array([0.0, 0.01, 0.02]), tree.stack(MEMBERS)
    assert train(make(lambda step: rates), members).params == train(make(rates), members).params


# ---- the loss in the state


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("loss", [3, 3.0, np.float32(3), np.float64(3), np.array(3.0), jnp.asarray(3.0)], ids=repr)
def test_the_loss_has_the_parameters_dtype(loss, dtype):
    state = sgd(0.1).init(tree.cast(START, dtype))
    kept = sgd(0.1).update(state, START, loss).loss
    assert isinstance(kept, (np.ndarray, np.generic))
    assert (kept.dtype, kept.shape, kept) == (state.loss.dtype, (), 3)


def test_the_losses_of_an_ensemble_have_the_parameters_dtype():
    state = sgd(0.1).init(tree.cast(tree.stack(MEMBERS), np.float32))
    kept = sgd(0.1).update(state, state.params, np.arange(3.0)).loss
    assert (kept.dtype, kept.tolist()) == (np.float32, [0, 1, 2])


@pytest.mark.parametrize("wide", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
def test_data_of_another_dtype_does_not_change_the_states(wide):
    model, optimizer = chain(linear(2)), adam()
    start = optimizer.init(model.init(Key(0), (3,))[0])
    state = train_step(model, mse, optimizer)(start, (np.ones((4, 3), wide), np.ones((4, 2), wide)))
    assert (state.vector.dtype, state.loss.dtype) == (start.vector.dtype, start.loss.dtype) == (np.float32, np.float32)


# ---- a strict error state


@each(OPTIMIZERS, "optimizer")
@pytest.mark.parametrize("size", [1e-42, 1e-30, 1.0, 1e17, 1e30])
def test_an_update_ignores_the_error_state(optimizer, size):
    state = optimizer.init(tree.cast(START, np.float32))
    grads = tree.map(lambda leaf: size * leaf, START)  # in float64: the cast may underflow too

    def updated():
        return optimizer.update(state, grads, np.float64(1e-60), finite=False)

    expected = updated()
    with np.errstate(all="raise"):
        assert updated() == expected
