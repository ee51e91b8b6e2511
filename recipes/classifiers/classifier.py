"""A classifier of digits: the network, its training and its test, shared by every study of one setting."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import attrs
import numpy as np
from toolz import pluck

import fnn
from fnn.initializers import Initializer
from fnn.losses import Loss
from fnn.metrics import accuracy
from recipes.classifiers.wrong_gradient import cross_entropy_with_wrong_gradient
from recipes.data.digits import Digits
from recipes.training import Watch, train, unwatched

__all__ = ["Config", "network", "run"]

ACTIVATIONS = {"relu": fnn.relu, "sigmoid": fnn.sigmoid, "tanh": fnn.tanh}
OPTIMIZERS: dict[str, Callable[[float], fnn.Optimizer]] = {
    "sgd": fnn.sgd,
    "momentum": fnn.momentum,
    "adam": fnn.adam,
}
LOSSES: dict[str, Loss] = {
    "cross_entropy": fnn.cross_entropy,
    "cross_entropy_with_wrong_gradient": cross_entropy_with_wrong_gradient,
}
WEIGHTS: dict[str, Initializer] = {
    "normal": fnn.normal(),
    "uniform": fnn.uniform(),
    "he_normal": fnn.he_normal,
    "he_uniform": fnn.he_uniform,
    "glorot_normal": fnn.glorot_normal,
    "glorot_uniform": fnn.glorot_uniform,
    "lecun_normal": fnn.lecun_normal,
    "orthogonal": fnn.orthogonal,
}


@attrs.frozen
class Config:
    """784-64-32-10 as in the paper; a study varies one of the fields. Names are those of the tables above.

    `patience` is the number of epochs without a better validation accuracy after which training stops (0: never); the
    best epoch's parameters are kept in any case. `curves` measures the training set too, at the end of each epoch.
    """

    hidden: tuple[int, ...] = (64, 32)
    activation: str = "relu"
    weights: str = "he_normal"
    loss: str = "cross_entropy"
    optimizer: str = "adam"
    rate: float = 1e-3
    batch_size: int = 128
    epochs: int = 50
    patience: int = 5
    curves: bool = False


def network(config: Config, n_classes: int = 10) -> fnn.Layer:
    """The multi-layer perceptron of a configuration.

    >>> network(Config())
    chain(linear(64), relu, linear(32), relu, linear(10))
    """
    linear, activation = partial(fnn.linear, weights=WEIGHTS[config.weights]), ACTIVATIONS[config.activation]
    hidden = [layer for width in config.hidden for layer in (linear(width), activation)]
    return fnn.chain(*hidden, linear(n_classes))


def run(config: Config, key: fnn.Key, data: Digits, watch: Watch = unwatched) -> dict[str, Any]:
    """One training and its test: scores, the curves of every epoch, the best parameters and the test predictions."""
    init_key, order_key = fnn.split(key, 2)
    model = network(config, data.n_classes)
    params, _ = model.init(init_key, data.train[0].shape[1:])
    optimizer = OPTIMIZERS[config.optimizer](config.rate)
    step = fnn.train_step(model, LOSSES[config.loss], optimizer)
    measures: dict[str, Any] = {"loss": fnn.cross_entropy, "accuracy": accuracy}
    measured = (
        {"train": data.train, "validation": data.validation} if config.curves else {"validation": data.validation}
    )

    def batches_of(epoch: int) -> Iterable[Any]:
        return fnn.batches(fnn.fold_in(order_key, epoch), data.train, config.batch_size)

    def measure(params: Mapping[str, Any]) -> dict[str, float]:
        scores = {part: fnn.evaluate(model, params, pair, measures) for part, pair in measured.items()}
        return {f"{part}_{name}": value for part, of_part in scores.items() for name, value in of_part.items()}

    def score(record: Mapping[str, Any]) -> float:
        return record["validation_accuracy"]

    def further(progress: fnn.Progress) -> Iterator[fnn.Progress]:
        return fnn.epochs(step, batches_of, progress, measure, score)

    end = train(optimizer.init(params), further, config.epochs, config.patience, watch)
    x, labels = data.test
    predicted = np.argmax(fnn.predict(model, end.best.params, x), axis=-1)
    return {
        "scores": {"test_accuracy": np.mean(predicted == labels), "best_epoch": end.best_epoch},
        "curves": {name: np.array(list(pluck(name, end.history))) for name in end.history[0] if name != "epoch"},
        "params": end.best.params,
        "predicted": predicted.astype(np.uint8),
    }
