"""Any saved value comes back: trees of any structure and names, ensembles, states and progresses."""

import pickle
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnn import Key, Progress, checkpoint, tree
from tests.support.contents import content
from tests.support.strategies import NUMBERS, keys, normal, params, seeds
from tests.support.table import OPTIMIZERS


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("checkpoints") / "any.npz"


@given(params(NUMBERS))
def test_parameters_come_back(path, p):
    checkpoint.save(path, p)
    again = checkpoint.load(path, like=p)
    assert content(again) == content(p)
    assert not any(leaf.flags.writeable for leaf in tree.leaves(again))
    with np.load(path, allow_pickle=False) as arrays:
        assert len(arrays.files) == 1 + len(tree.leaves(p))


@given(
    st.sampled_from([row.optimizer for row in OPTIMIZERS.values()]),
    params(("float64",)),
    seeds,
    keys,
    st.integers(0, 3),
)
def test_a_training_comes_back_and_goes_on_to_the_same_bits(path, optimizer, p, seed, key, n):
    start = optimizer.init(tree.map(np.nan_to_num, p))
    grads = tree.map(lambda w: normal(Key(seed), 0, w.shape), dict(p))
    state, on = start, partial(optimizer.update, finite=False)  # drawn values may be so large that a moment overflows
    for _ in range(n):
        state = on(state, grads)
    progress = Progress(state, start, n, float(n), tuple({"epoch": i, "loss": np.float64(i)} for i in range(n)))
    saved = {"progress": progress, "key": key}
    checkpoint.save(path, saved, meta={"epochs": n})
    again = checkpoint.load(path, like=saved)
    assert checkpoint.read_meta(path) == {"epochs": n}
    assert again["key"] == key
    assert again["progress"] == progress
    assert pickle.dumps(again["progress"].history) == pickle.dumps(progress.history)
    assert on(again["progress"].state, grads) == on(state, grads)
    assert checkpoint.load(path)["progress"].state.params == state.params
