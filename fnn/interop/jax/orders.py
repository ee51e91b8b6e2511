"""The order of an epoch's examples: drawn on the host, perhaps ahead, and cut into batches on the device."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import groupby, islice
from typing import Any

import attrs
import jax
import jax.numpy as jnp
import numpy as np

from fnn.arrays import Array
from fnn.batching import Batch, Batches, checked

__all__ = ["Drawn", "ahead", "cut", "pieces"]

AT_ONCE = 256  # batches that are stacked on the host


def ahead(batches_of: Callable[[int], Iterable[Batch]]) -> Callable[[int], Iterable[Batch]]:
    """The same batches of each epoch; the next epoch's order is drawn while the device carries out this one.

    For `epochs` on a GPU, where drawing the orders of many networks takes about as long as training them.
    `batches_of` is called for one epoch more than is trained, whose batches are remembered.

    >>> import fnn
    >>> batches_of = ahead(lambda epoch: fnn.batches(fnn.Key(epoch), (np.arange(6),), 4))
    >>> [len(x) for epoch in range(2) for (x,) in batches_of(epoch)]
    [4, 2, 4, 2]
    """
    drawn: dict[int, Drawn] = {}  # the batches of the next epoch

    def draw(epoch: int) -> Drawn:
        batches = Drawn.of(batches_of(epoch))
        return attrs.evolve(batches, order=jax.device_put(batches.order), meanwhile=lambda: draw_next(epoch + 1))

    def draw_next(epoch: int) -> None:
        with suppress(Exception):  # it comes again when this epoch is asked for
            drawn[epoch] = draw(epoch)

    def batches_ahead(epoch: int) -> Drawn:
        batches = drawn.get(epoch) or draw(epoch)
        drawn.clear()
        return batches

    return batches_ahead


@attrs.frozen(eq=False)
class Drawn:
    """The batches of an epoch; the places of their examples, one behind the other (..., n), if they are gathered on the
    device; and what the host does while the device is at work.
    """

    batches: Iterable[Batch]
    order: Array | None = None
    meanwhile: Callable[[], None] = lambda: None

    @classmethod
    def of(cls, batches: Iterable[Batch]) -> "Drawn":
        """Batches of any kind, with the order of those that `fnn.batches` gives without `prepare`."""
        if isinstance(batches, Drawn):
            return batches
        if isinstance(batches, Batches) and batches.prepare is None:
            return cls(batches, batches.order.astype(np.int32))
        return cls(batches)

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.batches)


def pieces(drawn: Drawn) -> Iterator[tuple[Batch, Array, int, int]]:
    """Arrays, the places of their examples, the number of these in a batch, and their axis.

    Of batches that were stacked on the host, the places are those of whole batches, and the number is 0.
    """
    if isinstance(drawn.batches, Batches) and drawn.order is not None:
        if len(drawn.batches):
            yield drawn.batches.arrays, drawn.order, drawn.batches.size, drawn.batches.axis
        return
    for _, alike in groupby(drawn, _form):
        while some := list(islice(alike, AT_ONCE)):
            yield tuple(map(np.stack, zip(*some, strict=True))), np.arange(len(some), dtype=np.int32), 0, 0


def cut(order: Array, size: int) -> tuple[Array, ...]:
    """The places of each batch's examples (steps, ..., size), those of a short last batch by themselves."""
    if not size:
        return (order,)
    full = order.shape[-1] // size * size
    parts = order[..., :full].reshape(*order.shape[:-1], -1, size), order[..., None, full:]
    return tuple(jnp.moveaxis(each, -2, 0) for each in parts if each.size)


def _form(batch: Batch) -> list[Any]:
    """What batches have in common that can be stacked."""
    return [(array.shape, array.dtype) for array in checked("fold: expected each batch as", batch)]
