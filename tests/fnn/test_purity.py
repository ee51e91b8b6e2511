"""No public function changes its inputs, shares memory with them unless documented, or changes the process."""

import importlib
import inspect
import os
import pkgutil
import random
import re
import threading
import warnings

import matplotlib
import numpy as np
import pytest

import fnn
from tests.support.contents import arrays, content
from tests.support.sample_calls import ROWS

SHARED = {  # row: (which parts of the result may share memory with a writable input, the reason)
    "fnn.identity": (r".*", "identity returns its input, the very same array, and so does its pullback"),
    "fnn.chain, of nothing": (r".*", "a chain of no layers is the identity"),
    "fnn.positions": (r".*", "the gradient of x + p with respect to x is dy itself"),
    "fnn.sinusoidal_positions": (r".*", "the gradient of x + p with respect to x is dy itself"),
    "fnn.flatten": (r".*", "flatten returns views"),
    "fnn.flatten, of three axes": (r".*", "flatten returns views"),
    "fnn.dropout": (r"\[1\]|\[2\]\[0\].*", "without a key, dropout is the identity"),
    "fnn.layer.unchanged": (r".*", "the parameters themselves"),
    "fnn.tree.items": (r".*", "the leaves of a tree themselves"),
    "fnn.tree.leaves": (r".*", "the leaves of a tree themselves"),
    "fnn.tree.like": (r".*", "read-only views, so that gradients that are given away cost no copy"),
    "fnn.arrays.read_only": (r".*", "a read-only view, so that the caller who gives an array away pays for no copy"),
    "fnn.batches, in order": (r".*", "batches without a key are views"),
    "fnn.batching.in_order": (r".*", "views"),
    "fnn.data.split_at": (r".*", "two tuples of views"),
    "fnn.data.class_labels": (r".*", "the labels, if they are an array already"),
    "fnn.plot.canvas.checked": (r".*", "the values, if they are an array already"),
    "fnn.plot.canvas.checked_each": (r".*", "the values that are arrays already"),
}


NOT_CALLED = (
    "fnn.late",  # it prepares a package
    "fnn.interop.jax",  # test_jax_fold.py calls it, and looks for changed inputs too
    "fnn.interop.jax.compiled",
    "fnn.interop.jax.orders",
    "fnn.interop.jax.trees",
    "fnn.interop.sklearn",  # `check_estimator` calls it, and looks for changed inputs too
    # The calls of fnn.checkpoint and of the losses run these, and they hand views to one another.
    "fnn.checkpoint.columns",
    "fnn.checkpoint.description",
    "fnn.checkpoint.npz",
    "fnn.checkpoint.partial",
    "fnn.checkpoint.decode",
    "fnn.losses.reduction",
)


def public():
    """The names of every public function, class and layer: a list of all its names for each."""
    modules = [info.name for info in pkgutil.walk_packages(fnn.__path__, "fnn.") if info.name not in NOT_CALLED]
    found = {}
    for module in map(importlib.import_module, ["fnn", *modules]):
        for name in getattr(module, "__all__", []):
            thing = getattr(module, name)
            record = inspect.isclass(thing) and not issubclass(thing, BaseException) and thing.__module__[:3] == "fnn"
            if record or inspect.isfunction(thing) or isinstance(thing, (fnn.Layer, fnn.metrics.Metric)):
                found.setdefault(id(thing), []).append(f"{module.__name__}.{name}")
    return list(found.values())


def surroundings():
    """The state of the process that a function could change unnoticed."""
    return {
        "NumPy's global generator": repr(content(tuple(np.random.get_state()))),  # noqa: NPY002
        "Python's global generator": random.getstate(),
        "NumPy's error state": (np.geterr(), np.geterrcall(), np.getbufsize()),
        "NumPy's print options": repr(np.get_printoptions()),
        "the environment": dict(os.environ),
        "the warning filters": list(warnings.filters),
        "matplotlib's settings": dict(matplotlib.rcParams),
        "the folder": os.getcwd(),
        "the threads": threading.active_count(),
    }


def form(inputs):
    """Content, flags and address of each array of the inputs."""
    return [(path, content(a), a.flags.writeable, a.__array_interface__["data"][0]) for path, a in arrays(inputs)]


def test_every_public_name_has_a_row():
    called = {name.partition(",")[0] for name in ROWS}
    missing = [names[0] for names in public() if not called & set(names)]
    assert missing == [], "no row in tests/support (see tests/README.md), and no sample call in sample_calls.py"
    assert called <= {name for names in public() for name in names}
    assert len(public()) > 100


@pytest.mark.parametrize("name", ROWS)
def test_a_call_changes_neither_its_inputs_nor_the_process(name):
    f, *inputs = ROWS[name]()
    before, around = (content(inputs), form(inputs)), surroundings()
    f(*inputs)
    assert (content(inputs), form(inputs)) == before
    assert surroundings() == around


@pytest.mark.parametrize("name", ROWS)
def test_results_share_no_memory_with_inputs_unless_documented(name):
    f, *inputs = ROWS[name]()
    result = list(arrays(f(*inputs)))
    shared = [(there, a, b) for there, a in result for _, b in arrays(inputs) if np.shares_memory(a, b)]
    assert not [there for there, a, b in shared if a.flags.writeable and not b.flags.writeable]
    writable = [there for there, _, b in shared if b.flags.writeable]  # read-only arrays may be handed on
    pattern, _ = SHARED.get(name, ("", ""))
    assert [there for there in writable if not re.fullmatch(pattern, there)] == []
    assert bool(writable) == (name in SHARED)


def test_a_change_of_the_process_is_noticed():
    for change in (lambda: np.random.seed(1), lambda: np.seterr(over="ignore"), lambda: random.random()):  # noqa: NPY002
        state, errors = np.random.get_state(), np.geterr()  # noqa: NPY002
        before = surroundings()
        change()
        after = surroundings()
        np.random.set_state(state)  # noqa: NPY002
        np.seterr(**errors)
        assert after != before
