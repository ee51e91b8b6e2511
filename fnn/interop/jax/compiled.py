"""Training and inference compiled by JAX: a fold of steps as one `lax.scan`, with the data resting on the device."""

from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from itertools import islice
from operator import itemgetter
from typing import Any

import attrs
import jax
import jax.numpy as jnp
import numpy as np

from fnn.arrays import Array
from fnn.batching import Batch, Batches
from fnn.interop.jax.orders import Drawn, cut, pieces
from fnn.interop.jax.trees import key_of
from fnn.optimizers.diverged import DivergedError
from fnn.optimizers.optimizer import State
from fnn.random import Key, fold_in
from fnn.training.inference import carried_out
from fnn.training.step import Step, TrainStep, not_finite
from fnn.tree import Layout, Params, Path, items, leaves, like
from fnn.values import whole

__all__ = ["fold", "in_parts", "joined", "split"]

Parts = tuple[State, ...]  # one state for each parameter


def fold(step: Step, state: State, batches: Iterable[Batch], *, unroll: int = 1) -> tuple[State, Array]:
    """The state after all batches, and the losses of all steps (steps, ...): `fnn.fold`, compiled.

    step      a training step, whose `Key` becomes the `key_of` it; or any other function (state, batch) -> state that
              JAX can trace, and that therefore holds no `Key`
    state     the state to begin with, on NumPy or on the device
    batches   `fnn.batches` without `prepare`: each batch is gathered on the device. Arrays of JAX rest there, as
              `jax.device_put((x, y))` gives them; those of NumPy go there in every call. All other batches are made
              on the host, as `fnn.fold` would get them, and go there 256 at a time. For a GPU, see `ahead`
    unroll    the number of steps in a round of the compiled loop, for `epochs` as `functools.partial(fold, unroll=5)`:
              on a GPU, steps of a small network take less time, and compiling takes more

    Equal to `fnn.fold`: initial values, the order of the batches, and what `prepare` draws, to the bit. Losses and
    parameters are equal up to rounding. What layers draw, such as dropout's masks, follows from the same keys, but its
    bits are JAX's. A program is compiled for each model, loss, optimizer and shape once; keys do not matter. Values are
    not looked at: labels that are out of range go unnoticed.

    Raises `DivergedError` at the end, if the loss of a step or the last state is not finite (unless the step allows
    it): its step is the first such step, and its state the one given here. Raises `ValueError` for parameters in
    float64 where JAX rounds them to float32, and for an `unroll` below 1.
    """
    if not isinstance(state, State):
        raise TypeError(f"fold: expected a State, got {type(state).__name__}; begin with optimizer.init(params)")
    if jax.dtypes.canonicalize_dtype(state.vector.dtype) != state.vector.dtype:
        problem = "the parameters are float64, which JAX rounds to float32 by default"
        raise ValueError(f'fold: {problem}; use tree.cast, or jax.config.update("jax_enable_x64", True)')
    program, key = _program(step, whole("fold(unroll)", unroll))
    drawn, end, losses, told = Drawn.of(batches), state, [], []
    for arrays, order, size, axis in pieces(drawn):
        end, some, of_piece = program(end, key, arrays, order, size, axis)
        losses.append(some)
        told.append(of_piece)
    if not losses:
        return state, jnp.zeros((0, *state.layout.lead), state.vector.dtype)
    drawn.meanwhile()
    of_steps = jnp.concat(losses) if len(losses) > 1 else losses[0]
    steps, finite = zip(*jax.device_get(told), strict=True)  # here it waits for the device
    end = attrs.evolve(end, step=int(steps[-1]))
    if getattr(step, "finite", True) and not all(finite):
        raise _diverged(state, np.asarray(of_steps), drawn.batches)
    return end, of_steps


def _diverged(state: State, losses: np.ndarray, batches: Iterable[Batch]) -> DivergedError:
    """The error for a fold from `state` over `batches` with these losses."""
    bad = np.flatnonzero(~np.isfinite(losses.reshape(len(losses), -1)).all(axis=1))
    at = int(bad[0]) if len(bad) else len(losses) - 1
    what = f"the loss is {losses[at]}" if len(bad) else "the parameters or the optimizer's memory are not finite"
    batch = next(islice(batches, at, None)) if isinstance(batches, Batches) else ()
    found = not_finite(tuple(map(np.asarray, batch)))
    why = f", because {found}" if found else "; try a smaller rate or clip_by_global_norm"
    message = f"step {state.step + at}: {what}{why}; .state is the state before the fold"
    return DivergedError(message, int(state.step) + at, losses[at], (), state)


def _program(step: Step, unroll: int) -> tuple[Callable[..., tuple[State, Array, Array]], Any]:
    """The compiled fold of a step, and its key, with which the program does not change."""
    if not isinstance(step, TrainStep):
        return _compiled(step, unroll), None
    key = key_of(step.key) if isinstance(step.key, (Key, tuple)) else step.key
    return _compiled(attrs.evolve(step, key=None, finite=True), unroll), key


@lru_cache
def _compiled(step: Any, unroll: int) -> Callable[..., tuple[State, Array, Array]]:
    """The function (state, key, arrays, order, size, axis) -> (state, losses, [its step, whether all is finite])."""

    @partial(jax.jit, static_argnums=(4, 5))
    def program(
        state: State, key: Any, arrays: Batch, order: Array, size: int, axis: int
    ) -> tuple[State, Array, Array]:
        keyed = step if key is None else attrs.evolve(step, key=key)
        parts, step_of_parts, whole_of = in_parts(keyed, state)

        @partial(jax.jit, inline=True)  # traced once for both uses
        def body(parts: Parts, index: Array) -> tuple[Parts, Array]:
            # "clip" omits a check of each index from the compiled program
            batch = tuple(array.take(index, axis=axis, mode="clip") for array in arrays)
            parts = step_of_parts(parts, batch)
            return parts, parts[0].loss

        losses, orders = [], cut(order, size)
        loss = jax.eval_shape(body, parts, orders[0][0])[1]  # one number, or one for each network
        parts = tuple(attrs.evolve(each, loss=jnp.full(loss.shape, each.loss, loss.dtype)) for each in parts)
        for places in orders:
            parts, some = jax.lax.scan(body, parts, places, unroll=min(unroll, len(places)))
            losses.append(some)
        state, of_steps = whole_of(parts), jnp.concat(losses)
        numbers = *jax.tree.leaves((state.vector, state.memory)), of_steps
        finite = jnp.stack([jnp.isfinite(each).all() for each in numbers]).all()
        return state, of_steps, jnp.stack([state.step, finite])  # in one array, since each takes a wait of its own

    return program


def in_parts(step: Step, state: State) -> tuple[Parts, Callable[[Parts, Batch], Parts], Callable[[Parts], State]]:
    """What a fold carries from step to step: the states of the parameters, or the whole state if the rule needs it.

    XLA writes each new parameter where the old one was. One flat vector costs it two copies a step.
    Returns the first parts, the step of parts, and the function that makes one state of them.
    """
    alike = all(jnp.shape(each) == state.vector.shape for each in jax.tree.leaves(state.memory))
    if type(step) is not TrainStep or not (step.optimizer.by_element and alike and state.vector.size):
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


@carried_out.register(jax.Array)
def _(leaf: jax.Array, f: Callable[..., Any], setting: Any) -> Callable[..., Any]:
    """How `fnn.predict` and `fnn.evaluate` carry out f(setting, *arrays) for parameters of JAX: compiled.

    A function that JAX cannot trace, as a measure of one's own may be, is carried out on NumPy.
    """

    def compiled(*arrays: Any) -> Any:
        try:
            return _jit(f)(setting, *arrays)
        except (TypeError, ValueError, IndexError, AttributeError):  # a mistake of the user's comes again on NumPy
            return f(setting, *jax.tree.map(np.asarray, arrays))

    return compiled


@lru_cache
def _jit(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function compiled once for each value of its first argument, and for each shape of the others."""
    return jax.jit(f, static_argnums=0)
