"""Laws of training that hold for random inputs: optimizers, losses, early stopping; see test_properties.py."""

import pickle
from functools import reduce
from itertools import islice, pairwise

import attrs
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import fnn
from fnn import Key, Params, fold_in, tree
from tests.support.strategies import directional, normal, params, seeds
from tests.support.table import LOSSES, OPTIMIZERS

# Optimizers.

optimizers = st.sampled_from([row.optimizer for row in OPTIMIZERS.values()])
rules = st.sampled_from([fnn.clip_by_value(0.5), fnn.clip_by_global_norm(1.0), fnn.weight_decay(0.1), fnn.sgd(0.1)])


def steps(optimizer, start, seed, n):
    """The state after n updates along random gradients of this seed, one for each step."""

    def step(state, i):
        return optimizer.update(
            state, tree.map(lambda w: normal(fold_in(Key(seed), i), 0, w.shape), dict(state.params))
        )

    return reduce(step, range(start.step, n), start)


finite, one_finite = (params(("float64",), *leads, special=False).filter(tree.leaves) for leads in ((), (((),),)))


@given(optimizers, finite, seeds, st.integers(0, 5), st.integers(0, 5))
def test_training_stopped_and_resumed_from_bytes_is_bit_identical(optimizer, p, seed, stop, n):
    start = optimizer.init(p)
    stopped = pickle.loads(pickle.dumps(steps(optimizer, start, seed, stop)))
    assert steps(optimizer, stopped, seed, stop + n) == steps(optimizer, start, seed, stop + n)


@given(optimizers, finite, seeds)
def test_the_order_of_leaves_does_not_matter(optimizer, p, seed):
    reverse = Params({name: p[name] for name in list(p)[::-1]}, lead=p.lead)
    grads = tree.map(lambda w: normal(Key(seed), 0, w.shape), dict(p))
    ahead, behind = (optimizer.update(optimizer.init(each), grads).params for each in (p, reverse))
    for name in p:
        tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), {"": ahead[name]}, {"": behind[name]})


@given(optimizers, one_finite, st.integers(1, 3), seeds, st.integers(1, 4))
def test_networks_step_as_if_alone(optimizer, p, n, seed, count):
    trees = [tree.map(lambda w, i=i: w + i, p) for i in range(n)]
    together, alone = optimizer.init(tree.stack(trees)), [optimizer.init(each) for each in trees]
    for i in range(count):
        grads = tree.map(lambda w, i=i: normal(fold_in(Key(seed), i), 0, w.shape), dict(together.params))
        together = optimizer.update(together, grads)
        alone = [optimizer.update(s, tree.map(lambda g, r=r: g[r], grads)) for r, s in enumerate(alone)]
    np.testing.assert_allclose(together.vector, [s.vector for s in alone], rtol=1e-12)


@given(seeds, st.sampled_from([0.5, 1.0, 30.0]), st.integers(1, 3), st.integers(1, 20))
def test_clipped_steps_keep_the_limit_and_the_direction(seed, limit, networks, n):
    g = 5 * normal(Key(seed), 0, (networks, n))
    start = Params({"w": np.zeros((networks, n))}, lead=(networks,))
    by_value, by_norm = fnn.clip_by_value(limit), fnn.clip_by_global_norm(limit)
    assert np.array_equal(
        by_value.update(by_value.init(start), {"w": g}).vector, -np.minimum(np.maximum(g, -limit), limit)
    )
    norms = np.linalg.norm(g, axis=-1, keepdims=True)
    clipped = by_norm.update(by_norm.init(start), {"w": g}).vector
    np.testing.assert_allclose(clipped, -g * np.minimum(norms, limit) / norms, rtol=1e-12)


@given(st.lists(rules, min_size=3, max_size=3), finite, seeds)
def test_chained_updates_are_associative(three, p, seed):
    a, b, c = three
    flat, left = fnn.chain_updates(a, b, c), fnn.chain_updates(fnn.chain_updates(a, b), c)
    right = fnn.chain_updates(a, fnn.chain_updates(b, c))
    ends = [steps(rule, rule.init(p), seed, 3).vector.tobytes() for rule in (flat, left, right)]
    assert len(set(ends)) == 1


# Losses.


@given(st.sampled_from(list(LOSSES.values())), seeds, st.integers(1, 5), st.integers(2, 4))
def test_a_losses_gradient_is_its_derivative(row, seed, batch, n_out):
    loss, make_target = row.loss, row.make_target
    prediction, target = normal(Key(seed), 0, (batch, n_out)), make_target(Key(seed), (batch, n_out))
    value, pullback = loss(prediction, target)
    direction = normal(Key(seed), 1, prediction.shape)
    expected = directional(lambda z: loss(z, target)[0], (prediction,), (direction,))
    assert abs(np.sum(pullback() * direction) - expected) <= 1e-6 * (1 + abs(expected))
    parts = [loss(prediction[i : i + 1], target[i : i + 1])[0] for i in range(batch)]
    whole = np.sum(parts) if getattr(loss, "keywords", {}).get("reduction") == "sum" else np.mean(parts)
    np.testing.assert_allclose(value, whole, rtol=1e-12, atol=1e-12)


# Training.


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, np.nan]), min_size=1, max_size=12), st.integers(1, 4))
def test_early_stopping_keeps_the_first_of_the_best(scores, patience):
    optimizer = fnn.sgd(0.1)
    step = lambda state, batch: attrs.evolve(optimizer.update(state, {"w": np.ones(1)}), loss=np.float64(0))  # noqa: E731
    start = optimizer.init({"w": np.zeros(1)})
    progresses = fnn.epochs(step, lambda i: [()] * 2, start, lambda p: {"score": 0}, lambda r: scores[r["epoch"] - 1])
    seen = list(fnn.early_stopping(islice(progresses, len(scores)), patience))
    for n, progress in enumerate(seen, 1):
        better = [i for i in range(1, n + 1) if scores[i - 1] > max([-np.inf, *(s for s in scores[: i - 1] if s == s)])]
        assert progress.best_epoch == (better[-1] if better else 0)
        assert progress.best.step == 2 * progress.best_epoch
        assert [record["epoch"] for record in progress.history] == list(range(1, n + 1))
        assert (n - progress.best_epoch >= patience) <= (n == len(seen))
    assert len(seen) == len(scores) or len(seen) - seen[-1].best_epoch >= patience
    assert all(a.state.step + 2 == b.state.step for a, b in pairwise(seen))
