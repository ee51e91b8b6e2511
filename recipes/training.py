"""The training of a recipe: a fold over epochs to the last, from wherever it stands, before whoever watches."""

from collections.abc import Callable, Iterator
from itertools import chain, islice

from toolz import last

from fnn import Progress, State, early_stopping

__all__ = ["Scan", "Watch", "train", "unwatched"]

Scan = Callable[[Progress], Iterator[Progress]]
Watch = Callable[[Progress, Scan], Iterator[Progress]]
"""watch(start, scan): the progresses of `scan(start)`, or of a later progress of the same training.

It may show or keep them as they pass, and changes nothing.
"""


def unwatched(start: Progress, scan: Scan) -> Iterator[Progress]:
    """The watch that only looks."""
    return scan(start)


def train(start: State, further: Scan, epochs: int, patience: int = 0, watch: Watch = unwatched) -> Progress:
    """The progress after so many epochs; with a patience, the first whose best is that many epochs old.

    further(progress) gives the progress after each further epoch, as `fnn.epochs` does.
    """

    def scan(first: Progress) -> Iterator[Progress]:
        # The first one counts too: a training that is gone on with may have been at its end.
        progresses = islice(chain([first], further(first)), 1 + epochs - len(first.history))
        return early_stopping(progresses, patience) if patience else progresses

    return last(watch(Progress.start(start), scan))
