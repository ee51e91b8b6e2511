"""Training is a fold: a step is a pure function (state, batch) -> state, and all else is a fold or scan over it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate, count, islice
from typing import Any

import attrs
import numpy as np

from fnn.arrays import Array, bits, is_array
from fnn.batching import in_order
from fnn.layer import Layer, check_is_layer
from fnn.losses import Loss
from fnn.optimizers.optimizer import Optimizer, State
from fnn.random import fold_in
from fnn.tree import Tree
from fnn.values import whole

__all__ = ["Progress", "early_stopping", "epochs", "evaluate", "predict", "train_step", "value_and_grad"]

Batch = tuple[Array, Array]
Step = Callable[[State, Batch], State]
Record = Mapping[str, Any]


def value_and_grad(model: Layer, loss: Loss) -> Callable[..., tuple[Array, Tree]]:
    """The function (params, (x, target), key=None) -> (value, gradients) of a model under a loss.

    With a key it is the stochastic pass. The gradient with respect to x is not computed.
    """
    check_is_layer("value_and_grad", model)

    def gradient(params: Tree, batch: Batch, key: Any = None) -> tuple[Array, Tree]:
        try:
            x, target = batch
        except (TypeError, ValueError):
            raise ValueError(f"expected a batch (x, target), got {type(batch).__name__}; zip x and y?") from None
        prediction, back = model.vjp(params, x, key)
        value, pullback = loss(prediction, target)
        dparams, _ = back(pullback(), need_dx=False)
        return value, dparams

    return gradient


def train_step(model: Layer, loss: Loss, optimizer: Optimizer, key: Any = None, *, finite: bool = True) -> Step:
    """The function (state, (x, target)) -> state of one optimizer step.

    model, loss, optimizer   what is trained, and how
    key                      with a key, step i is the stochastic pass under `fold_in(key, i)`, so that a resumed
                             training draws what an uninterrupted one would
    finite                   whether a step raises `DivergedError`, with the last good state, if a number is not finite;
                             with False it goes on, for the other networks of an ensemble

    Raises `TypeError` unless `model` is a `Layer`, `loss` a function, `optimizer` an `Optimizer`, `key` a key or None.
    """
    for what, given, expected in (("model", model, Layer), ("optimizer", optimizer, Optimizer)):
        if not isinstance(given, expected):
            hint = "; call it to make one" if callable(given) else ""
            raise TypeError(f"train_step: the {what} must be a fnn.{expected.__name__}, got {given!r}{hint}")
    if not callable(loss):
        raise TypeError(f"train_step: the loss must be a function such as fnn.cross_entropy, got {loss!r}")
    fold_in(key, 0)  # refuses anything but a key
    gradient = value_and_grad(model, loss)
    keep_freed_memory()

    def step(state: State, batch: Batch) -> State:
        if not isinstance(state, State):
            raise TypeError(f"step: expected a State, got {type(state).__name__}; begin with optimizer.init(params)")
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # DivergedError says more than a warning
            value, grads = gradient(state.params, batch, fold_in(key, state.step))
        return optimizer.update(state, grads, value, finite=finite)

    return step


def keep_freed_memory() -> None:
    """Let glibc keep the memory of freed arrays for the next step, by freeing one large array that is never touched.

    By default glibc returns each freed array of some 100 kB to the kernel, and every step faults it in again, which
    takes a sixth of a step's time. It raises its threshold to the size of the largest array freed so far.
    """
    np.empty(31 * 2**20, dtype=np.uint8)


@attrs.frozen
class Progress:
    """Where a training stands after some epochs: a value that can be folded on from, compared and saved.

    state        the state after the last epoch
    best         the state after the epoch with the greatest score
    best_epoch   the number of that epoch, counted from 1
    best_score   its score
    history      one record for each epoch
    """

    state: State
    best: State
    best_epoch: int = 0
    best_score: float = -np.inf
    history: tuple[Record, ...] = attrs.field(
        default=(),
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

    Raises `ValueError` for an epoch without batches, and if `measure` records "epoch" or "loss" itself.
    """

    def advance(progress: Progress, epoch: int) -> Progress:
        state, losses = progress.state, []
        for batch in batches_of(epoch):
            state = step(state, batch)
            losses.append(np.asarray(state.loss, dtype=np.float64))
        if not losses:
            raise ValueError(f"epochs: batches_of({epoch}) gave no batch; is the data empty?")
        measured = measure(state.params)
        if taken := {"epoch", "loss"} & measured.keys():
            raise ValueError(
                f"epochs: measure must not record {sorted(taken)}, which epochs itself records; rename them"
            )
        record = {"epoch": epoch + 1, "loss": sum(losses) / len(losses), **measured}
        history, new_score = (*progress.history, record), score(record)
        if new_score > progress.best_score:
            return Progress(state, state, epoch + 1, new_score, history)
        return attrs.evolve(progress, state=state, history=history)

    if not isinstance(start, (Progress, State)):
        raise TypeError(
            f"epochs: expected a State or a Progress, got {type(start).__name__}; try optimizer.init(params)"
        )
    first = Progress.start(start) if isinstance(start, State) else start
    return islice(accumulate(count(len(first.history)), advance, initial=first), 1, None)


def early_stopping(progresses: Iterable[Progress], patience: int) -> Iterator[Progress]:
    """The progresses up to the first whose best epoch lies `patience` epochs back; use the `best` state of the last.

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


def predict(model: Layer, params: Tree, x: Array, size: int = 1000, *, axis: int = 0) -> Array:
    """`model.apply(params, x)` in batches of `size` examples, which bounds the memory that hidden layers take.

    model, params   the model and its parameters
    x               the inputs
    size            examples in a batch
    axis            the axis of the examples: 1 for inputs (R, n, ...) of R networks
    """
    if not is_array(x):
        raise TypeError(f"predict: expected x as an array, got {type(x).__name__}; convert it: np.asarray(x)")
    parts = [model.apply(params, part) for (part,) in in_order((x,), size, axis=axis)] or [model.apply(params, x)]
    if sum(part.shape[-2] for part in parts) != x.shape[axis]:
        raise ValueError(f"predict: expected outputs (..., batch, n_out), got {parts[0].shape}; flatten the features")
    return parts[0].__array_namespace__().concat(parts, axis=-2)


def evaluate(
    model: Layer,
    params: Tree,
    data: Batch,
    measures: Mapping[str, Callable[[Array, Array], Any]],
    size: int = 1000,
    *,
    axis: int = 0,
) -> dict[str, Any]:
    """The mean over all examples of each of several measures, computed in batches.

    model, params   the model and its parameters
    data            inputs and targets (x, y)
    measures        functions (prediction, target) -> mean over a batch, by name, with a value for each leading index:
                    `{"loss": cross_entropy, "accuracy": accuracy}`. Of a loss's (value, pullback), the value is used.
    size            examples in a batch
    axis            the axis of the examples: 1 for data (R, n, ...) of R networks

    Raises `ValueError` if there are no examples.
    """
    if not isinstance(measures, Mapping):
        raise TypeError(f'evaluate: expected measures by name, as in {{"loss": mse}}, got {type(measures).__name__}')

    def share(batch: Batch) -> dict[str, Any]:
        """What a batch adds to each mean: its own mean times its share of the examples."""
        x, target = batch
        prediction, weight = model.apply(params, x), x.shape[axis] / data[0].shape[axis]
        means = {name: f(prediction, target) for name, f in measures.items()}
        values = {name: mean[0] if isinstance(mean, tuple) else mean for name, mean in means.items()}
        return {name: weight * np.asarray(value, dtype=np.float64) for name, value in values.items()}

    shares = [share(batch) for batch in in_order(data, size, axis=axis)]
    if not shares:
        raise ValueError("evaluate: no examples, so there is no mean; is the data empty?")
    totals = {name: sum(each[name] for each in shares) for name in measures}
    return {name: float(total) if total.ndim == 0 else total for name, total in totals.items()}
