"""A rule that treats each number by itself, as Adam does, needs no flat vector: its parameters may stay apart.

XLA then writes each new parameter where the old one was. One vector costs it two copies a step.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import attrs
import jax
import jax.numpy as jnp
from jax import export

from fnn.batching import Batch
from fnn.optimizers.optimizer import Optimizer, State
from fnn.random import fold_in
from fnn.training.step import Step, TrainStep
from fnn.tree import Layout, Params, Path, items, leaves, like

__all__ = ["by_element", "in_parts", "joined", "split"]

Parts = tuple[State, ...]  # one state for each parameter

# JAX's operations whose every output number depends only on the input numbers at the same place.
ARITHMETIC = {"add", "sub", "mul", "div", "neg", "abs", "sign", "sqrt", "square", "integer_pow", "pow", "exp", "log"}
OPERATIONS = ARITHMETIC | {"max", "min", "select_n", "lt", "gt", "broadcast_in_dim", "convert_element_type"}


def by_element(optimizer: Optimizer, state: State) -> bool:
    """Whether a rule treats each number of the vector by itself: JAX traces it for a vector of n numbers, n unknown.

    Clipping by a norm does not, nor does a rule that looks at n. Of a rule that looks at names it is False, too.
    """
    memory, vector = state.memory, state.vector
    alike = all(jnp.shape(each) == vector.shape for each in jax.tree.leaves(memory))
    if optimizer.located or not vector.size or not alike:
        return False
    shape = *vector.shape[:-1], *export.symbolic_shape("n")
    memory, vector = jax.tree.map(lambda each: jax.ShapeDtypeStruct(shape, each.dtype), (memory, vector))  # type: ignore[no-untyped-call]
    try:
        return _by_element(jax.make_jaxpr(optimizer.direct)(memory, vector, vector, state.step))
    except Exception:  # of any kind, in a rule that needs to know n
        return False


def _by_element(traced: Any) -> bool:
    """Whether all operations on n numbers, and those inside them, are made number by number."""
    names, inside = set(), []
    for each in traced.eqns:
        shapes = [one.aval.shape for one in (*each.invars, *each.outvars)]
        if each.primitive.name in ("jit", "pjit"):
            inside.append(each.params["jaxpr"])
        elif each.primitive.name == "dim_as_value" or any(map(export.is_symbolic_dim, sum(shapes, ()))):
            names.add(each.primitive.name)
    return names <= OPERATIONS and all(map(_by_element, inside))


def in_parts(step: Step, state: State) -> tuple[Parts, Callable[[Parts, Batch], Parts], Callable[[Parts], State]]:
    """What a fold carries from step to step: the states of the parameters, or the whole state if the rule needs it.

    Returns the first parts, the step of parts, and the function that makes one state of them.
    """
    if type(step) is not TrainStep or not by_element(step.optimizer, state):
        return (state,), lambda parts, batch: (step(parts[0], batch),), itemgetter(0)
    layout, structure = state.layout, jax.tree.structure(state.params)

    def step_of_parts(parts: Parts, batch: Batch) -> Parts:
        params = jax.tree.unflatten(structure, [leaf for part in parts for leaf in leaves(part.params)])
        loss, grads = step.gradient(params, batch, fold_in(step.key, parts[0].step))
        alone = (_nested(path, g) for path, g in items(like(params, grads)))
        return tuple(step.optimizer.update(part, g, loss, finite=False) for part, g in zip(parts, alone, strict=True))

    return split(state), step_of_parts, lambda parts: joined(parts, layout)


def _nested(path: Path, leaf: Any) -> Any:
    """The tree whose only leaf is at this path."""
    for name in reversed(path):
        leaf = {name: leaf}
    return leaf


def split(state: State) -> Parts:
    """The state of each parameter by itself."""
    lead = state.layout.lead
    arrays, structure = jax.tree.flatten((state.vector, state.memory))
    trees = [dict(items(state.layout.views(each))) for each in arrays]

    def part(path: Path) -> State:
        vector, memory = jax.tree.unflatten(structure, [jnp.reshape(tree[path], (*lead, -1)) for tree in trees])
        layout = Layout.of(Params.trusted(_nested(path, trees[0][path]), lead))
        return attrs.evolve(state, vector=vector, memory=memory, layout=layout)

    return tuple(map(part, trees[0]))


def joined(parts: Parts, layout: Layout) -> State:
    """The state of all parameters."""
    arrays = [(each.vector, each.memory) for each in parts]
    vector, memory = jax.tree.map(lambda *pieces: jnp.concat(pieces, axis=-1), *arrays)
    return attrs.evolve(parts[0], vector=vector, memory=memory, layout=layout)
