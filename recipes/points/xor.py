"""A 2-8-2 network of sigmoid units learns XOR, which no straight line can (figure 4).

Every run has 400 points of its own, of four unit Gaussians at (±3, ±3), and initial values of its own. SGD at 0.01 on
the cross-entropy for 256 epochs in batches of 32: summed over a batch, as in the paper's own code, since by its mean
this rate barely moves the network. The rule of signs, the best there is for such points, is what it is compared with.
"""

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from matplotlib.axes import Axes

import fnn
from fnn.metrics import iqm
from recipes.claims import Claim, estimate, judged
from recipes.points import synthetic
from recipes.points.median_and_worst import Run, ranked, recipe, regions, stays_within
from recipes.recipe import NoData, Recipe, scores
from recipes.training import Watch, unwatched

__all__ = ["RECIPE", "experiment"]

CONFIG = synthetic.Config(hidden=(8,))
STRAIGHT = 0.75  # the accuracy of the best straight boundary: it cuts off one of four quadrants
SLACK = 0.05  # the accuracy that a boundary may lose: one point in twenty


def draw(key: fnn.Key, n: int) -> dict[str, np.ndarray]:
    """The points of four blobs, one a quadrant; opposite ones are of one class."""
    return synthetic.shuffled(fnn.fold_in(key, 1), *fnn.data.xor(fnn.fold_in(key, 0), n))


def run(config: synthetic.Config, key: fnn.Key, data: NoData, watch: Watch = unwatched) -> dict[str, Any]:
    """All trainings beside the rule of signs: class 1 where the coordinates' product is negative."""
    trained = synthetic.train(config, key, draw, watch)
    x, labels = trained["data"]["x"], trained["data"]["y"]
    return synthetic.beside(trained, np.mean((x.prod(axis=-1) < 0) == labels, axis=-1))


def panel(ax: Axes, config: synthetic.Config, run: Run) -> str:
    """One run's regions and points, with the boundary of the rule of signs."""
    said = regions(ax, config, run)
    for line, label in ((ax.axhline, "rule of signs"), (ax.axvline, None)):
        line(0, color="black", linestyle="--", linewidth=1, label=label)
    return said


def claims(runs: Sequence[Run]) -> Sequence[Claim]:
    """A boundary that is not linear, and the pattern captured by the median and the worst run.

    That the worst run shows more errors than the median is how it is found, and so a fact to state, not a claim.
    """
    reached, order = estimate(scores(runs, "accuracy")), ranked(runs, "shortfall")
    mistakes = scores(order, "mistakes")
    guessed = f"guessing has a cross-entropy of {np.log(2):.3f} nats; the last one is"
    errors = f"(the median run mistakes {mistakes[len(mistakes) // 2]:.0f} of its points, the worst {mistakes[-1]:.0f})"
    return [
        Claim(
            "The model successfully learns a non-linear decision boundary.",
            f"accuracy {reached.said()}, to exceed {STRAIGHT}, the most that a straight boundary can reach; the rule "
            f"of signs has {iqm(scores(runs, 'best_accuracy')):.4f}",
            judged(reached, above=STRAIGHT),
            f"{guessed} {iqm(scores(runs, 'loss')):.3f}",
        ),
        stays_within(
            "The median and the worst model both capture the XOR pattern.",
            f"accuracy below that of the rule of signs {errors}",
            scores(runs, "shortfall"),
            SLACK,
            f"{guessed} {order[-1]['scores']['loss']:.3f} in the worst run",
        ),
    ]


def experiment(name: str, text: str | None, shown: str, config: synthetic.Config, source: str = "the paper") -> Recipe:
    """The recipe of one network that learns XOR; `source` claims of it what the paper claims of its own."""

    def asked(runs: Sequence[Run]) -> Sequence[Claim]:
        return [attrs.evolve(claim, source=source) for claim in claims(runs)]

    return recipe(name, text, shown, config, run, panel, asked, gap="shortfall", best="rule of signs")


RECIPE = experiment("xor", __doc__, "figure 4", CONFIG)
