"""Epochs are a scan over the training step: the progress after each one is a value."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate, count, islice
from typing import Any

import attrs
import numpy as np

from fnn.arrays import bits, dtype_kind, is_array
from fnn.batching import Batch
from fnn.optimizers.optimizer import State
from fnn.training.history import History, Record
from fnn.training.step import Step
from fnn.tree import Tree
from fnn.values import whole

__all__ = ["Progress", "early_stopping", "epochs"]


def _history(records: Iterable[Record]) -> History:
    return History.of(records)


@attrs.frozen
class Progress:
    """Where a training stands after some epochs: a value that can be folded on from, compared and saved.

    state        the state after the last epoch
    best         the state after the epoch with the greatest score
    best_epoch   the number of that epoch, counted from 1
    best_score   its score
    history      one record for each epoch, in a sequence
    """

    state: State
    best: State
    best_epoch: int = 0
    best_score: float = -np.inf
    history: History = attrs.field(
        default=History(),
        converter=_history,
        eq=lambda history: [[(name, bits(value)) for name, value in record.items()] for record in history],
        repr=lambda history: f"<{len(history)} records>",
    )

    @classmethod
    def start(cls, state: State) -> "Progress":
        """Before the first epoch."""
        return cls(state, state)


def epochs(
    step: Step,
    batches_of: Callable[[int], Iterable[Batch]],
    start: Progress | State,
    measure: Callable[[Tree], Record] = lambda params: {},
    score: Callable[[Record], float] = lambda record: record["epoch"],
) -> Iterator[Progress]:
    """The progress after each epoch: an endless scan, to be ended by `itertools.islice` or `early_stopping`.

    step         a training step; see `train_step`
    batches_of   batches_of(i) gives the batches of epoch i, counted from 0
    start        the state to begin with, or the progress to go on from: then the result equals that of never stopping
    measure      measure(params) gives what to record at the end of an epoch, in addition to "epoch" (counted from 1)
                 and "loss" (the mean of the losses of its steps)
    score        score(record) says how good an epoch was: the state of the best one is kept. By default the latest
                 epoch is the best. An epoch whose score is NaN is never the best.

    Raises `ValueError` for an epoch without batches, and if `measure` records "epoch" or "loss" itself; `TypeError` if
    `batches_of` is not a function, and if `score` returns anything but a number.

    What counts as an epoch is for `batches_of` to say. To record less often, let it give the batches of several passes
    over the data, here of ten:

    >>> import itertools, fnn
    >>> x, y = np.ones((6, 2)), np.ones((6, 1))
    >>> def ten_passes(epoch):
    ...     passes = range(10 * epoch, 10 * epoch + 10)
    ...     return itertools.chain.from_iterable(fnn.batches(fnn.fold_in(fnn.Key(1), i), (x, y), 2) for i in passes)
    >>> model, optimizer = fnn.linear(1), fnn.sgd(0.01)
    >>> state = optimizer.init(model.init(fnn.Key(0), (2,))[0])
    >>> [progress] = itertools.islice(epochs(fnn.train_step(model, fnn.mse, optimizer), ten_passes, state), 1)
    >>> len(progress.history), progress.state.step
    (1, 30)
    """

    def advance(progress: Progress, epoch: int) -> Progress:
        state, losses = progress.state, []
        for batch in batches_of(epoch):
            state = step(state, batch)
            losses.append(np.asarray(state.loss, dtype=np.float64))
        if not losses:
            raise ValueError(f"epochs: batches_of({epoch}) gave no batch; is the data empty?")
        record = {"epoch": epoch + 1, "loss": sum(losses) / len(losses), **_measured(measure(state.params))}
        history, new_score = progress.history.append(record), _number(score(record))
        if new_score > progress.best_score:
            return Progress(state, state, epoch + 1, new_score, history)
        return attrs.evolve(progress, state=state, history=history)

    if not callable(batches_of):
        remedy = "lambda epoch: batches(fold_in(key, epoch), ...)"
        came = type(batches_of).__name__
        raise TypeError(f"epochs: batches_of must be a function of the epoch, got {came}; write {remedy}")
    if not isinstance(start, (Progress, State)):
        raise TypeError(
            f"epochs: expected a State or a Progress, got {type(start).__name__}; try optimizer.init(params)"
        )
    first = Progress.start(start) if isinstance(start, State) else start
    return islice(accumulate(count(len(first.history)), advance, initial=first), 1, None)


def _measured(record: Any) -> Record:
    """What `measure` returned. Raises unless it is a mapping without the names that every record has."""
    if not isinstance(record, Mapping):
        came = type(record).__name__
        raise TypeError(f'epochs: expected a mapping from measure(params), such as {{"accuracy": 0.9}}, got {came}')
    if taken := {"epoch", "loss"} & record.keys():
        raise ValueError(f"epochs: measure must not record {sorted(taken)}, which epochs itself records; rename them")
    return record


def _number(score: Any) -> Any:
    """What `score` returned. Raises `TypeError` unless it is one number."""
    if np.shape(score) != () or dtype_kind(np.asarray(score).dtype) not in ("float", "int", "bool"):
        shape = f" of shape {score.shape}" if is_array(score) else ""
        came = f"{type(score).__name__}{shape}; return one number, such as a mean"
        raise TypeError(f"epochs: expected a number from score(record), got {came}")
    return score


def early_stopping(progresses: Iterable[Progress], patience: int) -> Iterator[Progress]:
    """The progresses up to the first whose best epoch lies `patience` epochs back; use the `best` state of the last.

    Give `epochs` a `score`, such as `lambda record: -record["validation_loss"]`. Without one, the latest epoch is the
    best, and this never stops.

    To go on from a progress that may be the last one already, put it in front: `chain([progress], epochs(...))`.
    Raises `ValueError` unless `patience` is a positive integer.
    """
    patience = whole("early_stopping(patience)", patience)

    def scan() -> Iterator[Progress]:
        for progress in progresses:
            yield progress
            if len(progress.history) - progress.best_epoch >= patience:
                return

    return scan()
