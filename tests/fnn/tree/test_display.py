"""Trees and tables are shown as text and, in Jupyter, as HTML with the same cells, in which every name is escaped."""

from xml.etree import ElementTree

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn.interop.jax  # noqa: F401
from fnn import Key, Params, chain, elementwise, ensemble, linear, relu, summary
from fnn.checks import explain
from fnn.tree.display import html_table

EVIL = "<script>alert(\"&amp;\" + '1 < 2')</script>"
MODEL = chain(
    linear(3), relu, **{EVIL: chain(linear(2), elementwise(EVIL, lambda xp, x: 1 * x, lambda xp, x, y: 1 + 0 * x))}
)
PARAMS = MODEL.init(Key(0), (4,))[0]
SHOWN = {
    "params": PARAMS,
    "params of networks": ensemble(MODEL, 2).init(Key(0), (4,))[0],
    "no params": Params(),
    "summary": summary(MODEL, (4,)),
    "summary of no layers": summary(chain(), (4,)),
    "explanation": explain(MODEL, PARAMS, np.ones((5, 4), np.float32)),
}


def parsed(shown):
    """The table of its HTML. A parser of XML is strict: it refuses what is not escaped or not closed."""
    return ElementTree.fromstring(shown._repr_html_())


def cells(row):
    assert all(not list(cell) for cell in row), "a cell holds text alone"
    return [cell.text or "" for cell in row]


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
def test_the_table_has_the_words_of_the_text(shown):
    table = parsed(shown)
    rows = [cells(row) for row in table.iter("tr")]
    assert len({len(row) for row in rows}) == 1
    assert {element.tag for element in table.iter()} <= {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    if isinstance(shown, Params):
        assert table.findtext("caption") == repr(shown).partition("\n")[0]
        assert all(f"{shape} {dtype}" in repr(shown) for _, shape, dtype in rows[1:] if dtype)
    else:
        lines = [line for line in repr(shown).splitlines() if not line.startswith("----")]
        assert ["".join(row).replace(" ", "") for row in rows] == [line.replace(" ", "") for line in lines]


def test_the_rows_of_params_are_their_leaves():
    rows = [cells(row) for row in parsed(PARAMS).iter("tr")]
    assert rows == [
        ["path", "shape", "dtype"],
        ["0.weights", "(4, 3)", "float32"],
        ["0.bias", "(3,)", "float32"],
        ["1", "(none)", ""],
        [f"{EVIL}.0.weights", "(3, 2)", "float32"],
        [f"{EVIL}.0.bias", "(2,)", "float32"],
        [f"{EVIL}.1", "(none)", ""],
    ]


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
def test_names_are_escaped(shown):
    assert "<script" not in shown._repr_html_()


def test_a_rule_parts_the_head_from_the_sections():
    table = ElementTree.fromstring(html_table([("a", "b"), (), ("1", "2"), ("3", "4"), (), ("", "6")], "<>", "x < y"))
    assert [part.tag for part in table] == ["caption", "thead", "tbody", "tbody"]
    sections = [[cells(row) for row in part] for part in list(table)[1:]]
    assert sections == [[["a", "b"]], [["1", "2"], ["3", "4"]], [["", "6"]]]
    assert [cell.get("style") for cell in table.find("tbody")[0]] == ["text-align: left", "text-align: right"]


LEAVES = {  # what JAX may put into a tree: what makes it of an array, and how that is shown
    "shape": (jnp.shape, "(3,)"),
    "size": (jnp.size, "3"),
    "dtype": (lambda leaf: leaf.dtype, "dtype('float32')"),
    "record": (lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), "(3,) float32"),
    "word": (lambda leaf: "<a & b>", "'<a & b>'"),
}


@pytest.mark.parametrize(("make", "expected"), LEAVES.values(), ids=LEAVES)
def test_leaves_that_are_no_arrays_are_shown_too(make, expected):
    tree = jax.tree.map(make, Params({"a": {"bias": np.zeros(3, np.float32)}}))
    assert repr(tree) == f"Params\n  a\n    bias  {expected}"
    assert " ".join(cells(parsed(tree).find("tbody")[0])).strip() == f"a.bias {expected}"


def test_a_tree_of_tracers_is_shown():
    seen = []
    jax.jit(lambda tree: seen.append(repr(tree)) or tree)(PARAMS)
    assert seen == [repr(PARAMS)]
