"""Dropout against overfitting: where does it help, and where does it cost accuracy?

The paper's network of 64-32 neurons and a wide one of 256-256 have dropout behind each hidden layer of ReLU units, at
rates of 0 to 0.6. They are trained with Adam at 0.001 in batches of 128, on the first 1,000, 7,000 or 50,000 training
digits. An epoch is 150 batches here, whatever the number of digits, taken from new orders of the digits. On 1,000 and
7,000 digits a training has ten epochs, which are some 190 and 27 passes over them, and on 50,000 it has fifteen, nearly
six passes, so that all runs together take about half an hour on one core. The parameters of the epoch with the best
validation accuracy are kept and tested.

All claims are ours. Their bars were set before the results were known, after one trial of another seed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count, islice
from operator import itemgetter
from typing import Any

import attrs
import numpy as np
from matplotlib.figure import Figure

import fnn
from fnn import plot
from fnn.metrics import accuracy, iqm
from fnn.plot.canvas import INK, quiet
from recipes.claims import FEWEST, Claim, Group, better, row_of, told_of
from recipes.data import digits
from recipes.data.digits import Digits
from recipes.pictures import hollow
from recipes.recipe import Finding, Recipe, Results, Size, counted, scores
from recipes.training import Measures, Run

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


WIDTHS = {"64-32": (64, 32), "256-256": (256, 256)}
EXAMPLES, RATES = (1_000, 7_000, 50_000), (0.0, 0.2, 0.4, 0.6)


def name_of(net: str, n: int, rate: float) -> str:
    """The name of a group.

    >>> name_of("64-32", 1_000, 0.2)
    '64-32, 1,000 digits, dropout 0.2'
    """
    return f"{net}, {n:,} digits, dropout {rate:g}"


GROUPS = {
    name_of(net, n, rate): Config(hidden, rate, n, epochs=15 if n > 7_000 else 10)
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
    measure = Measures(model, {"validation": data.validation}, {"accuracy": accuracy})

    def batches_of(epoch: int) -> Iterable[Any]:
        return islice(batches_for_ever(fnn.fold_in(order_key, epoch), train, config.batch_size), BATCHES)

    def accuracy_on(params: Mapping[str, Any], pair: digits.Labelled) -> float:
        return fnn.evaluate(model, params, pair, {"accuracy": accuracy})["accuracy"]

    def finish(end: fnn.Progress) -> dict[str, Any]:
        params = end.best.params
        found = {
            "test_accuracy": accuracy_on(params, data.test),
            "train_accuracy": accuracy_on(params, (train[0][:10_000], train[1][:10_000])),
            "best_epoch": end.best_epoch,
        }
        curve = np.array([record["validation_accuracy"] for record in end.history])
        return {"scores": found, "curves": {"validation_accuracy": curve}, "params": params}

    return Run(
        optimizer.init(params), step, batches_of, config.epochs, finish, measure, itemgetter("validation_accuracy")
    )


def figures(results: Results, data: Digits) -> dict[str, Figure]:
    """Above, the test accuracy by rate, one panel for each number of digits; below, what dropout adds to it."""
    figure = Figure(figsize=(9.6, 5.6), layout="constrained")
    above, below = figure.subplots(2, len(EXAMPLES), sharex=True, height_ratios=(1.1, 1))
    for top, bottom, n in zip(above, below, EXAMPLES, strict=True):
        series = {net: np.transpose([accuracies(results, net, n, rate) for rate in RATES]) for net in WIDTHS}
        plot.curves(series, ax=top, x=RATES, xlabel="")
        top.set_title(f"{n:,} training examples", fontsize=10)
        top.get_legend().remove()
        bottom.axhline(0, color=INK, linewidth=0.8)
        for i, net in enumerate(WIDTHS):
            rows = [row_of(accuracies(results, net, n, rate), accuracies(results, net, n, 0.0)) for rate in RATES[1:]]
            value, low, high = 100 * np.transpose(rows)
            places = np.array(RATES[1:]) + 0.02 * (i - 0.5)  # side by side
            bottom.vlines(places, low, high, color=plot.COLOURS[i], linewidth=1.6)
            bottom.plot(places, value, plot.MARKERS[i], color=plot.COLOURS[i], markersize=5)
        if any(len(runs) < FEWEST for runs in results.values()):
            hollow(bottom)
        bottom.set(xlabel="rate of dropout", xticks=RATES)
        quiet(bottom, "y")
    n = len(next(iter(results.values())))
    above[0].set_ylabel("test accuracy")
    below[0].set_ylabel("gain by dropout\n(percentage points)")
    shown = "95 % intervals" if n >= FEWEST else "ranges"
    bands = "interquartile means and ranges; " * (n > 1)
    figure.suptitle(f"{counted(n, 'run')} of each: {bands}gains are paired by seed, with {shown}", fontsize=9)
    figure.legend(*above[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return {"dropout": figure}


def accuracies(results: Results, net: str, n: int, rate: float) -> np.ndarray:
    """The test accuracy of every run of a network on n digits at a rate of dropout: (runs,)."""
    return scores(results[name_of(net, n, rate)])


def gain(results: Results, net: str, n: int, rate: float) -> Group:
    """What dropout adds to the test accuracy of each seed."""
    gains = accuracies(results, net, n, rate) - accuracies(results, net, n, 0.0)
    return Group(f"gain by dropout of {rate:g}, {net} on {n:,} digits", gains.tolist())


def claims(results: Results, data: Digits) -> Sequence[Claim]:
    """Dropout helps a wide network on few digits, and costs a small one accuracy on many."""
    few, _, many = EXAMPLES
    paper, wide = WIDTHS

    def of(net: str, n: int, rate: float) -> Group:
        return Group(name_of(net, n, rate), accuracies(results, net, n, rate).tolist())

    def trained(net: str, n: int) -> str:
        reached = (f"{rate:g}: {iqm(scores(results[name_of(net, n, rate)], 'train_accuracy')):.4f}" for rate in RATES)
        return f"accuracy on the training digits, by rate of dropout: {', '.join(reached)}"

    on_few, on_many = gain(results, wide, few, 0.4), gain(results, wide, many, 0.4)
    asked = [
        better("Dropout of 0.4 helps the wide network on 1,000 digits.", of(wide, few, 0.4), of(wide, few, 0.0)),
        better("Dropout of 0.2 helps the wide network on 50,000 digits.", of(wide, many, 0.2), of(wide, many, 0.0)),
        better("Dropout of 0.4 helps the wide network more on 1,000 digits than on 50,000.", on_few, on_many),
        better(
            "On 1,000 digits, dropout of 0.4 helps the wide network more than the paper's.",
            on_few,
            gain(results, paper, few, 0.4),
        ),
        better(
            "Dropout of 0.2 harms the paper's network on 50,000 digits.", of(paper, many, 0.0), of(paper, many, 0.2)
        ),
        better(
            "On 50,000 digits, dropout of 0.6 harms the paper's network more than 0.2.",
            of(paper, many, 0.2),
            of(paper, many, 0.6),
        ),
        better(
            "Dropout of 0.6 harms the paper's network even on 1,000 digits.", of(paper, few, 0.0), of(paper, few, 0.6)
        ),
    ]
    reasons = [trained(wide, few), *2 * [trained(wide, many)], trained(paper, few), *2 * [trained(paper, many)]]
    reasons += [trained(paper, few)]
    found = [attrs.evolve(claim, source="ours", reason=why) for claim, why in zip(asked, reasons, strict=True)]
    return told_of(found, data)


RECIPE = Recipe(
    name="dropout",
    text=__doc__,
    figure="",
    groups=GROUPS,
    claims=claims,
    figures=figures,
    load=digits.load,
    run=run,
    paper=Size(5),
    first=Size(2, epochs=4),
    quick=Size(2, epochs=1),
    finding=[
        Finding(
            "Dropout of 0.4 helps the wide network on 1,000 digits.",
            holds="Dropout helps a wide network on few examples ({256-256, 1,000 digits, dropout 0.4} instead of "
            "{256-256, 1,000 digits, dropout 0} on 1,000).",
            fails="Dropout harms a wide network even on few examples ({256-256, 1,000 digits, dropout 0.4} instead of "
            "{256-256, 1,000 digits, dropout 0} on 1,000).",
            alike="Dropout does nothing for a wide network on few examples.",
            undecided="Whether dropout helps a wide network on few examples is undecided.",
        ),
        Finding(
            "Dropout of 0.2 harms the paper's network on 50,000 digits.",
            holds="It harms the paper's small network on many ({64-32, 50,000 digits, dropout 0.2} instead of "
            "{64-32, 50,000 digits, dropout 0} on 50,000).",
            fails="It helps even the paper's small network on many ({64-32, 50,000 digits, dropout 0.2} instead of "
            "{64-32, 50,000 digits, dropout 0} on 50,000).",
            alike="It neither helps nor harms the paper's small network on many.",
        ),
    ],
    fixed={"activation": "relu", "weights": "he_normal", "loss": "cross_entropy"},
    network=network,
)
