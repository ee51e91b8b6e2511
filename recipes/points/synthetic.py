"""Small networks on points drawn anew for every run, all trained as one ensemble by one fold."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import attrs
import numpy as np
from toolz import pluck

import fnn
from fnn.metrics import accuracy
from recipes import training
from recipes.classifiers import classifier
from recipes.training import Watch, unwatched

__all__ = ["Config", "beside", "network", "shuffled", "train"]

LOSSES = {"mse": fnn.mse, "cross_entropy": fnn.cross_entropy}


@attrs.frozen
class Config:
    """The paper's setting: SGD at 0.01 in batches of 32 of each run's own 400 points.

    `reduction` says whether a batch's loss is the mean over its examples, as the paper writes the squared error, or
    their sum, as the paper's code has it: a sum over 32 examples moves as far as a mean at 32 times the rate.
    """

    outputs: int = 2
    loss: str = "cross_entropy"
    reduction: str = "sum"
    hidden: tuple[int, ...] = ()
    activation: str = "sigmoid"
    optimizer: str = "sgd"
    rate: float = 0.01
    batch_size: int = 32
    epochs: int = 256
    points: int = 400
    runs: int = 25


def network(config: Config) -> fnn.Layer:
    """One of the networks of a configuration.

    >>> network(Config(hidden=(8,)))
    chain(linear(8), sigmoid, linear(2))
    """
    layers = classifier.Config(hidden=config.hidden, activation=config.activation)
    return classifier.network(layers, config.outputs)


def shuffled(key: fnn.Key, x: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Labelled points in an order of their own: runs that share an order of batches do not share their classes too."""
    order = fnn.generator(key).permutation(len(labels))
    return {"x": x[order], "y": labels[order]}


def train(
    config: Config, key: fnn.Key, draw: Callable[[fnn.Key, int], Mapping[str, np.ndarray]], watch: Watch = unwatched
) -> dict[str, Any]:
    """All runs in one fold: network i and its points, `draw(key, n)`, come from key i of `split(key, runs)`.

    Every leaf of the result has the runs as its first axis. The curves begin before the first epoch and give the mean
    over all points at the end of each. The networks share one order of batches, each in its own points.
    """
    data_keys, init_keys, order_keys = zip(*(fnn.split(each, 3) for each in fnn.split(key, config.runs)), strict=True)
    data = fnn.tree.stack([draw(each, config.points) for each in data_keys])
    pair = data["x"], data["y"]  # (runs, points, n_in) and (runs, points, n_out), or labels (runs, points)
    one, loss, optimizer = network(config), LOSSES[config.loss], classifier.OPTIMIZERS[config.optimizer](config.rate)
    params = fnn.tree.stack([one.init(each, pair[0].shape[-1:])[0] for each in init_keys])
    model = fnn.ensemble(one, config.runs)
    step = fnn.train_step(model, partial(loss, reduction=config.reduction), optimizer)
    measures: dict[str, Any] = {"loss": loss, **({"accuracy": accuracy} if config.loss == "cross_entropy" else {})}

    def batches_of(epoch: int) -> Iterable[Any]:
        return fnn.batches(fnn.fold_in(order_keys[0], epoch), pair, config.batch_size, axis=1)

    def measure(params: Mapping[str, Any]) -> dict[str, Any]:
        means = fnn.evaluate(model, params, pair, measures, axis=1)
        return {f"final_{name}": mean for name, mean in means.items()}  # "loss" is the mean of an epoch's steps

    def further(progress: fnn.Progress) -> Iterator[fnn.Progress]:
        return fnn.epochs(step, batches_of, progress, measure)

    end = training.train(optimizer.init(params), further, config.epochs, watch=watch)
    records = (measure(params), *end.history)
    curves = {name: np.stack(list(pluck(f"final_{name}", records)), axis=-1) for name in measures}  # (runs, 1 + epochs)
    ends = {name: curve[:, -1] for name, curve in curves.items()}
    return {"scores": ends, "curves": curves, "params": end.state.params, "data": data}


def beside(trained: Mapping[str, Any], best_accuracy: np.ndarray, **more: np.ndarray) -> dict[str, Any]:
    """Trained classifiers with further scores: the accuracy that their points allow, how far they fall short of it,
    and how many points they mistake.
    """
    ends, n = trained["scores"], trained["data"]["y"].shape[-1]
    known = {
        "best_accuracy": best_accuracy,
        "shortfall": best_accuracy - ends["accuracy"],
        "mistakes": np.round(n * (1 - ends["accuracy"])),
    }
    return {**trained, "scores": {**ends, **known, **more}}
