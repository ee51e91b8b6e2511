"""The history of a training: an immutable sequence of records."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import attrs

__all__ = ["History", "Record"]

Record = Mapping[str, Any]  # what is known of an epoch, by name


@attrs.frozen(eq=False, repr=False)
class History(Sequence[Record]):
    """Records in their order. It is read, compared, shown and pickled like a tuple of them.

    A tuple would be copied at each epoch. The records stand in `parts` instead, each longer than the next one, which
    later histories share: n epochs copy every record at most log2(n) times.

    >>> history = History.of([{"epoch": 1}, {"epoch": 2}])
    >>> history.append({"epoch": 3})[1:], len(history)
    (({'epoch': 2}, {'epoch': 3}), 2)
    """

    parts: tuple[Sequence[Record], ...] = ()

    @staticmethod
    def of(records: Iterable[Record]) -> "History":
        """A history of these records."""
        return records if isinstance(records, History) else History((tuple(records),))

    def append(self, record: Record) -> "History":
        """The history with one record more. This one stays as it is."""
        parts, last = self.parts, tuple[Record, ...]([record])
        while parts and len(parts[-1]) <= len(last):
            parts, last = parts[:-1], (*parts[-1], *last)
        return History((*parts, last))

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __iter__(self) -> Iterator[Record]:
        return chain.from_iterable(self.parts)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return tuple(self)[i]
        place, parts = range(len(self))[i], iter(self.parts)
        part = next(parts)
        while place >= len(part):
            place, part = place - len(part), next(parts)
        return part[place]

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, (History, tuple)) else NotImplemented

    def __repr__(self) -> str:
        return repr(tuple(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return History.of, (tuple(self),)
