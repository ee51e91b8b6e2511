"""An optimizer: a pure function (state, gradients) -> state, on the flat vector of the parameters.

A rule turns a direction into a direction. The first direction is the gradient, and the last one is subtracted from the
parameters. So rules compose: `chain_updates(clip_by_global_norm(1.0), adam(1e-3))`.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache, reduce
from typing import Any

import attrs
import numpy as np

from fnn.arrays import Array, bits, dtype_kind, read_only
from fnn.optimizers.diverged import all_finite, diverged
from fnn.tree import Layout, Params, Tree, TreeError
from fnn.values import Call, constructor, record, value

__all__ = ["Direct", "Memory", "Moves", "Optimizer", "State", "chain_updates"]

Memory = tuple[Any, ...]  # what a rule remembers: arrays, and in a chain of rules a tuple for each
Direct = Callable[[Memory, Array, Array, Any], tuple[Memory, Array]]
Moves = bool | np.ndarray | None  # which parameters a rule with a rate moves: all, or a mask (N,); None without a rate


def no_memory(theta: Array, layout: Layout) -> Memory:
    """The start of a rule that remembers nothing."""
    return ()


@record
@attrs.frozen(eq=False, repr=False)
class State:
    """Where a training stands: all that the next step needs, as a value. Two are equal if all their bits are.

    Its arrays are read-only views of those given.

    vector   the parameters, flat (..., N)
    step     the number of updates made so far
    memory   what the optimizer remembers, such as moments
    loss     the training loss of the last step in the vector's dtype, NaN before the first one; one value for each
             leading index
    layout   where each parameter lies in the vector
    rule     the name of the optimizer's rule, without settings: the memory is of this rule
    """

    vector: Array = attrs.field(converter=read_only, eq=bits, repr=False)
    step: Any
    memory: Memory = attrs.field(converter=read_only, eq=bits, repr=False)
    loss: Array = attrs.field(converter=read_only, eq=bits)
    layout: Layout = attrs.field(repr=False)
    rule: str

    def __reduce__(self) -> tuple[Any, ...]:
        return State, attrs.astuple(self, recurse=False)  # NumPy unpickles arrays as writable: freeze them

    def __copy__(self) -> "State":
        return self

    def __deepcopy__(self, memo: object) -> "State":
        return self

    @property
    def params(self) -> Params:
        """The parameters as a tree: read-only views of the vector."""
        return self.layout.unravel(self.vector)


@value
@attrs.frozen(eq=False, repr=False)
class Optimizer:
    """A rule on flat vectors, and its lifting to trees of parameters.

    start(theta, layout)                  -> memory                 before the first step
    direct(memory, g, theta, step)        -> (memory, direction)    step: the number of updates already made

    `rule` is the name without settings: settings may change from one part of a training to the next, the rule may not.
    `has_rate` is False for a transformation, such as clipping, which makes no step of its own (see `only`).
    `located(layout)` gives what `at` returns, for a rule that depends on the names of the parameters.
    `by_element` is True for a rule that treats each number by itself: a compiled fold then keeps the parameters apart.
    `call` is the call that made the optimizer (see `fnn.constructor`).
    """

    start: Callable[[Array, Layout], Memory]
    direct: Direct
    name: str = "optimizer"
    rule: str = ""
    has_rate: bool = True
    located: Callable[[Layout], tuple[Direct, Moves]] | None = None
    by_element: bool = False
    call: Call | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "rule", self.rule or self.name.partition("(")[0])

    def functions(self) -> tuple[Any, ...]:
        """What it is made of."""
        return self.start, self.direct

    def remember(self, call: Call) -> "Optimizer":
        """The same optimizer, shown, compared and pickled by the call that made it."""
        given = self.rule if self.rule != self.name.partition("(")[0] else ""
        inner = [each.rule for each in (*call.args, *dict(call.kwargs).values()) if isinstance(each, Optimizer)]
        rule = given or (f"{call.make.__name__}({', '.join(inner)})" if inner else call.make.__name__)
        optimizer = attrs.evolve(self, name=repr(call), rule=rule)
        object.__setattr__(optimizer, "call", call)
        return optimizer

    def at(self, layout: Layout) -> tuple[Direct, Moves]:
        """`direct` for the parameters of this layout, and which of them the rule moves."""
        return self.located(layout) if self.located else (self.direct, True if self.has_rate else None)

    def init(self, params: Tree) -> State:
        """The state before the first step.

        Raises `TreeError` unless `params` is a tree of arrays of one floating-point dtype of at least 32 bits.
        """
        layout = Layout.of(params)
        theta = layout.ravel(params)
        if dtype_kind(theta.dtype) != "float":
            raise TreeError(f"parameters must be floating-point to be trained, got {theta.dtype}; use tree.cast")
        loss = theta.__array_namespace__().full(layout.lead, np.nan, dtype=theta.dtype)
        return State(theta, 0, self.start(theta, layout), loss, layout, self.rule)

    @np.errstate(all="ignore")  # DivergedError says more than a warning, and underflow is no mistake
    def update(self, state: State, grads: Tree, loss: Any = None, *, finite: bool = True) -> State:
        """The state after one step along `grads`.

        state    a state of this optimizer's rule
        grads    the gradients, a tree like the parameters
        loss     the loss whose gradients these are, kept in the new state in the parameters' dtype
        finite   whether to raise `DivergedError` where the loss, a gradient, the memory or a new parameter is not
                 finite. Arrays of other libraries than NumPy are not looked at: a traced array has no values.

        Raises `TypeError` unless `state` is a `State` of this rule, and `TreeError` if the gradients do not match the
        parameters.
        """
        if not isinstance(state, State) or state.rule != self.rule:
            came = f"one of {state.rule}" if isinstance(state, State) else type(state).__name__
            raise TypeError(f"{self!r}: expected a state of {self.rule}, got {came}; begin with init(params)")
        theta, layout = state.vector, state.layout
        g = layout.ravel(grads)
        if g.dtype != theta.dtype:
            g = g.__array_namespace__().astype(g, theta.dtype)
        direct, moves = self.at(layout)
        memory, direction = direct(state.memory, g, theta, state.step)
        new = theta - direction
        if isinstance(moves, np.ndarray):
            xp = theta.__array_namespace__()
            new = xp.where(xp.asarray(moves), new, theta)
        if isinstance(new, np.ndarray):
            if loss is not None and type(loss) is not new.dtype.type:
                loss = np.array(loss, dtype=new.dtype)[()]  # a copy; one loss is a scalar
        elif loss is not None:
            loss = new.__array_namespace__().asarray(loss, dtype=new.dtype)
        if finite and not all_finite(0.0 if loss is None else loss, g, new, memory):
            raise diverged(state, loss, layout.unravel(g), layout.unravel(new))
        return State(new, state.step + 1, memory, state.loss if loss is None else loss, layout, self.rule)


@constructor
def chain_updates(*rules: Optimizer) -> Optimizer:
    """Rules one behind the other, each on the direction that the rule before it made.

    >>> from fnn.optimizers import adam, clip_by_global_norm
    >>> chain_updates(clip_by_global_norm(1.0), adam(1e-3))
    chain_updates(clip_by_global_norm(1.0), adam(0.001))
    """
    for each in rules:
        if not isinstance(each, Optimizer):
            raise TypeError(f"chain_updates: expected optimizers, got {type(each).__name__}; call it to make one")

    def start(theta: Array, layout: Layout) -> Memory:
        return tuple(each.start(theta, layout) for each in rules)

    @lru_cache
    def located(layout: Layout) -> tuple[Direct, Moves]:
        at = [each.at(layout) for each in rules]
        moving = [moves for _, moves in at if moves is not None]
        union: Moves = any(moves is True for moves in moving) or (reduce(np.logical_or, moving) if moving else None)
        return _one_behind_the_other(direct for direct, _ in at), union

    direct = _one_behind_the_other(each.direct for each in rules)
    has_rate, by_name = any(each.has_rate for each in rules), any(each.located for each in rules)
    by_element = all(each.by_element for each in rules)
    return Optimizer(start, direct, has_rate=has_rate, located=located if by_name else None, by_element=by_element)


def _one_behind_the_other(directs: Iterable[Direct]) -> Direct:
    """The direction that the last of several rules makes, and the memories of all."""
    directs = tuple(directs)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        after = []
        for each, own in zip(directs, memory, strict=True):
            own, g = each(own, g, theta, step)
            after.append(own)
        return tuple(after), g

    return direct
