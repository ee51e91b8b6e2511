"""JAX: after `import fnn.interop.jax`, JAX takes `Params`, `Key` and `State` as pytrees, and fnn takes JAX's keys.

Nothing else is needed, since layers, losses and optimizers are pure functions in the array API standard. `jax.vmap`,
`jax.grad`, `jax.jit(step)` and `jax.lax.scan(lambda state, batch: (step(state, batch), None), state, batches)` work as
usual. In a traced step, the number of the step is a tracer, so its randomness needs a `jax.random.key`, not a `Key`.
Build models and optimizers, and initialise parameters, outside of traced functions.
"""

from functools import partial
from typing import Any

import jax
from jax.tree_util import DictKey, GetAttrKey

from fnn.optimizers.optimizer import State
from fnn.random import Key, draw, folded
from fnn.tree import Params

__all__: list[str] = []


def _flatten_params(params: Params) -> tuple[tuple[Any, ...], tuple[tuple[str, ...], tuple[int, ...]]]:
    return tuple(params.values()), (tuple(params), params.lead)


def _flatten_params_with_keys(params: Params) -> tuple[tuple[Any, ...], Any]:
    return tuple((DictKey(name), part) for name, part in params.items()), (tuple(params), params.lead)


def _unflatten_params(names_and_lead: tuple[tuple[str, ...], tuple[int, ...]], parts: Any) -> Params:
    # Without the checks of `Params`, since JAX puts tracers and placeholders into trees.
    names, lead = names_and_lead
    return Params.trusted(dict(zip(names, parts, strict=True)), lead)


def _flatten_state(state: State) -> tuple[tuple[Any, ...], Any]:
    return (state.vector, state.step, state.memory, state.loss), (state.layout, state.rule)


def _flatten_state_with_keys(state: State) -> tuple[tuple[Any, ...], Any]:
    arrays, static = _flatten_state(state)
    names = "vector", "step", "memory", "loss"
    return tuple((GetAttrKey(name), part) for name, part in zip(names, arrays, strict=True)), static


jax.tree_util.register_pytree_with_keys(Params, _flatten_params_with_keys, _unflatten_params, _flatten_params)
jax.tree_util.register_pytree_with_keys(
    State, _flatten_state_with_keys, lambda static, arrays: State(*arrays, *static), _flatten_state
)
jax.tree_util.register_pytree_node(Key, lambda key: ((), key), lambda key, _: key)  # has no arrays, is never traced
for array_type in (jax.Array, jax.core.Tracer):
    folded.register(array_type)(jax.random.fold_in)
    draw.register(array_type)(partial(jax.random.uniform, dtype="float32"))
