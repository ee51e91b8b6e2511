"""Batches: the examples of one epoch in their order, a few at a time."""

from collections.abc import Callable, Iterator, Sequence
from inspect import signature
from typing import Any

import attrs
import numpy as np

from fnn.arrays import Array, misfit, read_only, take
from fnn.random import fold_in, generator
from fnn.values import whole

__all__ = ["Batch", "Batches", "Prepare", "batches", "checked", "in_order"]

Batch = tuple[Array, ...]  # (x, target), or (x, target, weight): in training, all behind x goes to the loss
Prepare = Callable[[Batch, Any], Batch]  # prepare(batch, key) -> batch; the key is None where nothing may be drawn


@attrs.frozen(eq=False, repr=False)
class Batches:
    """The batches of one epoch. They can be iterated over more than once. See `batches`."""

    key: Any
    arrays: tuple[Array, ...] = attrs.field(repr=False)
    size: int
    drop_last: bool
    axis: int
    prepare: Prepare | None = None

    def __repr__(self) -> str:
        return f"<{len(self)} batches of {self.size}>"

    def __len__(self) -> int:
        n = self.arrays[0].shape[self.axis]
        return n // self.size if self.drop_last else -(-n // self.size)

    @property
    def order(self) -> np.ndarray:
        """The places of the examples, batch behind batch: (n,), or (R, n) for R keys."""
        if isinstance(self.key, tuple):
            return np.stack([each.order for each in self._alone()])
        n = self.arrays[0].shape[self.axis]
        order = np.arange(n) if self.key is None else generator(self.key).permutation(n)
        return order[: len(self) * self.size]

    def _alone(self) -> "list[Batches]":
        """The batches of each of several keys."""
        return [attrs.evolve(self, key=key) for key in self.key]

    def __iter__(self) -> Iterator[Batch]:
        if isinstance(self.key, tuple):
            return (tuple(map(_stacked, zip(*parts, strict=True))) for parts in zip(*self._alone(), strict=True))
        if self.prepare is None:
            return self._taken()
        return (self.prepared(batch, fold_in(self.key, i)) for i, batch in enumerate(self._taken()))

    def prepared(self, batch: Batch, key: Any = None) -> Batch:
        """A batch as `prepare` returns it. Raises unless that is a tuple of arrays."""
        if self.prepare is None:
            return batch
        came = self.prepare(read_only(batch), key)  # read-only, because a batch may be a view of the data
        return checked("batches: prepare(batch, key) must return", came)

    def _taken(self) -> Iterator[Batch]:
        starts = range(0, len(self) * self.size, self.size)
        if self.key is None:
            behind = (slice(None),) * self.axis
            for i in starts:
                yield tuple(array[(*behind, slice(i, i + self.size), ...)] for array in self.arrays)
            return
        order = self.order
        # One take a batch: shuffling all of the data at once would move it through memory twice.
        for i in starts:
            index = order[i : i + self.size]
            yield tuple(take(array, index, self.axis) for array in self.arrays)


def _stacked(parts: Sequence[Array]) -> Array:
    """Arrays of one shape as one array, with a new first axis."""
    return parts[0].__array_namespace__().stack(parts)


def in_order(arrays: Sequence[Array], size: int, *, axis: int = 0, prepare: Prepare | None = None) -> Batches:
    """Views of `size` examples in the arrays' own order, or what `prepare(views, None)` makes of them."""
    size, axis = whole("batches(size)", size), whole("batches(axis)", axis, low=0)
    if prepare is not None:
        try:
            signature(prepare).bind(arrays, None)
        except TypeError:
            came = f"got {prepare!r}; write def prepare(batch, key), also if it draws nothing"
            raise TypeError(f"batches: prepare must be a function (batch, key) -> batch, {came}") from None
        except ValueError:
            pass  # a function of another language, which does not say what it takes
    arrays = checked("batches: expected", arrays, anything=prepare is not None)
    if any(array.ndim <= axis for array in arrays):
        shapes = [array.shape for array in arrays]
        raise ValueError(f"batches: the examples' axis is {axis}, but the arrays have shapes {shapes}; set axis")
    lengths = [array.shape[axis] for array in arrays]
    if len(set(lengths)) > 1:
        raise ValueError(f"batches: all arrays need one length, got {lengths}; does every x have its y?")
    return Batches(None, arrays, size, False, axis, prepare)


def checked(expected: str, arrays: Any, *, anything: bool = False) -> Batch:
    """The arrays as a tuple. Raises `ValueError` for all else; with `anything`, NumPy arrays may hold any values."""
    if not isinstance(arrays, (tuple, list)) or not arrays:
        came = "one without arrays" if isinstance(arrays, (tuple, list)) else type(arrays).__name__
        raise ValueError(f"{expected} a tuple of arrays such as (x, y), got {came}; write (x,) for one array")
    for i, array in enumerate(arrays):
        if not (anything and isinstance(array, np.ndarray)) and (came := misfit(array)):
            raise ValueError(f"{expected} a tuple of arrays such as (x, y), but [{i}] is {came}")
    return tuple(arrays)


def batches(
    key: Any,
    arrays: Sequence[Array],
    size: int,
    *,
    drop_last: bool = False,
    axis: int = 0,
    prepare: Prepare | None = None,
) -> Batches:
    """One epoch: tuples of `size` examples at the same places in all arrays, in an order drawn from the key.

    key         draws the order; None keeps the order of the arrays, and the batches are views. For a new order in
                each epoch, give each its own key: `batches(fold_in(key, epoch), (x, y), 128)`. A tuple of R keys, one
                for each network of an ensemble, gives batches (R, size, ...): network i gets those of key i
    arrays      as many examples in each, such as (x, y)
    size        examples in a batch; the last batch has the rest
    drop_last   leaves out a last batch of fewer examples
    axis        the axis of the examples: 1 for data (R, n, ...) of R networks, which then share one order
    prepare     a pure function (batch, key) -> batch that is applied to each batch when its turn comes. The i-th batch
                gets `fold_in(key, i)`: a resumed training draws the same, and the order does not change. If the key is
                None, it gets None and must draw nothing, as in `predict` and `evaluate`, which take the same function.

    A batch takes the memory of its own examples only, also of a view such as `table[:, 1:]` or of a file:
    `numpy.load(path, mmap_mode="r")`. Data should be in C order. In Fortran order, each number of a batch lies in
    another part of the memory, and reading it takes about as long as the step of a small network;
    `numpy.ascontiguousarray` copies the array once.

    Raises `ValueError` for arrays that differ in their number of examples, for no arrays, for values that are not
    arrays, such as tables and lists, for a size below 1, if `drop_last` leaves out all examples, and if `prepare` does
    not return a tuple of arrays.

    >>> import numpy as np
    >>> [x.tolist() for (x,) in batches(None, (np.arange(5),), 2)]
    [[0, 1], [2, 3], [4]]

    With `prepare`, data rest in their smallest form: images as bytes, or as the names of their files, since the arrays
    may then hold any values. It is given read-only arrays and returns new ones. Here it adds noise, in training only:

    >>> from fnn import Key
    >>> def prepare(batch, key):
    ...     x, *targets = batch
    ...     x = np.divide(x, 255, dtype=np.float32)
    ...     if key is not None:
    ...         x = x + 0.1 * generator(key).standard_normal(x.shape, np.float32)
    ...     return x, *targets
    >>> images = np.full((4, 2), 51, np.uint8)
    >>> [float(x.std()) for (x,) in batches(None, (images,), 2, prepare=prepare)]
    [0.0, 0.0]
    >>> [bool(x.std() > 0) for (x,) in batches(Key(0), (images,), 2, prepare=prepare)]
    [True, True]
    """
    ordered = in_order(arrays, size, axis=axis, prepare=prepare)
    if drop_last and (n := arrays[0].shape[axis]) < size:
        raise ValueError(f"batches: drop_last leaves out all {n} examples, fewer than the size {size}; make it smaller")
    if isinstance(key, tuple) and (axis or not key):
        problem = "several keys go with axis 0, examples that the networks share" if key else "got no keys"
        raise ValueError(f"batches: {problem}; give one key")
    for each in key if isinstance(key, tuple) else (key,):
        if each is not None:
            generator(each)  # refuses anything but a Key now, not in the first epoch
    return attrs.evolve(ordered, key=key, drop_last=drop_last)
