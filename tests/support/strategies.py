"""Hypothesis strategies: random trees, and models of random layers."""

import numpy as np
from hypothesis import strategies as st

import fnn
from fnn import Key, Params, fold_in, generator
from tests.support.activations import ACTIVATIONS, SOFTMAXES

# A tree is drawn as a few paths with shapes: far faster than drawing it mapping by mapping.
NAMES = ("0", "1", "weights", "", "a.b", "../up", "ä\n")
PATHS = [(a,) for a in NAMES] + [(a, b) for a in NAMES[:4] for b in NAMES] + [("0", "1", c) for c in NAMES]
SHAPES = [(), (1,), (3,), (0,), (2, 3), (3, 1), (0, 2), (2, 1, 2)]
SPECIAL = (1.5, 1e300, 0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324)
FLOATS, NUMBERS = ("float32", "float64"), ("float32", "float64", "int64", "uint8", "bool")
seeds = st.integers(0, 2**32)
keys = st.builds(Key, st.integers(0, 2**64), st.lists(st.integers(0, 2**32 - 1), max_size=2))


@st.composite
def dicts(draw, dtypes=FLOATS, lead=(), special=True):
    """Nested dicts of arrays; some arrays have no elements or axes, some dicts are empty, a number may be special."""
    leaves = st.tuples(st.sampled_from(PATHS), st.none() | st.sampled_from(SHAPES), st.sampled_from(dtypes))
    rng, tree = generator(Key(draw(seeds))), {}
    odd = draw(st.sampled_from(SPECIAL)) if special else 1.5
    for (*above, name), shape, dtype in draw(st.lists(leaves, max_size=5)):
        node = tree
        for step in above:
            node = node.setdefault(step, {})
            if not isinstance(node, dict):
                break
        else:
            values = 100 * rng.random((*lead, *(shape or ())))
            if values.size and dtype in FLOATS:
                values.flat[0] = odd
            with np.errstate(over="ignore"):  # 1e300 in float32
                node.setdefault(name, {} if shape is None else values.astype(dtype))
    return tree


@st.composite
def params(draw, dtypes=FLOATS, leads=((), (), (2,), (1, 3)), special=True):
    """Parameters, in half of the cases those of several networks."""
    lead = draw(st.sampled_from(leads))
    return Params(draw(dicts(dtypes, lead, special)), lead=lead)


one_dtype = st.sampled_from(FLOATS).flatmap(lambda dtype: params((dtype,)))
uneven = fnn.normal(0.5)  # biases at zero would put dead units on the kink of what follows
SAME_SHAPE = [row.layer for row in (*ACTIVATIONS.values(), *SOFTMAXES.values())]  # layers whose y has the shape of x
SAME_SHAPE += [fnn.dropout(0.4), fnn.dropout(0.0)]
SAME_SHAPE += [fnn.elementwise("square", lambda xp, x: x * x / 4, lambda xp, x, y: x / 2)]


@st.composite
def vector_layers(draw, n_in, depth):
    """A layer of any kind for (n_in,) features, nested to this depth, and the number of its output features."""
    kinds = ["linear", "same shape"] + ["chain", "named", "concat", "residual"] * (depth > 0)
    kind = draw(st.sampled_from(kinds))
    if kind == "linear":
        n_out = draw(st.integers(1, 4))
        bias = draw(st.sampled_from([None, uneven]))
        return fnn.linear(n_out, weights=draw(st.sampled_from([fnn.he_normal, fnn.glorot_uniform])), bias=bias), n_out
    if kind == "same shape":
        return draw(st.sampled_from(SAME_SHAPE)), n_in
    if kind in ("chain", "named"):
        parts, n_out = [], n_in
        for _ in range(draw(st.integers(0, 3))):
            part, n_out = draw(vector_layers(n_out, depth - 1))
            parts.append(part)
        named = {f"part{i}": part for i, part in enumerate(parts)} if kind == "named" else {}
        return fnn.chain(*([] if named else parts), **named), n_out
    if kind == "concat":
        branches = [draw(vector_layers(n_in, depth - 1)) for _ in range(draw(st.integers(1, 3)))]
        return fnn.concat(*(branch for branch, _ in branches)), sum(n for _, n in branches)
    inner, n_out = draw(vector_layers(n_in, depth - 1))
    return fnn.residual(inner if n_out == n_in else fnn.chain(inner, fnn.linear(n_in, bias=uneven))), n_in


@st.composite
def models(draw, depth=2, ensembles=True):
    """A layer of any kind, and the shape of its examples; some take images, some are ensembles (of ensembles)."""
    n_in = draw(st.integers(1, 4))
    layer, _ = draw(vector_layers(n_in, depth))
    shape = (n_in,)
    if draw(st.integers(0, 4)) == 0:
        height = draw(st.sampled_from([n for n in (1, 2, n_in) if n_in % n == 0]))
        layer, shape = fnn.chain(fnn.flatten(), layer), (height, n_in // height)
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2])) if ensembles else 0):
        layer = fnn.ensemble(layer, draw(st.integers(1, 3)))
    return layer, shape


def normal(key, i, shape):
    """Float64 numbers for the i-th purpose."""
    return generator(fold_in(key, i)).standard_normal(shape)


def directional(f, values, directions, h=1e-6):
    """The derivative of f(*values) along the directions, by central differences."""
    above, below = (f(*(v + s * h * t for v, t in zip(values, directions, strict=True))) for s in (1, -1))
    return (above - below) / (2 * h)
