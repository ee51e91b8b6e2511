"""Saving to a checkpoint and loading from one, with the limits on what a file may hold."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from stat import S_ISREG
from typing import Any

import numpy as np

from fnn.checkpoint import npz
from fnn.checkpoint.decode import decode
from fnn.checkpoint.description import MAX_DEPTH, array_types, encode, structure
from fnn.checkpoint.files import checked_name, reading, replace
from fnn.tree import Path, show
from fnn.values import FilePath, is_integer

__all__ = ["CheckpointError", "load", "read_meta", "save"]

VERSION = 2
MAX_TEXT = 2**20  # bytes of the description and meta, as JSON; a hostile one takes fifty times that in memory
MAX_LETTERS = 2**23  # in the names of all arrays together


class CheckpointError(ValueError):
    """A file is not a checkpoint, or not the expected one, or a value cannot be saved in one."""


def save(path: FilePath, tree: Any, *, meta: Mapping[str, Any] | None = None) -> None:
    """Save a tree, a `State`, a `Progress`, a `Key`, or a mapping or tuple of these, to a file.

    `meta` holds further information: mappings with string names, lists, strings, numbers, booleans and None.

    When `save` returns, the file is on the disk. Until then, an existing file of this name keeps its content, even if
    the process is killed (see `files.replace`).

    Raises `CheckpointError`, with the path in the tree, for any other value in `tree` or `meta`; for more than 64
    levels, or 2**20 bytes of names and meta; and for the suffix .safetensors. Raises `OSError`, with the name of the
    file, if it cannot be written, and for anything but a regular file under this name, such as a folder. Raises
    `TypeError` or `ValueError` for a path that no file can have, such as bytes.

    >>> import tempfile, fnn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/key.npz", fnn.Key(42), meta={"of": "the order of batches"})
    ...     load(f"{folder}/key.npz"), read_meta(f"{folder}/key.npz")
    (Key(seed=42, path=()), {'of': 'the order of batches'})
    """
    name = checked_name(path)
    try:
        if not (meta is None or isinstance(meta, Mapping)):
            raise ValueError(f"meta is a mapping, got {meta!r}")
        if name.endswith(".safetensors"):
            raise ValueError("a checkpoint has another format; use safetensors.numpy.save_file(to_state_dict(...))")
        chunks = _archive(tree, _as_json(meta or {}))
    except ValueError as error:
        raise CheckpointError(f"cannot save {name}: {error}") from error
    replace(name, npz.with_digest(chunks))


def load(path: FilePath, like: Any = None) -> Any:
    """Load the value that `save` wrote to a file: equal bit by bit, with read-only arrays.

    A mapping of arrays is loaded as `Params`, with its numbers as arrays; a mapping of other values, or a record of a
    history, as a dict.

    `like` is a value with the names, shapes and dtypes that the loaded one must have, such as a state at the start.

    Raises `CheckpointError` if the file is not exactly what `save` writes, if it has the format of another version of
    fnn, or if the value does not agree with `like`; the message then gives the path of the first difference. Raises
    `OSError` if it cannot be read, and for a path that no file can have the errors of `save`.
    """
    tree, _ = _read(path)
    if like is not None:
        for (place, expected), (_, found) in zip(_structure(like), _structure(tree), strict=True):
            if expected != found:
                difference = f"at {show(place)}, expected {expected}, got {found}"
                raise CheckpointError(f"{os.fspath(path)} belongs to another model or optimizer: {difference}")
    return tree


def read_meta(path: FilePath) -> dict[str, Any]:
    """The `meta` that was saved with a checkpoint, with tuples as lists. Raises the same errors as `load`."""
    return _read(path)[1]


def _structure(tree: Any) -> Iterator[tuple[Path, str]]:
    try:
        return structure(encode(tree)[0])
    except ValueError as error:
        raise CheckpointError(f"`like` is not a value that a checkpoint can hold: {error}") from error


def _as_json(meta: Any, depth: int = 0) -> Any:
    """Meta as it comes back from JSON: with dicts for mappings, and lists for tuples."""
    if depth > MAX_DEPTH:
        raise ValueError(f"meta has at most {MAX_DEPTH} levels, got more; does it contain itself?")
    if isinstance(meta, Mapping) and all(isinstance(name, str) for name in meta):
        return {name: _as_json(part, depth + 1) for name, part in meta.items()}
    if isinstance(meta, (list, tuple)):
        return [_as_json(part, depth + 1) for part in meta]
    if meta is None or type(meta) in (str, int, float, bool):
        return meta
    raise ValueError(f"meta is made of mappings with string names, lists, strings and numbers; got {meta!r}")


def _archive(tree: Any, meta: Mapping[str, Any]) -> Iterator[Any]:
    """The chunks of the file that holds a tree, without the digest."""
    description, arrays = encode(tree)
    content = {"format": VERSION, "meta": meta, "value": description}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    if len(text) > MAX_TEXT:
        raise ValueError(f"its names, shapes and meta take {len(text)} bytes, at most {MAX_TEXT} can be kept")
    if (letters := sum(map(len, arrays))) > MAX_LETTERS:
        raise ValueError(f"the names of its arrays have {letters} letters, at most {MAX_LETTERS} can be kept")
    return npz.archive(text, arrays)


def _parse(text: bytes) -> Any:
    """Parse JSON. Raises `ValueError` for more levels than a checkpoint can have, since many exhaust the stack."""
    unquoted = re.sub(rb'"[^"]*"', b"", re.sub(rb"(?s)\\.", b"", text))  # without escapes, then without strings
    letters = np.frombuffer(unquoted, np.uint8)
    opened, closed = (np.isin(letters, list(brackets)) for brackets in (b"[{", b"]}"))
    levels = np.cumsum(opened.astype(np.int32) - closed).max(initial=0)
    if levels > 2 * MAX_DEPTH + 8:
        raise ValueError(f"its description has {levels} levels, at most {2 * MAX_DEPTH + 8} are read")
    return json.loads(text)


def _read(path: FilePath) -> tuple[Any, dict[str, Any]]:
    """The tree and the meta in a file, which must be byte by byte what `save` would write of them."""
    with reading(path) as file:
        status, name = os.fstat(file.fileno()), file.name
        if not S_ISREG(status.st_mode):
            raise CheckpointError(f"{name} is not a checkpoint: it is not a regular file")
        if not npz.SIGNATURE.match(file.read(64)):
            raise CheckpointError(f"{name} is not a checkpoint: it does not begin like a file that fnn has saved")
        file.seek(0)
        content = file.read(status.st_size + 1)
    try:
        text = npz.read_text(content, MAX_TEXT)
        parsed = _parse(text)
        if is_integer(version := parsed["format"]) and version > 0 and version != VERSION:
            remedy = "update fnn" if version > VERSION else "save it again with this version"
            raise CheckpointError(f"{name} has format {version}, and this fnn reads format {VERSION} only; {remedy}")
        description, meta = parsed["value"], parsed["meta"]
        arrays = npz.read_arrays(content, text, array_types(description), MAX_LETTERS)
        tree = decode(description, arrays)
        if not npz.consists_of(content, _archive(tree, meta)):
            raise ValueError("its bytes are not those that fnn writes for its content")
    except (CheckpointError, MemoryError, RecursionError):  # the last two are about this process, not about the file
        raise
    except Exception as error:
        raise CheckpointError(f"{name} is not a checkpoint: {error}") from error
    return tree, meta
