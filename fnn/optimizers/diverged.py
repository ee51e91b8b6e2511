"""The error of a training whose numbers are no longer finite. It holds the last state that was finite."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from fnn.arrays import Array
from fnn.tree import Tree, items, show

__all__ = ["DivergedError", "all_finite", "diverged"]

SMALL = 1e18  # half the last place of the greatest float32 is 1e31; the margin is for rules that enlarge the gradient


class DivergedError(ArithmeticError):
    """The loss, a gradient, a parameter or a number in the optimizer's memory is no longer finite.

    step    the number of updates before the failed one
    loss    the training loss of the failed one
    path    the path of the first array that is not finite, in the gradients or else in the new parameters; () if
            there is none
    state   the last good state, to be looked at, or to go on from with a smaller rate
    """

    def __init__(self, message: str, step: int, loss: Any, path: tuple[str, ...], state: Any) -> None:
        super().__init__(message, step, loss, path, state)
        self.step, self.loss, self.path, self.state = step, loss, path, state

    def __str__(self) -> str:
        return self.args[0]


def all_finite(loss: Any, g: Array, theta: Array, memory: tuple[Any, ...] = ()) -> bool:
    """Whether the loss, the gradient, the new parameters and the memory are finite. Only NumPy's arrays are looked at.

    Two scalar products tell at the cost of one pass: any NaN or infinity makes them infinite or NaN. Each value is
    looked at only if a product is large. That is enough for the memory, too: no finite sum of squares overflows by the
    square of a small gradient, unless a rule in front of it multiplies gradients by more than 10⁶.
    """
    if not isinstance(theta, np.ndarray):
        return True
    mark = abs(np.vecdot(g, g) + np.vecdot(theta, theta) + loss)
    if mark < SMALL if mark.ndim == 0 else (mark < SMALL).all():
        return True
    return all(bool(np.isfinite(part).all()) for part in (loss, g, theta, *_arrays(memory)))


def _arrays(memory: tuple[Any, ...]) -> Iterator[np.ndarray]:
    """The arrays in a rule's memory; the memory of a chain of rules is a tuple of memories."""
    for part in memory:
        yield from _arrays(part) if isinstance(part, tuple) else (part,)


def diverged(state: Any, loss: Any, grads: Tree, params: Tree) -> DivergedError:
    """The error for a step from `state` whose `loss`, `grads`, new `params` or memory are not all finite."""
    where: tuple[str, ...] = ()
    found = [] if loss is None else [f"the loss is {loss}"]
    for what, tree in (("gradient", grads), ("new parameters", params)):
        bad = ((path, np.count_nonzero(~np.isfinite(leaf)), leaf.size) for path, leaf in items(tree))
        where, n, size = next((each for each in bad if each[1]), ((), 0, 0))
        if where:
            found += [f"{n} of {size} values of the {what} at {show(where)} are not finite"]
            break
    else:
        if loss is None or np.isfinite(loss).all():
            found += ["a moment of the optimizer is too large for a float"]
    remedy = "try a smaller rate or clip_by_global_norm; .state is the last good state"
    return DivergedError(f"step {state.step}: {', and '.join(found)}; {remedy}", int(state.step), loss, where, state)
