"""A training step is a pure function (state, batch) -> state, and training is a fold over it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fnn.arrays import Array
from fnn.layer import Layer, check_is_layer
from fnn.losses import Loss
from fnn.optimizers.optimizer import Optimizer, State
from fnn.random import fold_in
from fnn.tree import Tree

__all__ = ["train_step", "value_and_grad"]

Batch = tuple[Array, Array]
Step = Callable[[State, Batch], State]


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
