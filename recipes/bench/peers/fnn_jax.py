"""fnn compiled by JAX: the same step as on NumPy, called on each batch or in a scan over an epoch."""

import jax

import fnn.interop.jax  # noqa: F401  (registers fnn's trees with JAX)
from recipes.bench.peers.fnn_numpy import parts
from recipes.bench.peers.jax_optax import by_epoch, by_step, scanned
from recipes.bench.problem import Problem, Session

__all__ = ["train", "train_by_step"]


def train(problem: Problem) -> Session:
    """A compiled scan over the batches of an epoch."""
    model, step, state = parts(problem)
    return by_epoch(problem, scanned(step), state, lambda state, x: model.apply(state.params, x))


def train_by_step(problem: Problem) -> Session:
    """A compiled step, called on each batch."""
    model, step, state = parts(problem)
    return by_step(problem, jax.jit(step), state, lambda state, x: model.apply(state.params, x))
