"""fnn compiled by JAX: the very step that NumPy runs, scanned over an epoch."""

from typing import Any

import jax
import jax.numpy as jnp

import fnn.interop.jax  # noqa: F401  (it makes fnn's trees JAX's)
from recipes.bench.peers.fnn_numpy import parts
from recipes.bench.peers.jax_optax import gathered
from recipes.bench.problem import Problem, Session

__all__ = ["train"]


def train(problem: Problem) -> Session:
    """A compiled epoch: a scan of the step over the batches."""
    model, step, state = parts(problem)
    x, y = map(jnp.asarray, problem.train)

    @jax.jit
    def epoch_of(state: Any, x: Any, y: Any, order: Any) -> Any:
        return jax.lax.scan(lambda state, index: (step(state, gathered((x, y), index)), None), state, order)[0]

    def run(epoch: int) -> None:
        nonlocal state
        state = jax.block_until_ready(epoch_of(state, x, y, problem.order(epoch)))

    return Session(run, lambda x: model.apply(state.params, jnp.asarray(x)))
