"""The classifier of the studies: the network of `mnist` with other settings, trained and tested in the same way."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

import attrs

import fnn
from fnn.initializers import Initializer
from fnn.losses import Loss
from recipes.classifiers import mnist
from recipes.classifiers.paper_gradient import cross_entropy_with_paper_gradient
from recipes.data.digits import Digits
from recipes.training import Run

__all__ = ["Config", "network", "run"]

Value = TypeVar("Value")
ACTIVATIONS = {"relu": fnn.relu, "sigmoid": fnn.sigmoid, "tanh": fnn.tanh}
OPTIMIZERS: dict[str, Callable[[float], fnn.Optimizer]] = {"sgd": fnn.sgd, "momentum": fnn.momentum, "adam": fnn.adam}
LOSSES: dict[str, Loss] = {
    "cross_entropy": fnn.cross_entropy,
    "cross_entropy_with_paper_gradient": cross_entropy_with_paper_gradient,
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
    """The setting of a study, of which it varies one field; names are those of the tables above.

    hidden      the widths of the hidden layers
    activation  what follows each hidden layer
    weights     how the first weights are drawn
    loss        the loss that is trained
    optimizer, rate, batch_size, epochs    of the training
    patience    the number of epochs without a better validation accuracy after which a training stops, 0 for never
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


def _of(table: Mapping[str, Value], name: str) -> Value:
    """What a table has under a name. Raises `ValueError`, with the names that there are, if it has nothing."""
    if name not in table:
        raise ValueError(f"expected one of {', '.join(table)}, got {name!r}")
    return table[name]


def network(config: Config, n_classes: int = 10) -> fnn.Layer:
    """The multi-layer perceptron of a configuration.

    >>> network(Config(hidden=(64, 32), activation="tanh"))
    chain(linear(64), tanh, linear(32), tanh, linear(10))
    """
    linear, activation = partial(fnn.linear, weights=_of(WEIGHTS, config.weights)), _of(ACTIVATIONS, config.activation)
    hidden = [layer for width in config.hidden for layer in (linear(width), activation)]
    return fnn.chain(*hidden, linear(n_classes))


def run(config: Config, key: fnn.Key, data: Digits, model: fnn.Layer | None = None, loss: Loss | None = None) -> Run:
    """One training, carried out and tested as in `mnist`.

    config     its setting
    key        what is random in it; layers such as dropout get a key of their own
    data       the digits
    model      another network than that of the configuration
    loss       another loss than that of the configuration
    """
    model = network(config, data.n_classes) if model is None else model
    loss = _of(LOSSES, config.loss) if loss is None else loss
    return mnist.train(config, model, loss, _of(OPTIMIZERS, config.optimizer)(config.rate), key, data)
