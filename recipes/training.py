"""When a training ends, and the result of a training that is carried out from start to end."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from toolz import last

from fnn import Progress, early_stopping
from recipes.recipe import Run

__all__ = ["result", "until"]


def until(progress: Progress, further: Iterable[Progress], epochs: int, patience: int = 0) -> Iterator[Progress]:
    """A progress and the further ones until the training ends.

    progress   where the scan begins; it counts too, since a training that is resumed may have been at its end
    further    the progress after each further epoch, without end, from `fnn.epochs`
    epochs     the number of epochs after which the training ends
    patience   the number of epochs without a better score after which it ends earlier; 0 for never
    """
    progresses = islice(chain([progress], further), 1 + epochs - len(progress.history))
    return early_stopping(progresses, patience) if patience else progresses


def result(run: Run) -> Mapping[str, Any]:
    """The result of a run from its start to its end."""
    return run.finish(last(run.scan(run.start)))
