"""fnn compiled by JAX: the same step as on NumPy, in a scan over the batches of an epoch."""

import fnn.interop.jax  # noqa: F401  (registers fnn's trees with JAX)
from recipes.bench.peers.fnn_numpy import parts
from recipes.bench.peers.jax_optax import by_epoch, scanned
from recipes.bench.problem import Problem, Session

__all__ = ["train"]


def train(problem: Problem) -> Session:
    """A compiled scan over the batches of an epoch."""
    model, step, state = parts(problem)
    return by_epoch(problem, scanned(step), state, lambda state, x: model.apply(state.params, x))
