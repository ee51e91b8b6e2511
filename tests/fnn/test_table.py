"""Every public layer, loss, optimizer, schedule and initializer has a row in the table; a missing one is named."""

import importlib
import pkgutil

import numpy as np
import pytest

import fnn.layers
from fnn import compose, initializers, losses, optimizers
from fnn.layers import activations, gaussian
from fnn.layers.softmax import __all__ as softmaxes
from fnn.optimizers import schedules
from tests.support.activations import ACTIVATIONS, SOFTMAXES
from tests.support.table import TABLES, public_name

ACTIVATION_NAMES = [*activations.__all__, *gaussian.__all__]
FAMILIES = [importlib.import_module(found.name) for found in pkgutil.iter_modules(fnn.layers.__path__, "fnn.layers.")]
PUBLIC = {  # by kind; the names of classes and types begin with a capital
    "layer": {name for family in (*FAMILIES, compose) for name in family.__all__},
    "loss": set(losses.__all__),
    "optimizer": set(optimizers.__all__) - set(schedules.__all__),
    "schedule": set(schedules.__all__),
    "initializer": {"initializers.constant", *initializers.__all__} - {"constant"},  # fnn.constant is a schedule
}
EXACT = {  # rows with exact values: (the public names of the family, rows, where they are)
    "activation": (ACTIVATION_NAMES, ACTIVATIONS, "tests/support/activations.py"),
    "softmax": (softmaxes, SOFTMAXES, "tests/support/activations.py"),
    "loss": (
        set(losses.__all__) - {"cross_entropy"},  # it takes rows of logits, see test_extremes.py
        {name: row for name, row in TABLES["loss"].items() if row.pointwise},
        "tests/support/losses.py, with its exact values",
    ),
}


def without_row(names, rows, where):
    """A message for each public name without a row."""
    have = {public_name(row) for row in rows}
    return [f"fnn.{name} has no row in {where}" for name in sorted(names) if name[0].islower() and name not in have]


@pytest.mark.parametrize("kind", TABLES)
def test_everything_public_has_a_row(kind):
    where = {"loss": "losses.py", "optimizer": "optimizers.py", "schedule": "optimizers.py"}.get(kind, "table.py")
    others = PUBLIC[kind] - ({*ACTIVATION_NAMES, *softmaxes} if kind == "layer" else set())  # these have their own test
    assert without_row(others, TABLES[kind], f"tests/support/{where}") == []


@pytest.mark.parametrize("kind", TABLES)
def test_every_row_is_of_something_public(kind):
    assert {public_name(row) for row in TABLES[kind]} <= PUBLIC[kind]


@pytest.mark.parametrize("kind", EXACT)
def test_exact_values_are_in_the_row(kind):
    assert without_row(*EXACT[kind]) == []


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_of_nan_is_nan(name):
    assert np.isnan(ACTIVATIONS[name].at_nan[0])


def test_a_missing_row_is_named():
    rows = {"relu": None, "momentum, nesterov": None}
    assert without_row(["mish", "relu", "momentum", "Layer"], rows, "tests/support/activations.py") == [
        "fnn.mish has no row in tests/support/activations.py"
    ]
