"""A 784-64-32-10 network learns to read the digits of MNIST (figure 5).

Two hidden layers with ReLU are trained with Adam at 0.001 on the cross-entropy, in batches of 128 for 20 epochs. The
parameters of the epoch with the best validation accuracy are kept and tested. Does the network read 97 % of the test
digits, do its losses fall smoothly, and do the first ten epochs bring most of the improvement?
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import attrs
import numpy as np
from matplotlib.figure import Figure
from toolz import pluck

import fnn
from fnn import plot, tree
from fnn.losses import Loss
from fnn.metrics import accuracy
from recipes.claims import PAPERS, Claim, at_least, of_digits, told_of
from recipes.classifiers.by_class import by_class
from recipes.classifiers.curves import decreases, improves_early
from recipes.classifiers.paper_gradient import PAPER_GRADIENT
from recipes.data import digits
from recipes.data.digits import Digits
from recipes.recipe import Finding, Recipe, Results, Size, scores
from recipes.training import Measures, Run

__all__ = ["RECIPE", "Config", "figures", "network", "train"]

SHOWN = 16  # misclassified digits in the figure
TUNED = 5_000  # training digits from which statistics are estimated


@attrs.frozen
class Config:
    """The paper's setting. A patience of 0 stops no training early."""

    hidden: tuple[int, int] = (64, 32)
    rate: float = 1e-3
    batch_size: int = 128
    epochs: int = 20
    patience: int = 0


def network(config: Config, n_classes: int = 10) -> fnn.Layer:
    """From the pixels of a digit to a logit for each class.

    >>> network(Config())
    chain(linear(64), relu, linear(32), relu, linear(10))
    """
    first, second = config.hidden
    return fnn.chain(fnn.linear(first), fnn.relu, fnn.linear(second), fnn.relu, fnn.linear(n_classes))


def run(config: Config, key: fnn.Key, data: Digits) -> Run:
    """One training, whose loss and accuracy are measured on the training set too."""
    model, parts = network(config, data.n_classes), {"train": data.train, "validation": data.validation}
    return train(config, model, fnn.cross_entropy, fnn.adam(config.rate), key, data, parts)


def train(
    config: Any,
    model: fnn.Layer,
    loss: Loss,
    optimizer: fnn.Optimizer,
    key: fnn.Key,
    data: Digits,
    parts: Mapping[str, digits.Labelled] | None = None,
) -> Run:
    """The training of a classifier, a fold over epochs, and its test.

    config     has `batch_size`, `epochs` and `patience`
    model      the network, and `loss` and `optimizer` what it is trained with
    key        gives the initial parameters, the order of the batches, and what layers such as dropout draw
    data       the digits
    parts      the parts of the data to measure after each epoch, by name; by default, the validation set
    """
    init_key, order_key, step_key = fnn.split(key, 3)
    params, _ = model.init(init_key, data.train[0].shape[1:])
    step = fnn.train_step(model, loss, optimizer, step_key if model.needs_key else None)  # (state, batch) -> state
    keeps_statistics = any("statistics" in path for path, _ in tree.items(params))  # as batch_norm does
    parts = {"validation": data.validation} if parts is None else parts
    measures = Measures(model, parts, {"loss": fnn.cross_entropy, "accuracy": accuracy})
    measure = (lambda params: measures(tuned(params))) if keeps_statistics else measures

    def batches_of(epoch: int) -> Iterable[Any]:
        return fnn.batches(fnn.fold_in(order_key, epoch), data.train, config.batch_size)

    def tuned(params: Mapping[str, Any]) -> Mapping[str, Any]:
        return fnn.tune(model, params, data.train[0][:TUNED]) if keeps_statistics else params

    def finish(end: fnn.Progress) -> dict[str, Any]:
        (x, labels), params = data.test, tuned(end.best.params)
        predicted = fnn.predict(model, params, x).argmax(axis=-1)
        return {
            "scores": {"test_accuracy": np.mean(predicted == labels), "best_epoch": end.best_epoch},
            "curves": {name: np.array(list(pluck(name, end.history))) for name in end.history[0] if name != "epoch"},
            "params": params,
            "predicted": predicted.astype(np.uint8),
        }

    score = itemgetter("validation_accuracy")
    return Run(optimizer.init(params), step, batches_of, config.epochs, finish, measure, score, config.patience)


def median_run(results: Results) -> Any:
    """The run whose test accuracy is the median (the lower one of two)."""
    runs = results["mnist"]
    return runs[np.argsort(scores(runs), kind="stable")[(len(runs) - 1) // 2]]


def figures(results: Results, data: Digits) -> dict[str, Figure]:
    """Loss and accuracy by epoch, and digits that the median run misclassified; then accuracies and digits by class."""
    runs = results["mnist"]
    whose, which = (f"IQM and IQR of {len(runs)} runs", "median") if len(runs) > 1 else ("One run", "only")
    figure = Figure(figsize=(8, 6), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1.05, 0.95), squeeze=False).flat
    above.suptitle(whose, fontsize=10)
    for ax, measure in zip(above.subplots(1, 2), ("loss", "accuracy"), strict=True):
        series = {part: [run["curves"][f"{part}_{measure}"] for run in runs] for part in ("train", "validation")}
        plot.curves(series, ax=ax, ylabel={"loss": "cross-entropy (nats)", "accuracy": "accuracy"}[measure])
    x, labels = data.test
    predicted = median_run(results)["predicted"]
    wrong = np.flatnonzero(predicted != labels)
    shown, of = wrong[:SHOWN], f"{len(wrong):,} of {len(labels):,} test {data.things}"
    below.suptitle(f"The {which} run misclassifies {of}. The first {len(shown)}:", fontsize=10)
    if len(shown):
        names = data.names
        titles = [f"true {names[labels[i]]}\npredicted {names[predicted[i]]}" for i in shown]
        plot.image_grid(x[shown].reshape(-1, *data.shape), titles=titles, columns=8, figure=below)
    return {"mnist": figure, "mnist_by_class": by_class(runs, median_run(results), which, data)}


def claims(results: Results, data: Digits) -> Sequence[Claim]:
    """A test accuracy of about 97 %, losses that decrease smoothly, most of the gain in the first ten epochs."""
    runs = results["mnist"]
    accuracies = scores(runs).tolist()
    reads = at_least("The network reads 97 % of the test digits.", accuracies, 0.97, PAPER_GRADIENT, bar=PAPERS)
    found = [
        *of_digits(reads),
        decreases("Training loss decreases smoothly.", runs, "train"),
        decreases("Validation loss decreases smoothly.", runs, "validation"),
        improves_early("Most of the improvement comes in the first 5 to 10 epochs.", runs, data.n_classes),
    ]
    return told_of(found, data)


RECIPE = Recipe(
    name="mnist",
    text=__doc__,
    figure="figure 5",
    groups={"mnist": Config()},
    run=run,
    load=digits.load,
    figures=figures,
    claims=claims,
    paper=Size(15),
    first=Size(1),
    quick=Size(2, epochs=5),
    fixed={"activation": "relu", "weights": "he_normal", "loss": "cross_entropy"},
    papers={"mnist": 0.9701},
    network=network,
    finding=[
        Finding(
            "The network reads 97 % of the test digits.",
            holds="A network of 64 and 32 hidden neurons reads more than 97 % of the test digits (accuracy {mnist}).",
            fails="A network of 64 and 32 hidden neurons reads less than 97 % of the test digits (accuracy {mnist}).",
            undecided="A network of 64 and 32 hidden neurons reads about 97 % of the test digits (accuracy {mnist}).",
        )
    ],
)
