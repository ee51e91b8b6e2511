"""`import fnn` is light, leaves NumPy's global state alone, and offers every documented name at the top."""

import subprocess
import sys
from importlib import import_module
from operator import attrgetter
from pathlib import Path

import pytest

import fnn
from tests.support.table import TABLES, public_name

NAMES = """
    Layer Params Key fold_in split generator ravel tree
    value_and_grad train_step batches evaluate
    Optimizer State Progress epochs early_stopping predict summary check_vjp check_layer
    initializers losses metrics data optimizers schedules checks
"""
ROWS = {public_name(row): None for table in TABLES.values() for row in table}  # each name once, in order
TRAIN = """
from functools import reduce
model = fnn.chain(fnn.linear(8), fnn.relu, fnn.dropout(0.5), fnn.linear(3))
step = fnn.train_step(model, fnn.cross_entropy, fnn.adam(), key=fnn.Key(1))
data = np.ones((20, 4), np.float32), np.arange(20) % 3
state = reduce(step, fnn.batches(fnn.Key(2), data, 8), fnn.adam().init(model.init(fnn.Key(0), (4,))[0]))
"""


def run(program):
    """What a fresh interpreter prints."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=root, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", [*NAMES.split(), *ROWS])
def test_a_name_is_at_the_top(name):
    assert attrgetter(name)(fnn) is not None


def test_import_brings_in_nothing_slow():
    slow = {
        "matplotlib",
        "sklearn",
        "tqdm",
        "jax",
        "scipy",
        "pandas",
        "PIL",
        "html",
        "pytest",
        "hypothesis",
        "bisect",
    }
    assert run(f"import sys, fnn; print(sorted({slow} & set(sys.modules)))") == "[]\n"


def test_import_brings_in_only_what_a_plain_training_needs():
    late = [f"fnn.{name}" for name in ("checks", "checkpoint", "data", "metrics", "plot", "interop", "tree.display")]
    late += [module for package in (fnn.compose, fnn.layers, fnn.training) for module in package.LATE]
    program = f"""
import sys, numpy as np, fnn
{TRAIN.replace("fnn.dropout(0.5), ", "")}
print([module for module in {late} if module in sys.modules])
"""
    assert run(program) == "[]\n"


@pytest.mark.parametrize("package", ["fnn.compose", "fnn.layers", "fnn.training"])
def test_a_late_module_gives_the_package_all_its_names(package):
    package = import_module(package)
    for module, names in package.LATE.items():
        assert sorted(names) == sorted(set(import_module(module).__all__) & set(package.__all__))
        assert all(getattr(package, name) is getattr(import_module(module), name) for name in names)


def test_a_late_name_is_found_whoever_imports_its_module_first():
    found = "print(fnn.attention is fnn.layers.attention is sys.modules['fnn.layers.attention'].attention)"
    for first in ("fnn.layers.attention", "fnn"):
        assert run(f"import sys, {first}\n{found}") == "True\n"


def test_a_missing_name_is_an_attribute_error_and_late_names_are_listed():
    with pytest.raises(AttributeError, match="module 'fnn' has no attribute 'reLU'"):
        _ = fnn.reLU
    assert set(fnn.__all__) <= set(dir(fnn))
    program = "import fnn\nbefore = set(dir(fnn))\nfrom fnn import *\nprint({*fnn.__all__} <= before & {*globals()})"
    assert run(program) == "True\n"


def test_import_and_training_leave_numpys_global_state_alone():
    program = f"""
import numpy as np
before = repr((np.random.get_state(), np.geterr(), np.get_printoptions()))
import fnn
{TRAIN}
assert state.step == 3
print(before == repr((np.random.get_state(), np.geterr(), np.get_printoptions())))
"""
    assert run(program) == "True\n"


def test_a_training_is_the_same_in_every_process():
    program = f"import numpy as np, fnn\n{TRAIN}\nprint(state.vector.tobytes().hex())"
    assert run(program) == run(program)
