"""JAX: importing this module makes `Params`, `Key` and states JAX pytrees, and JAX's random keys keys of ours.

Nothing else is needed, since layers, losses and optimizers are pure and keep to the array API standard:
`jax.jit(step)`, `jax.lax.scan(lambda state, batch: (step(state, batch), None), state, batches)`, `jax.vmap` and
`jax.grad` take them as they are. A traced step counts in tracers, so that its randomness takes a `jax.random.key` in
place of a `Key`. Models and optimizers are built, and parameters initialised, before anything is traced.
"""

from typing import Any

import jax

from fnn.optimizers.optimizer import State
from fnn.random import Key, draw, folded
from fnn.tree import Params

__all__: list[str] = []


def _flatten_params(params: Params) -> tuple[tuple[Any, ...], tuple[tuple[str, ...], tuple[int, ...]]]:
    return tuple(params.values()), (tuple(params), params.lead)


def _unflatten_params(form: tuple[tuple[str, ...], tuple[int, ...]], parts: Any) -> Params:
    # JAX fills trees with tracers and placeholders, which no check would let pass.
    names, lead = form
    return Params.trusted(dict(zip(names, parts, strict=True)), lead)


def _flatten_state(state: State) -> tuple[tuple[Any, ...], Any]:
    return (state.vector, state.step, state.memory, state.loss), (state.layout, state.rule)


def _unflatten_state(form: Any, parts: Any) -> State:
    return State(*parts, *form)


def _fold(key: jax.Array, i: Any) -> jax.Array:
    return jax.random.fold_in(key, i)


def _draw(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    return jax.random.uniform(key, shape, dtype="float32")


jax.tree_util.register_pytree_node(Params, _flatten_params, _unflatten_params)
jax.tree_util.register_pytree_node(State, _flatten_state, _unflatten_state)
jax.tree_util.register_pytree_node(Key, lambda key: ((), key), lambda key, _: key)  # a name, known when tracing
for kind in (jax.Array, jax.core.Tracer):
    folded.register(kind)(_fold)
    draw.register(kind)(_draw)
