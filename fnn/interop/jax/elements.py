"""A rule that treats each number by itself, as Adam does, needs no flat vector: its parameters may stay apart.

XLA then writes each new parameter where the old one was. One vector costs it two copies a step.
"""

from typing import Any

import attrs
import jax
import jax.numpy as jnp

from fnn.batching import Batch
from fnn.optimizers.optimizer import Optimizer, State
from fnn.random import fold_in
from fnn.training.step import TrainStep
from fnn.tree import Layout, items, like
from fnn.tree.flat import Span
from fnn.tree.params import Path

__all__ = ["apart", "by_element", "joined", "step_apart"]

Parts = tuple[State, ...]  # one state for each parameter, named by its path

# JAX's names of operations that make each number of the numbers at its place.
ARITHMETIC = {"add", "sub", "mul", "div", "neg", "abs", "sign", "sqrt", "square", "integer_pow", "pow", "exp", "log"}
OPERATIONS = ARITHMETIC | {"max", "min", "select_n", "lt", "gt", "broadcast_in_dim", "convert_element_type"}


def by_element(optimizer: Optimizer, state: State) -> bool:
    """Whether a rule treats each number of the vector by itself, as its operations show when JAX traces it.

    Clipping by a norm does not, and a rule that looks at names is not asked.
    """
    memory, vector = state.memory, state.vector
    if optimizer.located or any(jnp.shape(each) != vector.shape for each in jax.tree.leaves(memory)):
        return False
    return _by_element(jax.make_jaxpr(optimizer.direct)(memory, vector, vector, state.step))


def _by_element(traced: Any) -> bool:
    """Whether operations, and those inside them, are made number by number; those of single numbers may be any."""
    arrays = [each for each in traced.eqns if any(one.aval.size > 1 for one in (*each.invars, *each.outvars))]
    inside = [each.params["jaxpr"] for each in arrays if each.primitive.name in ("jit", "pjit")]
    names = {each.primitive.name for each in arrays} - {"jit", "pjit"}
    single = all(jnp.shape(each)[-1:] in ((), (1,)) for each in traced.consts)
    return single and names <= OPERATIONS and all(map(_by_element, inside))


def apart(state: State) -> Parts:
    """The state of each parameter by itself."""
    lead, layout = state.layout.lead, state.layout
    arrays, structure = jax.tree.flatten((state.vector, state.memory))
    trees = [dict(items(layout.views(each))) for each in arrays]

    def part(path: Path) -> State:
        flat = [jnp.reshape(tree[path], (*lead, -1)) for tree in trees]
        vector, memory = jax.tree.unflatten(structure, flat)
        n, shape = vector.shape[-1], trees[0][path].shape[len(lead) :]
        own = Layout((("/".join(path), Span(0, n, shape)),), lead, n)
        return attrs.evolve(state, vector=vector, memory=memory, layout=own)

    return tuple(map(part, trees[0]))


def joined(parts: Parts, layout: Layout) -> State:
    """The state of all parameters."""
    arrays = [(each.vector, each.memory) for each in parts]
    vector, memory = jax.tree.map(lambda *pieces: jnp.concat(pieces, axis=-1), *arrays)
    return attrs.evolve(parts[0], vector=vector, memory=memory, layout=layout)


def step_apart(step: TrainStep, parts: Parts, batch: Batch, structure: Any) -> Parts:
    """One training step of all parameters, whose tree has this structure of JAX's."""
    params = jax.tree.unflatten(structure, [leaf for part in parts for leaf in part.params.values()])
    loss, grads = step.gradient(params, batch, fold_in(step.key, parts[0].step))
    pairs = zip(parts, jax.tree.leaves(like(params, grads)), strict=True)
    return tuple(step.optimizer.update(part, {part.layout.parts[0][0]: g}, loss, finite=False) for part, g in pairs)
