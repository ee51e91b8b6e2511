"""A parameter tree and one flat vector are two views of the same thing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from fnn import chain, ensemble, linear, ravel, tree
from fnn.random import Key
from fnn.tree import Layout, Params, TreeError

A = Params({"0": {"weights": np.arange(6.0).reshape(2, 3), "bias": np.array([6.0, 7.0, 8.0])}, "1": {}})
leaves = array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3).map(
    lambda shape: np.random.default_rng(len(shape)).standard_normal(shape)
)
names = st.sampled_from("abcd")
trees = st.recursive(
    st.dictionaries(names, leaves, max_size=3),
    lambda below: st.dictionaries(names, below, max_size=3),
    max_leaves=6,
).map(Params)


@given(trees)
def test_unravel_is_the_inverse_of_ravel(params):
    params = tree.cast(params, np.float32)
    vector, unravel = ravel(params)
    assert vector.shape == (sum(leaf.size for leaf in tree.leaves(params)),)
    assert unravel(vector) == params


@given(trees)
def test_ravel_is_linear(params):
    layout = Layout.of(params)
    doubled = tree.map(lambda leaf: 2 * leaf, params)
    assert np.array_equal(layout.ravel(doubled), 2 * layout.ravel(params))


def test_the_vector_holds_the_leaves_in_the_order_of_the_tree():
    assert np.array_equal(ravel(A)[0], np.arange(9))


def test_names_may_come_in_another_order():
    gradients = {"1": {}, "0": {"bias": A["0"]["bias"], "weights": A["0"]["weights"]}}
    assert np.array_equal(Layout.of(A).ravel(gradients), np.arange(9))


def test_unravelled_leaves_are_read_only_views():
    vector = np.arange(9.0)
    vector.flags.writeable = False
    params = Layout.of(A).unravel(vector)
    assert all(np.shares_memory(leaf, vector) and not leaf.flags.writeable for leaf in tree.leaves(params))


def test_a_writable_vector_is_copied():
    vector = np.arange(9.0)
    params = Layout.of(A).unravel(vector)
    vector[:] = 0
    assert params == A


def test_a_tree_without_leaves_is_an_empty_vector():
    vector, unravel = ravel(Params({"0": {}}))
    assert vector.shape == (0,)
    assert unravel(vector) == Params({"0": {}})


def test_an_ensemble_is_a_matrix_with_a_row_for_each_network():
    params, _ = ensemble(chain(linear(3), linear(2)), 4).init(Key(0), (5,))
    matrix, unravel = ravel(params)
    assert matrix.shape == (4, 5 * 3 + 3 + 3 * 2 + 2)
    assert unravel(matrix) == params
    for i, row in enumerate(matrix):
        assert np.array_equal(row, ravel(tree.member(params, i))[0])


def test_an_ensemble_within_a_model_keeps_its_leading_axis():
    params, _ = chain(linear(3), ensemble(linear(2), 4)).init(Key(0), (5,))
    vector, unravel = ravel(params)
    assert vector.ndim == 1
    assert unravel(vector)["1"].lead == (4,)


def test_a_layout_is_a_value():
    layouts = {Layout.of(A), Layout.of(tree.map(lambda leaf: leaf + 1, A)), Layout.of(A["0"])}
    assert len(layouts) == 2


WRONG = {
    "a tree for a leaf": ({"0": {"weights": {}, "bias": np.zeros(3)}, "1": {}}, r"\['0'\]\['weights'\]: .* got dict"),
    "a number for a leaf": ({"0": {"weights": 1.0, "bias": np.zeros(3)}, "1": {}}, r"\['weights'\]: .* got float"),
    "a missing name": ({"0": {"weights": A["0"]["weights"]}, "1": {}}, r"\['0'\]: missing \['bias'\]"),
    "another name": ({"0": A["0"], "2": {}}, r"its root: missing \['1'\], unexpected \['2'\]"),
    "another shape": (
        {"0": {"weights": np.zeros((3, 2)), "bias": np.zeros(3)}, "1": {}},
        r"\['0'\]\['weights'\]: expected an array of shape \(2, 3\), got \(3, 2\)",
    ),
    "a leaf for a tree": ({"0": np.zeros(9), "1": {}}, r"\['0'\]: expected a mapping of .* got ndarray"),
}


@pytest.mark.parametrize(("other", "words"), WRONG.values(), ids=WRONG)
def test_a_tree_of_another_layout_names_the_path(other, words):
    with pytest.raises(TreeError, match=words):
        Layout.of(A).ravel(other)


def test_one_vector_has_one_dtype():
    with pytest.raises(TreeError, match=r"\['float32', 'float64'\]; convert it with tree.cast"):
        ravel(Params({"a": np.zeros(1), "b": np.zeros(1, np.float32)}))


@pytest.mark.parametrize("shape", [(8,), (10,), (1, 9), ()], ids=str)
def test_a_vector_of_another_length_is_refused(shape):
    with pytest.raises(TreeError, match=r"expected a vector of shape \(9,\)"):
        Layout.of(A).unravel(np.zeros(shape))
