"""fnn on NumPy."""

from functools import reduce
from typing import Any

import fnn
from fnn.batching import Batches
from recipes.bench import sequences
from recipes.bench.problem import Problem, Session, one_after_the_other

__all__ = ["batches", "infer", "network", "parts", "train", "train_together"]

ACTIVATIONS = {"relu": fnn.relu, "sigmoid": fnn.sigmoid, "none": fnn.identity}
LOSSES = {"cross_entropy": fnn.cross_entropy, "mse": fnn.mse}
OPTIMIZERS: dict[str, Any] = {"adam": fnn.adam, "sgd": fnn.sgd}


def network(problem: Problem) -> tuple[fnn.Layer, fnn.Params]:
    """The network of a problem, and its initial parameters."""
    if problem.network:
        return sequences.network(problem)
    pairs: list[tuple[fnn.Layer, dict[str, Any]]] = []
    images = False
    for (w, b), activation in zip(problem.weights, problem.activations, strict=True):
        if images and w.ndim < 4:
            pairs.append((fnn.flatten(axes=3), {}))
        images = w.ndim == 4
        layer = fnn.convolution(w.shape[-1], w.shape[:2], padding="same") if images else fnn.linear(w.shape[-1])
        pairs.append((layer, {"weights": w, "bias": b}))
        if activation != "none":
            pairs.append((ACTIVATIONS[activation], {}))
        if images:
            pairs.append((fnn.max_pool((2, 2)), {}))
    params = {str(i): each for i, (_, each) in enumerate(pairs)}
    return fnn.chain(*(layer for layer, _ in pairs)), fnn.Params(params, lead=(problem.runs,) if problem.runs else ())


def parts(problem: Problem) -> tuple[fnn.Layer, Any, fnn.State]:
    """The network, the training step, and the initial state."""
    model, params = network(problem)
    model = fnn.ensemble(model, problem.runs) if problem.runs else model
    optimizer = OPTIMIZERS[problem.optimizer](problem.rate)
    return model, fnn.train_step(model, LOSSES[problem.loss], optimizer), optimizer.init(params)


def batches(problem: Problem, data: Any, epoch: int) -> Batches:
    """The batches of an epoch of the problem's data."""
    keys: Any = fnn.Key(problem.seed, (*problem.path, epoch))
    if problem.shared:
        keys = tuple(fnn.Key(problem.seed, (i, epoch)) for i in range(problem.runs))
    return fnn.batches(keys, data, problem.batch, drop_last=True, axis=axis(problem))


def axis(problem: Problem) -> int:
    """The axis of the examples: behind that of the networks, where each of them has data of its own."""
    return 1 if problem.runs and not problem.shared else 0


def train_together(problem: Problem) -> Session:
    """A fold over the batches of each epoch; several networks are trained as an ensemble."""
    model, step, state = parts(problem)

    def run(epoch: int) -> None:
        nonlocal state
        state = reduce(step, batches(problem, problem.train, epoch), state)

    return Session(run, lambda x: fnn.predict(model, state.params, x, axis=axis(problem)))


train = one_after_the_other(train_together)


def infer(problem: Problem) -> Session:
    """The model applied to all images at once; `fnn.predict` in batches of 1,000 is as fast."""
    model, params = network(problem)
    x, _ = problem.train
    return Session(lambda epoch: model.apply(params, x), lambda x: model.apply(params, x))
