"""Laws that hold for whatever is drawn: trees, vectors, batches, models of random layers, optimizers, losses.

200 examples each, the same ones every time; `python -m pytest tests/test_properties.py --hypothesis-profile=long` draws
5,000 new ones each.
"""

import pickle
from copy import deepcopy
from functools import reduce
from itertools import islice, pairwise

import attrs
import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

import fnn
from fnn import Key, Params, fold, laws, ravel, tree
from fnn.flat import Layout
from tests.strategies import NUMBERS, dicts, keys, models, normal, one_dtype, params, seeds
from tests.table import LOSSES, OPTIMIZERS

# Trees.


@given(params(NUMBERS))
def test_a_mapped_copied_pickled_or_cast_tree_is_the_same(p):
    there_and_back = tree.map(lambda w, v: w.astype(v.dtype), tree.cast(p, np.longdouble), p)
    mapped = tree.map(lambda leaf: leaf, p), tree.map(np.copy, p), there_and_back
    for each in (*mapped, Params(p), deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert each == p
        assert (each.lead, repr(each)) == (p.lead, repr(p))
        assert not any(leaf.flags.writeable for leaf in tree.leaves(each))


@given(dicts())
def test_a_tree_is_rebuilt_from_its_items(nested):
    found = list(tree.items(nested))
    assert all(reduce(lambda node, name: node[name], path, nested) is leaf for path, leaf in found)
    assert [id(leaf) for leaf in tree.leaves(nested)] == [id(leaf) for _, leaf in found]
    values = iter(tree.leaves(nested))
    assert Params(tree.map(lambda _: next(values), nested)) == Params(nested)


@given(one_dtype, st.integers(1, 3))
def test_members_of_a_stack_are_the_trees_stacked(first, n):
    trees = [tree.map(lambda leaf, i=i: leaf - i, first) for i in range(n)]
    stacked = tree.stack(trees)
    assert stacked.lead == (n, *first.lead)
    assert [tree.member(stacked, i) for i in range(n)] == trees
    assert tree.stack([tree.member(stacked, i) for i in range(n)]) == stacked
    vectors, unravel = ravel(stacked)
    assert vectors.tobytes() == np.stack([ravel(each)[0] for each in trees]).tobytes()
    assert unravel(vectors) == stacked


# The flat vector.


@given(one_dtype, st.booleans())
def test_a_tree_and_its_vector_are_two_views_of_the_same_thing(p, backwards):
    vector, unravel = ravel(p)
    size = sum(leaf.size for leaf in tree.leaves(p)) // int(np.prod(p.lead))
    assert vector.shape == (*p.lead, size)
    assert {vector.dtype} >= {leaf.dtype for leaf in tree.leaves(p)}
    assert unravel(vector) == p
    assert ravel(unravel(-vector))[0].tobytes() == (-vector).tobytes()

    def reordered(node):
        found = {name: reordered(part) if isinstance(part, Params) else part for name, part in node.items()}
        return dict(list(found.items())[:: -1 if backwards else 1])

    layout = Layout.of(p)
    assert layout.ravel(reordered(p)).tobytes() == vector.tobytes()
    assert pickle.loads(pickle.dumps(layout)) == layout


# Batches.


@given(st.none() | keys, st.integers(0, 30), st.integers(1, 40), st.booleans(), st.integers(0, 2))
def test_an_epoch_is_a_partition_of_the_data(key, n, size, drop_last, lead):
    x = np.arange(2**lead * n * 3.0).reshape(*(2,) * lead, n, 3)
    y = np.broadcast_to(np.arange(n), (*(2,) * lead, n))
    epoch = fnn.batches(key, (x, y), size, drop_last=drop_last, lead=lead)
    parts = list(epoch)
    lengths = [size] * (n // size) + [n % size] * (n % size > 0 and not drop_last)
    assert len(epoch) == len(parts)
    assert [b.shape[lead] for _, b in parts] == lengths
    assert all((a.dtype, b.dtype) == (x.dtype, y.dtype) for a, b in parts)
    places = np.concatenate([np.zeros(0, int), *(b[(0,) * lead] for _, b in parts)])
    assert len(set(places.tolist())) == sum(lengths)
    assert all(np.array_equal(a, x.take(b[(0,) * lead], axis=lead)) for a, b in parts)
    assert [b.tobytes() for _, b in epoch] == [b.tobytes() for _, b in parts]
    if key is None:
        assert places.tolist() == list(range(sum(lengths)))


# Models of random layers.


class Quick(laws.Case):
    """A case of few variations: a random model at a time, 200 of them, instead of all shapes for each."""

    def leads(self):
        """One choice of leading axes, by the key."""
        choices = super().leads()
        return (choices[self.key.seed % len(choices)],)

    def variations(self):
        """One input."""
        yield self.x(self.leads()[0], (3, 1, 0)[self.key.seed // 3 % 3])


def directional(f, values, directions, h=1e-6):
    """The derivative of f(*values) along the directions, by central differences."""
    above, below = (f(*(v + s * h * t for v, t in zip(values, directions, strict=True))) for s in (1, -1))
    return (above - below) / (2 * h)


@given(models(), seeds, st.booleans())
def test_a_model_of_random_layers_keeps_every_law(model, seed, keyed):
    layer, shape = model
    case = Quick(layer, shape, Key(seed))
    for law in laws.LAWS[:-1]:
        law(case, law.__doc__)

    vector, unravel = ravel(case.params())
    x = case.x(case.leads()[0], 3)
    key = fold(case.key, 4) if keyed else None
    y, back = layer.vjp(unravel(vector), x, key)
    u = normal(case.key, 5, y.shape)
    dparams, dx = back(u)
    directions = normal(case.key, 6, vector.shape), normal(case.key, 7, x.shape)
    dvector = Layout.of(unravel(vector)).ravel(dparams)
    terms = np.concatenate([(g * t).ravel() for g, t in zip((dvector, dx), directions, strict=True)])
    expected = directional(lambda v, x: np.sum(u * layer.vjp(unravel(v), x, key)[0]), (vector, x), directions)
    assert abs(terms.sum() - expected) <= 1e-6 * (np.linalg.norm(terms) + abs(expected)) + 1e-8 * (
        1 + np.abs(u * y).sum()
    )


@given(models(ensembles=False), seeds, st.integers(1, 3))
def test_networks_of_an_ensemble_are_as_if_alone(model, seed, n):
    layer, shape = model
    params = tree.cast(fnn.ensemble(layer, n).init(Key(seed), shape)[0], np.float64)
    x = normal(Key(seed), 1, (n, 3, *shape))
    y, back = fnn.ensemble(layer, n).vjp(params, x)
    u = normal(Key(seed), 2, y.shape)
    dparams, dx = back(u)
    starts = [layer.init(key, shape)[0] for key in fnn.split(Key(seed), n)]
    for i in range(n):
        own = tree.member(params, i)
        assert own == tree.cast(starts[i], np.float64)
        own_y, own_back = layer.vjp(own, x[i])
        own_dparams, own_dx = own_back(u[i])
        for a, b in [(y[i], own_y), (dx[i], own_dx)]:
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
        for a, b in zip(tree.leaves(dparams), tree.leaves(own_dparams), strict=True):
            np.testing.assert_allclose(a[i], b, rtol=1e-9, atol=1e-11)


@given(models(1, ensembles=False), models(1, ensembles=False), seeds)
def test_composition_is_what_one_does_by_hand(first, second, seed):
    (f, shape), (g, other) = first, second
    key = Key(seed)
    p, out = f.init(fold(key, 0), shape)
    assume(len(other) == 1)
    g = fnn.chain(fnn.linear(*other), g)
    q, _ = g.init(fold(key, 1), out)
    assert fnn.chain(f, g).init(key, shape)[0] == Params({"0": p, "1": q})
    x = normal(key, 2, (3, *shape)).astype(np.float32)
    z, back_f = f.vjp(p, x, fold(key, 0))
    y, back_g = g.vjp(q, z, fold(key, 1))
    together, back = fnn.chain(f, g).vjp({"0": p, "1": q}, x, key)
    dq, dz = back_g(y)
    dp, dx = back_f(dz)
    assert together.tobytes() == y.tobytes()
    assert Params(back(y)[0]) == Params({"0": dp, "1": dq})
    assert back(y)[1].tobytes() == dx.tobytes()
    starts = [f.init(fold(key, i), shape)[0] for i in range(2)]
    assert fnn.concat(f, branch=f).init(key, shape)[0] == Params({"0": starts[0], "branch": starts[1]})
    nested = fnn.chain(fnn.chain(f, g), fnn.tanh).apply({"0": {"0": p, "1": q}, "1": {}}, x)
    assert nested.tobytes() == fnn.chain(f, g, fnn.tanh).apply({"0": p, "1": q, "2": {}}, x).tobytes()


# Optimizers.

optimizers = st.sampled_from(list(OPTIMIZERS.values()))
rules = st.sampled_from([fnn.clip_by_value(0.5), fnn.clip_by_global_norm(1.0), fnn.weight_decay(0.1), fnn.sgd(0.1)])


def steps(optimizer, start, seed, n):
    """The state after n updates along random gradients of this seed, one for each step."""

    def step(state, i):
        return optimizer.update(state, tree.map(lambda w: normal(fold(Key(seed), i), 0, w.shape), dict(state.params)))

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
        grads = tree.map(lambda w, i=i: normal(fold(Key(seed), i), 0, w.shape), dict(together.params))
        together = optimizer.update(together, grads)
        alone = [optimizer.update(s, tree.map(lambda g, r=r: g[r], grads)) for r, s in enumerate(alone)]
    np.testing.assert_allclose(together.vector, [s.vector for s in alone], rtol=1e-12)


@given(seeds, st.sampled_from([0.5, 1.0, 30.0]), st.integers(1, 3), st.integers(1, 20))
def test_clipped_steps_keep_within_the_limit_and_to_their_direction(seed, limit, networks, n):
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
    loss, make_target = row
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
    seen = list(fnn.until_stale(islice(progresses, len(scores)), patience))
    for n, progress in enumerate(seen, 1):
        better = [i for i in range(1, n + 1) if scores[i - 1] > max([-np.inf, *(s for s in scores[: i - 1] if s == s)])]
        assert progress.best_epoch == (better[-1] if better else 0)
        assert progress.best.step == 2 * progress.best_epoch
        assert [record["epoch"] for record in progress.history] == list(range(1, n + 1))
        assert (n - progress.best_epoch >= patience) <= (n == len(seen))
    assert len(seen) == len(scores) or len(seen) - seen[-1].best_epoch >= patience
    assert all(a.state.step + 2 == b.state.step for a, b in pairwise(seen))
