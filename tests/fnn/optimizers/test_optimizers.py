"""Update rules: they equal PyTorch's, they change a direction as documented, and they refuse wrong settings.

The problem and the command that made PyTorch's figures are in tests/support/reference/optimizers.py.
"""

import json
from functools import reduce
from pathlib import Path

import numpy as np
import optax
import pytest

from fnn import Key, Params, chain, chain_updates, cosine, ensemble, linear, relu, step_decay, tree
from fnn.optimizers import (
    adagrad,
    adam,
    adamw,
    clip_by_global_norm,
    clip_by_value,
    lion,
    momentum,
    rmsprop,
    sgd,
    weight_decay,
)
from tests.support.optimizers import OPTIMIZERS
from tests.support.reference import optimizers as problem

FIGURES = json.loads(Path(problem.__file__).with_suffix(".json").read_text(encoding="utf-8"))
IN_TORCH = [name for name, row in OPTIMIZERS.items() if row.torch]
START = Params({name: np.array(leaf) for name, leaf in problem.START.items()})
X, TARGET = np.array(problem.X), np.array(problem.TARGET)


def gradient(params):
    return problem.gradient(params, X, TARGET)


def train(optimizer, steps):
    """The state after some steps on the problem."""
    start = optimizer.init(START)
    return reduce(lambda state, _: optimizer.update(state, gradient(state.params)), range(steps), start)


# ---- the rules


@pytest.mark.parametrize("name", IN_TORCH)
def test_a_hundred_steps_equal_pytorchs(name):
    params = train(OPTIMIZERS[name].optimizer, problem.STEPS).params
    for leaf, figure in FIGURES[name].items():
        np.testing.assert_allclose(params[leaf], figure, rtol=1e-12, atol=1e-12)


def test_every_row_with_a_name_in_pytorch_has_its_figures():
    assert list(FIGURES) == IN_TORCH, "make the figures as tests/support/reference/optimizers.py says"


def test_the_first_step_of_adam_has_the_length_of_its_rate():
    step = tree.map(np.subtract, START, train(adam(0.02), 1).params)
    np.testing.assert_allclose(step["weights"], 0.02 * np.sign(gradient(START)["weights"]), rtol=1e-6)


def test_a_schedule_is_read_at_the_number_of_updates_made():
    state = sgd(step_decay(1.0, 0.5, every=2)).init(START)
    ones = tree.map(np.ones_like, START)
    lengths = []
    for _ in range(5):
        after = sgd(step_decay(1.0, 0.5, every=2)).update(state, ones)
        lengths.append(float(state.vector[0] - after.vector[0]))
        state = after
    assert lengths == pytest.approx([1, 1, 0.5, 0.5, 0.25])


def test_lion_equals_optaxs():
    theirs = optax.lion(0.01, weight_decay=0.0)
    params, state = dict(START), theirs.init(dict(START))
    for _ in range(100):
        updates, state = theirs.update(gradient(params), state, params)
        params = optax.apply_updates(params, updates)
    for name, leaf in train(lion(0.01), 100).params.items():
        np.testing.assert_allclose(leaf, params[name], rtol=1e-12)


def test_amsgrad_divides_by_the_greatest_mean_square_so_far():
    settings = {"b1": 0.0, "b2": 0.5, "eps": 1e-30, "amsgrad": True}
    state = adam(1.0, **settings).init({"w": np.zeros(1)})
    lengths = []
    for g in (8.0, 1.0, 1.0):  # v is 64, then 32.5, then 16.75, all times 1 - b2
        after = adam(1.0, **settings).update(state, {"w": np.array([g])})
        lengths.append(float(state.vector[0] - after.vector[0]))
        state = after
    assert lengths == pytest.approx([1.0, (0.75 / 32) ** 0.5, (0.875 / 32) ** 0.5])
    assert (adam(amsgrad=True).rule, adam().rule) == ("amsgrad", "adam")  # their memories differ


# ---- directions


def direction(optimizer, grads, params=None):
    """What one update subtracts from parameters, zeros unless given."""
    params = tree.map(np.zeros_like, grads) if params is None else params
    return tree.map(np.subtract, params, optimizer.update(optimizer.init(params), grads).params)


GRADS = Params({"weights": np.array([[3.0, 0.0]]), "bias": np.array([-4.0])})


@pytest.mark.parametrize(("limit", "factor"), [(2.5, 0.5), (5.0, 1.0), (10.0, 1.0)])
def test_clipping_by_norm_shortens_longer_directions(limit, factor):
    assert direction(clip_by_global_norm(limit), GRADS) == tree.map(lambda g: factor * g, GRADS)


def test_a_zero_gradient_stays_zero():
    nothing = tree.map(np.zeros_like, GRADS)
    assert direction(clip_by_global_norm(1.0), nothing) == nothing


@pytest.mark.parametrize("end", ["max", "tiny"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
def test_clipping_by_norm_is_right_if_the_square_of_the_length_is_not_a_float(dtype, end):
    size = dtype(8 * np.finfo(dtype).tiny if end == "tiny" else np.finfo(dtype).max / 8)
    grads = tree.map(lambda g: size * g.astype(dtype), GRADS)
    clipped = direction(clip_by_global_norm(float(size)), grads)
    np.testing.assert_allclose(clipped["weights"] / size, [[0.6, 0.0]], rtol=1e-6)
    np.testing.assert_allclose(clipped["bias"] / size, [-0.8], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
def test_clipping_by_norm_is_right_where_limit_and_norm_are_far_apart(dtype):
    info = np.finfo(dtype)
    for limit in (float(info.tiny), 1e-30, 1e-6, 1.0, 1e6, float(info.max) / 16):
        for size in (info.tiny * 16, 1e-20, 1.0, 1e20, info.max / 16):
            grads = tree.map(lambda g, size=size: dtype(size) * g.astype(dtype), GRADS)
            clipped = direction(clip_by_global_norm(limit), grads)
            length = min(limit, 5 * float(size))
            np.testing.assert_allclose(clipped["weights"] / dtype(length), [[0.6, 0]], rtol=4 * info.eps)
            np.testing.assert_allclose(clipped["bias"] / dtype(length), [-0.8], rtol=4 * info.eps)


@pytest.mark.parametrize("limit", [0.7, 1e3, 1e30])
def test_clipping_by_norm_leaves_every_bit_of_shorter_directions(limit):
    g = np.array([0.1, -0.3, 1e-10, 1e-37, 1e-44, 0.0, 0.6], np.float32)
    assert direction(clip_by_global_norm(limit), {"w": g})["w"].tobytes() == (0 - (0 - g)).tobytes()


def test_clipping_by_value_bounds_each_element():
    clipped = direction(clip_by_value(3.5), GRADS)
    assert clipped == Params({"weights": np.array([[3.0, 0.0]]), "bias": np.array([-3.5])})


def test_decay_in_front_is_coupled_and_behind_decoupled():
    params = Params({"weights": np.array([[2.0, -1.0]]), "bias": np.array([1.0])})
    front = direction(chain_updates(weight_decay(0.1), sgd(0.5)), GRADS, params)
    behind = direction(chain_updates(sgd(0.5), weight_decay(0.1)), GRADS, params)
    np.testing.assert_allclose(front["weights"], 0.5 * (GRADS["weights"] + 0.1 * params["weights"]))
    np.testing.assert_allclose(behind["weights"], 0.5 * GRADS["weights"] + 0.1 * params["weights"])
    assert front["bias"] == behind["bias"] == 0.5 * GRADS["bias"]


@pytest.mark.parametrize("networks", [None, 3], ids=["one", "ensemble"])
def test_decay_leaves_biases_alone_unless_asked_to(networks):
    model = chain(linear(4), relu, linear(2))
    params, _ = (model if networks is None else ensemble(model, networks)).init(Key(0), (5,))
    params = tree.map(np.ones_like, params)
    nothing = tree.map(np.zeros_like, params)
    for path, leaf in tree.items(direction(weight_decay(0.5), nothing, params)):
        assert (leaf == (0.5 if path[-1] == "weights" else 0)).all()
    everywhere = direction(weight_decay(0.5, matrices_only=False), nothing, params)
    assert all((leaf == 0.5).all() for leaf in tree.leaves(everywhere))


# ---- names


NAMES = {
    "sgd(cosine(0.1, 20))": sgd(cosine(0.1, 20)),
    "momentum(0.1, mu=0.5, nesterov=True)": momentum(0.1, 0.5, nesterov=True),
    "rmsprop(0.01, decay=0.9)": rmsprop(decay=0.9),
    "adagrad(0.01, eps=1e-06)": adagrad(eps=1e-6),
    "adam(0.001)": adam(b2=0.999),
    "adam(0.001, b1=0, eps=1e-06)": adam(b1=0, eps=1e-6),
    "adam(0.001, amsgrad=True)": adam(amsgrad=True),
    "lion(0.0001, b2=0.9)": lion(b2=0.9),
    "adamw(0.001, b2=0.99, decay=0.1, matrices_only=False)": adamw(b2=0.99, decay=0.1, matrices_only=False),
    "weight_decay(0.1, matrices_only=False)": weight_decay(0.1, matrices_only=False),
    "chain_updates(clip_by_global_norm(1), clip_by_value(2))": chain_updates(clip_by_global_norm(1), clip_by_value(2)),
}


@pytest.mark.parametrize(("name", "optimizer"), NAMES.items(), ids=NAMES)
def test_the_repr_shows_every_setting_that_is_not_its_default(name, optimizer):
    assert repr(optimizer) == name
    assert repr(eval(name)) == name


# ---- settings out of range


BAD = [-0.1, np.nan, np.inf, True, "0.1", None]
SETTINGS = {
    **{f"{make.__name__}(lr)": (make, BAD) for make in (sgd, momentum, rmsprop, adagrad, adam, adamw, lion)},
    "momentum(mu)": (lambda mu: momentum(0.1, mu), [*BAD, 1, 1.5]),
    "rmsprop(decay)": (lambda decay: rmsprop(0.1, decay), [*BAD, 1]),
    "rmsprop(eps)": (lambda eps: rmsprop(0.1, eps=eps), [*BAD, 0]),
    "adagrad(eps)": (lambda eps: adagrad(0.1, eps=eps), [*BAD, 0]),
    "adam(b1)": (lambda b1: adam(0.1, b1), [*BAD, 1]),
    "adam(b2)": (lambda b2: adam(0.1, 0.9, b2), [*BAD, 1]),
    "adam(eps)": (lambda eps: adam(0.1, eps=eps), [*BAD, 0]),
    "lion(b1)": (lambda b1: lion(0.1, b1), [*BAD, 1]),
    "lion(b2)": (lambda b2: lion(0.1, 0.9, b2), [*BAD, 1]),
    "weight_decay(decay)": (weight_decay, BAD),
    "clip_by_global_norm(limit)": (clip_by_global_norm, [*BAD, 0]),
    "clip_by_value(limit)": (clip_by_value, [*BAD, 0]),
}
CALLS = [(what, make, value) for what, (make, values) in SETTINGS.items() for value in values]


@pytest.mark.parametrize(("what", "make", "value"), CALLS, ids=[f"{what}={value!r}" for what, _, value in CALLS])
def test_settings_out_of_range_raise_when_built(what, make, value):
    with pytest.raises(ValueError, match=rf"{what.partition('(')[2][:-1]}\) must be a number in"):
        make(value)


@pytest.mark.parametrize(
    "rates",
    [np.array([]), np.array([0.1, -0.1]), np.array([np.nan]), np.array([1, 2])],
    ids=["none", "<0", "nan", "int"],
)
def test_an_array_of_rates_is_checked(rates):
    with pytest.raises(ValueError, match="must hold finite rates of at least 0"):
        sgd(np.array(rates))
