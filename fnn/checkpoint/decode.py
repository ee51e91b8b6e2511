"""Decoding: from a description and its arrays back to the value.

A malformed description, as in a forged file, raises some error here, or decodes to a value that encodes differently;
callers compare the two. Nothing is called but the constructors that stand in this file.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from fnn.checkpoint.columns import Columns
from fnn.checkpoint.description import Description, name_of
from fnn.optimizers.optimizer import State
from fnn.random import Key
from fnn.training import Progress
from fnn.training.history import History
from fnn.tree import Layout, Params, Path, show
from fnn.values import whole

__all__ = ["decode"]


def decode(description: Description, arrays: Mapping[str, np.ndarray], path: Path = ()) -> Any:
    """The value at `path` that is described, made of the given arrays, which are not copied.

    >>> decode(["tuple", {"0": ["Key", 42, []], "1": ["array", "<f4", [2]]}], {"1": np.zeros(2, np.float32)})
    (Key(seed=42, path=()), array([0., 0.], dtype=float32))
    """

    def each(parts: Mapping[str, Description], *below: str) -> dict[str, Any]:
        return {name: decode(part, arrays, (*path, *below, name)) for name, part in parts.items()}

    match description:
        case ["array", *_]:
            return arrays[name_of(path)]
        case ["Params", *_]:
            return _tree(description, lambda _, path: arrays[name_of(path)], path, ())
        case ["dict", parts]:
            return each(parts)
        case ["tuple", parts]:
            return tuple(each(parts).values())
        case ["Key", seed, key_path]:
            return Key(seed, key_path)
        case ["State", step, str(rule), layout, parts]:
            return _state(whole("step", step, 0), rule, _layout(layout), **each(parts))
        case ["Progress", best_epoch, parts]:
            return _progress(_epoch(best_epoch), **each(parts))
        case ["records", blocks]:
            return _history([Columns(types, each(parts, i)) for i, (types, parts) in blocks.items()])
    raise ValueError(f"expected a description of one of the kinds at {show(path)}")


def _state(step: int, rule: str, layout: Layout, vector: Any, memory: Any, loss: Any) -> State:
    if not (_is_memory(memory) and isinstance(vector, np.ndarray) and isinstance(loss, np.ndarray)):
        raise ValueError("expected a State made of arrays")
    if vector.shape != (*layout.lead, layout.size):
        raise ValueError(f"the vector of a State has the shape {vector.shape}, which does not fit its layout")
    return State(vector, step, memory, loss, layout, rule)


def _is_memory(memory: Any) -> bool:
    """Whether this can be the memory of an optimizer: a tuple of arrays, or of such tuples."""
    return isinstance(memory, tuple) and all(isinstance(part, np.ndarray) or _is_memory(part) for part in memory)


def _epoch(epoch: Any) -> Any:
    """The number of an epoch, or the array of those of several networks."""
    return np.array(list(map(_epoch, epoch))) if isinstance(epoch, list) else whole("best_epoch", epoch, 0)


def _progress(best_epoch: Any, state: Any, best_score: Any, history: Any, best: Any = None) -> Progress:
    best = state if best is None else best
    if not (isinstance(state, State) and isinstance(best, State)):
        raise ValueError("expected a Progress made of States")
    if np.shape(best_epoch) not in ((), state.layout.lead):
        raise ValueError(f"expected the best epochs of {state.layout.lead} networks, got {np.shape(best_epoch)}")
    (score,) = best_score
    return Progress(state, best, best_epoch, score["value"], history)


def _history(runs: list[Columns]) -> History:
    """The records that stand in these columns, which `save` would write in just this way."""
    for run in runs:
        run.check()
    if any(one.kind() == other.kind() for one, other in pairwise(runs)):
        raise ValueError("expected each run of records to differ from the one before it")
    return History(tuple(runs))


def _layout(description: Description) -> Layout:
    """The layout of a State: that of a tree of arrays with these shapes, which take no memory here."""
    _, root, _ = description
    return Layout.of(_tree(description, lambda leaf, _: np.broadcast_to(np.float32(0), (*root, *leaf[1])), (), ()))


def _tree(
    description: Description, leaf: Callable[[Description, Path], np.ndarray], path: Path, outer: tuple[int, ...]
) -> Any:
    """The tree that is described, or a leaf. `outer` are the leading axes of the tree around it."""
    match description:
        case ["Params" | "layout", axes, parts]:
            lead = _lead(axes, outer)
            below = {name: _tree(part, leaf, (*path, name), lead) for name, part in parts.items()}
            return Params.trusted(below, lead)
    array = leaf(description, path)
    _lead(array.shape, outer)
    return array


def _lead(axes: Any, outer: tuple[int, ...]) -> tuple[int, ...]:
    """The leading axes of a tree, which must begin with those of the tree around it."""
    lead = tuple(whole("a leading axis", n, 0) for n in axes)
    if lead[: len(outer)] != outer:
        raise ValueError(f"expected leading axes that begin with {outer}, got {lead}")
    return lead
