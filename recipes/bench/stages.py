"""Where the time of a training step goes: its stages, timed within one epoch of real steps."""

from collections.abc import Iterator, Mapping
from statistics import median
from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_limits

import fnn
from fnn.optimizers.diverged import all_finite
from recipes.data.digits import Digits

__all__ = ["measured", "table"]

BATCHES = (8, 128)
STEPS = 400


def measured(data: Digits) -> dict[int, dict[str, float]]:
    """The median seconds of each stage of a step of 784-64-32-10 with Adam, on one thread, for each batch size."""
    with threadpool_limits(1):
        return {batch: {name: median(each) for name, each in timed(data, batch).items()} for batch in BATCHES}


def timed(data: Digits, batch: int) -> dict[str, list[float]]:
    """The seconds of each stage in each of the first steps: a step by hand, with a look at the clock in between."""
    model, optimizer = fnn.chain(*hidden(), fnn.linear(data.n_classes)), fnn.adam(1e-3)
    state = optimizer.init(model.init(fnn.Key(0), data.train[0].shape[1:])[0])
    whole, seconds = fnn.train_step(model, fnn.cross_entropy, optimizer), dict[str, list[float]]()
    for (x, labels), _ in zip(fnn.batches(fnn.Key(1), data.train, batch), range(STEPS), strict=False):
        clock = [perf_counter()]

        def passed(stage: str, clock: list[float] = clock) -> None:
            clock.append(perf_counter())
            seconds.setdefault(stage, []).append(clock[-1] - clock[-2])

        params = state.params
        passed("the vector as a tree")
        prediction, back = model.vjp(params, x)
        passed("forward")
        _, pullback = fnn.cross_entropy(prediction, labels)
        dprediction = pullback()
        passed("loss and its pullback")
        grads, _ = back(dprediction, need_dx=False)
        passed("backward")
        g = state.layout.ravel(grads)
        passed("the gradients as a vector")
        _, direction = optimizer.rule(state.memory, g, state.vector, state.step)
        passed("Adam's rule")
        all_finite(0.0, g, state.vector - direction)
        passed("the new parameters, and whether all is finite")
        state = whole(state, (x, labels))
        passed("**the whole step**")
        products(params, x, dprediction)
        passed("its matrix products alone")
    return seconds


def hidden() -> tuple[fnn.Layer, ...]:
    """The hidden layers of 784-64-32-10."""
    return fnn.linear(64), fnn.relu, fnn.linear(32), fnn.relu


def products(params: fnn.Params, x: np.ndarray, dy: np.ndarray) -> tuple[np.ndarray, ...]:
    """The eight products of a step, without what lies between them: the prediction and the weights' gradients."""
    first, second, third = (params[name]["weights"] for name in ("0", "2", "4"))
    h = x @ first
    k = h @ second
    dk = dy @ third.mT
    dh = dk @ second.mT
    return k @ third, k.mT @ dy, h.mT @ dk, x.mT @ dh


def table(found: Mapping[int, Mapping[str, float]]) -> Iterator[str]:
    """A row a stage, with its microseconds for each batch size."""
    columns = " | ".join(f"batch {batch}" for batch in found)
    yield from ("", "**Where a step's time goes**", "", f"| | {columns} |", "|---" * (1 + len(found)) + "|")
    for stage in next(iter(found.values())):
        yield f"| {stage} | {' | '.join(f'{row[stage] * 1e6:.0f} µs' for row in found.values())} |"
