"""The same step, compiled: all layers, losses and optimizers work under JAX's transformations."""

from functools import partial
from itertools import accumulate

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
import fnn.interop.jax
from fnn import Key, tree
from tests.support.table import LAYERS, LOSSES, OPTIMIZERS, normal

MODEL = fnn.chain(fnn.linear(5), fnn.tanh, fnn.linear(4))
STEPS = 3


def real(key, shape):
    return fnn.generator(key).standard_normal(shape)


def labels(key, shape):
    return fnn.generator(key).integers(shape[-1], size=shape[:-1])


def trainable(layer, shape):
    """The layer itself, or if it has no parameters, a chain with a linear layer."""
    if tree.leaves(layer.init(Key(0), shape)[0]):
        return layer
    return fnn.chain(fnn.linear(*shape), layer) if len(shape) == 1 else fnn.chain(layer, fnn.linear(2))


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
    step = fnn.train_step(model, loss, optimizer, key=jax.random.key(1) if "dropout" in model.name else None)
    start = optimizer.init(params)
    if (first := step(start, batches[0])).loss.shape != start.loss.shape:
        start = first  # if only a part is an ensemble, a first step shows the number of losses

    def body(state, batch):
        state = step(state, batch)
        return state, state.loss

    def value(params, batch):
        x, target = batch
        return jnp.sum(loss(model.apply(params, x), target)[0])

    # All in one function with little optimisation, since compiling takes most of the time.
    @partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
    def compiled(start, batches):
        along = (None, 0)
        gradients = jax.vmap(jax.grad(value), in_axes=along)(start.params, batches)
        return jax.lax.scan(body, start, batches), jax.vmap(step, in_axes=along)(start, batches), gradients

    (end, losses), mapped, gradients = compiled(start, (xs, targets))
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
