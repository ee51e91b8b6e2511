"""A rule that treats each number by itself, as Adam does, needs no flat vector: its parameters may stay apart.

XLA then writes each new parameter where the old one was. One vector costs it two copies a step.
"""

from functools import reduce
from typing import Any

import attrs
import jax
import jax.numpy as jnp
from jax import export

from fnn.batching import Batch
from fnn.optimizers.optimizer import Optimizer, State
from fnn.random import fold_in
from fnn.training.step import TrainStep
from fnn.tree import Layout, items, leaves, like
from fnn.tree.flat import Span
from fnn.tree.params import Path

__all__ = ["by_element", "joined", "split", "step_of_parts"]

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


def split(state: State) -> Parts:
    """The state of each parameter by itself."""
    lead, layout = state.layout.lead, state.layout
    arrays, structure = jax.tree.flatten((state.vector, state.memory))
    trees = [dict(items(layout.views(each))) for each in arrays]

    def part(path: Path) -> State:
        flat = [jnp.reshape(tree[path], (*lead, -1)) for tree in trees]
        vector, memory = jax.tree.unflatten(structure, flat)
        n, shape = vector.shape[-1], trees[0][path].shape[len(lead) :]
        own: Any = Span(0, n, shape)
        for name in reversed(path):
            own = Layout(((name, own),), lead, n)
        return attrs.evolve(state, vector=vector, memory=memory, layout=own)

    return tuple(map(part, trees[0]))


def joined(parts: Parts, layout: Layout) -> State:
    """The state of all parameters."""
    arrays = [(each.vector, each.memory) for each in parts]
    vector, memory = jax.tree.map(lambda *pieces: jnp.concat(pieces, axis=-1), *arrays)
    return attrs.evolve(parts[0], vector=vector, memory=memory, layout=layout)


def step_of_parts(step: TrainStep, parts: Parts, batch: Batch, structure: Any) -> Parts:
    """One training step of all parameters, whose tree has this structure of JAX's."""
    params = jax.tree.unflatten(structure, [leaf for part in parts for leaf in leaves(part.params)])
    loss, grads = step.gradient(params, batch, fold_in(step.key, parts[0].step))
    alone = (reduce(lambda inner, name: {name: inner}, reversed(path), g) for path, g in items(like(params, grads)))
    return tuple(step.optimizer.update(part, g, loss, finite=False) for part, g in zip(parts, alone, strict=True))
