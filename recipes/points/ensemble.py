"""Small networks, each on points of its own, that are trained as one ensemble by one fold."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import attrs
import numpy as np
from toolz import pluck

import fnn
from fnn.metrics import accuracy
from recipes.training import Run

__all__ = ["ACTIVATIONS", "Config", "comparison", "in_random_order", "train"]

Result = Mapping[str, Any]
ACTIVATIONS = {"sigmoid": fnn.sigmoid, "tanh": fnn.tanh}
OPTIMIZERS: dict[str, Callable[[float], fnn.Optimizer]] = {"sgd": fnn.sgd, "adam": fnn.adam}
LOSSES = {"mse": fnn.mse, "cross_entropy": fnn.cross_entropy}


@attrs.frozen
class Config:
    """The setting of an experiment; names are those of the tables above.

    hidden      the widths of the hidden layers
    activation  what follows each hidden layer
    loss        mean squared error or cross-entropy
    reduction   whether the loss of a batch is the mean over its examples, as the paper writes the squared error, or
                their sum, as in the paper's code; a sum over 32 examples moves as far as a mean at 32 times the rate
    optimizer, rate, batch_size, epochs    of the training
    points      the number of points of each run
    runs        the number of networks, which are trained together
    """

    hidden: tuple[int, ...] = ()
    activation: str = "sigmoid"
    loss: str = "cross_entropy"
    reduction: str = "sum"
    optimizer: str = "sgd"
    rate: float = 0.01
    batch_size: int = 32
    epochs: int = 256
    points: int = 400
    runs: int = 25


def in_random_order(key: fnn.Key, x: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Labelled points in random order: all runs share one order of batches, and must not share an order of classes."""
    order = fnn.generator(key).permutation(len(labels))
    return {"x": x[order], "y": labels[order]}


def train(
    config: Config,
    one: fnn.Layer,
    key: fnn.Key,
    draw: Callable[[fnn.Key, int], Mapping[str, np.ndarray]],
    compare: Callable[[Result], Mapping[str, np.ndarray]],
) -> Run:
    """Train all networks by one fold; every leaf of the result has the runs as its first axis.

    config  the setting
    one     a single network
    key     network i and its points come from key i of `split(key, runs)`
    draw    draw(key, n) -> the n points of one run, "x" and "y"
    compare compare(result) -> further scores by name, which compare the result with what is possible

    The networks share one order of batches, each in its own points. The curves are means over all points, before the
    first epoch and at the end of each.
    """
    data_keys, init_keys, order_keys = zip(*(fnn.split(each, 3) for each in fnn.split(key, config.runs)), strict=True)
    data = fnn.tree.stack([draw(each, config.points) for each in data_keys])
    pair = data["x"], data["y"]  # (runs, points, n_in) and (runs, points, n_out), or labels (runs, points)
    params = fnn.tree.stack([one.init(each, pair[0].shape[-1:])[0] for each in init_keys])
    model, loss = fnn.ensemble(one, config.runs), LOSSES[config.loss]
    optimizer = OPTIMIZERS[config.optimizer](config.rate)
    step = fnn.train_step(model, partial(loss, reduction=config.reduction), optimizer)
    measures: dict[str, Any] = {"loss": loss, **({"accuracy": accuracy} if config.loss == "cross_entropy" else {})}

    def batches_of(epoch: int) -> Iterable[Any]:
        return fnn.batches(fnn.fold_in(order_keys[0], epoch), pair, config.batch_size, axis=1)

    def measure(params: Mapping[str, Any]) -> dict[str, Any]:
        means = fnn.evaluate(model, params, pair, measures, axis=1)
        return {f"final_{name}": mean for name, mean in means.items()}  # "loss" is the mean of an epoch's steps

    def finish(end: fnn.Progress) -> dict[str, Any]:
        records = (measure(params), *end.history)
        curves = {name: np.stack(list(pluck(f"final_{name}", records)), axis=-1) for name in measures}
        scores = {name: curve[:, -1] for name, curve in curves.items()}  # of curves (runs, 1 + epochs)
        result = {"scores": scores, "curves": curves, "params": end.state.params, "data": data}
        return {**result, "scores": {**scores, **compare(result)}}

    return Run(optimizer.init(params), step, batches_of, config.epochs, finish, measure)


def comparison(result: Result, best: np.ndarray) -> dict[str, np.ndarray]:
    """Further scores of classifiers, given the best accuracy that is possible on the points of each run: (runs,).

    "shortfall" is by how much the accuracy falls short of the best one, "mistakes" the number of misclassified points.
    """
    accuracies, n = result["scores"]["accuracy"], result["data"]["y"].shape[-1]
    return {"best_accuracy": best, "shortfall": best - accuracies, "mistakes": np.round(n * (1 - accuracies))}
