"""Batches: the examples of one epoch in their order, a few at a time."""

from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import numpy as np

from fnn.arrays import Array, is_array
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
                yield tuple(array[(*behind, slice(i, i + self.size))] for array in self.arrays)
            return
        order = generator(self.key).permutation(self.arrays[0].shape[self.axis])
        # One take a batch: shuffling all of the data at once would move it through memory twice.
        for i in starts:
            index = order[i : i + self.size]
            yield tuple(a.__array_namespace__().take(a, index, axis=self.axis) for a in self.arrays)


def in_order(arrays: Sequence[Array], size: int, *, axis: int = 0) -> Batches:
    """Views of `size` examples in the arrays' own order, whose values are not checked: for inference."""
    size, axis = whole("batches(size)", size), whole("batches(axis)", axis, low=0)
    if not isinstance(arrays, (tuple, list)) or not arrays or not all(is_array(array) for array in arrays):
        came = type(arrays).__name__
        raise ValueError(f"batches: expected a tuple of arrays such as (x, y), got {came}; np.asarray?")
    if any(array.ndim <= axis for array in arrays):
        shapes = [array.shape for array in arrays]
        raise ValueError(f"batches: the examples' axis is {axis}, but the arrays have shapes {shapes}; set axis")
    lengths = [array.shape[axis] for array in arrays]
    if len(set(lengths)) > 1:
        raise ValueError(f"batches: all arrays need one length, got {lengths}; does every x have its y?")
    return Batches(None, tuple(arrays), size, False, axis)


def _check_finite(i: int, array: Array) -> None:
    """Raise a `ValueError` that says where, unless all values of array `i` are finite. Looks at NumPy's arrays only."""
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fc":
        return
    with np.errstate(over="ignore", invalid="ignore"):
        mark = np.vdot(array, array)  # a pass of BLAS: any NaN or infinity makes it not finite
    if not np.isfinite(mark) and (bad := np.argwhere(~np.isfinite(array))).size:
        at = tuple(map(int, bad[0]))
        came = f"array {i} holds {array[at]} at {list(at)}, the first of {len(bad)} values that are not finite"
        raise ValueError(f"batches: {came}; leave these examples out, or fill them in")


def batches(key: Any, arrays: Sequence[Array], size: int, *, drop_last: bool = False, axis: int = 0) -> Batches:
    """One epoch: tuples of `size` examples at the same places in all arrays, in an order drawn from the key.

    key         draws the order; None keeps the order of the arrays, and the batches are views. For a new order in
                each epoch, give each its own key: `batches(fold_in(key, epoch), (x, y), 128)`
    arrays      as many examples in each, such as (x, y)
    size        examples in a batch; the last batch has the rest
    drop_last   leaves out a last batch of fewer examples
    axis        the axis of the examples: 1 for data (R, n, ...) of R networks, which then share one order

    Raises `ValueError` for arrays that differ in their number of examples, for no arrays, for a size below 1, and for
    values that are not finite.

    >>> import numpy as np
    >>> [x.tolist() for (x,) in batches(None, (np.arange(5),), 2)]
    [[0, 1], [2, 3], [4]]
    """
    ordered = in_order(arrays, size, axis=axis)
    for i, array in enumerate(arrays):
        _check_finite(i, array)
    if key is not None:
        generator(key)  # refuses anything but a Key now, not in the first epoch
    return attrs.evolve(ordered, key=key, drop_last=drop_last)
