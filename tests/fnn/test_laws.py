"""Every row of the table keeps every law. JAX's derivative of our own `apply` is the oracle."""

import copy
import pickle
from functools import cache, reduce
from itertools import repeat

import array_api_strict as strict
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
import fnn.interop.jax
from fnn import Key, Params, tree
from fnn.checks.probes import on_rounded
from tests.support.compiling import quick_jit
from tests.support.table import each_layer, each_loss, each_optimizer, normal


def assert_close(ours, theirs, rtol):
    """Each leaf of two trees agrees to `rtol` of its greatest element."""
    ours, theirs = jax.tree.leaves(ours), jax.tree.leaves(theirs)
    for a, b in zip(ours, theirs, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape
        assert np.max(np.abs(a - b), initial=0) <= rtol * max(1.0, np.max(np.abs(b), initial=0))


@each_layer
def test_layer_keeps_every_law(layer, shape):
    fnn.check_layer(layer, shape)


PROBES = [(0, 5), (0, 1), (0, 0), (1, 5), (2, 5)]  # the number of leading axes, and of examples


@cache
def pullbacks(layer, shape):
    """For each of `PROBES` y, dparams and dx, as (ours, JAX's); JAX compiles all at once, which takes a third less."""
    layer = on_rounded(layer)
    params = tree.cast(layer.init(Key(1), shape)[0], np.float64)
    ours, inputs = [], []
    for own_lead, batch in PROBES:
        axes = (2, *(params.lead or (3,)))  # an ensemble's own axes stand last
        lead = axes[len(axes) - own_lead :] if len(params.lead) < 2 else params.lead * (own_lead > 0)
        x = normal(1, (*lead, batch, *shape))
        y, back = layer.vjp(params, x)
        dparams, dx = back(dy := normal(2, y.shape))
        ours.append((y, Params(dparams, lead=params.lead), dx))
        inputs.append((x, dy))

    @quick_jit
    def oracle(params, inputs):
        theirs = []
        for x, dy in inputs:
            y, back = jax.vjp(layer.apply, params, x)
            theirs.append((y, *back(dy)))
        return theirs

    return dict(zip(PROBES, zip(ours, oracle(params, inputs), strict=True), strict=True))


@each_layer
@pytest.mark.parametrize(("own_lead", "batch"), PROBES)
def test_pullback_is_jax_derivative_of_apply(layer, shape, own_lead, batch):
    (y, *gradients), (expected, *expected_gradients) = pullbacks(layer, shape)[own_lead, batch]
    assert_close(y, expected, 1e-12)
    assert_close(gradients, expected_gradients, 1e-12)


@each_layer
def test_layer_uses_only_the_array_api(layer, shape):
    layer = on_rounded(layer)
    params = tree.cast(layer.init(Key(1), shape)[0], np.float64)
    x = normal(1, (5, *shape))
    y, back = layer.vjp(params, x)
    strictly = tree.map(strict.asarray, params)
    strict_y, strict_back = layer.vjp(strictly, strict.asarray(x))
    keyed, _ = layer.vjp(strictly, strict.asarray(x), Key(3))
    assert_close(np.asarray(keyed), layer.vjp(params, x, Key(3))[0], 1e-14)
    dparams, dx = strict_back(strict.asarray(np.ones_like(y)))
    assert_close(np.asarray(layer.apply(strictly, strict.asarray(x))), y, 1e-14)
    assert_close(np.asarray(strict_y), y, 1e-14)
    leaves, expected = tree.leaves(Params({"p": dparams, "x": dx})), tree.leaves(dict(zip("px", back(np.ones_like(y)))))  # noqa: B905
    assert all(isinstance(leaf, type(strict_y)) for leaf in leaves)
    assert_close([np.asarray(leaf) for leaf in leaves], expected, 1e-12)


@each_loss
@pytest.mark.parametrize("lead", [(), (3,), (2, 3)])
@pytest.mark.parametrize("batch", [5, 1])
def test_loss_pullback_is_jax_derivative_and_central_difference(loss, make_target, lead, batch):
    prediction, target = normal(1, (*lead, batch, 4)), make_target(Key(2), (*lead, batch, 4))
    value, pullback = loss(prediction, target)
    assert value.shape == lead
    dvalue = normal(3, lead) if lead else 1.7
    gradient = pullback(dvalue)
    theirs = jnp.asarray(target)

    @quick_jit
    def oracle(prediction, dvalue):
        value, jax_pullback = jax.vjp(lambda z: loss(z, theirs)[0], prediction)
        return value, jax_pullback(dvalue)[0]

    expected, gradients = oracle(prediction, dvalue)
    assert_close(value, expected, 1e-12)
    assert_close(gradient, gradients, 1e-12)

    direction, h = normal(4, prediction.shape), 1e-5
    above, below = (np.sum(dvalue * loss(prediction + s * h * direction, target)[0]) for s in (1, -1))
    assert np.isclose(np.sum(gradient * direction), (above - below) / (2 * h), rtol=1e-6, atol=1e-9)


@each_loss
def test_loss_of_shared_targets_is_each_networks_own(loss, make_target):
    prediction, target = normal(1, (3, 5, 4)), make_target(Key(2), (5, 4))
    values, pullback = loss(prediction, target)
    alone = [loss(one, target) for one in prediction]
    assert_close(values, np.stack([value for value, _ in alone]), 1e-14)
    assert_close(pullback(), np.stack([back() for _, back in alone]), 1e-14)


@each_loss
def test_loss_of_no_examples(loss, make_target):
    prediction, target = normal(1, (0, 4)), make_target(Key(2), (0, 4))
    if getattr(loss, "keywords", {}).get("reduction") == "sum":
        value, pullback = loss(prediction, target)
        assert value == 0
        assert pullback().shape == (0, 4)
    else:
        with pytest.raises(ValueError, match="an empty batch has no mean"):
            loss(prediction, target)


@each_loss
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_loss_is_pure(loss, make_target, dtype):
    prediction, target = normal(1, (5, 4), dtype), make_target(Key(2), (5, 4))
    target = target.astype(dtype) if target.dtype.kind == "f" else target
    before = prediction.copy(), target.copy()
    strided = np.repeat(prediction, 2, axis=-1)[:, ::2]
    prediction.flags.writeable = target.flags.writeable = False
    value, pullback = loss(prediction, target)
    assert value.dtype == pullback().dtype == dtype
    for again in (loss(prediction, target), loss(strided, target)):
        assert again[0] == value
        assert (again[1]() == pullback()).all()
    assert (pullback() == pullback()).all()
    assert (before[0] == prediction).all()
    assert (before[1] == target).all()


@each_loss
def test_loss_uses_only_the_array_api(loss, make_target):
    prediction, target = normal(1, (3, 5, 4)), make_target(Key(2), (5, 4))
    value, pullback = loss(prediction, target)
    strict_value, strict_pullback = loss(strict.asarray(prediction), strict.asarray(target))
    assert_close(np.asarray(strict_value), value, 1e-14)
    assert_close(np.asarray(strict_pullback()), pullback(), 1e-14)


MODEL = fnn.chain(fnn.linear(6), fnn.tanh, fnn.linear(3))


def problem(dtype, n_batches=10, lead=()):
    """A network, and batches of something to learn."""
    model = fnn.ensemble(MODEL, *lead) if lead else MODEL
    params = tree.cast(model.init(Key(1), (4,))[0], dtype)
    xs = normal(1, (n_batches, 8, 4), dtype)
    return model, params, xs, np.argmax(xs[..., :3], axis=-1)


@each_optimizer
def test_optimizer_is_pure(optimizer):
    model, params, xs, labels = problem(np.float64)
    step = fnn.train_step(model, fnn.cross_entropy, optimizer)
    start = optimizer.init(params)
    before = pickle.dumps(start)
    states = [reduce(step, zip(xs, labels, strict=True), start) for _ in range(2)]
    assert states[0] == states[1] == copy.deepcopy(states[0])
    assert pickle.dumps(start) == before
    assert pickle.loads(pickle.dumps(states[0])) == states[0]
    assert states[0].step == len(xs)
    assert states[0] != start
    assert states[0].params != params
    assert not any(leaf.flags.writeable for leaf in tree.leaves(states[0].params))


@each_optimizer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_optimizer_keeps_the_dtype(optimizer, dtype):
    model, params, xs, labels = problem(dtype)
    state = fnn.train_step(model, fnn.cross_entropy, optimizer)(optimizer.init(params), (xs[0], labels[0]))
    assert {leaf.dtype for leaf in (state.vector, *tree.leaves(state.params))} == {np.dtype(dtype)}
    assert {leaf.dtype for leaf in jax.tree.leaves(state.memory)} <= {np.dtype(dtype)}


@each_optimizer
def test_ensemble_steps_as_its_members_do_alone(optimizer):
    ensemble, params, xs, labels = problem(np.float64, lead=(3,))
    batches = list(zip(xs, labels, strict=True))
    together = reduce(fnn.train_step(ensemble, fnn.cross_entropy, optimizer), batches, optimizer.init(params))
    assert together.vector.shape == (3, 51)
    assert together.loss.shape == (3,)
    for i in range(3):
        alone = fnn.train_step(MODEL, fnn.cross_entropy, optimizer)
        state = reduce(alone, batches, optimizer.init(tree.member(params, i)))
        assert_close(tree.leaves(tree.member(together.params, i)), tree.leaves(state.params), 1e-12)


@each_optimizer
def test_optimizer_uses_only_the_array_api(optimizer):
    model, params, xs, labels = problem(np.float64)
    step = fnn.train_step(model, fnn.cross_entropy, optimizer)
    state = reduce(step, zip(xs, labels, strict=True), optimizer.init(params))
    as_strict = optimizer.init(tree.map(strict.asarray, params))
    pairs = zip(map(strict.asarray, xs), map(strict.asarray, labels), strict=True)
    assert_close(np.asarray(reduce(step, pairs, as_strict).vector), state.vector, 1e-12)


def test_a_stochastic_step_is_traced_under_a_key_of_jax():
    model = fnn.chain(fnn.dropout(0.5), fnn.linear(3))
    optimizer, x, labels = fnn.sgd(0.1), normal(1, (8, 4), np.float32), np.arange(8) % 3
    step = fnn.train_step(model, fnn.cross_entropy, optimizer, key=jax.random.key(1))
    start = optimizer.init(model.init(Key(1), (4,))[0])
    states = [reduce(f, repeat((x, labels), 3), start) for f in (step, jax.jit(step), jax.jit(step))]
    assert_close(states[0].vector, states[1].vector, 1e-5)
    assert (np.asarray(states[1].vector) == np.asarray(states[2].vector)).all()
    plain = fnn.train_step(fnn.chain(fnn.dropout(0), fnn.linear(3)), fnn.cross_entropy, optimizer)
    assert not np.allclose(states[0].vector, reduce(plain, repeat((x, labels), 3), start).vector)
    with pytest.raises(ValueError, match=r"give a jax.random.key"):
        jax.jit(fnn.train_step(model, fnn.cross_entropy, optimizer, key=Key(1)))(start, (x, labels))


def test_ensemble_trains_as_many_rates_as_networks():
    ensemble, params, xs, labels = problem(np.float64, lead=(3,))
    rates = np.array([1e-3, 1e-2, 1e-1])
    for rule in (fnn.sgd, fnn.adam, fnn.adamw, fnn.momentum, fnn.rmsprop, fnn.adagrad):
        step = fnn.train_step(ensemble, fnn.cross_entropy, rule(rates))
        together = reduce(step, zip(xs, labels, strict=True), rule(rates).init(params))
        for i, rate in enumerate(rates):
            step = fnn.train_step(MODEL, fnn.cross_entropy, rule(float(rate)))
            alone = reduce(step, zip(xs, labels, strict=True), rule(float(rate)).init(tree.member(params, i)))
            assert_close(together.vector[i], alone.vector, 1e-12)
