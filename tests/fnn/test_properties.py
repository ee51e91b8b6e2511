"""Laws that hold for random trees, vectors, batches, and models of random layers.

Each runs on 200 examples, the same ones every time; `python -m pytest
tests/fnn/test_properties.py tests/fnn/test_training_properties.py --hypothesis-profile=long` draws 5,000 new ones each.
"""

import pickle
from copy import deepcopy
from functools import reduce

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

import fnn
from fnn import Key, Params, fold_in, ravel, tree
from fnn.checks import laws
from fnn.checks.probes import Case
from fnn.tree import Layout
from tests.support.strategies import NUMBERS, dicts, directional, keys, models, normal, one_dtype, params, seeds

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
    drop_last = drop_last and n >= size  # else all would be left out, which is an error
    x = np.arange(2**lead * n * 3.0).reshape(*(2,) * lead, n, 3)
    y = np.broadcast_to(np.arange(n), (*(2,) * lead, n))
    epoch = fnn.batches(key, (x, y), size, drop_last=drop_last, axis=lead)
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


class Quick(Case):
    """A case with one shape of input: 200 random models are tried, so that each need not see all shapes."""

    def leads(self):
        """One choice of leading axes, by the key."""
        choices = super().leads()
        return (choices[self.key.seed % len(choices)],)

    def variations(self, dtype=np.float64):
        """One input."""
        yield self.x(self.leads()[0], (3, 1, 0)[self.key.seed // 3 % 3], dtype)


@given(models(), seeds, st.booleans())
def test_a_model_of_random_layers_keeps_every_law(model, seed, keyed):
    layer, shape = model
    case = Quick(layer, shape, Key(seed))
    for law in laws.LAWS:
        laws.check_law(law, case)

    vector, unravel = ravel(case.params())
    x = case.x(case.leads()[0], 3)
    key = fold_in(case.key, 4) if keyed else None
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
def test_a_combinator_equals_its_parts_composed_by_hand(first, second, seed):
    (f, shape), (g, other) = first, second
    key = Key(seed)
    p, out = f.init(fold_in(key, 0), shape)
    assume(len(other) == 1)
    g = fnn.chain(fnn.linear(*other), g)
    q, _ = g.init(fold_in(key, 1), out)
    assert fnn.chain(f, g).init(key, shape)[0] == Params({"0": p, "1": q})
    x = normal(key, 2, (3, *shape)).astype(np.float32)
    z, back_f = f.vjp(p, x, fold_in(key, 0))
    y, back_g = g.vjp(q, z, fold_in(key, 1))
    together, back = fnn.chain(f, g).vjp({"0": p, "1": q}, x, key)
    dq, dz = back_g(y)
    dp, dx = back_f(dz)
    assert together.tobytes() == y.tobytes()
    assert Params(back(y)[0]) == Params({"0": dp, "1": dq})
    assert back(y)[1].tobytes() == dx.tobytes()
    starts = [f.init(fold_in(key, i), shape)[0] for i in range(2)]
    assert fnn.concat(f, branch=f).init(key, shape)[0] == Params({"0": starts[0], "branch": starts[1]})
    nested = fnn.chain(fnn.chain(f, g), fnn.tanh).apply({"0": {"0": p, "1": q}, "1": {}}, x)
    assert nested.tobytes() == fnn.chain(f, g, fnn.tanh).apply({"0": p, "1": q, "2": {}}, x).tobytes()
