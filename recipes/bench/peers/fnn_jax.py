"""fnn compiled by JAX: the same step as on NumPy, folded over an epoch as a user does it, or called on each batch."""

from functools import partial

import jax

import fnn.interop.jax
from fnn.training.epochs import Fold
from recipes.bench.peers.fnn_numpy import batches, parts
from recipes.bench.peers.jax_optax import by_step
from recipes.bench.problem import Problem, Session

__all__ = ["train", "train_by_step", "train_unrolled"]


def train(problem: Problem, fold: Fold = fnn.interop.jax.fold) -> Session:
    """The compiled fold over the batches of an epoch, with the data resting on the device; on a GPU, drawn ahead."""
    model, step, state = parts(problem)
    in_turn = partial(batches, problem, jax.device_put(problem.train))
    batches_of = in_turn if problem.device == "cpu" else fnn.interop.jax.ahead(in_turn)

    def run(epoch: int) -> None:
        nonlocal state
        state, _ = jax.block_until_ready(fold(step, state, batches_of(epoch)))

    return Session(run, lambda x: model.apply(state.params, x))


def train_unrolled(problem: Problem) -> Session:
    """The same with five steps in a round of the compiled loop."""
    return train(problem, partial(fnn.interop.jax.fold, unroll=5))


def train_by_step(problem: Problem) -> Session:
    """A compiled step, called on each batch."""
    model, step, state = parts(problem)
    return by_step(problem, jax.jit(step), state, lambda state, x: model.apply(state.params, x))
