"""Which rules treat each number by itself: only their parameters may stay apart in a compiled fold."""

import jax
import numpy as np
import pytest

import fnn
from fnn.interop.jax.compiled import in_parts, joined, split
from fnn.optimizers.optimizer import no_memory
from fnn.tree import Params
from tests.support.optimizers import OPTIMIZERS

ALONE = Params({"a": {"weights": np.arange(6.0).reshape(2, 3), "bias": np.ones(3)}, "b": np.full(1, 2.0)})
TWO = Params({"a": np.arange(6.0).reshape(2, 3), "b": np.ones((2, 1))}, lead=(2,))
LOOKS_AT_ALL = {"clip_by_global_norm", "chain_updates", "only", "only, in a chain"}  # the norm of all, or names


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_rules_that_go_by_element(name):
    assert OPTIMIZERS[name].optimizer.by_element == (name not in LOOKS_AT_ALL)


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name not in LOOKS_AT_ALL])
def test_such_a_rule_moves_each_part_of_a_vector_as_it_moves_the_whole(name):
    optimizer = OPTIMIZERS[name].optimizer
    state = optimizer.init(ALONE)
    g = 10 * np.cos(state.vector)
    (memory, whole), half = optimizer.direct(state.memory, g, state.vector, 3), slice(4)
    of_half = jax.tree.map(lambda array: array[half], state.memory)
    its_memory, direction = optimizer.direct(of_half, g[half], state.vector[half], 3)
    np.testing.assert_array_equal(direction, whole[half])
    for ours, theirs in zip(jax.tree.leaves(its_memory), jax.tree.leaves(memory), strict=True):
        np.testing.assert_array_equal(ours, theirs[half])


def n_parts(optimizer, params):
    """Into how many parts a compiled fold cuts the state."""
    model = fnn.chain(a=fnn.linear(3), b=fnn.linear(1))
    return len(in_parts(fnn.train_step(model, fnn.mse, optimizer), optimizer.init(params))[0])


def own(start=no_memory, **settings):
    return fnn.Optimizer(start, lambda memory, g, theta, step: (memory, g), **settings)


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (fnn.adam(0.1), 3),
        (fnn.clip_by_global_norm(1.0), 1),
        (fnn.chain_updates(fnn.clip_by_value(1.0), fnn.adam(0.1)), 3),
        (fnn.chain_updates(fnn.clip_by_global_norm(1.0), fnn.adam(0.1)), 1),
        (own(), 1),
        (own(by_element=True), 3),
        (own(lambda theta, layout: (theta[:1],), by_element=True), 1),  # a memory of the whole vector
    ],
)
def test_only_a_rule_that_goes_by_element_is_cut(optimizer, expected):
    assert n_parts(optimizer, ALONE) == expected


def test_no_parameters_are_not_kept_apart():
    assert n_parts(fnn.sgd(0.1), {}) == 1


def test_a_rate_for_each_network_is_a_number_for_each():
    assert n_parts(fnn.sgd(np.array([0.1, 0.2])), TWO) == 2


@pytest.mark.parametrize("params", [ALONE, TWO], ids=["one network", "two networks"])
def test_states_apart_are_joined_to_the_same_state(params):
    state = fnn.adam(0.1).init(params)
    parts = split(state)
    assert [fnn.tree.leaves(part.params)[0].shape for part in parts] == [x.shape for x in fnn.tree.leaves(params)]
    for a, b in zip(jax.tree.leaves(joined(parts, state.layout)), jax.tree.leaves(state), strict=True):
        np.testing.assert_array_equal(a, b)
