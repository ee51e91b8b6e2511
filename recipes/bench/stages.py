"""The stages of a training step, timed within real steps of one epoch."""

from collections.abc import Mapping
from statistics import median
from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_limits

import fnn
from fnn.optimizers.diverged import all_finite
from recipes.bench.table import Finding, titled
from recipes.classifiers import mnist
from recipes.data.digits import Digits

__all__ = ["finding", "measure", "table", "timed"]

BATCHES = (8, 128)
STEPS = 400


def finding(data: Digits, rounds: int) -> Finding:
    """The stages as a table."""
    found = measure(data)
    return Finding(table(found), found)


def measure(data: Digits) -> dict[int, dict[str, float]]:
    """The median seconds of each stage of a step of 784-64-32-10 with Adam, on one thread, for each batch size."""
    with threadpool_limits(1):
        return {batch: {name: median(each) for name, each in timed(data, batch).items()} for batch in BATCHES}


def timed(data: Digits, batch: int) -> dict[str, list[float]]:
    """The seconds of each stage in the first `STEPS` steps, done by hand to read the clock after each stage."""
    model, optimizer = mnist.network(mnist.Config(), data.n_classes), fnn.adam(1e-3)
    state = optimizer.init(model.init(fnn.Key(0), data.train[0].shape[1:])[0])
    whole, seconds = fnn.train_step(model, fnn.cross_entropy, optimizer), dict[str, list[float]]()
    for (x, labels), _ in zip(fnn.batches(fnn.Key(1), data.train, batch), range(STEPS), strict=False):
        clock = [perf_counter()]

        def passed(stage: str, clock: list[float] = clock) -> None:
            clock.append(perf_counter())
            seconds.setdefault(stage, []).append(clock[-1] - clock[-2])

        params = state.params
        passed("parameters, from vector to tree")
        prediction, back = model.vjp(params, x)
        passed("forward pass")
        _, pullback = fnn.cross_entropy(prediction, labels)
        dprediction = pullback()
        passed("loss and its gradient")
        grads, _ = back(dprediction, need_dx=False)
        passed("backward pass")
        g = state.layout.ravel(grads)
        passed("gradients, from tree to vector")
        _, direction = optimizer.direct(state.memory, g, state.vector, state.step)
        passed("Adam's update rule")
        all_finite(0.0, g, state.vector - direction)
        passed("new parameters, checked to be finite")
        state = whole(state, (x, labels))
        passed("**the whole step**")
        products(params, x, dprediction)
        passed("its matrix products alone")
    return seconds


def products(params: fnn.Params, x: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, ...]:
    """The eight matrix products of a step: the prediction (batch, n_out) and the gradients of the weights."""
    first, second, third = (params[name]["weights"] for name in ("0", "2", "4"))
    h = x @ first
    k = h @ second
    dk = dy @ third.mT
    dh = dk @ second.mT
    return k @ third, k.mT @ dy, h.mT @ dk, x.mT @ dh


def table(found: Mapping[int, Mapping[str, float]]) -> list[str]:
    """One row for each stage, with its microseconds for each batch size."""
    stages = next(iter(found.values()))
    rows = [(stage, *(f"{times[stage] * 1e6:.0f} µs" for times in found.values())) for stage in stages]
    return titled("Where a step's time goes", ("stage", *(f"batch {batch}" for batch in found)), rows)
