"""Which rules treat each number by itself: only their parameters may stay apart in a compiled fold."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn.interop.jax.elements import by_element, joined, split
from fnn.optimizers.optimizer import no_memory
from fnn.tree import Params
from tests.support.optimizers import OPTIMIZERS

ALONE = Params({"a": {"weights": np.arange(6.0).reshape(2, 3), "bias": np.ones(3)}, "b": np.full(1, 2.0)})
TWO = Params({"a": np.arange(6.0).reshape(2, 3), "b": np.ones((2, 1))}, lead=(2,))
LOOKS_AT_ALL = {"clip_by_global_norm", "chain_updates", "only", "only, in a chain"}  # the norm of all, or names


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_rules_of_the_library(name):
    optimizer = OPTIMIZERS[name].optimizer
    assert by_element(optimizer, optimizer.init(ALONE)) == (name not in LOOKS_AT_ALL)


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name not in LOOKS_AT_ALL])
def test_such_a_rule_moves_each_part_of_a_vector_as_it_moves_the_whole(name):
    optimizer = OPTIMIZERS[name].optimizer
    state = optimizer.init(ALONE)
    g = 10 * np.cos(state.vector)
    (_, whole), half = optimizer.direct(state.memory, g, state.vector, 3), slice(4)
    of_half = jax.tree.map(lambda array: array[half], state.memory)
    np.testing.assert_array_equal(optimizer.direct(of_half, g[half], state.vector[half], 3)[1], whole[half])


OWN = {  # name: (direction of the gradient and the step, whether each number is treated by itself)
    "a power of each": (lambda g, step: g**3, True),
    "a number made of the step": (lambda g, step: g * jnp.cos(1.0 * step), True),
    "inside another function": (lambda g, step: jnp.where(g > 0, g, 0.0), True),
    "the mean": (lambda g, step: g - jnp.mean(g), False),
    "the order": (lambda g, step: g[::-1], False),
    "sums so far": (lambda g, step: jnp.cumsum(g), False),
    "a constant for each": (lambda g, step: g * np.arange(10.0), False),
    "a place for each": (lambda g, step: g * jnp.arange(g.size), False),
    "how many there are": (lambda g, step: g / g.size, False),
    "how many there are, as a number of Python": (lambda g, step: g / len(g), False),
    "whether there are many": (lambda g, step: g if g.size > 7 else 2 * g, False),
    "a constant for each, inside another function": (lambda g, step: jax.jit(lambda g: g * np.arange(10.0))(g), False),
    "the mean, inside another function": (lambda g, step: jax.jit(lambda g: g / jnp.mean(g))(g), False),
}


@pytest.mark.parametrize(("direction", "expected"), OWN.values(), ids=OWN)
def test_rules_of_ones_own(direction, expected):
    optimizer = fnn.Optimizer(no_memory, lambda memory, g, theta, step: (memory, direction(g, step)))
    assert by_element(optimizer, optimizer.init(ALONE)) == expected


def test_no_parameters_are_not_kept_apart():
    optimizer = fnn.sgd(0.1)
    assert not by_element(optimizer, optimizer.init({}))


def test_a_memory_of_another_shape_is_of_the_whole_vector():
    optimizer = fnn.Optimizer(lambda theta, layout: (theta[:1],), lambda memory, g, theta, step: (memory, g))
    assert not by_element(optimizer, optimizer.init(ALONE))


def test_a_rate_for_each_network_is_a_number_for_each():
    optimizer = fnn.sgd(np.array([0.1, 0.2]))
    assert by_element(optimizer, optimizer.init(TWO))


@pytest.mark.parametrize("params", [ALONE, TWO], ids=["one network", "two networks"])
def test_states_apart_are_joined_to_the_same_state(params):
    state = fnn.adam(0.1).init(params)
    parts = split(state)
    assert [fnn.tree.leaves(part.params)[0].shape for part in parts] == [x.shape for x in fnn.tree.leaves(params)]
    for a, b in zip(jax.tree.leaves(joined(parts, state.layout)), jax.tree.leaves(state), strict=True):
        np.testing.assert_array_equal(a, b)
