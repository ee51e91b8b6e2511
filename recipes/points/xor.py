"""A 2-8-2 network of sigmoid units learns XOR, which no straight line can (figure 4).

Every run has its own 400 points, from four unit Gaussians at (±3, ±3), and its own initial values. The network is
trained with SGD at 0.01 on the cross-entropy, for 256 epochs in batches of 32. The loss is summed over a batch, as in
the paper's code: with its mean, this rate barely moves the network. Each run is compared with the rule of signs, the
best classifier of such points.
"""

from collections.abc import Sequence
from functools import partial

import attrs
import numpy as np
from matplotlib.axes import Axes

import fnn
from fnn.metrics import iqm
from recipes.claims import ANEW, Claim, most_runs
from recipes.points import ensemble
from recipes.points.ensemble import ACTIVATIONS, Config
from recipes.points.study import Result, Shown, ranked, recipe, regions, stays_within
from recipes.recipe import Finding, NoData, Recipe, scores
from recipes.training import Run

__all__ = ["RECIPE", "experiment"]

CONFIG = Config(
    hidden=(8,),
    activation="sigmoid",
    loss="cross_entropy",
    reduction="sum",
    optimizer="sgd",
    rate=0.01,
    batch_size=32,
    epochs=256,
    points=400,
    runs=25,
)
STRAIGHT = 0.75  # the accuracy of the best straight boundary: it cuts off one of four quadrants
BEND = (STRAIGHT + 1) / 2  # chance lifts a straight boundary above 0.75 on some draws of points, but not to here
SLACK = 0.05  # the accuracy that a boundary may lose: one point in twenty


def draw(key: fnn.Key, n: int) -> dict[str, np.ndarray]:
    """The points of four blobs, one in each quadrant; opposite blobs are of one class."""
    return ensemble.in_random_order(fnn.fold_in(key, 1), *fnn.data.xor(fnn.fold_in(key, 0), n))


def network(config: Config) -> fnn.Layer:
    """Two coordinates, one hidden layer, and a logit for each class.

    >>> network(CONFIG)
    chain(linear(8), sigmoid, linear(2))
    """
    (width,) = config.hidden
    return fnn.chain(fnn.linear(width), ACTIVATIONS[config.activation], fnn.linear(2))


def run(config: Config, key: fnn.Key, data: NoData) -> Run:
    """All trainings; the result says how the rule of signs does on the same points."""
    return ensemble.train(config, network(config), key, draw, against_rule_of_signs)


def against_rule_of_signs(result: Result) -> dict[str, np.ndarray]:
    """The accuracy of the rule of signs, class 1 if the product of the coordinates is negative, as scores."""
    x, labels = result["data"]["x"], result["data"]["y"]
    return ensemble.comparison(result, np.mean((x.prod(axis=-1) < 0) == labels, axis=-1))


def panel(ax: Axes, run: Result, config: Config) -> str:
    """Draw one run's regions and points, with the boundary of the rule of signs."""
    said = regions(ax, network(config), run)
    for line, label in ((ax.axhline, "rule of signs"), (ax.axvline, None)):
        line(0, color="black", linestyle="--", linewidth=1, label=label)
    return said


def claims(runs: Sequence[Result]) -> Sequence[Claim]:
    """A boundary that is not linear, and the pattern captured by the median and the worst run.

    The worst run is the one with the most errors, by definition; its errors are stated, and no claim is made of them.
    """
    reached, order = scores(runs, "accuracy"), ranked(runs, "shortfall")
    mistakes = scores(order, "mistakes")
    guessed = f"guessing has a cross-entropy of {np.log(2):.3f} nats; the last one is"
    errors = f"(the median run mistakes {mistakes[len(mistakes) // 2]:.0f} of its points, the worst {mistakes[-1]:.0f})"
    learns = most_runs(
        "The model successfully learns a non-linear decision boundary.",
        reached > BEND,
        f"read more than {BEND}, midway between the most that a straight boundary can reach, {STRAIGHT}, and 1",
        f"{guessed} {iqm(scores(runs, 'loss')):.3f}",
        ANEW,
    )
    best = f"accuracy {iqm(reached):.4f}, the rule of signs {iqm(scores(runs, 'best_accuracy')):.4f}"
    return [
        attrs.evolve(learns, measured=f"{best}; {learns.measured}"),
        stays_within(
            "The median and the worst model both capture the XOR pattern.",
            f"accuracy below that of the rule of signs {errors}",
            scores(runs, "shortfall"),
            SLACK,
            f"{guessed} {order[-1]['scores']['loss']:.3f} in the worst run",
        ),
    ]


def experiment(name: str, text: str | None, number: str, config: Config, source: str = "the paper") -> Recipe:
    """The recipe of one network that learns XOR, with the claims of the paper as claims of `source`.

    name, text, number    the recipe's name, the docstring of its module, and the paper's figure
    config                the setting
    """
    shown = Shown(partial(panel, config=config), gap="shortfall", best="rule of signs")

    def sourced(runs: Sequence[Result]) -> Sequence[Claim]:
        return [attrs.evolve(claim, source=source) for claim in claims(runs)]

    return recipe(name, text, number, config, run, shown, sourced)


FINDING = Finding(
    "The model successfully learns a non-linear decision boundary.",
    holds="Eight hidden units learn XOR, which no straight line can (accuracy {xor}).",
    fails="Eight hidden units rarely learn XOR (accuracy {xor}).",
    undecided="Whether eight hidden units learn XOR in most runs is undecided (accuracy {xor}).",
)
RECIPE = attrs.evolve(experiment("xor", __doc__, "figure 4", CONFIG), finding=[FINDING])
