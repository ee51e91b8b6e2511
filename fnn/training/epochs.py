"""Epochs are a scan over the training step: the progress after each one is a value."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate, count, islice
from typing import Any

import attrs
import numpy as np

from fnn.arrays import bits, dtype_kind, is_array, read_only
from fnn.batching import Batch
from fnn.optimizers.optimizer import State
from fnn.training.history import History, Record
from fnn.training.step import Step
from fnn.tree import Tree
from fnn.values import whole

__all__ = ["Fold", "Progress", "early_stopping", "epochs", "fold"]

Fold = Callable[[Step, State, Iterable[Batch]], tuple[State, Any]]  # -> the last state, the losses (steps, ...)


def _history(records: Iterable[Record]) -> History:
    return History.of(records)


def _plain(value: Any) -> Any:
    """A number, or numbers, in a form that can be compared."""
    return np.asarray(value).tolist()


@attrs.frozen
class Progress:
    """Where a training stands after some epochs: a value to go on from, to compare and to save.

    state        the state after the last epoch
    best         the state after the epoch with the greatest score; for an ensemble scored network by network, each
                 network as it was after its own best epoch
    best_epoch   the number of that epoch, counted from 1, or these numbers (R,)
    best_score   its score, or the scores (R,)
    history      one record for each epoch, in a sequence
    """

    state: State
    best: State
    best_epoch: Any = attrs.field(default=0, converter=read_only, eq=_plain)
    best_score: Any = attrs.field(default=-np.inf, converter=read_only, eq=_plain)
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


def fold(step: Step, state: State, batches: Iterable[Batch]) -> tuple[State, Any]:
    """The state after all batches, and the loss of each step: `functools.reduce` that remembers the losses."""
    losses = []
    for batch in batches:
        state = step(state, batch)
        losses.append(state.loss)
    return state, losses


def epochs(
    step: Step,
    batches_of: Callable[[int], Iterable[Batch]],
    start: Progress | State,
    measure: Callable[[Tree], Record] = lambda params: {},
    score: Callable[[Record], Any] = lambda record: record["epoch"],
    *,
    fold: Fold = fold,
) -> Iterator[Progress]:
    """The progress after each epoch: an endless scan, to be ended by `itertools.islice` or `early_stopping`.

    step         a training step; see `train_step`
    batches_of   batches_of(i) gives the batches of epoch i, counted from 0
    start        the state to begin with, or the progress to go on from: then the result equals that of never stopping
    measure      measure(params) gives what to record at the end of an epoch, in addition to "epoch" (counted from 1)
                 and "loss" (the mean of the losses of its steps)
    score        score(record) says how good an epoch was: the state of the best one is kept. By default the latest
                 epoch is the best. An epoch whose score is NaN is never the best. For an ensemble of R networks it may
                 return R scores: then the best of each network is kept
    fold         carries out an epoch, fold(step, state, batches) -> (state, losses): `fnn.fold` on NumPy, or
                 `fnn.interop.jax.fold`, compiled

    Raises `ValueError` for an epoch without batches, and if `measure` records "epoch" or "loss" itself; `TypeError` if
    `batches_of` or `fold` is not a function, and if `score` returns anything but a number.

    To record less often, let `batches_of` give the batches of several passes over the data, here of ten:

    >>> from itertools import chain
    >>> import fnn
    >>> data, model, optimizer = (np.ones((6, 2)), np.ones((6, 1))), fnn.linear(1), fnn.sgd(0.01)
    >>> ten_passes = lambda epoch: chain(*(fnn.batches(fnn.Key(1, (epoch, i)), data, 2) for i in range(10)))
    >>> state = optimizer.init(model.init(fnn.Key(0), (2,))[0])
    >>> progress = next(epochs(fnn.train_step(model, fnn.mse, optimizer), ten_passes, state))
    >>> len(progress.history), progress.state.step
    (1, 30)
    """

    def advance(progress: Progress, epoch: int) -> Progress:
        state, losses = fold(step, progress.state, batches_of(epoch))
        if not len(losses):
            raise ValueError(f"epochs: batches_of({epoch}) gave no batch; is the data empty?")
        mean = sum(np.asarray(losses, dtype=np.float64)) / len(losses)
        record = {"epoch": epoch + 1, "loss": mean, **_measured(measure(state.params))}
        now = Progress(state, state, epoch + 1, _scores(score(record), state), progress.history.append(record))
        return _with_best(now.best_score > np.asarray(progress.best_score), now, progress)

    if not callable(fold):
        raise TypeError(f"epochs: fold must be a function, such as fnn.interop.jax.fold, got {fold!r}")
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


def _scores(score: Any, state: State) -> Any:
    """What `score` returned. Raises `TypeError` unless it is one number, or one for each network."""
    shape = np.shape(score)
    if shape not in ((), state.layout.lead) or dtype_kind(np.asarray(score).dtype) not in ("float", "int", "bool"):
        of_shape = f" of shape {score.shape}" if is_array(score) else ""
        came = f"{type(score).__name__}{of_shape}; return one number, such as a mean"
        each = f", or numbers of shape {state.layout.lead}," if state.layout.lead else ""
        raise TypeError(f"epochs: expected a number{each} from score(record), got {came}")
    return np.asarray(score) if shape else score


def _with_best(better: Any, now: Progress, old: Progress) -> Progress:
    """The progress `now`, whose best is its own where it is `better`, and otherwise the old one.

    If `better` holds one answer for each network, the best state has arrays of several epochs, and the number of steps
    of the latest.
    """
    if np.ndim(better) == 0:
        best = now if better else old
        return attrs.evolve(now, best=best.best, best_epoch=best.best_epoch, best_score=best.best_score)

    def pick(new: Any, kept: Any) -> Any:
        if isinstance(new, tuple):
            return tuple(map(pick, new, kept))
        if new.shape[: better.ndim] != better.shape:
            return new  # of all networks, such as a mask
        xp = new.__array_namespace__()
        return xp.where(xp.asarray(better[(..., *(None,) * (new.ndim - better.ndim))]), new, kept)

    arrays = {name: pick(getattr(now.best, name), getattr(old.best, name)) for name in ("vector", "memory", "loss")}
    return attrs.evolve(
        now,
        best=attrs.evolve(now.best, **arrays),
        best_epoch=np.where(better, now.best_epoch, old.best_epoch),
        best_score=np.where(better, now.best_score, old.best_score),
    )


def early_stopping(progresses: Iterable[Progress], patience: int) -> Iterator[Progress]:
    """The progresses up to the first whose best epoch lies `patience` epochs back; use the `best` state of the last.

    Give `epochs` a `score`, such as `lambda record: -record["validation_loss"]`. Without one, the latest epoch is the
    best, and this never stops.

    Of an ensemble scored network by network, each network keeps the best that it had when its own patience ended, as if
    it had been trained alone, and the last progress is the one at which all have ended.

    To go on from a progress, put it in front: `chain([progress], epochs(...))`. It may be the last one already, and it
    says which networks have ended. Raises `ValueError` unless `patience` is a positive integer.
    """
    patience = whole("early_stopping(patience)", patience)

    def ended(progress: Progress) -> Any:
        return len(progress.history) - np.asarray(progress.best_epoch) >= patience

    def scan() -> Iterator[Progress]:
        before = None
        for progress in progresses:
            if before is not None and np.ndim(before.best_epoch):
                progress = _with_best(~ended(before), progress, before)
            yield progress
            if np.all(ended(progress)):
                return
            before = progress

    return scan()
