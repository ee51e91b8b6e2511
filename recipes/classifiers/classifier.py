"""The classifier of the studies: the network of `mnist` with other settings, trained and tested in the same way."""

from collections.abc import Callable
from functools import partial

import attrs

import fnn
from fnn.initializers import Initializer
from fnn.losses import Loss
from recipes.classifiers import mnist
from recipes.classifiers.paper_gradient import cross_entropy_with_paper_gradient
from recipes.data.digits import Digits
from recipes.training import Run

__all__ = ["Config", "network", "run"]

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


def network(config: Config, n_classes: int = 10) -> fnn.Layer:
    """The multi-layer perceptron of a configuration.

    >>> network(Config(hidden=(64, 32), activation="tanh"))
    chain(linear(64), tanh, linear(32), tanh, linear(10))
    """
    linear, activation = partial(fnn.linear, weights=WEIGHTS[config.weights]), ACTIVATIONS[config.activation]
    hidden = [layer for width in config.hidden for layer in (linear(width), activation)]
    return fnn.chain(*hidden, linear(n_classes))


def run(config: Config, key: fnn.Key, data: Digits) -> Run:
    """One training, carried out and tested as in `mnist`."""
    model, optimizer = network(config, data.n_classes), OPTIMIZERS[config.optimizer](config.rate)
    return mnist.train(config, model, LOSSES[config.loss], optimizer, key, data)
