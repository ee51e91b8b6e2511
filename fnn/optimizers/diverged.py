"""A training that stops being finite says so at that step, and hands back the last state that was good."""

from collections.abc import Iterator
from math import isfinite
from typing import Any

import numpy as np

from fnn.arrays import Array
from fnn.tree import Tree, items, show

__all__ = ["DivergedError", "all_finite", "diverged"]


class DivergedError(ArithmeticError):
    """The loss, a gradient, a parameter or a moment is no longer finite.

    `step` counts the updates made before the failed one and `loss` is its training loss; `path` leads to the first
    leaf that is not finite, among the gradients and then among the new parameters (() where the loss alone is not);
    `state` is the last good state, to look at or to go on from with a smaller rate.
    """

    def __init__(self, message: str, step: int, loss: Any, path: tuple[str, ...], state: Any) -> None:
        super().__init__(message, step, loss, path, state)
        self.step, self.loss, self.path, self.state = step, loss, path, state

    def __str__(self) -> str:
        return self.args[0]


def all_finite(loss: Any, g: Array, theta: Array, memory: tuple[Any, ...] = ()) -> bool:
    """Whether the loss, the gradient, the new parameters and the moments in `memory` are finite, if they are NumPy's.

    Two scalar products tell at the cost of a pass: not one NaN or infinity leaves them finite, nor does a gradient
    whose square is beyond all floats, as a moment may be. Where they are not, each value is looked at.
    """
    if not isinstance(theta, np.ndarray):
        return True
    mark = np.vecdot(g, g) + np.vecdot(theta, theta) + loss
    if isfinite(mark) if mark.ndim == 0 else np.isfinite(mark).all():
        return True
    return all(bool(np.isfinite(part).all()) for part in (loss, g, theta, *_arrays(memory)))


def _arrays(memory: tuple[Any, ...]) -> Iterator[np.ndarray]:
    """The arrays in memory, which in a chain of rules are tuples of memory."""
    for slot in memory:
        yield from _arrays(slot) if isinstance(slot, tuple) else (slot,)


def diverged(state: Any, loss: Any, grads: Tree, params: Tree) -> DivergedError:
    """The error for a step from `state` whose loss, gradients, new parameters or moments are not all finite."""
    where: tuple[str, ...] = ()
    found = f"step {state.step}: the loss is {loss}"
    for what, tree in (("gradient", grads), ("new parameters", params)):
        bad = ((path, np.count_nonzero(~np.isfinite(leaf)), leaf.size) for path, leaf in items(tree))
        where, n, size = next((each for each in bad if each[1]), ((), 0, 0))
        if where:
            found += f", and {n} of {size} values of the {what} at {show(where)} are not finite"
            break
    else:
        if loss is None or np.isfinite(loss).all():
            found += ", and a moment of the optimizer is beyond all floats"
    remedy = "try a smaller rate or clip_by_global_norm; .state is the last good state"
    return DivergedError(f"{found}; {remedy}", int(state.step), loss, where, state)
