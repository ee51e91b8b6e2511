"""Parameter trees: immutable, equal by value, and zipped by name."""

import copy
import pickle

import numpy as np
import pytest

from fnn import tree
from fnn.tree import Params, TreeError

A = {"0": {"weights": np.arange(6.0).reshape(2, 3), "bias": np.zeros(3)}, "1": {}}
ENSEMBLE = Params({"0": {"weights": np.ones((2, 3, 1)), "bias": np.zeros((2, 1))}}, lead=(2,))
MIXED = Params({"one": {"bias": np.ones(3)}, "many": ENSEMBLE["0"]})
TREES = pytest.mark.parametrize("params", [Params(), Params(A), ENSEMBLE, MIXED], ids=["none", "one", "many", "mixed"])


# ---- Params: immutable


def test_params_are_a_mapping_in_order():
    params = Params({"b": np.zeros(1), "a": np.ones(2)})
    assert list(params) == list(params.keys()) == ["b", "a"]
    assert [leaf.shape for leaf in params.values()] == [leaf.shape for _, leaf in params.items()] == [(1,), (2,)]
    assert len(params) == 2
    assert "a" in params
    assert "c" not in params


def test_params_are_immutable_at_every_depth():
    params = Params(A)
    with pytest.raises(TypeError, match=r"immutable: cannot set \['bias'\]"):
        params["0"]["bias"] = np.zeros(3)
    with pytest.raises(AttributeError, match=r"immutable: cannot set \.lead"):
        params.lead = (2,)
    with pytest.raises(ValueError, match="read-only"):
        params["0"]["bias"][0] = 1


def test_later_changes_of_the_source_do_not_change_params():
    source = {"a": {"weights": np.zeros(3)}, "b": np.zeros(2)}
    params = Params(source)
    source["a"]["weights"][0] = 1
    del source["b"]
    assert params == Params({"a": {"weights": np.zeros(3)}, "b": np.zeros(2)})


def test_a_read_only_view_of_writable_memory_is_copied():
    memory = np.zeros(3)
    view = memory[:]
    view.flags.writeable = False
    params = Params({"bias": view})
    memory[0] = 1
    assert params["bias"][0] == 0


def test_frozen_arrays_are_shared():
    params = Params(A)
    assert Params({"again": params})["again"]["0"]["weights"] is params["0"]["weights"]


def test_a_numpy_scalar_is_a_leaf_without_axes():
    assert Params({"gain": np.float32(2)}) == Params({"gain": np.array(2, np.float32)})


def test_a_slice_takes_parts_by_position():
    params = Params({"a": np.zeros(1), "b": np.ones(2), "c": np.zeros(3)})
    assert params[1:] == Params({"b": np.ones(2), "c": np.zeros(3)})
    assert ENSEMBLE[:1].lead == (2,)


@pytest.mark.parametrize("name", ["weights", 2, None], ids=repr)
def test_the_error_of_a_missing_name_lists_the_names(name):
    with pytest.raises(KeyError, match=r"among \['0', '1'\]"):
        Params(A)[name]


# ---- Params: a value


@TREES
def test_pickle_and_copy_give_an_equal_and_immutable_tree(params):
    for again in (pickle.loads(pickle.dumps(params)), copy.copy(params), copy.deepcopy(params)):
        assert again == params
        assert not any(leaf.flags.writeable for leaf in tree.leaves(again))


OTHERS = {
    "another value": Params({"a": np.ones(2)}),
    "another dtype": Params({"a": np.zeros(2, np.float32)}),
    "another shape": Params({"a": np.zeros((2, 1))}),
    "another name": Params({"b": np.zeros(2)}),
    "a further name": Params({"a": np.zeros(2), "b": np.zeros(2)}),
    "other leading axes": Params({"a": np.zeros(2)}, lead=(2,)),
    "a dict": {"a": np.zeros(2)},
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_trees_differ(other):
    assert Params({"a": np.zeros(2)}) != other
    assert other != Params({"a": np.zeros(2)})


def test_the_order_of_names_matters():
    assert Params({"a": np.zeros(1), "b": np.zeros(1)}) != Params({"b": np.zeros(1), "a": np.zeros(1)})


def test_nan_equals_nan():
    assert Params({"a": np.array([np.nan, 1.0])}) == Params({"a": np.array([np.nan, 1.0])})


def test_params_have_no_hash():
    with pytest.raises(TypeError, match="unhashable"):
        hash(Params())


def test_repr_shows_the_tree_with_shapes_and_dtypes():
    lines = ["Params", "  0", "    weights  (2, 3) float64", "    bias     (3,) float64", "  1  (none)"]
    assert repr(Params(A)) == "\n".join(lines)
    assert repr(ENSEMBLE).startswith("Params of 2 networks\n")


INVALID = {
    "a list": (lambda: Params([1]), "expected a mapping of names to arrays, got list"),
    "a list for a leaf": (lambda: Params({"a": {"b": [1.0]}}), r"\['a'\]\['b'\]: expected an array .* got list"),
    "objects": (lambda: Params({"a": np.array([None])}), r"\['a'\]: .* got an array of object"),
    "words": (lambda: Params({"a": np.array(["x"])}), r"\['a'\]: .* got an array of words"),
    "a number for a name": (lambda: Params({0: np.zeros(1)}), "names are strings, got 0 below its root"),
    "a number deep down": (lambda: Params({"a": {1: np.zeros(1)}}), r"got 1 below \['a'\]"),
    "too few axes": (lambda: Params({"a": np.zeros(3)}, lead=(2,)), r"\['a'\]: expected leading axes \(2,\)"),
}


@pytest.mark.parametrize(("call", "words"), INVALID.values(), ids=INVALID)
def test_params_refuse(call, words):
    with pytest.raises(TreeError, match=words):
        call()


# ---- functions of trees


def test_items_and_leaves_come_in_order():
    assert [path for path, _ in tree.items(A)] == [("0", "weights"), ("0", "bias")]
    assert all(a is b for a, b in zip(tree.leaves(A), (A["0"]["weights"], A["0"]["bias"]), strict=True))


def test_a_dict_of_gradients_zips_with_params_by_name():
    gradients = {"1": {}, "0": {"bias": np.ones(3), "weights": A["0"]["weights"]}}
    assert tree.map(lambda w, dw: w - dw, Params(A), gradients) == Params(
        {"0": {"weights": np.zeros((2, 3)), "bias": -np.ones(3)}, "1": {}}
    )


def test_map_to_values_that_are_not_arrays_gives_a_dict():
    assert tree.map(lambda leaf: leaf.ndim, Params(A)) == {"0": {"weights": 2, "bias": 1}, "1": {}}


def test_map_keeps_the_number_of_networks_if_it_keeps_shapes():
    assert tree.map(lambda leaf: 2 * leaf, MIXED)["many"].lead == (2,)
    assert tree.map(lambda leaf: leaf.sum(axis=0), ENSEMBLE).lead == ()


MISMATCHES = {
    "a missing name": ({"0": {"weights": 1}, "1": {}}, r"at \['0'\]: missing \['bias'\], unexpected \[\]"),
    "a further name": ({**A, "2": {}}, r"at its root: missing \[\], unexpected \['2'\]"),
    "a leaf for a tree": ({"0": np.zeros(1), "1": {}}, r"at \['0'\]: expected a mapping of .* got ndarray"),
    "a tree for a leaf": ({"0": {"weights": {}, "bias": 1}, "1": {}}, r"\['0'\]\['weights'\]: expected a leaf"),
}


@pytest.mark.parametrize(("other", "words"), MISMATCHES.values(), ids=MISMATCHES)
def test_the_error_of_trees_that_do_not_match_names_the_path(other, words):
    with pytest.raises(TreeError, match=words):
        tree.map(lambda a, b: a, A, other)


@TREES
def test_cast_changes_dtypes_and_nothing_else(params):
    single = tree.cast(params, np.float32)
    assert {leaf.dtype for leaf in tree.leaves(single)} <= {np.dtype("float32")}
    assert tree.cast(single, np.float64) == params


@pytest.mark.parametrize("params", [Params(), Params(A), ENSEMBLE], ids=["none", "one", "many"])
def test_member_is_the_inverse_of_stack(params):
    members = [tree.map(lambda leaf, i=i: leaf + i, params) for i in range(3)]
    stacked = tree.stack(members)
    assert stacked.lead == (3, *params.lead)
    assert [tree.member(stacked, i) for i in range(3)] == members


def test_one_network_has_no_members():
    with pytest.raises(TreeError, match="of one network"):
        tree.member(Params(A), 0)


def test_only_trees_of_the_same_names_stack():
    with pytest.raises(TreeError, match=r"missing \['a'\], unexpected \['b'\]"):
        tree.stack([Params({"a": np.zeros(1)}), Params({"b": np.zeros(1)})])


def test_a_leaf_never_equals_a_tree():
    assert Params({"a": np.zeros(2)}) != Params({"a": {}})
    assert Params({"a": {}}) != Params({"a": np.zeros(2)})
    assert Params({"a": np.zeros(2)}) != np.zeros(2)


def test_parts_by_position():
    params = Params(A)
    assert params[0] is params["0"]
    assert params[-1] is params["1"]


def test_arrays_are_copied_so_that_no_view_can_write_into_params():
    array = np.zeros(3)
    view = array[:]
    array.flags.writeable = False
    params = Params({"a": array})
    view[0] = 7
    assert params["a"].tolist() == [0, 0, 0]


def test_axes_of_an_ensemble_within_survive_stacking():
    mixed = Params({"a": np.zeros(2), "b": Params({"c": np.zeros((3, 2))}, lead=(3,))})
    stacked = tree.stack([mixed, mixed])
    assert (stacked.lead, stacked["b"].lead) == ((2,), (2, 3))
    assert tree.member(stacked, 0) == mixed


@pytest.mark.parametrize(
    ("trees", "words"),
    [
        ([], "at least one tree"),
        ([A, {**A, "1": np.zeros(7)}], "part"),
        ([{"a": np.zeros(2)}, {"a": np.zeros(3)}], "one shape"),
    ],
    ids=["none", "other names", "other shapes"],
)
def test_only_trees_of_one_shape_stack(trees, words):
    with pytest.raises(TreeError, match=words):
        tree.stack(trees)


def test_attributes_cannot_be_deleted():
    with pytest.raises(AttributeError, match="immutable"):
        del Params(A).lead


# ---- a tree like another


def test_a_tree_like_another_has_its_order_and_its_leading_axes():
    backwards = {"1": {}, "0": {"bias": np.ones(3), "weights": np.ones((2, 3))}}
    gradients = tree.like(Params(A), backwards)
    assert gradients == Params({"0": {"weights": np.ones((2, 3)), "bias": np.ones(3)}, "1": {}})
    assert tree.like(ENSEMBLE, dict(ENSEMBLE)) == ENSEMBLE
    assert tree.like(MIXED, {"many": dict(MIXED["many"]), "one": MIXED["one"]}) == MIXED


def test_the_leaves_of_a_tree_like_another_are_read_only_views():
    source = {"bias": np.ones(3)}
    leaf = tree.like(Params(source), source)["bias"]
    assert np.shares_memory(leaf, source["bias"])
    assert (leaf.flags.writeable, source["bias"].flags.writeable) == (False, True)


@pytest.mark.parametrize("other", [{"0": A["0"]}, {**A, "1": np.ones(1)}, {**A, "0": {"weights": 1}}, None])
def test_a_tree_of_other_names_is_like_no_other(other):
    with pytest.raises(TreeError, match="trees part at"):
        tree.like(Params(A), other)


def test_half_precision_can_be_cast_to_float32():
    half = {"bias": np.array([0.5], np.float16)}
    assert tree.cast(half, np.float32)["bias"].dtype == np.float32
