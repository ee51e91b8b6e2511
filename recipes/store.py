"""Results on disk: a finished run is a file under a name that its configuration, seed and data determine."""

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import IO, Any
from zipfile import ZipFile, ZipInfo

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
    """Write a file so that under its name there is ever only the old one or the whole new one.

    What a killed process leaves unfinished has a name of its own, over which the next save writes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
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
    """Write a tree of arrays and numbers as an .npz that `numpy.load` opens: a member a leaf, named by its path.

    The member "tree" holds the mappings, empty ones too, with their leading axes, as JSON. Raises `TreeError` for
    leaves that are no numbers, which NumPy would pickle.
    """
    numbers = fnn.Params(tree.map(np.asarray, dict(values)))
    members = {"/".join(at): leaf for at, leaf in tree.items(numbers)}
    members["tree"] = np.frombuffer(json.dumps(_shape(values)).encode(), np.uint8)

    def write(file: IO[bytes]) -> None:
        with ZipFile(file, "w") as archive:
            for name, array in members.items():
                entry = ZipInfo(f"{name}.npy")  # dated 1980: equal trees give equal files
                with archive.open(entry, "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)

    _replace(path, write)


def _shape(node: Any) -> Any:
    """The mappings of a tree: for each its leading axes and its parts, None for a leaf."""
    if not isinstance(node, Mapping):
        return None
    return {"lead": list(getattr(node, "lead", ())), "parts": {name: _shape(part) for name, part in node.items()}}


def load_tree(path: Path) -> fnn.Params:
    """The tree that `save_tree` wrote."""
    with np.load(path, allow_pickle=False) as arrays:

        def build(shape: Any, at: tuple[str, ...]) -> Any:
            if shape is None:
                return arrays["/".join(at)]
            parts = {name: build(part, (*at, name)) for name, part in shape["parts"].items()}
            return fnn.Params(parts, lead=tuple(shape["lead"]))

        return build(json.loads(arrays["tree"].tobytes()), ())
