"""Recurrent layers: PyTorch's figures, what a fold over time means, and how a cell is drawn."""

import json
import pickle
from itertools import pairwise

import numpy as np
import pytest

import fnn
from fnn import Key, LayerError, tree
from fnn.layers.recurrent import unroll
from tests.support.paths import ROOT
from tests.support.reference.sequences import PARTS, N, inputs, parameters
from tests.support.table import normal

FIGURES = json.loads((ROOT / "tests" / "support" / "reference" / "sequences.json").read_text(encoding="utf-8"))
CELLS = {"elman": fnn.elman(3), "gru": fnn.gru(3), "lstm": fnn.lstm(3)}
X = normal(1, (5, 4, 2))
each_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)


def start(layer, shape=(4, 2)):
    return tree.cast(layer.init(Key(1), shape)[0], np.float64)


@pytest.mark.parametrize("name", PARTS)
def test_values_and_gradients_are_pytorchs(name):
    x, dy = inputs(name)
    y, back = fnn.recurrent(getattr(fnn, name)(N), states="all").vjp(parameters(name), x)
    dparams, dx = back(dy)
    for what, came in {"y": y, "x": dx, **dparams}.items():
        np.testing.assert_allclose(came, FIGURES[name][what], rtol=1e-12, atol=1e-12)


@each_cell
def test_the_last_state_is_the_last_of_all(cell):
    last, every = fnn.recurrent(cell), fnn.recurrent(cell, states="all")
    params = start(last)
    (y, back), (ys, back_of_all) = last.vjp(params, X), every.vjp(params, X)
    np.testing.assert_array_equal(ys[:, -1], y)
    dy = normal(2, y.shape)
    at_the_end = np.concatenate([np.zeros((5, 3, 3)), dy[:, None]], axis=1)
    for a, b in zip(tree.leaves(back(dy)[0]), tree.leaves(back_of_all(at_the_end)[0]), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@each_cell
@pytest.mark.parametrize(
    ("reverse", "known"), [(False, [True, True, False, False]), (True, [False, False, False, True])]
)
def test_an_output_depends_on_what_was_read_before(cell, reverse, known):
    layer, changed = fnn.recurrent(cell, states="all", reverse=reverse), X.copy()
    changed[:, 2] += 1
    same = layer.apply(start(layer), changed) == layer.apply(start(layer), X)
    assert same.all(axis=(0, 2)).tolist() == known


@each_cell
def test_in_reverse_it_reads_the_sequence_backwards(cell):
    forward, backward = fnn.recurrent(cell, states="all"), fnn.recurrent(cell, states="all", reverse=True)
    params, dy = start(forward), normal(2, (5, 4, 3))
    (_, dx), (_, expected) = backward.vjp(params, X)[1](dy), forward.vjp(params, X[:, ::-1])[1](dy[:, ::-1])
    np.testing.assert_array_equal(dx, expected[:, ::-1])
    np.testing.assert_array_equal(backward.apply(params, X), forward.apply(params, X[:, ::-1])[:, ::-1])
    np.testing.assert_array_equal(
        fnn.recurrent(cell, reverse=True).apply(params, X), fnn.recurrent(cell).apply(params, X[:, ::-1])
    )


@each_cell
@pytest.mark.parametrize("states", ["last", "all"])
def test_no_time_is_no_step(cell, states):
    layer = fnn.ensemble(fnn.recurrent(cell, states=states), 2)
    params = start(layer)
    y, back = layer.vjp(params, X[:, :0])
    assert y.shape == layer.apply(params, X[:, :0]).shape == ((2, 5, 3) if states == "last" else (2, 5, 0, 3))
    dparams, dx = back(np.ones_like(y))
    assert not y.any()
    assert dx.shape == (5, 0, 2)
    assert [leaf.any() for leaf in tree.leaves(dparams)] == [False] * len(params)


@each_cell
def test_pieces_that_hand_on_the_state_are_the_whole(cell):
    params = start(fnn.recurrent(cell))
    whole, pull = unroll(cell, params, X)
    early, pull_early = unroll(cell, params, X[:, :3])
    late, pull_late = unroll(cell, params, X[:, 3:], early[-1])
    dh = normal(3, whole[-1].shape)
    expected, _, dx = pull([None] * 4 + [dh])
    dlate, between, dx_late = pull_late([None, dh])
    dearly, _, dx_early = pull_early([None] * 3 + [between])
    np.testing.assert_array_equal(late[-1], whole[-1])
    np.testing.assert_allclose(np.concatenate([dx_early, dx_late], axis=1), dx, rtol=1e-12)
    for name, leaf in params.items():
        total = sum(grad.sum(axis=0) if grad.ndim > leaf.ndim else grad for grad in (dearly[name], dlate[name]))
        both = expected[name].sum(axis=0) if expected[name].ndim > leaf.ndim else expected[name]
        np.testing.assert_allclose(total, both, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize(("cell", "parts"), [(fnn.elman(3), 1), (fnn.gru(3), 3), (fnn.lstm(3), 4)], ids=str)
def test_each_gate_has_a_rotation_of_its_own(cell, parts):
    recurrent = start(fnn.recurrent(cell))["recurrent"]
    rotations = np.split(recurrent, parts, axis=-1)
    for rotation in rotations:
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-6)
    assert not any(np.allclose(a, b) for a, b in pairwise(rotations))


def test_the_forget_gate_starts_open():
    assert start(fnn.recurrent(fnn.lstm(2)))["bias"].tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    assert not start(fnn.recurrent(fnn.lstm(2, forget_bias=fnn.zeros)))["bias"].any()


@each_cell
def test_large_numbers_saturate_without_a_warning(cell):
    layer = fnn.recurrent(cell)
    params = tree.map(lambda leaf: 1e4 * leaf, layer.init(Key(1), (4, 2))[0])
    with np.errstate(all="raise", under="ignore"):
        y, back = layer.vjp(params, (1e4 * X).astype(np.float32))
        dparams, dx = back(np.ones_like(y))
    assert all(np.isfinite(leaf).all() for leaf in (y, dx, *tree.leaves(dparams)))


@each_cell
def test_without_need_for_dx_no_step_computes_it(cell):
    asked = []

    def step(params, h, x):
        after, pull = cell.step(params, h, x)
        return after, lambda dh, need_dx=True: asked.append(need_dx) or pull(dh, need_dx)

    layer = fnn.recurrent(fnn.Cell(3, step, cell.parameters, cell.size))
    y, back = layer.vjp(start(layer), X)
    assert back(y, need_dx=False)[1] is None
    assert asked == [False] * 4


def test_a_cell_is_a_value():
    assert repr(fnn.recurrent(fnn.gru(3))) == "recurrent(gru(3))"
    assert fnn.gru(3) == fnn.gru(n=3) != fnn.elman(3)


def test_cloudpickle_takes_a_cell_of_ones_own():
    cloudpickle = pytest.importorskip("cloudpickle")
    wide = fnn.Cell(3, lambda params, h, x: fnn.lstm(3).step(params, h, x), fnn.lstm(3).parameters, size=6)
    layer = pickle.loads(cloudpickle.dumps(fnn.recurrent(wide)))
    np.testing.assert_array_equal(layer.apply(start(layer), X), fnn.recurrent(fnn.lstm(3)).apply(start(layer), X))


def test_gru_learns_what_the_first_token_was():
    x = normal(4, (64, 6, 3), np.float32)
    labels = np.argmax(x[:, 0], axis=-1)
    model, optimizer = fnn.chain(fnn.recurrent(fnn.gru(12)), fnn.linear(3)), fnn.adam(0.03)
    step, state = fnn.train_step(model, fnn.cross_entropy, optimizer), optimizer.init(model.init(Key(0), (6, 3))[0])
    for _ in range(80):
        state = step(state, (x, labels))
    assert fnn.metrics.accuracy(model.apply(state.params, x), labels) > 0.95


@pytest.mark.parametrize("states", ["first", None, True])
def test_states_are_the_last_or_all(states):
    with pytest.raises(ValueError, match='recurrent\\(states\\) must be "last" or "all", got'):
        fnn.recurrent(fnn.gru(3), states=states)


def test_a_sequence_has_two_axes_of_features():
    with pytest.raises(LayerError, match=r"recurrent\(gru\(3\)\): expected two axes of features \(time, n_in\)"):
        fnn.recurrent(fnn.gru(3)).init(Key(0), (4,))
