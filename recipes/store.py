"""Results on disk: a finished run is a file under a name that its configuration, seed and data determine."""

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

import fnn
from fnn import tree

__all__ = ["digest", "load_tree", "save_tree", "write_bytes", "write_text"]


def digest(description: Mapping[str, Any]) -> str:
    """A name for whatever the description, plain values throughout, describes.

    >>> digest({"seed": 1, "epochs": 20}) == digest({"epochs": 20, "seed": 1})
    True
    """
    return sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()[:20]


def _replace(path: Path, write: Any) -> None:
    """Write a file so that under its name there is ever only the old one or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(partial, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    _replace(path, lambda file: file.write(content))


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    write_bytes(path, text.encode())


def save_tree(path: Path, values: tree.Tree) -> None:
    """Write a tree of arrays and numbers as an .npz whose members are the paths of the leaves.

    Raises `TreeError` for anything else, which NumPy would pickle.
    """
    numbers = fnn.Params(tree.map(np.asarray, dict(values)))
    flat: Any = {"/".join(at): leaf for at, leaf in tree.items(numbers)}
    _replace(path, lambda file: np.savez(file, **flat))


def load_tree(path: Path) -> dict[str, Any]:
    """The tree that `save_tree` wrote, as nested dicts of read-only arrays."""
    nested: dict[str, Any] = {}
    with np.load(path, allow_pickle=False) as arrays:
        for name in arrays.files:
            *outer, last = name.split("/")
            node = nested
            for part in outer:
                node = node.setdefault(part, {})
            node[last] = tree.read_only(arrays[name])
    return nested
