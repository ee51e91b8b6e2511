"""JAX with optax, written by hand: a compiled step, or a compiled `lax.scan` over the steps of an epoch."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from recipes.bench.problem import Problem, Session

__all__ = ["by_epoch", "by_step", "infer", "scanned", "train_by_epoch", "train_by_step", "train_together"]

ACTIVATIONS: dict[str, Any] = {"relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid, "none": lambda x: x}
OPTIMIZERS: dict[str, Any] = {"adam": optax.adam, "sgd": optax.sgd}


def forward(problem: Problem) -> Callable[[Any, Any], Any]:
    """The function (params, x) -> outputs."""

    def apply(params: Any, x: Any) -> Any:
        for (w, b), activation in zip(params, problem.activations, strict=True):
            if w.ndim == 4:
                x = jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
                x = ACTIVATIONS[activation](x + b)
                x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
            else:
                x = ACTIVATIONS[activation](x.reshape(len(x), -1) @ w + b)
        return x

    return apply


def stepper(problem: Problem) -> tuple[Any, Any]:
    """A step (state, batch) -> state, and the initial state: the parameters, the optimizer's state, and the loss."""
    apply, optimizer = forward(problem), OPTIMIZERS[problem.optimizer](problem.rate)

    def loss(params: Any, x: Any, y: Any) -> Any:
        outputs = apply(params, x)
        if problem.loss == "mse":
            return jnp.mean((outputs - y) ** 2)
        return optax.softmax_cross_entropy_with_integer_labels(outputs, y).mean()

    def step(state: Any, batch: Any) -> Any:
        params, moments, _ = state
        value, grads = jax.value_and_grad(loss)(params, *batch)
        updates, moments = optimizer.update(grads, moments, params)
        return optax.apply_updates(params, updates), moments, value

    params = jax.tree.map(jnp.asarray, problem.weights)
    init = jax.vmap(optimizer.init) if problem.runs else optimizer.init
    return step, (params, init(params), jnp.zeros((problem.runs,) if problem.runs else (), problem.weights[0][0].dtype))


def scanned(step: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The function (state, x, y, order) -> state that folds a step over the batches of an epoch."""

    def epoch_of(state: Any, x: Any, y: Any, order: Any) -> Any:
        def body(state: Any, index: Any) -> Any:  # "clip" omits a check of each index from the compiled program
            return step(state, tuple(each.take(index, axis=0, mode="clip") for each in (x, y))), None

        return jax.lax.scan(body, state, order)[0]

    return epoch_of


def by_epoch(problem: Problem, epoch_of: Callable[..., Any], state: Any, predict: Callable[[Any, Any], Any]) -> Session:
    """A session that runs one compiled function an epoch.

    problem   the problem
    epoch_of  epoch_of(state, x, y, order) -> the state after an epoch
    state     the initial state
    predict   predict(state, x) -> outputs
    """
    x, y = map(jnp.asarray, problem.train)
    compiled, outputs = jax.jit(epoch_of), jax.jit(predict)

    def run(epoch: int) -> None:
        nonlocal state
        state = jax.block_until_ready(compiled(state, x, y, problem.order(epoch)))

    return Session(run, lambda x: outputs(state, x))


def train_by_step(problem: Problem) -> Session:
    """A compiled step, called on each batch."""
    step, state = stepper(problem)
    apply = forward(problem)
    return by_step(problem, jax.jit(step), state, lambda state, x: apply(state[0], x))


def by_step(problem: Problem, step: Callable[..., Any], state: Any, predict: Callable[[Any, Any], Any]) -> Session:
    """A session that calls a compiled step on each batch; the other arguments are those of `by_epoch`."""
    (x, y), outputs = problem.train, jax.jit(predict)

    def run(epoch: int) -> None:
        nonlocal state
        for index in problem.order(epoch):
            state = step(state, (x.take(index, axis=0), y.take(index, axis=0)))
        jax.block_until_ready(state)

    return Session(run, lambda x: outputs(state, x))


def train_by_epoch(problem: Problem) -> Session:
    """A compiled scan over the batches of an epoch; several networks are mapped by `jax.vmap`."""
    step, state = stepper(problem)
    epoch_of, apply = scanned(step), forward(problem)
    if problem.runs:
        own = None if problem.shared else 0
        epoch_of = jax.vmap(epoch_of, in_axes=(0, None, None, 1) if problem.shared else (0, 0, 0, None))
        apply = jax.vmap(apply, in_axes=(0, own))
    return by_epoch(problem, epoch_of, state, lambda state, x: apply(state[0], x))


train_together = train_by_epoch


def infer(problem: Problem) -> Session:
    """A compiled forward pass."""
    apply, params, x = jax.jit(forward(problem)), jax.tree.map(jnp.asarray, problem.weights), problem.train[0]
    on_device = jnp.asarray(x)
    return Session(lambda epoch: apply(params, on_device).block_until_ready(), lambda x: np.asarray(apply(params, x)))
