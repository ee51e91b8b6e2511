"""A training that diverges, or data that is not finite, raises an error that names the step and the place."""

import pickle
from functools import reduce

import numpy as np
import pytest

import fnn
from fnn import DivergedError, Key
from fnn.optimizers.diverged import all_finite

MODEL = fnn.chain(fnn.linear(8), fnn.relu, fnn.linear(1))
X = np.random.default_rng(0).random((32, 4), dtype=np.float32)
Y = X @ np.ones((4, 1), np.float32)


def start(optimizer, model=MODEL):
    return optimizer.init(model.init(Key(0), (4,))[0])


def step_by_step(step, state, n=100):
    return reduce(step, [(X, Y)] * n, state)


@pytest.mark.parametrize(
    "optimizer",
    [fnn.sgd(1e3), fnn.momentum(1e2), fnn.adam(1e30), fnn.rmsprop(1e25), fnn.adagrad(1e25)],
    ids=lambda optimizer: optimizer.name,
)
def test_a_training_that_diverges_ends_at_that_step_with_the_last_good_state(optimizer):
    step, state = fnn.train_step(MODEL, fnn.mse, optimizer), start(optimizer)
    with pytest.raises(DivergedError, match=r"step \d+: the loss is .*; try a smaller rate") as caught:
        step_by_step(step, state, 100)
    error = caught.value
    assert error.state == step_by_step(step, state, error.step)
    assert error.step == error.state.step
    assert np.isfinite(error.state.vector).all()


def test_the_first_bad_leaf_is_named():
    step, state = fnn.train_step(MODEL, fnn.mse, fnn.sgd(0.1)), start(fnn.sgd(0.1))
    bad = np.where(np.arange(32)[:, None] == 3, np.float32(np.nan), X)
    with pytest.raises(
        DivergedError, match=r"step 0: the loss is nan, because array 0 of the batch holds nan at \[3, 0\]"
    ) as error:
        step(state, (bad, Y))
    assert error.value.path == ("0", "weights")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("path", [("0", "weights"), ("0", "bias"), ("2", "weights"), ("2", "bias")])
def test_update_refuses_a_gradient_that_is_not_finite_anywhere(path, value):
    optimizer = fnn.chain_updates(fnn.clip_by_value(1.0), fnn.sgd(0.1))
    state = start(optimizer)
    layer, name = path
    zeros = fnn.tree.map(np.zeros_like, dict(state.params))
    zeros[layer][name].flat[-1] = value
    with pytest.raises(DivergedError, match="1 of") as error:
        optimizer.update(state, zeros)
    assert error.value.path == path


def test_a_step_to_parameters_that_are_not_finite_names_them():
    optimizer = fnn.sgd(1e38)
    state = start(optimizer)
    with pytest.raises(DivergedError, match="of the new parameters at") as error:
        optimizer.update(state, fnn.tree.map(lambda leaf: np.full_like(leaf, 100), state.params))
    assert error.value.path == ("0", "weights")


def test_large_numbers_whose_product_overflows_do_not_count_as_divergence():
    optimizer = fnn.sgd(0.0)
    params = fnn.tree.map(lambda leaf: np.full_like(leaf, 1e30), MODEL.init(Key(0), (4,))[0])
    state = optimizer.init(params)
    assert optimizer.update(state, params).step == 1


def test_with_finite_false_the_other_networks_of_an_ensemble_train_on():
    model, rates = fnn.ensemble(MODEL, 2), np.array([0.01, 1e3])
    optimizer = fnn.sgd(rates)
    with pytest.raises(DivergedError):
        step_by_step(fnn.train_step(model, fnn.mse, optimizer), start(optimizer, model))
    end = step_by_step(fnn.train_step(model, fnn.mse, optimizer, finite=False), start(optimizer, model))
    assert np.isfinite(end.loss).tolist() == [True, False]


def test_the_error_and_its_fields_survive_pickling():
    state = start(fnn.sgd(0.1))
    error = DivergedError("step 3: the loss is nan", 3, np.float32(np.nan), ("0", "bias"), state)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.step, again.path, again.state) == (str(error), 3, ("0", "bias"), state)


def test_inference_accepts_data_that_is_not_finite():
    params, _ = MODEL.init(Key(0), (4,))
    x = np.where(np.arange(32)[:, None] == 3, np.float32(np.nan), X)
    assert np.isnan(fnn.predict(MODEL, params, x)[:, 0]).nonzero()[0].tolist() == [3]


@pytest.mark.parametrize("optimizer", [fnn.adam(), fnn.rmsprop(), fnn.adagrad(), fnn.adamw()], ids=repr)
def test_a_moment_that_overflows_raises_instead_of_stopping_its_parameter(optimizer):
    state = start(optimizer)
    huge = fnn.tree.map(lambda leaf: np.full_like(leaf, 1e20), state.params)
    with pytest.raises(DivergedError, match="a moment of the optimizer is too large for a float"):
        optimizer.update(state, huge)


def one(value):
    """A tree of one float32 parameter."""
    return {"w": np.full(1, value, np.float32)}


SLOW = {  # moments that overflow after some steps, under gradients whose squares do not: (optimizer, gradient, steps)
    "adam": (fnn.adam(), 1.8e19, 3),
    "adamw": (fnn.adamw(), 1.8e19, 3),
    "adagrad": (fnn.adagrad(), 1.8e19, 3),
    "in a chain": (fnn.chain_updates(fnn.clip_by_value(1.8e19), fnn.weight_decay(0.1), fnn.adam()), 1e30, 3),
    "adam, a long memory": (fnn.adam(b2=0.9999), 6e17, 2000),
    "adagrad, a long memory": (fnn.adagrad(), 6e17, 2000),
}


@pytest.mark.parametrize(("optimizer", "gradient", "steps"), SLOW.values(), ids=SLOW)
def test_a_moment_that_overflows_slowly_raises_too(optimizer, gradient, steps):
    state = optimizer.init(one(0))
    with pytest.raises(DivergedError, match=r"step \d+: a moment of the optimizer is too large for a float") as caught:
        reduce(optimizer.update, [one(gradient)] * steps, state)
    last = caught.value.state
    assert last.step == caught.value.step > 0
    assert np.isfinite(last.vector).all()
    with pytest.raises(DivergedError):
        optimizer.update(last, one(gradient))


def test_the_moment_of_one_network_of_an_ensemble_may_not_overflow():
    optimizer = fnn.adagrad()
    state = optimizer.init(fnn.tree.stack([fnn.Params(one(0))] * 2))
    gradients = {"w": np.array([[1], [1.8e19]], np.float32)}
    with pytest.raises(DivergedError, match="a moment"):
        reduce(optimizer.update, [gradients] * 3, state)


def test_memory_is_read_unless_its_growth_is_impossible():
    greatest = np.finfo(np.float32).max
    with np.errstate(over="ignore"):
        for size in (1e8, 9e8, 1.1e9, 1e12, 1e15, 5e15, 1e16, 1e19):
            g, memory = np.full(1, size, np.float32), (np.full(1, greatest) + np.full(1, size, np.float32) ** 2,)
            assert all_finite(0.0, g, g, memory) == np.isfinite(memory).all()
    assert not all_finite(np.float32(-np.inf), g * 0, g * 0)
    assert all_finite(np.float32(-1e38), g * 0, g * 0)


def test_a_large_gradient_is_accepted_if_nothing_squares_it():
    state = start(fnn.sgd(1e-20))
    assert fnn.sgd(1e-20).update(state, fnn.tree.map(lambda leaf: np.full_like(leaf, 1e20), state.params)).step == 1


def test_the_loss_of_a_state_is_its_own():
    optimizer, loss = fnn.sgd(0.1), np.array([1.0, 2.0], np.float32)
    state = start(optimizer)
    after = optimizer.update(state, fnn.tree.map(np.zeros_like, state.params), loss)
    assert loss.flags.writeable
    assert not np.shares_memory(after.loss, loss)


def test_arrays_of_other_libraries_are_not_checked():
    import jax.numpy as jnp

    import fnn.interop.jax

    optimizer = fnn.sgd(0.1)
    state = optimizer.init(fnn.tree.map(jnp.asarray, dict(start(optimizer).params)))
    step = fnn.train_step(MODEL, fnn.mse, optimizer)
    assert np.isnan(step(state, (jnp.full((4, 4), jnp.nan), jnp.zeros((4, 1)))).loss)
