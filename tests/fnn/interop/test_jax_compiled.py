"""The same step, compiled: all layers, losses and optimizers work under JAX's transformations."""

from itertools import accumulate

import attrs
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
import fnn.interop.jax
from fnn import Key, tree
from fnn.checks.probes import on_rounded
from tests.support.compiling import quick_jit
from tests.support.table import LAYERS, LOSSES, OPTIMIZERS, normal

MODEL = fnn.chain(fnn.linear(5), fnn.tanh, fnn.linear(4))
STEPS = 3
pytestmark = pytest.mark.usefixtures("untraced")


def real(key, shape):
    return fnn.generator(key).standard_normal(shape)


def labels(key, shape):
    return fnn.generator(key).integers(shape[-1], size=shape[:-1])


def trainable(layer, shape):
    """A model from the layer to vectors, with a linear layer if it has no parameters of its own."""
    layer = on_rounded(layer)
    params, out_shape = layer.init(Key(0), shape)
    if not tree.leaves(params) and len(shape) == 1:
        return fnn.chain(fnn.linear(*shape), layer)
    model = fnn.chain(layer, fnn.flatten(len(out_shape))) if len(out_shape) > 1 else layer
    return model if tree.leaves(params) else fnn.chain(model, fnn.linear(2))


CASES = {  # name: (model, shape of one example's features, loss, target maker, optimizer)
    **{name: (trainable(r.layer, r.shape), r.shape, fnn.mse, real, fnn.sgd(0.1)) for name, r in LAYERS.items()},
    **{name: (MODEL, (4,), row.loss, row.make_target, fnn.sgd(0.1)) for name, row in LOSSES.items()},
    **{name: (MODEL, (4,), fnn.cross_entropy, labels, row.optimizer) for name, row in OPTIMIZERS.items()},
}


def assert_close(ours, theirs):
    """Corresponding leaves have the same dtype, and differ by at most 1e-5 of the largest element."""
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        assert np.max(np.abs(a - b), initial=0) <= 1e-5 * max(1.0, np.max(np.abs(b), initial=0))


@pytest.mark.parametrize(("model", "shape", "loss", "make_target", "optimizer"), CASES.values(), ids=CASES)
def test_jit_scan_vmap_and_grad_agree_with_the_fold(model, shape, loss, make_target, optimizer):
    params, _ = model.init(Key(1), shape)
    xs = normal(1, (STEPS, 6, *shape), np.float32)
    targets = make_target(Key(2), (STEPS, *model.apply(params, xs[0]).shape[-2:]))
    targets = targets.astype(np.float32) if targets.dtype.kind == "f" else targets
    batches = list(zip(xs, targets, strict=True))
    step = fnn.train_step(model, loss, optimizer, key=jax.random.key(1) if model.needs_key else None)
    start = optimizer.init(params)
    if (first := step(start, batches[0])).loss.shape != start.loss.shape:
        start = first  # if only a part is an ensemble, a first step shows the number of losses

    def body(state, batch):
        state = step(state, batch)
        return state, state.loss

    def value(params, batch):
        x, target = batch
        return jnp.sum(loss(model.apply(params, x), target)[0])

    @quick_jit
    def compiled(start, batches):
        along = (None, 0)
        gradients = jax.vmap(jax.grad(value), in_axes=along)(start.params, batches)
        return jax.lax.scan(body, start, batches), jax.vmap(step, in_axes=along)(start, batches), gradients

    # Compared as NumPy's arrays, since JAX would compile each slice and each difference anew for every shape.
    (end, losses), mapped, gradients = jax.device_get(compiled(start, (xs, targets)))
    *_, folded = states = list(accumulate(batches, step, initial=start))
    assert isinstance(end, fnn.State)
    assert end.step == folded.step
    assert_close((end.params, end.memory), (folded.params, folded.memory))
    assert_close(losses, np.stack([state.loss for state in states[1:]]))
    assert_close(mapped.vector, np.stack([step(start, batch).vector for batch in batches]))
    by_hand = [fnn.Params(fnn.value_and_grad(model, loss)(start.params, batch)[1]) for batch in batches]
    assert_close(tree.leaves(gradients), [np.stack(leaves) for leaves in zip(*map(tree.leaves, by_hand), strict=True)])


def test_a_batch_may_be_closed_over():
    params, optimizer = MODEL.init(Key(0), (4,))[0], fnn.sgd(0.1)
    batch, state = (normal(1, (6, 4)), np.arange(6) % 4), fnn.sgd(0.1).init(params)
    step = fnn.train_step(MODEL, fnn.cross_entropy, optimizer)
    np.testing.assert_allclose(jax.jit(lambda s: step(s, batch))(state).vector, step(state, batch).vector, atol=1e-6)


def test_a_key_is_known_when_tracing():
    drawn = jax.jit(lambda key, x: x + fnn.generator(key).random())(Key(3, (1,)), 0.0)
    assert drawn == pytest.approx(fnn.generator(Key(3, (1,))).random())
    assert jax.tree.leaves(Key(3)) == []


# ---- trees


PARAMS = fnn.chain(encoder=fnn.chain(fnn.linear(3), fnn.tanh), readout=fnn.linear(2)).init(Key(0), (4,))[0]
PATHS = [f"['{part}']['{name}']" for part in ("encoder']['0", "readout") for name in ("weights", "bias")]


def test_paths_name_the_parameters():
    found, _ = jax.tree_util.tree_flatten_with_path(PARAMS)
    assert [jax.tree_util.keystr(path) for path, _ in found] == PATHS
    assert all(a is b for (_, a), b in zip(found, tree.leaves(PARAMS), strict=True))
    state, _ = jax.tree_util.tree_flatten_with_path(fnn.adam().init(PARAMS))
    assert [jax.tree_util.keystr(path) for path, _ in state] == [
        ".vector", ".step", ".memory[0]", ".memory[1]", ".loss"
    ]  # fmt: skip


def backwards(params):
    """A dict of dicts with every name in the opposite order."""
    return {k: backwards(v) if isinstance(v, fnn.Params) else 2 * v for k, v in reversed(params.items())}


def test_gradients_in_any_order_go_with_jaxs_functions_and_optax_after_like():
    import optax

    raw = backwards(PARAMS)
    gradients = tree.like(PARAMS, raw)
    added = jax.tree.map(np.add, PARAMS, gradients)
    assert added == tree.map(np.add, PARAMS, raw) == tree.map(lambda w: 3 * w, PARAMS)
    rule = optax.adam(0.1)
    updates, _ = rule.update(gradients, rule.init(PARAMS), PARAMS)
    theirs, state = optax.apply_updates(PARAMS, updates), fnn.adam(0.1).init(PARAMS)
    assert isinstance(theirs, fnn.Params)
    assert_close(theirs, fnn.adam(0.1).update(state, raw).params)


# ---- rates, corrections and losses in a traced step

ONE = {"w": np.ones(1, np.float32)}


def first_steps(optimizer, n=1):
    """The direction of the n-th update, under gradients of 1, compiled."""

    def body(state, _):
        new = optimizer.update(state, ONE)
        return new, state.vector - new.vector

    start = optimizer.init({"w": np.zeros(1, np.float32)})
    start = attrs.evolve(start, step=np.float32(0))  # all in float32, as without the 64-bit mode that the tests use
    return jax.lax.scan(body, start, None, length=n)[1][:, 0]


@pytest.mark.parametrize("b2", [0.0, 0.9, 0.999, 0.999999, 1 - 1e-9])
@pytest.mark.parametrize("b1", [0.0, 0.9, 0.9999])
def test_adams_corrections_are_exact_when_traced(b1, b2):
    steps = first_steps(fnn.adam(1.0, b1, b2), 20)  # under a constant gradient each step has the length of the rate
    np.testing.assert_allclose(steps[1:], 1, rtol=2e-5)
    np.testing.assert_allclose(steps[0], 1, rtol=1e-6)


@pytest.mark.parametrize("make", [fnn.sgd, fnn.momentum, fnn.rmsprop, fnn.adagrad, fnn.adam, fnn.adamw])
def test_optaxs_schedules_are_rates_on_numpy_and_traced(make):
    import optax

    theirs, ours = make(optax.cosine_decay_schedule(0.1, 10)), make(fnn.cosine(0.1, 10))
    start = ours.init({"w": np.zeros(1, np.float32)})
    on_numpy = [list(accumulate([ONE] * 5, rule.update, initial=start))[-1] for rule in (theirs, ours)]
    assert type(on_numpy[0].vector) is np.ndarray
    assert_close(*[(state.vector, state.memory) for state in on_numpy])
    assert_close(first_steps(theirs, 5), first_steps(ours, 5))


def test_a_traced_rate_may_meet_a_state_that_is_not_traced():
    optimizer = fnn.sgd(lambda step: jnp.where(step < 1, 0.1, 0.01))
    state = optimizer.init(ONE)
    made = jax.jit(lambda g: optimizer.update(state, {"w": g}).vector)(ONE["w"])
    np.testing.assert_allclose(made, [0.9], rtol=1e-6)


def test_the_loss_has_the_parameters_dtype():
    optimizer = fnn.sgd(0.1)
    state = jax.tree.map(jnp.asarray, optimizer.init(ONE))
    for loss in (2, 2.0, np.float64(2), jnp.asarray(2)):
        kept = optimizer.update(state, ONE, loss).loss
        assert (type(kept), kept.dtype, kept) == (type(state.vector), np.float32, 2)


def test_half_precision_is_refused():
    for dtype in (jnp.float16, jnp.bfloat16):
        with pytest.raises(fnn.TreeError, match="too few bits"):
            fnn.adam().init({"w": jnp.zeros(1, dtype)})
        with pytest.raises(fnn.TreeError, match="too few bits"):
            fnn.Params({"w": jnp.zeros(1, dtype)})
        with pytest.raises(fnn.TreeError, match="too few bits"):
            tree.cast({"w": jnp.zeros(1)}, dtype)
