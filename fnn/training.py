"""Training is a fold: a step is a pure function (state, batch) -> state, and everything else a fold or scan over it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate, count, islice
from typing import Any

import attrs
import numpy as np

from fnn.batching import in_order
from fnn.layer import Layer, check_is_layer
from fnn.losses import Loss
from fnn.optimizers.optimizer import Optimizer, State, bits
from fnn.random import fold_in
from fnn.tree import Array, Tree
from fnn.tree.params import is_array
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

    With a key, step i trains stochastically under `fold_in(key, i)`: a resumed run draws what an uninterrupted one would.
    A step raises `DivergedError`, with the last good state, where NumPy's loss or gradient is not finite; with
    `finite=False` it goes on, as the other networks of an ensemble may want to when one diverges.
    Raises `TypeError` for a model, optimizer or key that is none.
    """
    for what, given, expected in (("model", model, Layer), ("optimizer", optimizer, Optimizer)):
        if not isinstance(given, expected):
            hint = "; call it to make one" if callable(given) else ""
            raise TypeError(f"train_step: the {what} must be a fnn.{expected.__name__}, got {given!r}{hint}")
    if not callable(loss):
        raise TypeError(f"train_step: the loss must be a function such as fnn.cross_entropy, got {loss!r}")
    if key is not None:
        fold_in(key, 0)
    gradient = value_and_grad(model, loss)
    # glibc gives each freed array of some 100 kB back to the kernel and faults it in again at every step, which takes a
    # sixth of its time, until it has seen a greater one freed. This one is never touched, so that it costs nothing.
    np.empty(31 * 2**20, dtype=np.uint8)

    def step(state: State, batch: Batch) -> State:
        if not isinstance(state, State):
            raise TypeError(f"step: expected a State, got {type(state).__name__}; begin with optimizer.init(params)")
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # update raises what matters of these
            value, grads = gradient(state.params, batch, None if key is None else fold_in(key, state.step))
        return optimizer.update(state, grads, value, finite=finite)

    return step


def _plain(history: tuple[Record, ...]) -> Any:
    """Records that may hold arrays, as a value that equals another bit by bit."""
    return tuple(tuple((name, bits(value)) for name, value in record.items()) for record in history)


@attrs.frozen
class Progress:
    """Where a training stands after some epochs: a value, to fold on from, to compare and to keep.

    `state` is the last state, `best` the one after `best_epoch` epochs, which had the greatest score so far; `history`
    holds a record an epoch.
    """

    state: State
    best: State
    best_epoch: int = 0
    best_score: float = -np.inf
    history: tuple[Record, ...] = attrs.field(default=(), eq=_plain, repr=lambda history: f"<{len(history)} records>")

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
    """The progress after each further epoch, without end: a scan that `islice` or `early_stopping` cuts off.

    batches_of(i) gives the batches of epoch i, counted from 0; `measure(params)` what to record at its end, beside "epoch"
    (counted from 1) and "loss", the mean of its steps' training losses; `score(record)` says how good an epoch was:
    the best so far is kept, by default the latest (NaN is never the best). Scanning on from a progress equals never
    having stopped. Raises `ValueError` for an epoch without batches, and if `measure` records "epoch" or "loss" itself.
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
            raise ValueError(f"epochs: measure must not record {sorted(taken)}, which stand there already; rename them")
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
    """Early stopping: the progresses up to the first whose best is `patience` epochs old. Its `best` is the result.

    To go on from a progress that may be stale already, let it come first: `chain([progress], epochs(..., progress))`.
    Raises `ValueError` unless the patience is a positive integer.
    """
    patience = whole("early_stopping(patience)", patience)

    def scan() -> Iterator[Progress]:
        for progress in progresses:
            yield progress
            if len(progress.history) - progress.best_epoch >= patience:
                return

    return scan()


def predict(model: Layer, params: Tree, x: Array, size: int = 1000, *, axis: int = 0) -> Array:
    """`model.apply(params, x)` in batches of `size` examples, so that hidden layers never hold more.

    `axis` is the number of axes of x in front of the examples' axis.
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
    """The means over all examples of measures(prediction, target), in batches of `size` examples.

    Each measure gives the mean over a batch, one for each leading index: `{"loss": cross_entropy, "accuracy":
    accuracy}`; of a loss's pair the value counts. `axis` is the number of axes in front of the examples' axis.
    Raises `ValueError` for no examples.
    """

    if not isinstance(measures, Mapping):
        raise TypeError(f'evaluate: expected measures by name, as in {{"loss": mse}}, got {type(measures).__name__}')

    def share(batch: Batch) -> dict[str, Any]:
        """What a batch adds to each mean: its own, weighed by its share of the examples."""
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
