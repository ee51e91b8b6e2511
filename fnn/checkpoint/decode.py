"""Values made again from what `fnn.checkpoint.encode` writes of them; nothing is called but the constructors seen here.

What a form says wrongly raises an error of some kind, or makes a value whose own form is another one: whoever reads a
form compares the two.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from fnn.checkpoint.encode import PLAIN, Form, name_of
from fnn.optimizers.optimizer import State
from fnn.random import Key
from fnn.training import Progress
from fnn.tree.flat import Layout, Span
from fnn.tree.params import Params, Path, show

__all__ = ["decode"]


def decode(form: Form, arrays: Mapping[str, np.ndarray], path: Path = ()) -> Any:
    """The value of this form, around the arrays given and without copying them."""
    kind, *rest = form
    if kind == "Params":
        return _to_params(form, arrays, path, ())
    if kind == "State":
        step, optimizer, layout, parts = rest
        vector, memory, loss = (decode(parts[name], arrays, (*path, name)) for name in ("vector", "memory", "loss"))
        of_arrays = _are_slots(memory) and isinstance(vector, np.ndarray) and isinstance(loss, np.ndarray)
        if not (of_arrays and isinstance(optimizer, str)):
            raise ValueError(f"expected a State of an optimizer's name and arrays at {show(path)}")
        state = State(vector, _size(step), memory, loss, _to_layout(layout), optimizer)
        if state.vector.shape != (*state.layout.lead, state.layout.size):
            raise ValueError(
                f"the vector at {show(path)} has the shape {state.vector.shape}, which is not its layout's"
            )
        return state
    if kind == "Progress":
        best_epoch, parts = rest
        states = [decode(parts[name], arrays, (*path, name)) for name in ("state", "best") if name in parts]
        if not all(isinstance(state, State) for state in states):
            raise ValueError(f"expected a Progress of States at {show(path)}")
        ((best_score,), history) = (
            _to_records(parts[name], arrays, (*path, name)) for name in ("best_score", "history")
        )
        return Progress(states[0], states[-1], _size(best_epoch), best_score["value"], history)
    if kind == "Key":
        return Key(*rest)
    if kind in ("dict", "tuple"):
        decoded = {name: decode(part, arrays, (*path, name)) for name, part in rest[0].items()}
        return decoded if kind == "dict" else tuple(decoded.values())
    return arrays[name_of(path)]


def _are_slots(memory: Any) -> bool:
    """Whether this is what a rule may remember: a tuple of arrays, and in a chain of such tuples."""
    return isinstance(memory, tuple) and all(isinstance(part, np.ndarray) or _are_slots(part) for part in memory)


def _size(n: Any) -> int:
    """A count as JSON should have it; a bool is none."""
    if type(n) is not int or n < 0:
        raise ValueError(f"expected a whole number from 0 up, got {n!r}")
    return n


def _lead(axes: Sequence[Any], outer: tuple[int, ...]) -> tuple[int, ...]:
    """The leading axes of a part, which begin with those of what it is a part of."""
    lead = tuple(map(_size, axes))
    if lead[: len(outer)] != outer:
        raise ValueError(f"expected leading axes that begin with {outer}, got {lead}")
    return lead


def _to_params(form: Form, arrays: Mapping[str, np.ndarray], path: Path, outer: tuple[int, ...]) -> Any:
    if form[0] == "array":
        array = arrays[name_of(path)]
        _lead(array.shape, outer)
        return array
    _, axes, parts = form
    lead = _lead(axes, outer)
    return Params.trusted({name: _to_params(part, arrays, (*path, name), lead) for name, part in parts.items()}, lead)


def _to_layout(form: Form) -> Layout:
    root = tuple(map(_size, form[1]))

    def walk(form: Form, start: int, outer: tuple[int, ...]) -> Layout:
        _, axes, parts = form
        lead, stop = _lead(axes, outer), start
        made: list[tuple[str, Any]] = []
        for name, part in parts.items():
            if part[0] == "leaf":
                shape = tuple(map(_size, part[1]))
                _lead((*root, *shape), lead)
                made.append((name, Span(stop, stop + prod(shape), shape)))
                stop = made[-1][1].stop
            else:
                made.append((name, walk(part, stop, lead)))
                stop += made[-1][1].size
        return Layout(tuple(made), lead, stop - start)

    return walk(form, 0, ())


def _to_records(form: Form, arrays: Mapping[str, np.ndarray], path: Path) -> tuple[dict[str, Any], ...]:
    def block(kinds: Mapping[str, str], path: Path) -> Iterator[dict[str, Any]]:
        columns = {name: arrays[name_of((*path, name))] for name in kinds}
        if not columns or not all(column.size for column in columns.values()):
            raise ValueError(f"expected numbers at {show(path)}")
        unpacked = [_values(column, kinds[name]) for name, column in columns.items()]
        return (dict(zip(columns, values, strict=True)) for values in zip(*unpacked, strict=True))

    return tuple(record for i, (kinds, _) in form[1].items() for record in block(kinds, (*path, i)))


def _values(column: np.ndarray, kind: str) -> list[Any]:
    """The numbers in a column as they were: Python's own, NumPy scalars or arrays."""
    if kind in PLAIN.values():
        return column.tolist()
    return [column[i] if kind == "scalar" else column[i, ...] for i in range(len(column))]
