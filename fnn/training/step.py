"""A training step is a pure function (state, batch) -> state, and training is a fold over it."""

from collections.abc import Callable, Iterator
from typing import Any

import attrs
import numpy as np

from fnn.arrays import Array
from fnn.batching import Batch
from fnn.layer import Layer, check_is_layer
from fnn.losses import Loss
from fnn.optimizers.diverged import DivergedError
from fnn.optimizers.optimizer import Optimizer, State
from fnn.random import Key, fold_in
from fnn.tree import Params, Tree, like
from fnn.values import record

__all__ = ["TrainStep", "train_step", "value_and_grad"]

Step = Callable[[State, Batch], State]


def value_and_grad(model: Layer, loss: Loss) -> Callable[..., tuple[Array, Params]]:
    """The function (params, (x, *targets), key=None) -> (value, gradients) of a model under a loss.

    The loss is called as `loss(prediction, *targets)`. The gradients are `Params`, in the order of the parameters. With
    a key it is the stochastic pass. The gradient with respect to x is not computed.

    >>> import fnn
    >>> gradient = value_and_grad(fnn.linear(1, bias=None), fnn.mse)
    >>> x, y, weight = np.array([[1.0], [2.0]]), np.array([[3.0], [np.nan]]), np.array([1.0, 0.0])
    >>> value, grads = gradient({"weights": np.array([[1.0]])}, (x, y, weight))
    >>> float(value), float(grads["weights"][0, 0])
    (4.0, -4.0)
    """
    gradient = _gradient(model, loss)

    def as_params(params: Tree, batch: Batch, key: Any = None) -> tuple[Array, Params]:
        value, grads = gradient(params, batch, key)
        return value, like(params, grads)

    return as_params


def _gradient(model: Layer, loss: Loss) -> Callable[..., tuple[Array, Tree]]:
    """The value and the gradients as the layers return them, in whatever kind of mapping and order."""
    check_is_layer("value_and_grad", model)

    def gradient(params: Tree, batch: Batch, key: Any) -> tuple[Array, Tree]:
        if not isinstance(batch, (tuple, list)) or len(batch) < 2:
            came = type(batch).__name__ + (f" of {len(batch)}" if isinstance(batch, (tuple, list)) else "")
            raise ValueError(f"expected a batch (x, target) or (x, target, weight), got a {came}; zip x and y?")
        prediction, back = model.vjp(params, batch[0], key)
        result = loss(prediction, *batch[1:])
        if not isinstance(result, tuple) or len(result) != 2:
            came = type(result).__name__
            raise TypeError(f"expected the loss to return (value, pullback), got {came}; see fnn.mse for an example")
        value, pullback = result
        if getattr(value, "ndim", 0) > prediction.ndim - 2:
            each = f"of shape {prediction.shape[:-2]}, got {value.shape}"
            raise ValueError(f'expected one loss for each network, {each}; use reduction="mean" or "sum"')
        return value, back(pullback(), need_dx=False)[0]

    return gradient


def _comparable(key: Any) -> Any:
    """A key as it is hashed: other libraries' by identity."""
    return key if key is None or isinstance(key, (Key, tuple)) else id(key)


@record
@attrs.frozen(eq=False, repr=False)
class TrainStep:
    """A training step as a value: the function (state, batch) -> state, and what it is made of. See `train_step`."""

    model: Layer
    loss: Loss
    optimizer: Optimizer
    key: Any = attrs.field(default=None, eq=_comparable)
    finite: bool = True
    gradient: Callable[..., tuple[Array, Tree]] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        quiet = np.errstate(all="ignore")  # DivergedError says more than a warning
        object.__setattr__(self, "gradient", quiet(_gradient(self.model, self.loss)))

    def __reduce__(self) -> tuple[Any, ...]:
        return TrainStep, (self.model, self.loss, self.optimizer, self.key, self.finite)

    def __call__(self, state: State, batch: Batch) -> State:
        """The state after one step."""
        if not isinstance(state, State):
            raise TypeError(f"step: expected a State, got {type(state).__name__}; begin with optimizer.init(params)")
        value, grads = self.gradient(state.layout.views(state.vector), batch, fold_in(self.key, state.step))
        try:
            return self.optimizer.update(state, grads, value, finite=self.finite)
        except DivergedError as error:
            if found := not_finite(batch):
                what = "a gradient is not finite" if np.isfinite(error.loss).all() else f"the loss is {error.loss}"
                message = f"step {error.step}: {what}, because {found}; .state is the last good state"
                raise DivergedError(message, error.step, error.loss, error.path, error.state) from None
            raise


def train_step(model: Layer, loss: Loss, optimizer: Optimizer, key: Any = None, *, finite: bool = True) -> Step:
    """The function (state, (x, *targets)) -> state of one optimizer step.

    model, loss, optimizer   what is trained, and how; the loss is called as `loss(prediction, *targets)`, so that a
                             batch (x, target, weight) weighs its examples
    key                      with a key, step i is the stochastic pass under `fold_in(key, i)`, so that a resumed
                             training draws what an uninterrupted one would; or a tuple of keys, one for each network
                             of an ensemble, which then draws what it would draw alone
    finite                   whether a step raises `DivergedError`, with the last good state, if a number is not finite;
                             with False it goes on, for the other networks of an ensemble

    Raises `TypeError` unless `model` is a `Layer`, `loss` a function, `optimizer` an `Optimizer`, `key` a key or None,
    and `ValueError` without a key for a model that needs one in training, such as one with dropout.
    """
    for what, given, expected in (("model", model, Layer), ("optimizer", optimizer, Optimizer)):
        if not isinstance(given, expected):
            hint = "; call it to make one" if callable(given) else ""
            raise TypeError(f"train_step: the {what} must be a fnn.{expected.__name__}, got {given!r}{hint}")
    if not callable(loss):
        raise TypeError(f"train_step: the loss must be a function such as fnn.cross_entropy, got {loss!r}")
    fold_in(key, 0)  # refuses anything but a key
    if key is None and model.needs_key:
        raise ValueError(
            f"train_step: {', '.join(_needing_a_key(model))} needs a key in training, got None; "
            f"give key=fnn.Key(0), or take the layer out of the model"
        )
    keep_freed_memory()
    return TrainStep(model, loss, optimizer, key, finite)


def _needing_a_key(model: Layer) -> Iterator[str]:
    """The names of the layers of a model that need a key in training."""
    if model.parts:
        for part in model.parts.values():
            yield from _needing_a_key(part)
    elif model.needs_key:
        yield model.name


def not_finite(batch: Batch) -> str:
    """The first value of a batch that is not finite, except targets of weight 0, with the remedy; "" for none."""
    for i, array in enumerate(batch):
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fc":
            continue
        bad = ~np.isfinite(array)
        if i == 1 and len(batch) == 3:  # a target under a mask may be missing
            counts = np.asarray(batch[2]) != 0
            counts = counts[..., None] if counts.shape == array.shape[:-1] else counts
            bad = bad & counts if counts.shape in (array.shape, (*array.shape[:-1], 1)) else bad
        if bad.any():
            at = tuple(map(int, np.argwhere(bad)[0]))
            found = (
                f"array {i} of the batch holds {array[at]} at {list(at)}, one of {np.count_nonzero(bad)} such values"
            )
            return f"{found}; leave such examples out, or fill them in" + ", or give them a weight of 0" * (i == 1)
    return ""


def keep_freed_memory() -> None:
    """Let glibc keep the memory of freed arrays for the next step, by freeing one large array that is never touched.

    By default glibc returns each freed array of some 100 kB to the kernel, and every step faults it in again, which
    takes a sixth of a step's time. It raises its threshold to the size of the largest array freed so far.
    """
    np.empty(31 * 2**20, dtype=np.uint8)
