"""One training of an experiment as a value, which any fold carries out; and several of them as one ensemble."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

import attrs
import numpy as np
from toolz import last

import fnn
from fnn import Progress, State, tree
from fnn.batching import Batch, Batches
from fnn.training.epochs import Fold
from fnn.training.step import Step, TrainStep

__all__ = ["ApartError", "Measures", "Run", "are_alike", "result", "together"]

Record = Mapping[str, Any]


def _nothing(params: tree.Tree) -> Record:
    return {}


def _latest(record: Record) -> float:
    return record["epoch"]


@attrs.frozen(eq=False)
class Measures:
    """What is measured after each epoch, as a value: measures(params) gives "part_name" for each part and measure.

    model     the network
    parts     the pairs (x, target) to measure it on, by name
    measures  see `fnn.evaluate`
    """

    model: fnn.Layer
    parts: Mapping[str, Batch]
    measures: Mapping[str, Callable[..., Any]]

    def __call__(self, params: tree.Tree) -> Record:
        """The means of all measures on all parts."""
        means = {part: fnn.evaluate(self.model, params, pair, self.measures) for part, pair in self.parts.items()}
        return {f"{part}_{name}": mean for part, of_part in means.items() for name, mean in of_part.items()}

    def agrees(self, other: Any) -> bool:
        """Whether another measures the same on the very same arrays: then one measures the networks of both."""
        if not isinstance(other, Measures) or (self.model, self.measures) != (other.model, other.measures):
            return False
        arrays, others = ([id(x) for pair in each.parts.values() for x in pair] for each in (self, other))
        return list(self.parts) == list(other.parts) and arrays == others


@attrs.frozen
class Run:
    """One training: what `fnn.epochs` takes, when it ends, and what is made of its end.

    state       before the first epoch
    step, batches_of, measure, score    see `fnn.epochs`
    epochs      the number of epochs after which it ends
    patience    the number of epochs without a better score after which it ends earlier; 0 for never
    finish      finish(last progress) -> the result: a tree of numbers and arrays, with "scores"

    The result is `finish(last(scan(start)))`. A training that was interrupted goes on from any progress of its scan, to
    the same result; a caller that shows or keeps the progresses as they pass changes nothing.
    """

    state: State
    step: Step
    batches_of: Callable[[int], Iterable[Batch]]
    epochs: int
    finish: Callable[[Progress], Any]
    measure: Callable[[tree.Tree], Record] = _nothing
    score: Callable[[Record], Any] = _latest
    patience: int = 0

    @property
    def start(self) -> Progress:
        """The progress before the first epoch."""
        return Progress.start(self.state)

    def scan(self, progress: Progress, fold: Fold = fnn.fold) -> Iterator[Progress]:
        """A progress and each later one until the training ends; it may have been at its end already."""
        further = fnn.epochs(self.step, self.batches_of, progress, self.measure, self.score, fold=fold)
        progresses = islice(chain([progress], further), 1 + self.epochs - len(progress.history))
        return fnn.early_stopping(progresses, self.patience) if self.patience else progresses


def result(run: Run) -> Any:
    """The result of a run from its start to its end."""
    return run.finish(last(run.scan(run.start)))


class ApartError(ValueError):
    """Runs cannot be trained together."""


def are_alike(runs: Sequence[Run]) -> bool:
    """Whether runs, each of one network, differ in nothing but their keys and data: then they can train together."""
    steps = [run.step for run in runs if isinstance(run.step, TrainStep)]
    equal = len({attrs.evolve(step, key=None) for step in steps}) == 1 and len(steps) == len(runs)
    others = {(run.epochs, run.patience, run.state.layout, run.state.step, run.state.rule) for run in runs}
    return equal and len(others) == 1 and not runs[0].state.layout.lead


def together(runs: Sequence[Run]) -> Run:
    """Runs of one configuration as one training of an ensemble; it finishes with the list of their results.

    Each network gets its own batches and keys, is measured and stops by itself: its result is that of the run alone, up
    to rounding. (Where a patience ends networks one by one, the last state of each is its best.) Raises `ApartError`
    unless the runs are of one network each, and differ in nothing but their keys and data.
    """
    if not are_alike(runs):
        raise ApartError("together: these runs differ in more than their keys; carry them out one by one (--apart)")
    first, steps = runs[0], [run.step for run in runs if isinstance(run.step, TrainStep)]
    step = steps[0] if steps[0].key is None else attrs.evolve(steps[0], key=tuple(each.key for each in steps))

    def measure(params: Any) -> Record:
        if isinstance(first.measure, Measures) and all(first.measure.agrees(run.measure) for run in runs):
            return first.measure(params)
        records = [run.measure(tree.member(params, i)) for i, run in enumerate(runs)]
        return {name: np.array([record[name] for record in records]) for name in records[0]}

    def alone(end: Progress, i: int) -> Progress:
        best = int(np.broadcast_to(end.best_epoch, len(runs))[i])
        n = best + first.patience if first.patience else len(end.history)
        records = [{k: v[i] if np.ndim(v) else v for k, v in record.items()} for record in end.history[:n]]
        kept = _member(end.best, i, first.state)
        state = kept if first.patience else _member(end.state, i, first.state)
        return Progress(state, kept, best, np.broadcast_to(end.best_score, len(runs))[i], records)

    return Run(
        state=_stacked([run.state for run in runs]),
        step=step,
        batches_of=lambda epoch: _side_by_side([run.batches_of(epoch) for run in runs]),
        epochs=first.epochs,
        finish=lambda end: [run.finish(alone(end, i)) for i, run in enumerate(runs)],
        measure=measure,
        score=first.score,
        patience=first.patience,
    )


def _rows(f: Callable[[list[Any]], Any], *memories: Any) -> Any:
    """A function of corresponding arrays, applied throughout memories of one form."""
    if isinstance(memories[0], tuple):
        return tuple(_rows(f, *parts) for parts in zip(*memories, strict=True))
    return f(list(memories))


def _stacked(states: Sequence[State]) -> State:
    """The state of an ensemble of these networks."""
    params = tree.stack([state.params for state in states])
    each = {name: [getattr(state, name) for state in states] for name in ("vector", "memory", "loss")}
    arrays = {name: _rows(np.stack, *of_states) for name, of_states in each.items()}
    return attrs.evolve(states[0], **arrays, layout=tree.Layout.of(params))


def _member(state: State, i: int, like: State) -> State:
    """The state of network i of an ensemble, whose layout is that of `like`."""
    arrays = {name: _rows(lambda rows: rows[0][i], getattr(state, name)) for name in ("vector", "memory", "loss")}
    return attrs.evolve(like, **arrays, step=state.step)


def _side_by_side(each: Sequence[Iterable[Batch]]) -> Iterable[Batch]:
    """The batches of several networks, (R, size, ...): of the same arrays in other orders, or of any."""
    ordered = [one for one in each if isinstance(one, Batches) and one.prepare is None and one.key is not None]
    alike = {(tuple(map(id, one.arrays)), one.size, one.drop_last, one.axis) for one in ordered}
    if len(ordered) == len(each) and len(alike) == 1:
        return attrs.evolve(ordered[0], key=tuple(one.key for one in ordered))
    return (tuple(map(np.stack, zip(*batches, strict=True))) for batches in zip(*each, strict=True))
