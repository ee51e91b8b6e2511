"""Values described: what a checkpoint writes of a tree, a `State`, a `Progress` or a `Key`.

`encode` parts a value into a form and arrays. A form is of lists, dicts, strings and numbers alone, and begins with its
kind: `["Params", lead, parts]`, `["State", step, optimizer, layout, parts]`, ... The arrays have the names that lead to
them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from math import prod
from typing import Any

import numpy as np

from fnn.checkpoint.npz import spec
from fnn.optimizers.optimizer import State
from fnn.random import Key
from fnn.training import Progress
from fnn.tree.flat import Layout, Span
from fnn.tree.params import Path, is_array, show

__all__ = ["DEPTH", "PLAIN", "Arrays", "Form", "encode", "name_of", "outline", "recorded", "specs"]

Form = Any
Arrays = dict[str, np.ndarray]
_NUMBERS = (int, float, complex, np.generic)
PLAIN = {bool: "bool", int: "int", float: "float"}
DEPTH = 64  # names that lead to an array; a value that contains itself is deeper
_LETTERS = 65_000  # of an array's name: an archive counts them in 16 bits


def name_of(path: Path) -> str:
    """The archive's name for an array: one for each path, of letters that no file system and no reader minds.

    >>> name_of(("0", "weights")), name_of(("..", "a/b"))
    ('0/weights', '%2e;%2e;/a%2f;b')
    """
    return "/".join(re.sub(r"[^A-Za-z0-9_-]", lambda letter: f"%{ord(letter[0]):x};", part) for part in path)


def encode(value: Any, path: Path = ()) -> tuple[Form, Arrays]:
    """A value's form, and its arrays by name; raises `ValueError`, with the path, for what no checkpoint holds."""
    if isinstance(value, Key):
        return ["Key", value.seed, list(value.path)], {}
    if isinstance(value, State):
        parts, arrays = _each({"vector": value.vector, "memory": value.memory, "loss": value.loss}, path)
        layout = _from_layout(value.layout, (*path, "params"))
        return ["State", int(value.step), value.rule, layout, parts], arrays
    if isinstance(value, Progress):
        states = {"state": value.state} | ({} if value.best is value.state else {"best": value.best})
        parts, arrays = _each(states, path)
        parts["best_score"], scored = _from_records(({"value": value.best_score},), (*path, "best_score"))
        parts["history"], recorded = _from_records(value.history, (*path, "history"))
        return ["Progress", int(value.best_epoch), parts], {**arrays, **scored, **recorded}
    if isinstance(value, tuple):
        parts, arrays = _each({str(i): part for i, part in enumerate(value)}, path)
        return ["tuple", parts], arrays
    if isinstance(value, Mapping):
        parts, arrays = _each(value, path)
        if all(form[0] in ("Params", "array") for form in parts.values()):
            return ["Params", list(getattr(value, "lead", ())), parts], arrays
        return ["dict", parts], arrays
    return _from_array(value, path)


def _each(parts: Mapping[str, Any], path: Path) -> tuple[dict[str, Form], Arrays]:
    """The forms of parts by name, and the arrays of all."""
    if strange := [name for name in parts if not isinstance(name, str)]:
        raise ValueError(f"names are strings, got {strange[0]!r} below {show(path)}")
    _check_depth(path)
    pairs = {name: encode(part, (*path, name)) for name, part in parts.items()}
    arrays = {name: array for _, own in pairs.values() for name, array in own.items()}
    return {name: form for name, (form, _) in pairs.items()}, arrays


def _check_depth(path: Path) -> None:
    if len(path) >= DEPTH:
        raise ValueError(f"expected a tree of at most {DEPTH} levels, got more at {show(path[:4])}...")


def _from_array(value: Any, path: Path) -> tuple[Form, Arrays]:
    array = np.asarray(value, order="C") if is_array(value) or isinstance(value, _NUMBERS) else None
    if array is None or array.dtype.kind not in "fiubc":
        kind = type(value).__name__ if array is None else f"an array of {array.dtype}"
        raise ValueError(f"expected an array of numbers, a mapping, State, Progress or Key at {show(path)}, got {kind}")
    if len(name := name_of(path)) > _LETTERS:
        raise ValueError(f"expected names of at most {_LETTERS} letters, got {len(name)} at {show(path)[:80]}...")
    return ["array", *spec(array)], {name: array}


def _from_layout(layout: Layout, path: Path) -> Form:
    _check_depth(path)
    leaves = {name: ["leaf", list(part.shape)] for name, part in layout.parts if isinstance(part, Span)}
    parts = {name: leaves[name] if name in leaves else _from_layout(part, (*path, name)) for name, part in layout.parts}
    return ["layout", list(layout.lead), parts]


def _from_records(records: Sequence[Mapping[str, Any]], path: Path) -> tuple[Form, Arrays]:
    """Records as columns: one array a name, for each stretch of records that agree in names, kinds and shapes."""

    def kinds(record: Mapping[str, Any]) -> list[Any]:
        forms = {name: _from_array(value, (*path, name))[0] for name, value in record.items()}
        return [(name, _kind(record[name]), form) for name, form in forms.items()]

    blocks: dict[str, Form] = {}
    arrays: Arrays = {}
    for i, (common, block) in enumerate((common, list(block)) for common, block in groupby(records, kinds)):
        if not common or any(prod(shape) == 0 for _, _, (*_, shape) in common):
            raise ValueError(f"expected numbers in the records at {show(path)}, got an empty record or array")
        columns = {name: np.stack([np.asarray(record[name]) for record in block]) for name, _, _ in common}
        parts, own = _each(columns, (*path, str(i)))
        blocks[str(i)] = [{name: kind for name, kind, _ in common}, parts]
        arrays |= own
    return ["records", blocks], arrays


def _kind(value: Any) -> str:
    """What a recorded number is: Python's own, a NumPy scalar or an array."""
    return "scalar" if isinstance(value, np.generic) else PLAIN.get(type(value), "array")


def specs(form: Form, path: Path = ()) -> Iterator[tuple[str, list[Any]]]:
    """The name, dtype and shape of each array that belongs to a form, in order."""
    if isinstance(form, dict):
        for name, part in form.items():
            yield from specs(part, (*path, name))
    elif isinstance(form, list) and form[:1] == ["array"]:
        yield name_of(path), form[1:]
    elif isinstance(form, list):
        for part in form:
            yield from specs(part, path)


def recorded(form: Form) -> int:
    """How many Python objects the records in a form are made of: themselves, and the numbers in each."""
    if isinstance(form, dict):
        return sum(map(recorded, form.values()))
    if not isinstance(form, list) or form[:1] != ["records"]:
        return sum(map(recorded, form)) if isinstance(form, list) else 0
    blocks = form[1].values()
    if any(
        kinds.keys() != parts.keys() or any(part[0] != "array" for part in parts.values()) for kinds, parts in blocks
    ):
        raise ValueError("expected an array for each name in the records")
    return sum((1 + len(parts)) * max(shape[0] for _, _, shape in parts.values()) for _, parts in blocks)


def outline(form: Form, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """What another value must have in common with this one to stand in its place: each path and what is there."""
    kind, *facts = form
    if kind == "array":
        yield path, f"an array of {np.dtype(facts[0])}, shape {tuple(facts[1])}"
    elif kind == "leaf":
        yield path, f"an array, shape {tuple(facts[0])}"
    elif kind in ("Params", "layout"):
        lead, parts = facts
        yield path, f"a mapping of {list(parts)}" + f" with leading axes {tuple(lead)}" * bool(lead)
        for name, part in parts.items():
            yield from outline(part, (*path, name))
    elif kind == "Progress":
        yield path, "a Progress"
        parts = facts[1]
        yield from outline(parts["state"], (*path, "state"))
        yield from outline(parts.get("best", parts["state"]), (*path, "best"))
    elif kind == "Key":
        yield path, "a Key"
    else:
        parts = facts[-1]
        yield path, f"a State of {facts[1]}" if kind == "State" else f"a {kind} of {list(parts)}"
        if kind == "State":
            yield from outline(facts[2], (*path, "params"))
        for name, part in parts.items():
            yield from outline(part, (*path, name))
