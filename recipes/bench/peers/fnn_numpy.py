"""fnn on NumPy."""

from functools import reduce
from typing import Any

import fnn
from recipes.bench.problem import Problem, Session, one_after_the_other

__all__ = ["infer", "network", "parts", "train", "train_together"]

ACTIVATIONS = {"relu": fnn.relu, "sigmoid": fnn.sigmoid, "none": fnn.identity}
LOSSES = {"cross_entropy": fnn.cross_entropy, "mse": fnn.mse}
OPTIMIZERS: dict[str, Any] = {"adam": fnn.adam, "sgd": fnn.sgd}


def network(problem: Problem) -> tuple[fnn.Layer, fnn.Params]:
    """The network of a problem, and its initial parameters."""
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


def train_together(problem: Problem) -> Session:
    """A fold over the batches of each epoch; several networks are trained as an ensemble."""
    model, step, state = parts(problem)
    lead = 1 if problem.runs else 0

    def run(epoch: int) -> None:
        nonlocal state
        key = fnn.fold_in(fnn.Key(problem.seed), epoch)
        state = reduce(step, fnn.batches(key, problem.train, problem.batch, drop_last=True, axis=lead), state)

    return Session(run, lambda x: fnn.predict(model, state.params, x, axis=lead))


train = one_after_the_other(train_together)


def infer(problem: Problem) -> Session:
    """The model applied to all images at once; `fnn.predict` in batches of 1,000 is as fast."""
    model, params = network(problem)
    x, _ = problem.train
    return Session(lambda epoch: model.apply(params, x), lambda x: model.apply(params, x))
