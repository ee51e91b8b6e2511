"""Parameters and states as pytrees of JAX, and JAX's keys in layers."""

from typing import Any

import jax
from jax.tree_util import DictKey, GetAttrKey

from fnn.optimizers.optimizer import State
from fnn.random import Key, check_keys, draw, folded, generator
from fnn.tree import Params
from fnn.tree.flat import Views

__all__ = ["key_of"]


def _flatten_params(params: Params | Views) -> tuple[tuple[Any, ...], tuple[tuple[str, ...], tuple[int, ...]]]:
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
# What a step gives to layers, one of which may make its pullback by jax.vjp:
jax.tree_util.register_pytree_node(Views, _flatten_params, _unflatten_params)  # type: ignore[arg-type]
jax.tree_util.register_pytree_node(Key, lambda key: ((), key), lambda key, _: key)  # has no arrays, is never traced


def key_of(key: Key | tuple[Key, ...]) -> jax.Array:
    """The `jax.random.key` that a `Key` names, or the array of R of them that R keys name.

    Equal keys give equal numbers, which are not those that NumPy draws.

    >>> bool((jax.random.bits(key_of(Key(1))) == jax.random.bits(key_of(Key(1)))).all())
    True
    """
    keys = key if isinstance(key, tuple) else (key,)
    words = [generator(each).bit_generator.seed_seq.generate_state(2) for each in keys]
    return jax.random.wrap_key_data(
        jax.numpy.asarray(words if isinstance(key, tuple) else words[0]), impl="threefry2x32"
    )


def _folded(key: jax.Array, i: Any) -> jax.Array:
    return jax.vmap(_folded, (0, None))(key, i) if key.ndim else jax.random.fold_in(key, i)


def _draw(key: jax.Array, shape: tuple[int, ...], *, normal: bool = False) -> jax.Array:
    """As `fnn.random.draw`, also of an array of keys, one for each network."""
    if key.ndim:
        check_keys(len(key), shape)
        return jax.vmap(lambda each: _draw(each, shape[1:], normal=normal))(key)
    return (jax.random.normal if normal else jax.random.uniform)(key, shape, dtype="float32")


for array_type in (jax.Array, jax.core.Tracer):
    folded.register(array_type)(_folded)
    draw.register(array_type)(_draw)
