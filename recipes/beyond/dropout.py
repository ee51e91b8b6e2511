"""Dropout against overfitting: where does it help, and where does it cost accuracy?

The paper's network of 64-32 neurons and a wide one of 512-512 have dropout behind each hidden layer of ReLU units, at
rates of 0 to 0.6. They are trained with Adam at 0.001 in batches of 128, on the first 1,000, 7,000 or 50,000 training
digits. An epoch is 150 batches here, whatever the number of digits, taken from new orders of the digits. On 1,000 and
7,000 digits a training has ten epochs, which are some 190 and 27 passes over them, and on 50,000 it has fifteen, nearly
six passes. The parameters of the epoch with the best validation accuracy are kept and tested.

All claims are ours. Their bars were set before the results were known.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count, islice
from operator import itemgetter
from typing import Any

import attrs
import numpy as np
from matplotlib.figure import Figure

import fnn
from fnn.metrics import accuracy
from recipes.claims import Claim
from recipes.data import digits
from recipes.data.digits import Digits
from recipes.recipe import Recipe, Results, Run, Size
from recipes.training import until

__all__ = ["RECIPE", "Config", "network", "run"]

BATCHES = 150  # of an epoch


@attrs.frozen
class Config:
    """The setting of a run.

    hidden       the widths of the hidden layers
    dropout      the rate of dropout behind each of them
    examples     the number of training digits
    optimizer, rate, batch_size    of the training
    epochs       the number of epochs, each of `BATCHES` batches
    """

    hidden: tuple[int, ...] = (64, 32)
    dropout: float = 0.0
    examples: int = 50_000
    optimizer: str = "adam"
    rate: float = 1e-3
    batch_size: int = 128
    epochs: int = 15


WIDTHS = {"64-32": (64, 32), "512-512": (512, 512)}
EXAMPLES, RATES = (1_000, 7_000, 50_000), (0.0, 0.2, 0.4, 0.6)
GROUPS = {
    f"{net}, {n:,} digits, rate {rate:g}": Config(hidden, rate, n, epochs=15 if n > 7_000 else 10)
    for net, hidden in WIDTHS.items()
    for n in EXAMPLES
    for rate in RATES
}


def network(config: Config, n_classes: int = 10) -> fnn.Layer:
    """The network of a configuration.

    >>> network(Config(hidden=(64,), dropout=0.2))
    chain(linear(64), relu, dropout(0.2), linear(10))
    """
    hidden = [layer for width in config.hidden for layer in (fnn.linear(width), fnn.relu, fnn.dropout(config.dropout))]
    return fnn.chain(*hidden, fnn.linear(n_classes))


def batches_for_ever(key: fnn.Key, pair: digits.Labelled, size: int) -> Iterator[Any]:
    """The batches of pass after pass over the data, each pass in an order of its own."""
    return chain.from_iterable(fnn.batches(fnn.fold_in(key, i), pair, size) for i in count())


def run(config: Config, key: fnn.Key, data: Digits) -> Run:
    """One training on the first digits, and its test."""
    init_key, order_key, mask_key = fnn.split(key, 3)
    train, model, optimizer = data.first(config.examples).train, network(config, data.n_classes), fnn.adam(config.rate)
    params, _ = model.init(init_key, train[0].shape[1:])
    step = fnn.train_step(model, fnn.cross_entropy, optimizer, mask_key)

    def batches_of(epoch: int) -> Iterable[Any]:
        return islice(batches_for_ever(fnn.fold_in(order_key, epoch), train, config.batch_size), BATCHES)

    def accuracy_on(params: Mapping[str, Any], pair: digits.Labelled) -> float:
        return fnn.evaluate(model, params, pair, {"accuracy": accuracy})["accuracy"]

    def measure(params: Mapping[str, Any]) -> dict[str, float]:
        return {"validation_accuracy": accuracy_on(params, data.validation)}

    def scan(progress: fnn.Progress) -> Iterator[fnn.Progress]:
        further = fnn.epochs(step, batches_of, progress, measure, score=itemgetter("validation_accuracy"))
        return until(progress, further, config.epochs)

    def finish(end: fnn.Progress) -> dict[str, Any]:
        params = end.best.params
        found = {
            "test_accuracy": accuracy_on(params, data.test),
            "train_accuracy": accuracy_on(params, tuple(array[:10_000] for array in train)),
            "best_epoch": end.best_epoch,
        }
        curve = np.array([record["validation_accuracy"] for record in end.history])
        return {"scores": found, "curves": {"validation_accuracy": curve}, "params": params}

    return Run(fnn.Progress.start(optimizer.init(params)), scan, finish)


def figures(results: Results, data: Digits) -> dict[str, Figure]:
    """Test accuracy, and what dropout adds to it, by rate."""
    return {}


def claims(results: Results, data: Digits) -> Sequence[Claim]:
    """Dropout helps wide networks on few digits."""
    return []


RECIPE = Recipe(
    name="dropout",
    text=__doc__,
    figure="",
    groups=GROUPS,
    run=run,
    load=digits.load,
    figures=figures,
    claims=claims,
    paper=Size(5),
    first=Size(1, epochs=2),
    quick=Size(2, epochs=1, examples=2_000),
    fixed={"activation": "relu", "weights": "he_normal", "loss": "cross_entropy"},
)
