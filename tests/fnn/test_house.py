"""The structure of the library: imports go one way, and the top folder has few entries."""

from tests.support.arrows import wrong_arrows
from tests.support.paths import ROOT

ORDER = [
    "fnn.late",
    "fnn.arrays",
    "fnn.values",
    "fnn.tree",
    "fnn.random",
    "fnn.layer",
    "fnn.initializers",
    "fnn.layers",
    "fnn.compose",
    "fnn.losses",
    "fnn.optimizers",
    "fnn.batching",
    "fnn.training",
    "fnn.data",
    "fnn.metrics",
    "fnn.checks",
    "fnn.checkpoint",
    "fnn.plot",
    "fnn.interop",
    "fnn",
]
MOST = 20  # entries, but for those that Python and types ask for


def test_nothing_imports_what_stands_below_it():
    assert wrong_arrows("fnn", ORDER) == []


def test_the_top_has_few_entries():
    entries = [path.name for path in (ROOT / "fnn").iterdir() if path.name not in ("__pycache__", "py.typed")]
    assert len(entries) <= MOST
