"""The description of a value in a checkpoint, all that is known of it except the numbers in its arrays; and its making.

It is made of lists, dicts, strings and numbers only, so that JSON can hold it. Each list begins with its kind:

    ["array", dtype, shape]                     an array; its name in the file is the path that leads to it
    ["Params", lead, {name: array or Params}]
    ["dict", {name: any}]  ["tuple", {"0": any, "1": any, ...}]
    ["Key", seed, path]
    ["State", step, rule, layout, {"vector": array, "memory": tuple, "loss": array}]
    ["layout", lead, {name: layout or leaf}]    the layout of a State's vector
    ["leaf", shape]                             the place of an array in this vector
    ["Progress", best_epoch, {"state": State, "best": State, "best_score": records, "history": records}]
    ["records", {"0": [{name: type}, {name: array}], "1": ..., ...}]

A Progress has no "best" if its best state is its last one, and a list of best epochs if each network of an ensemble has
its own. Records are kept as `Columns`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

import numpy as np
from toolz import first, merge, merge_with, second, valmap

from fnn.arrays import is_array
from fnn.checkpoint.columns import Columns, columns_of
from fnn.optimizers.optimizer import State
from fnn.random import Key
from fnn.training import Progress
from fnn.training.history import History, Record
from fnn.tree import Layout, Path, show

__all__ = ["MAX_DEPTH", "Arrays", "Description", "array_types", "encode", "name_of", "structure"]

Description = Any  # nested lists, dicts, strings and numbers, as above
Arrays = dict[str, np.ndarray]
MAX_DEPTH = 64  # levels of a tree; a value that contains itself has more
_MAX_NAME = 65_000  # characters in the name of an array: an archive counts them with 16 bits
_NUMBERS = (int, float, complex, np.generic)


def name_of(path: Path) -> str:
    """The name of an array in the file: a different one for each path, of characters that every file system allows.

    >>> name_of(("0", "weights")), name_of(("..", "a/b"))
    ('0/weights', '%2e;%2e;/a%2f;b')
    """
    return "/".join(re.sub(r"[^A-Za-z0-9_-]", lambda character: f"%{ord(character[0]):x};", part) for part in path)


def array_types(description: Description, path: Path = ()) -> Iterator[tuple[str, list[Any]]]:
    """The name, and the dtype and shape, of each array that is described, in the order of the file.

    >>> list(array_types(["Params", [], {"bias": ["array", "<f4", [3]]}]))
    [('bias', ['<f4', [3]])]
    """
    match description:
        case dict():
            for name, part in description.items():
                yield from array_types(part, (*path, name))
        case ["array", *dtype_and_shape]:
            yield name_of(path), dtype_and_shape
        case list():
            for part in description:
                yield from array_types(part, path)


def structure(description: Description, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """What all checkpoints of one model and optimizer have in common: each path, and in words what is there.

    >>> list(structure(["tuple", {"0": ["Key", 42, []]}]))
    [((), "a tuple of ['0']"), (('0',), 'a Key')]
    """
    parts: dict[str, Description] = {}
    match description:
        case ["array", dtype, shape]:
            words = f"an array of {np.dtype(dtype)}, shape {tuple(shape)}"
        case ["leaf", shape]:
            words = f"an array, shape {tuple(shape)}"
        case ["Params" | "layout", lead, parts]:
            words = f"a mapping of {list(parts)}" + f" with leading axes {tuple(lead)}" * bool(lead)
        case ["State", _, rule, layout, arrays]:
            words, parts = f"a State of {rule}", {"params": layout, **arrays}
        case ["Progress", _, both]:
            words, parts = "a Progress", {"state": both["state"], "best": both.get("best", both["state"])}
        case ["dict" | "tuple" as kind, parts]:
            words = f"a {kind} of {list(parts)}"
        case [kind, *_]:
            words = f"a {kind}"
    yield path, words
    for name, part in parts.items():
        yield from structure(part, (*path, name))


def encode(value: Any, path: Path = ()) -> tuple[Description, Arrays]:
    """The description and the arrays of a value at `path`.

    Raises `ValueError`, with the path, for a value that a checkpoint cannot hold.

    >>> encode({"bias": np.zeros(2, np.float32)})
    (['Params', [], {'bias': ['array', '<f4', [2]]}], {'bias': array([0., 0.], dtype=float32)})
    """
    match value:
        case Key():
            return ["Key", value.seed, list(value.path)], {}
        case State():
            parts, arrays = _encode_parts({"vector": value.vector, "memory": value.memory, "loss": value.loss}, path)
            layout = _describe_layout(value.layout, (*path, "params"))
            return ["State", int(value.step), value.rule, layout, parts], arrays
        case Progress():
            states = {"state": value.state} | ({} if value.best is value.state else {"best": value.best})
            parts, arrays = _encode_parts(states, path)
            for name, records in (("best_score", ({"value": value.best_score},)), ("history", value.history)):
                parts[name], columns = _encode_records(records, (*path, name))
                arrays |= columns
            return ["Progress", np.asarray(value.best_epoch).tolist(), parts], arrays
        case tuple():
            parts, arrays = _encode_parts({str(i): part for i, part in enumerate(value)}, path)
            return ["tuple", parts], arrays
        case Mapping():
            parts, arrays = _encode_parts(value, path)
            if all(kind in ("Params", "array") for kind, *_ in parts.values()):
                return ["Params", list(getattr(value, "lead", ())), parts], arrays
            return ["dict", parts], arrays
    return _encode_array(value, path)


def _encode_parts(parts: Mapping[str, Any], path: Path) -> tuple[dict[str, Description], Arrays]:
    """The descriptions of parts by name, and the arrays of all parts."""
    if strange := [name for name in parts if not isinstance(name, str)]:
        raise ValueError(f"names are strings, got {strange[0]!r} below {show(path)}")
    _check_depth(path)
    encoded = {name: encode(part, (*path, name)) for name, part in parts.items()}
    return valmap(first, encoded), merge(map(second, encoded.values()))


def _check_depth(path: Path) -> None:
    if len(path) >= MAX_DEPTH:
        raise ValueError(f"expected a tree of at most {MAX_DEPTH} levels, got more at {show(path[:4])}...")


def _encode_array(value: Any, path: Path) -> tuple[Description, Arrays]:
    array = np.asarray(value, order="C") if is_array(value) or isinstance(value, _NUMBERS) else None
    if array is None or array.dtype.kind not in "fiubc":
        got = type(value).__name__ if array is None else f"an array of {array.dtype}"
        raise ValueError(f"expected an array of numbers, a mapping, State, Progress or Key at {show(path)}, got {got}")
    if len(name := name_of(path)) > _MAX_NAME:
        raise ValueError(f"expected names of at most {_MAX_NAME} letters, got {len(name)} at {show(path)[:80]}...")
    return ["array", array.dtype.str, list(array.shape)], {name: array}


def _describe_layout(layout: Layout, path: Path) -> Description:
    _check_depth(path)
    parts = {
        name: _describe_layout(part, (*path, name)) if isinstance(part, Layout) else ["leaf", list(part.shape)]
        for name, part in layout.parts
    }
    return ["layout", list(layout.lead), parts]


def _encode_records(records: Iterable[Record], path: Path) -> tuple[Description, Arrays]:
    """Records as columns. Columns that were loaded are written as they are."""

    def runs() -> Iterator[Columns]:
        for part in records.parts if isinstance(records, History) else (records,):
            if isinstance(part, Columns):
                yield part
            else:
                yield from columns_of(_checked(record, path) for record in part)

    blocks: dict[str, Description] = {}
    arrays: Arrays = {}
    for i, (_, group) in enumerate(groupby(runs(), Columns.kind)):
        first, *others = group
        joined = merge_with(np.concatenate, first.arrays, *(run.arrays for run in others)) if others else first.arrays
        parts, columns = _encode_parts(joined, (*path, str(i)))
        blocks[str(i)] = [dict(first.types), parts]
        arrays |= columns
    return ["records", blocks], arrays


def _checked(record: Record, path: Path) -> Record:
    """The record. Raises `ValueError`, with the path, unless it is made of numbers and arrays of numbers."""
    for name, value in record.items():
        _encode_array(value, (*path, name))
    if not record or any(np.size(value) == 0 for value in record.values()):
        raise ValueError(f"expected numbers in the records at {show(path)}, got an empty record or array")
    return record
