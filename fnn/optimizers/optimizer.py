"""An optimizer: a pure function (state, gradients) -> state, on the flat vector of the parameters.

A rule turns a direction into a direction, first of all the gradient; what comes out at the end is subtracted from the
parameters. So all rules are of one kind, and compose: `chain_updates(clip_by_global_norm(1.0), adam(1e-3))`.
"""

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

from fnn.layer import kind
from fnn.optimizers.diverged import all_finite, diverged
from fnn.tree.flat import Layout
from fnn.tree.params import Array, Params, Tree, TreeError

__all__ = ["Memory", "Optimizer", "State", "chain_updates"]

Memory = tuple[Any, ...]  # what a rule remembers: arrays, and in a chain tuples of them


def bits(part: Any) -> Any:
    """An array, or a tuple of such, as a plain value that equals another one bit by bit."""
    if isinstance(part, tuple):
        return tuple(bits(each) for each in part)
    array = np.asarray(part)
    return str(array.dtype), array.shape, array.tobytes()


def frozen(part: Any) -> Any:
    """An array just made, or a tuple of such, marked read-only where its library knows of that."""
    if isinstance(part, tuple):
        return tuple(frozen(each) for each in part)
    if isinstance(part, np.ndarray):
        part.flags.writeable = False
    return part


@attrs.frozen
class State:
    """Where a training stands: all that the next step needs, as a value; equal to another bit by bit.

    `vector` are the parameters, flat (..., N); `step` counts the updates made; `memory` hold the optimizer's moments;
    `loss` is the training loss of the last step (NaN before the first), one value for each leading index; `kind` is
    the kind of optimizer that understands the memory.
    """

    vector: Array = attrs.field(eq=bits, repr=False)
    step: Any
    memory: Memory = attrs.field(eq=bits, repr=False)
    loss: Array = attrs.field(eq=bits)
    layout: Layout = attrs.field(repr=False)
    kind: str

    @property
    def params(self) -> Params:
        """The parameters as a tree: read-only views of the vector."""
        return self.layout.unravel(self.vector)


@attrs.frozen(eq=False, repr=False)
class Optimizer:
    """An update rule on flat vectors, and its lifting to trees.

    start(theta, layout)             -> memory                 what the rule remembers before the first step
    rule(memory, g, theta, step)      -> (memory, direction)    step: the number of updates already made
    kind                                                      the name without settings, which may change on the way
    """

    start: Callable[[Array, Layout], Memory]
    rule: Callable[[Memory, Array, Array, Any], tuple[Memory, Array]]
    name: str
    kind: str = attrs.field(kw_only=True)

    @kind.default
    def _without_settings(self) -> str:
        return self.name.partition("(")[0]

    def init(self, params: Tree) -> State:
        """The state before the first step.

        Raises `TreeError` for what is no tree, and where its arrays are not all of one floating-point dtype.
        """
        layout = Layout.of(params)
        theta = layout.ravel(params)
        if kind(theta.dtype) != "float":
            raise TreeError(f"parameters must be floating-point to be trained, got {theta.dtype}; use tree.cast")
        loss = theta.__array_namespace__().full(layout.lead, np.nan, dtype=theta.dtype)
        return State(frozen(theta), 0, frozen(self.start(theta, layout)), frozen(loss), layout, self.kind)

    def update(self, state: State, grads: Tree, loss: Any = None, *, finite: bool = True) -> State:
        """The state after one step along `grads`, with the `loss` that they are of where it is given.

        Raises `TreeError` where the gradients do not match the parameters, and `DivergedError` where the loss, a
        gradient, a moment or a new parameter is not finite, unless `finite` is False. Arrays of other libraries than
        NumPy are not looked at: a traced one has no value.
        Raises `TypeError` for what is no state, and for one of another kind of optimizer.
        """
        if not isinstance(state, State) or state.kind != self.kind:
            came = f"one of {state.kind}" if isinstance(state, State) else type(state).__name__
            raise TypeError(f"{self.name}: expected a state of {self.kind}, got {came}; begin with init(params)")
        theta, layout = state.vector, state.layout
        g = layout.ravel(grads)
        if g.dtype != theta.dtype:
            g = g.__array_namespace__().astype(g, theta.dtype)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # an error of our own follows
            memory, direction = self.rule(state.memory, g, theta, state.step)
            new = theta - direction
            if finite and not all_finite(0.0 if loss is None else loss, g, new, memory):
                raise diverged(state, loss, layout.unravel(g), layout.unravel(new))
        kept = state.loss if loss is None else frozen(loss.copy() if isinstance(loss, np.ndarray) else loss)
        return State(frozen(new), state.step + 1, frozen(memory), kept, layout, self.kind)

    def __repr__(self) -> str:
        return self.name


def chain_updates(*rules: Optimizer) -> Optimizer:
    """Rules one behind the other, each on the direction that the one before it made.

    >>> from fnn.optimizers import adam, clip_by_global_norm
    >>> chain_updates(clip_by_global_norm(1.0), adam(1e-3))
    chain_updates(clip_by_global_norm(1.0), adam(0.001))
    """
    for each in rules:
        if not isinstance(each, Optimizer):
            raise TypeError(f"chain_updates: expected optimizers, got {type(each).__name__}; call it to make one")

    def start(theta: Array, layout: Layout) -> Memory:
        return tuple(each.start(theta, layout) for each in rules)

    def rule(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        after = []
        for each, own in zip(rules, memory, strict=True):
            own, g = each.rule(own, g, theta, step)
            after.append(own)
        return tuple(after), g

    names, kinds = ", ".join(each.name for each in rules), ", ".join(each.kind for each in rules)
    return Optimizer(start, rule, f"chain_updates({names})", kind=f"chain_updates({kinds})")
