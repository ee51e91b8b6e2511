"""Batches: the examples of one epoch in their order, a few at a time."""

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from fnn.arrays import Array, misfit, take
from fnn.random import generator
from fnn.values import whole

__all__ = ["Batches", "batches", "in_order"]


@attrs.frozen(eq=False)
class Batches:
    """The batches of one epoch, tuples of arrays. They can be iterated over more than once. See `batches`."""

    key: Any
    arrays: tuple[Array, ...] = attrs.field(repr=False)
    size: int
    drop_last: bool
    axis: int

    def __len__(self) -> int:
        n = self.arrays[0].shape[self.axis]
        return n // self.size if self.drop_last else -(-n // self.size)

    def __iter__(self) -> Iterator[tuple[Array, ...]]:
        starts = range(0, len(self) * self.size, self.size)
        if self.key is None:
            behind = (slice(None),) * self.axis
            for i in starts:
                yield tuple(array[(*behind, slice(i, i + self.size), ...)] for array in self.arrays)
            return
        order = generator(self.key).permutation(self.arrays[0].shape[self.axis])
        # One take a batch: shuffling all of the data at once would move it through memory twice.
        for i in starts:
            index = order[i : i + self.size]
            yield tuple(take(array, index, self.axis) for array in self.arrays)


def in_order(arrays: Sequence[Array], size: int, *, axis: int = 0) -> Batches:
    """Views of `size` examples in the arrays' own order."""
    size, axis = whole("batches(size)", size), whole("batches(axis)", axis, low=0)
    if not isinstance(arrays, (tuple, list)) or not arrays:
        came = "one without arrays" if isinstance(arrays, (tuple, list)) else type(arrays).__name__
        raise ValueError(f"batches: expected a tuple of arrays such as (x, y), got {came}; write (x,) for one array")
    for i, array in enumerate(arrays):
        if came := misfit(array):
            raise ValueError(f"batches: expected a tuple of arrays such as (x, y), but [{i}] is {came}")
    if any(array.ndim <= axis for array in arrays):
        shapes = [array.shape for array in arrays]
        raise ValueError(f"batches: the examples' axis is {axis}, but the arrays have shapes {shapes}; set axis")
    lengths = [array.shape[axis] for array in arrays]
    if len(set(lengths)) > 1:
        raise ValueError(f"batches: all arrays need one length, got {lengths}; does every x have its y?")
    return Batches(None, tuple(arrays), size, False, axis)


def batches(key: Any, arrays: Sequence[Array], size: int, *, drop_last: bool = False, axis: int = 0) -> Batches:
    """One epoch: tuples of `size` examples at the same places in all arrays, in an order drawn from the key.

    key         draws the order; None keeps the order of the arrays, and the batches are views. For a new order in
                each epoch, give each its own key: `batches(fold_in(key, epoch), (x, y), 128)`
    arrays      as many examples in each, such as (x, y)
    size        examples in a batch; the last batch has the rest
    drop_last   leaves out a last batch of fewer examples
    axis        the axis of the examples: 1 for data (R, n, ...) of R networks, which then share one order

    A batch takes the memory of its own examples only, also of a view such as `table[:, 1:]`, of an array in Fortran
    order, or of a file: `numpy.load(path, mmap_mode="r")`. It is read fastest from arrays in C order. In Fortran order,
    each number of a batch lies in another part of the memory, which takes about as long as the step of a small network;
    `numpy.ascontiguousarray` copies the array once. A file for training should be in C order.

    Raises `ValueError` for arrays that differ in their number of examples, for no arrays, for tables, lists and other
    values that are not arrays, for a size below 1, and if `drop_last` leaves out all examples.

    >>> import numpy as np
    >>> [x.tolist() for (x,) in batches(None, (np.arange(5),), 2)]
    [[0, 1], [2, 3], [4]]
    """
    ordered = in_order(arrays, size, axis=axis)
    if drop_last and (n := arrays[0].shape[axis]) < size:
        raise ValueError(f"batches: drop_last leaves out all {n} examples, fewer than the size {size}; make it smaller")
    if key is not None:
        generator(key)  # refuses anything but a Key now, not in the first epoch
    return attrs.evolve(ordered, key=key, drop_last=drop_last)
