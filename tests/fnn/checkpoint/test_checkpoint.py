"""Saving and loading: a value comes back bit by bit with its types, and one of another model is refused."""

import json
import re
from itertools import islice

import attrs
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp

import fnn
from fnn import Key, Params, Progress, checkpoint, fold_in, generator
from fnn.checkpoint import CheckpointError, load, read_meta, save
from fnn.checkpoint.checkpoint import VERSION
from tests.support.table import LAYERS, OPTIMIZERS

MODEL = fnn.chain(fnn.linear(6), fnn.relu, fnn.linear(3))
PARAMS, _ = MODEL.init(Key(0), (5,))


def progress(optimizer=fnn.adam(0.01), model=MODEL, n=5, score=lambda record: -abs(record["epoch"] - 3)):  # noqa: B008
    """The progress of a training after a few epochs, whose best state is not its last."""
    x, y = generator(Key(1)).standard_normal((20, 5)).astype(np.float32), np.arange(20) % 3
    step = fnn.train_step(model, fnn.cross_entropy, optimizer)
    start = optimizer.init(model.init(Key(0), (5,))[0])
    batches_of = lambda epoch: fnn.batches(fold_in(Key(2), epoch), (x, y), 8)  # noqa: E731
    measures = lambda params: {"norm": np.float32(1.5), "plain": 0.25, "both": np.arange(2)}  # noqa: E731
    return list(islice(fnn.epochs(step, batches_of, start, measures, score), n))[-1]


def again(path, tree, **how):
    save(path, tree)
    return load(path, **how)


def types(value):
    return [{name: type(part) for name, part in record.items()} for record in value.history]


@pytest.mark.parametrize("name", LAYERS)
def test_parameters(name, tmp_path):
    layer, shape = LAYERS[name].layer, LAYERS[name].shape
    params, _ = layer.init(Key(0), shape)
    loaded = again(tmp_path / "x.npz", params, like=params)
    assert loaded == params
    assert repr(loaded) == repr(params)
    assert not any(leaf.flags.writeable for leaf in fnn.tree.leaves(loaded))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_states(name, tmp_path):
    state = progress(OPTIMIZERS[name].optimizer).state
    loaded = again(tmp_path / "x.npz", state, like=OPTIMIZERS[name].optimizer.init(PARAMS))
    assert loaded == state
    assert loaded.params == state.params
    assert type(loaded.step) is int


def test_a_progress_with_all_that_it_records(tmp_path):
    whole = progress()
    loaded = again(tmp_path / "x.npz", whole, like=Progress.start(fnn.adam().init(PARAMS)))
    assert loaded == whole != Progress.start(whole.state)
    assert loaded.best_epoch == 3
    assert types(loaded) == types(whole)
    assert type(loaded.best_score) is type(whole.best_score)
    latest = progress(score=lambda record: record["epoch"])
    assert latest.best is latest.state
    loaded = again(tmp_path / "x.npz", latest)
    assert loaded == latest
    assert loaded.best is loaded.state  # so it was saved only once
    start = Progress.start(whole.state)
    assert again(tmp_path / "x.npz", start) == start  # its best score is minus infinity
    uneven = attrs.evolve(whole, history=({"a": 1}, {"a": True}, {"b": np.float64("nan"), "a": -0.0}, {"a": 2**40}))
    assert again(tmp_path / "x.npz", uneven) == uneven
    assert types(load(tmp_path / "x.npz")) == types(uneven)


def test_a_long_history(tmp_path):
    n = 20_000  # each number on its own would be too many members for a zip file, and too long a description
    records = [{"epoch": i, "loss": 1 / i, "done": i % 2 == 0, "norm": np.float32(i)} for i in range(1, n)]
    long = attrs.evolve(progress(), history=records)
    loaded = again(tmp_path / "long.npz", long)
    assert loaded == long
    assert types(loaded) == types(long)
    save(tmp_path / "again.npz", loaded)
    further, other = {"epoch": n, "loss": 0.0, "done": True, "norm": np.float32(0)}, {"epoch": n + 1}
    for start, path in ((long, "whole.npz"), (loaded, "resumed.npz")):
        save(tmp_path / path, attrs.evolve(start, history=start.history.append(further).append(other)))
    contents = [(tmp_path / f"{name}.npz").read_bytes() for name in ("long", "again", "whole", "resumed")]
    assert contents[0] == contents[1] != contents[2] == contents[3]
    assert load(tmp_path / "resumed.npz").history[-3:] == (records[-1], further, other)


def test_an_ensemble_in_training(tmp_path):
    model = fnn.ensemble(MODEL, 4)
    state = fnn.adam(np.full(4, 0.1)).init(model.init(Key(0), (5,))[0])
    loaded = again(tmp_path / "x.npz", Progress.start(state), like=Progress.start(state)).state
    assert loaded == state
    assert loaded.params.lead == (4,)


def test_a_mapping_of_everything(tmp_path):
    whole = {"progress": progress(), "key": Key(2**128 - 1, (3, 2**32 - 1)), "more": {"rate": 0.1}, "params": PARAMS}
    loaded = again(tmp_path / "x.npz", whole)
    assert type(loaded) is dict
    assert loaded == {**whole, "more": Params({"rate": np.array(0.1)})}
    assert again(tmp_path / "x.npz", Key(7)) == Key(7)
    assert again(tmp_path / "x.npz", {}) == Params()


def test_arrays_of_every_layout(tmp_path):
    matrix = np.arange(12.0).reshape(3, 4)
    tree = {
        "T": matrix.T,
        "strided": matrix[::2, 1:],
        "big": matrix.astype(">f8"),
        "0-d": np.array(1j),
        "none": matrix[:0],
    }
    assert again(tmp_path / "x.npz", tree) == Params({name: leaf.copy() for name, leaf in tree.items()})


leaves = hnp.arrays(
    st.sampled_from(["?", "b", "B", ">i2", "<u4", "i8", "f2", "f4", ">f4", "f8", "c8", "c16"]).map(np.dtype),
    hnp.array_shapes(min_dims=0, min_side=0),
)
names = st.text(max_size=5) | st.sampled_from(["..", "/", "a/b", ".npy", "checkpoint.json", "%2e;", "\0"])
trees = st.recursive(
    st.dictionaries(names, leaves, max_size=3), lambda below: st.dictionaries(names, below | leaves, max_size=3)
)


@settings(max_examples=200, derandomize=True, deadline=None, database=None)
@given(tree=trees)
def test_any_tree_comes_back_bit_by_bit(tree, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "any.npz"
    loaded = again(path, tree, like=tree)
    ours, theirs = ([(at, a.dtype, a.shape, a.tobytes()) for at, a in fnn.tree.items(each)] for each in (tree, loaded))
    assert ours == theirs
    with np.load(path, allow_pickle=False) as arrays:
        assert [array.tobytes() for array in list(arrays.values())[1:]] == [each[-1] for each in ours]


def test_numpy_opens_it_without_pickle(tmp_path):
    save(tmp_path / "x.npz", PARAMS, meta={"epochs": 3})
    with np.load(tmp_path / "x.npz", allow_pickle=False) as arrays:
        assert list(arrays) == ["checkpoint.json", "0/weights", "0/bias", "2/weights", "2/bias"]
        assert (arrays["2/weights"] == PARAMS["2"]["weights"]).all()
        described = json.loads(arrays["checkpoint.json"].tobytes())
    assert (described["format"], described["meta"]) == (VERSION, {"epochs": 3})


def test_equal_values_make_equal_files(tmp_path):
    for name in ("a", "b"):
        save(tmp_path / name, progress())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_meta_is_plain(tmp_path):
    meta = {"a": (1, 2.5, None, True), "ü": {"b": ["x"]}, "inf": -np.inf}
    save(tmp_path / "x.npz", PARAMS, meta=meta)
    assert read_meta(tmp_path / "x.npz") == {**meta, "a": [1, 2.5, None, True]}
    save(tmp_path / "x.npz", PARAMS)
    assert read_meta(tmp_path / "x.npz") == {}
    for bad in ("text", [1, 2], 0, ""):
        with pytest.raises(CheckpointError, match="meta is a mapping, got "):
            save(tmp_path / "x.npz", PARAMS, meta=bad)
    cyclic = {}
    cyclic["a"] = [cyclic]
    with pytest.raises(CheckpointError, match="meta has at most 64 levels"):
        save(tmp_path / "x.npz", PARAMS, meta=cyclic)
    for bad in ({1: 2}, {"a": {2: 3}}, {"a": np.ones(2)}, {"a": PARAMS["0"]["bias"]}, {"a": object()}):
        with pytest.raises(CheckpointError, match=r"cannot save .*x\.npz: meta is made of"):
            save(tmp_path / "x.npz", PARAMS, meta=bad)


def nested(n, of):
    """`n` mappings, each inside the one before, with `of` in the innermost."""
    return {"a": nested(n - 1, of)} if n else of


def cyclic():
    tree = {}
    tree["a"] = tree
    return tree


def test_the_deepest_and_the_longest_that_are_kept(tmp_path):
    state = nested(60, fnn.adam().init(PARAMS))
    for tree in (nested(64, np.ones(2)), {"x" * 65_000: np.ones(2)}, state):
        assert again(tmp_path / "x.npz", tree, like=tree) == (tree if tree is state else Params(tree))
    save(tmp_path / "x.npz", {}, meta=nested(64, 1))
    assert read_meta(tmp_path / "x.npz") == nested(64, 1)


def test_a_safetensors_file_is_not_written(tmp_path):
    with pytest.raises(CheckpointError, match=r"x\.safetensors: .* use safetensors\.numpy\.save_file"):
        save(tmp_path / "x.safetensors", PARAMS)
    assert not list(tmp_path.iterdir())


def test_a_file_is_not_called_damaged_if_memory_or_stack_run_out(tmp_path, monkeypatch):
    save(tmp_path / "x.npz", PARAMS)
    for error in (MemoryError, RecursionError):

        def decode(*_, error=error):
            raise error

        monkeypatch.setattr(checkpoint.checkpoint, "decode", decode)
        with pytest.raises(error):
            load(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("tree", "why"),
    [
        (nested(65, np.ones(2)), r"at most 64 levels, got more at \['a'\]\['a'\]"),
        (cyclic(), r"at most 64 levels, got more at \['a'\]\['a'\]"),
        (nested(63, fnn.sgd(0.1).init(PARAMS)), "at most 64 levels"),
        (fnn.sgd(0.1).init(Params(nested(250, np.ones(2)))), "at most 64 levels"),
        ({"x" * 65_001: np.ones(2)}, r"at most 65000 letters, got 65001 at \['xxx"),
        ({"x" * 60_000: {str(i): np.ones(2) for i in range(200)}}, "names of its arrays have 12000690 letters"),
        ({"a": {"b": np.array([object()])}}, r"array of numbers.* at \['a'\]\['b'\], got an array of object"),
        ({"a": np.array(["x"])}, r"at \['a'\], got an array of <U1"),
        ({"a": np.zeros(2, "f4,f4")}, r"at \['a'\], got an array of \[\('f0'"),
        ({"a": np.zeros(2, "M8[s]")}, r"at \['a'\], got an array of datetime64"),
        ({"a": "word"}, r"at \['a'\], got str"),
        ({"a": {1: 2}}, r"names are strings, got 1 below \['a'\]"),
        ({"a\ud800": 2.0}, "surrogates not allowed"),
        ([PARAMS], "at its root, got list"),
        (MODEL, "at its root, got Layer"),
        ({str(i) * 10: np.zeros(2) for i in range(20_000)}, "at most 1048576"),
        (attrs.evolve(progress(), history=({"a": "word"},)), r"at \['history'\]\['a'\], got str"),
        (attrs.evolve(progress(), history=({},)), r"numbers in the records at \['history'\], got an empty record"),
        (attrs.evolve(progress(), best_score="high"), r"at \['best_score'\]\['value'\], got str"),
    ],
)
def test_a_value_that_cannot_be_saved_is_named(tree, why, tmp_path):
    save(tmp_path / "x.npz", PARAMS)
    with pytest.raises(CheckpointError, match=rf"cannot save .*x\.npz: .*{why}"):
        save(tmp_path / "x.npz", tree)
    assert [file.name for file in tmp_path.iterdir()] == ["x.npz"]
    assert load(tmp_path / "x.npz") == PARAMS


def other(*layers):
    return fnn.chain(*layers).init(Key(0), (5,))[0]


STATE = fnn.adam().init(PARAMS)
WIDER = other(fnn.linear(6), fnn.relu, fnn.linear(4))
SHORTER = other(fnn.linear(6), fnn.relu)
ELSEWHERE = other(fnn.linear(6), fnn.linear(3), fnn.relu)
NARROWER = fnn.adam().init(other(fnn.linear(3), fnn.relu, fnn.linear(6)))
PLAIN, MOMENTUM = fnn.sgd(0.1).init(PARAMS), fnn.momentum(0.1).init(PARAMS)
START, WITH_KEY = Progress.start(STATE), {"key": Key(0), "state": STATE}


@pytest.mark.parametrize(
    ("saved", "like", "place", "expected", "got"),
    [
        (PARAMS, WIDER, "['2']['weights']", "an array of float32, shape (6, 4)", "an array of float32, shape (6, 3)"),
        (PARAMS, SHORTER, "its root", "a mapping of ['0', '1']", "a mapping of ['0', '1', '2']"),
        (PARAMS, ELSEWHERE, "['1']", "a mapping of ['weights', 'bias']", "a mapping of []"),
        (PARAMS, fnn.tree.cast(PARAMS, np.float64), "['0']['weights']", "an array of float64", "an array of float32"),
        (PARAMS, fnn.tree.stack([PARAMS]), "its root", "a mapping of ['0', '1', '2'] with leading axes (1,)", ""),
        (PARAMS, {**PARAMS, "1": np.ones(2)}, "['1']", "an array of float64, shape (2,)", "a mapping of []"),
        (STATE, PARAMS, "its root", "a mapping of ['0', '1', '2']", "a State"),
        (PARAMS, STATE, "its root", "a State", "a mapping"),
        (STATE, START, "its root", "a Progress", "a State"),
        (STATE, MOMENTUM, "its root", "a State of momentum", "a State of adam"),
        (STATE, NARROWER, "['params']['0']['weights']", "an array, shape (5, 3)", "an array, shape (5, 6)"),
        (START, Progress.start(PLAIN), "['state']", "a State of sgd", "a State of adam"),
        (WITH_KEY, {"key": Key(1)}, "its root", "a dict of ['key']", "a dict of ['key', 'state']"),
        (WITH_KEY, {"key": STATE, "state": STATE}, "['key']", "a State", "a Key"),
    ],
)
def test_another_model_is_refused_with_the_path_of_the_first_difference(saved, like, place, expected, got, tmp_path):
    said = re.escape(f"x.npz belongs to another model or optimizer: at {place}, expected {expected}")
    with pytest.raises(CheckpointError, match=f"{said}.*, got {re.escape(got)}"):
        again(tmp_path / "x.npz", saved, like=like)


def test_what_may_differ_from_like(tmp_path):
    ran = {"key": Key(3), "training": progress()}
    like = {"key": Key(0), "training": Progress.start(STATE)}
    assert again(tmp_path / "x.npz", ran, like=like) == ran
    with pytest.raises(CheckpointError, match=r"`like` is not a value that a checkpoint can hold: .* got Layer"):
        load(tmp_path / "x.npz", like=MODEL)
