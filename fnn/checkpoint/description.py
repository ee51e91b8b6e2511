"""The description of a value in a checkpoint: all that is known of it except the numbers in its arrays.

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
its own. Records are kept as columns: each array holds one quantity for a run of consecutive records that agree in
names, types and shapes, and the type says what one number of it was.
"""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from fnn.tree import Path

__all__ = ["Description", "array_types", "name_of", "structure"]

Description = Any  # nested lists, dicts, strings and numbers, as above


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
    """What all checkpoints of one model and one optimizer have in common: each path, and in words what is there.

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
