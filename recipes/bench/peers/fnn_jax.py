"""fnn compiled by JAX: the same step as on NumPy, in a scan over the batches of an epoch."""

import jax
import jax.numpy as jnp

import fnn.interop.jax  # noqa: F401  (registers fnn's trees with JAX)
from recipes.bench.peers.fnn_numpy import parts
from recipes.bench.peers.jax_optax import scanned
from recipes.bench.problem import Problem, Session

__all__ = ["train"]


def train(problem: Problem) -> Session:
    """A compiled scan over the batches of an epoch."""
    model, step, state = parts(problem)
    x, y = map(jnp.asarray, problem.train)
    compiled = jax.jit(scanned(step))

    def run(epoch: int) -> None:
        nonlocal state
        state = jax.block_until_ready(compiled(state, x, y, problem.order(epoch)))

    return Session(run, lambda x: model.apply(state.params, jnp.asarray(x)))
