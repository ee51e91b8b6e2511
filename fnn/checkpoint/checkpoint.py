"""Checkpoints: trees of parameters and whole trainings in a file, kept safely and read back strictly.

The file is an uncompressed .npz that `numpy.load` opens, with a format version and a SHA-256 inside. It is written
whole or not at all, and only what `save` writes is ever loaded: every byte is checked, and nothing in it is executed.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from fnn.checkpoint import npz
from fnn.checkpoint.decode import decode
from fnn.checkpoint.encode import DEPTH, encode, outline, recorded, specs
from fnn.checkpoint.files import FilePath, naming, replace
from fnn.tree.params import Path, show

__all__ = ["CheckpointError", "load", "read_meta", "save"]

VERSION = 1
LIMIT = 2**20  # bytes of description: names, shapes and meta. A hostile one takes fifty times that in memory.
LETTERS = 2**23  # of the names of all arrays, each with the names that lead to it
NUMBERS = 2**17  # Python objects in a history: its records, and the numbers in each. Each takes up to 400 bytes.


class CheckpointError(ValueError):
    """A file that is no checkpoint, or not the one expected, or a value that none can hold; the message says why."""


def save(path: FilePath, tree: Any, *, meta: Mapping[str, Any] | None = None) -> None:
    """Write a tree, a `State`, a `Progress` or a `Key` to a file, or a mapping of such; with it plain values in `meta`.

    When it returns, the file is on the disk. Until then an old file of this name stays as it was, also where the
    process is killed; what that leaves behind, the next save removes.
    Raises `CheckpointError`, with the path in the tree, for what is no array of numbers, and for `meta` that is not
    made of mappings with string names, lists, strings, numbers, booleans and None; for more than 64 levels, 2**20 bytes
    of names and meta, or 2**17 records and numbers in a history, none of which `load` would take; and for the suffix
    .safetensors, which is another format's. Raises `OSError`, naming the file, where it cannot be written.

    >>> import tempfile, fnn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/key.npz", fnn.Key(42), meta={"of": "the order of batches"})
    ...     load(f"{folder}/key.npz"), read_meta(f"{folder}/key.npz")
    (Key(seed=42, path=()), {'of': 'the order of batches'})
    """
    try:
        if not (meta is None or isinstance(meta, Mapping)):
            raise ValueError(f"meta is a mapping, got {meta!r}")
        if os.fspath(path).endswith(".safetensors"):
            raise ValueError("a checkpoint is no safetensors file; use safetensors.numpy.save_file(to_state_dict(...))")
        parts = _pieces(tree, _plain(meta or {}))
    except ValueError as error:
        raise CheckpointError(f"cannot save {os.fspath(path)}: {error}") from error
    replace(path, npz.sealed(parts))


def load(path: FilePath, like: Any = None) -> Any:
    """What `save` wrote to a file: equal to it bit by bit, its arrays read-only, in memory of its own.

    A mapping of arrays comes back as `Params`, numbers in it as arrays, and one that holds anything else as a dict.
    Such a dict, and those of a history, are plain ones.
    With `like`, a value of the same kind made of the same model and optimizer, it must agree with that in its names,
    shapes and dtypes.
    Raises `CheckpointError` for everything that is not exactly what `save` writes, with the path of the first
    difference where it is not like `like`, and with the remedy for a file of a newer fnn. Raises `OSError`, naming the
    file, where it cannot be read.
    """
    tree, _ = _read(path)
    if like is not None:
        for (place, expected), (_, found) in zip(_outline(like), _outline(tree), strict=True):
            if expected != found:
                said = f"at {show(place)}, expected {expected}, got {found}"
                raise CheckpointError(f"{os.fspath(path)} is of another model or optimizer: {said}")
    return tree


def read_meta(path: FilePath) -> dict[str, Any]:
    """The `meta` that was saved with a checkpoint, tuples as lists; raises as `load` does."""
    return _read(path)[1]


def _outline(tree: Any) -> Iterator[tuple[Path, str]]:
    """What a checkpoint of this tree has in common with all of the same model and optimizer."""
    try:
        return outline(encode(tree)[0])
    except ValueError as error:
        raise CheckpointError(f"`like` is nothing that a checkpoint holds: {error}") from error


def _plain(value: Any, depth: int = 0) -> Any:
    """Meta as JSON has it: tuples as lists, and the names strings."""
    if depth > DEPTH:
        raise ValueError(f"meta has at most {DEPTH} levels, got more; does it contain itself?")
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return {name: _plain(part, depth + 1) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part, depth + 1) for part in value]
    if value is None or type(value) in (str, int, float, bool):
        return value
    raise ValueError(f"meta is made of mappings with string names, lists, strings and numbers; got {value!r}")


def _pieces(tree: Any, meta: Mapping[str, Any]) -> Iterator[Any]:
    """The file of a tree, without its digest."""
    form, arrays = encode(tree)
    described = {"format": VERSION, "meta": meta, "value": form}
    text = json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode()
    if len(text) > LIMIT:
        raise ValueError(f"its names, shapes and meta take {len(text)} bytes, at most {LIMIT} can be kept")
    if (letters := sum(map(len, arrays))) > LETTERS:
        raise ValueError(f"the names of its arrays have {letters} letters, at most {LETTERS} can be kept")
    _check_numbers(form)
    return npz.pieces(text, arrays)


def _check_numbers(form: Any) -> None:
    if (n := recorded(form)) > NUMBERS:
        raise ValueError(f"its history has {n} records and numbers, at most {NUMBERS} can be kept; record less often")


def _parsed(text: bytes) -> Any:
    """JSON, of no more levels than a tree of so many has: what is deeper would exhaust the stack."""
    outside = re.sub(rb'"[^"]*"', b"", re.sub(rb"(?s)\\.", b"", text))  # of strings, once they are free of escapes
    letters = np.frombuffer(outside, np.uint8)
    opened, closed = (np.isin(letters, list(pair)) for pair in (b"[{", b"]}"))
    levels = np.cumsum(opened.astype(np.int32) - closed).max(initial=0)
    if levels > 2 * DEPTH + 8:
        raise ValueError(f"its description has {levels} levels, at most {2 * DEPTH + 8} are read")
    return json.loads(text)


def _read(path: FilePath) -> tuple[Any, dict[str, Any]]:
    """The tree and the meta in a file that is exactly what `save` would write of them."""
    start, place, name = npz.SIGNATURE
    with naming(path), open(os.fspath(path), "rb") as file:  # a descriptor is no path
        head = file.read(place + len(name))
        if not (head.startswith(start) and head.endswith(name)):
            raise CheckpointError(f"{os.fspath(path)} is no checkpoint: it does not begin as one that fnn has saved")
        file.seek(0)
        content = file.read(os.fstat(file.fileno()).st_size + 1)
    try:
        text = npz.text_of(content, LIMIT)
        described = _parsed(text)
        version = described["format"]
        if version == VERSION:
            arrays = npz.views(content, text, specs(described["value"]), LETTERS)
            _check_numbers(described["value"])
            tree = decode(described["value"], arrays)
            if npz.holds(content, _pieces(tree, described["meta"])):
                return tree, described["meta"]
    except (MemoryError, RecursionError):  # which tell of this process, and nothing of the file
        raise
    except Exception as error:
        raise CheckpointError(f"{os.fspath(path)} is no checkpoint: {error}") from error
    if type(version) is int and version > VERSION:
        raise CheckpointError(f"{os.fspath(path)} has format {version}, and this fnn reads up to {VERSION}; update fnn")
    raise CheckpointError(f"{os.fspath(path)} is no checkpoint: it is not what fnn writes of its content")
