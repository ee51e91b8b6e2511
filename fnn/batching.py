"""Batches: the order of a training run as a value."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from fnn.random import generator
from fnn.tree import Array

__all__ = ["batches"]


def batches(
    key: Any, arrays: Sequence[Array], size: int, *, drop_last: bool = False, lead: int = 0
) -> Iterator[tuple[Array, ...]]:
    """One epoch: tuples of `size` examples at the same places in all arrays, in an order drawn from the key.

    A fresh order an epoch takes a fresh key: `batches(fold(key, epoch), (x, y), 128)`. Without a key (None) the order
    is that of the arrays, and the batches are views. The last, shorter batch is kept unless `drop_last`. The examples
    lie along axis `lead`: 1 for data (R, n, ...) of R networks, which then share one order.
    Raises `ValueError` for arrays that differ in their number of examples, for none, and for a size below 1.

    >>> [x.tolist() for (x,) in batches(None, (np.arange(5),), 2)]
    [[0, 1], [2, 3], [4]]
    """
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
        raise ValueError(f"batches: the size of a batch must be an integer from 1 up, got {size!r}")
    if not isinstance(arrays, (tuple, list)) or not arrays:
        raise ValueError(f"batches: expected a tuple of arrays such as (x, y), got {type(arrays).__name__}")
    lengths = [array.shape[lead] for array in arrays]
    if len(set(lengths)) > 1:
        raise ValueError(f"batches: all arrays need one length, got {lengths}; does every x have its y?")
    n = lengths[0]
    starts = range(0, n - n % size if drop_last else n, size)
    behind = (slice(None),) * lead
    if key is None:
        return (tuple(array[(*behind, slice(i, i + size))] for array in arrays) for i in starts)
    order = generator(key).permutation(n)
    # One take a batch: shuffling all of the data at once would move it through memory twice.
    return (
        tuple(array.__array_namespace__().take(array, order[i : i + size], axis=lead) for array in arrays)
        for i in starts
    )
