"""Records that agree in names, types and shapes as columns: one array for each quantity."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from math import prod
from typing import Any

import attrs
import numpy as np
from toolz import merge_with, valmap

from fnn.arrays import bits
from fnn.training.history import Record

__all__ = ["Columns", "columns_of"]

_NUMBER_TYPES = {bool: "bool", int: "int", float: "float"}  # of recorded numbers; others are a "scalar" or an "array"
_PIECE = 2**20  # bytes of columns, and records, that are compared at a time


@attrs.frozen(eq=False)
class Columns(Sequence[Record]):
    """A run of records, each made when it is asked for: as Python objects, all would take much more memory.

    `types` says what a value of each column was: "bool", "int", "float", "scalar" (of NumPy) or "array".

    >>> Columns({"epoch": "int"}, {"epoch": np.array([1, 2])})[1]
    {'epoch': 2}
    """

    types: Mapping[str, str]
    arrays: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return Columns(self.types, {name: array[i] for name, array in self.arrays.items()})
        return {name: _value(array, i, self.types[name]) for name, array in self.arrays.items()}

    def kind(self) -> list[Any]:
        """What the records of a run have in common: for each name, the type, the dtype and the shape."""
        return [(name, self.types[name], array.dtype, array.shape[1:]) for name, array in self.arrays.items()]

    def check(self) -> None:
        """Raise `ValueError` unless the records, written as columns again, are these columns bit by bit."""
        if not self.arrays or not all(array.size for array in self.arrays.values()):
            raise ValueError("expected numbers in the records")
        if len({len(array) for array in self.arrays.values()}) > 1:
            raise ValueError("expected columns of equal length")
        step = max(1, _PIECE // sum(256 + array[0].nbytes for array in self.arrays.values()))
        for piece in (self[i : i + step] for i in range(0, len(self), step)):
            [again] = columns_of([*piece])
            if again.types != piece.types or any(
                bits(again.arrays[name]) != bits(a) for name, a in piece.arrays.items()
            ):
                raise ValueError("expected records of the types that are described")


def _value(array: np.ndarray, i: int, number_type: str) -> Any:
    """The value in row `i` of a column: a Python number, a NumPy scalar or an array."""
    if number_type in _NUMBER_TYPES.values():
        return array[i].item()
    return array[i] if number_type == "scalar" else array[i, ...]


def columns_of(records: Iterable[Record]) -> Iterator[Columns]:
    """Records as columns, one for each run of consecutive records that agree in names, types and shapes.

    Raises `ValueError` for a record without numbers. The values must be numbers or arrays of numbers.
    """

    def kind(record: Record) -> list[Any]:
        arrays = {name: np.asarray(value) for name, value in record.items()}
        return [(name, _number_type(record[name]), array.dtype, array.shape) for name, array in arrays.items()]

    for common, block in groupby(records, kind):
        if not common or any(prod(shape) == 0 for *_, shape in common):
            raise ValueError("got an empty record or array")
        yield Columns({name: what for name, what, *_ in common}, valmap(np.stack, merge_with(list, *block)))


def _number_type(value: Any) -> str:
    return "scalar" if isinstance(value, np.generic) else _NUMBER_TYPES.get(type(value), "array")
