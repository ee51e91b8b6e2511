"""A linear layer and softmax separate two blobs of points (figure 3).

Every run has its own blobs, 400 points of two unit Gaussians with random centres, and its own initial values; some
blobs overlap. The network is trained with SGD at 0.01 on the cross-entropy, for 256 epochs in batches of 32,
whose gradients are summed: the paper's code sums them over a batch, so that 0.01 is its rate only for a sum. Each run
is compared with the boundary halfway between its blobs, and with the best accuracy that is possible in the long run:
Φ(d / 2) for two unit Gaussians at a distance d. Blobs for which it is below 0.99 are called not separable. The median
and the worst run are those among the runs with separable blobs, ranked by how far they fall short of the boundary
halfway.
"""

from collections.abc import Sequence
from math import erf, sqrt
from typing import Any

import attrs
import numpy as np
from matplotlib.axes import Axes

import fnn
from fnn.metrics import iqm
from recipes.claims import ANEW, FEWEST, NOT_JUDGED, Claim, most_runs
from recipes.points import ensemble
from recipes.points.ensemble import Config
from recipes.points.study import Result, Shown, falls_fast, ranked, recipe, regions, stays_within
from recipes.recipe import NoData, scores
from recipes.training import Run

__all__ = ["RECIPE"]

CONFIG = Config(
    loss="cross_entropy", reduction="sum", optimizer="sgd", rate=0.01, batch_size=32, epochs=256, points=400, runs=25
)
MODEL = fnn.chain(fnn.linear(2))  # two coordinates to a logit for each class
SEPARABLE = 0.99  # blobs are separable if this accuracy is possible
SLACK = 0.02  # the accuracy that a boundary of separable blobs may lose to the one halfway: one point in fifty


def draw(key: fnn.Key, n: int) -> dict[str, np.ndarray]:
    """The points of two blobs with random centres."""
    return ensemble.in_random_order(fnn.fold_in(key, 1), *fnn.data.blobs(fnn.fold_in(key, 0), n))


def halfway(x: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The normal of the boundary halfway between the means of two classes, and the point in the middle: (2,) each.

    >>> halfway(np.array([[0.0, 0.0], [2.0, 0.0]]), np.array([0, 1]))
    (array([2., 0.]), array([1., 0.]))
    """
    below, above = (x[labels == k].mean(axis=0) for k in (0, 1))
    return above - below, (above + below) / 2


def degrees(a: np.ndarray, b: np.ndarray) -> Any:
    """The angle between two directions (2,).

    >>> degrees(np.array([1.0, 0.0]), np.array([0.0, 2.0]))
    np.float64(90.0)
    """
    return np.degrees(np.arccos(np.clip(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)), -1, 1)))


def possible(distance: float) -> float:
    """The best accuracy on two unit Gaussians at a distance d, equally frequent: Φ(d / 2).

    >>> possible(0.0), round(possible(4.0), 4)
    (0.5, 0.9772)
    """
    return (1 + erf(distance / (2 * sqrt(2)))) / 2


def by_chance(distance: float, n: int) -> float:
    """The angle in degrees that 95 % of ideal boundaries stay within, for what n points of the two Gaussians scatter.

    The difference of two means of n / 2 points has a standard deviation of √(4 / n) across its own direction.

    >>> round(by_chance(5.0, 400), 2)
    2.24
    """
    return float(np.degrees(np.arctan(1.96 * sqrt(4 / n) / max(distance, 1e-12))))


def run(config: Config, key: fnn.Key, data: NoData) -> Run:
    """All trainings; the result compares each with the boundary halfway between its blobs."""
    return ensemble.train(config, MODEL, key, draw, against_halfway)


def against_halfway(result: Result) -> dict[str, np.ndarray]:
    """The accuracy of the boundary halfway, and the angle of the learnt boundary to it, as scores."""
    weights = result["params"]["0"]["weights"]  # (runs, 2, 2)
    rows = []
    for x, labels, learnt in zip(*result["data"].values(), weights[..., 1] - weights[..., 0], strict=True):
        normal, middle = halfway(x, labels)
        best, distance = np.mean(((x - middle) @ normal > 0) == labels), float(np.linalg.norm(normal))
        # Means of 200 points lie near the centres.
        rows.append((best, degrees(learnt, normal), possible(distance), by_chance(distance, len(x))))
    reached, turned, bayes, chance = np.transpose(rows)
    scores = {"turned": turned, "turned_by_chance": chance, "possible_accuracy": bayes}
    return {**ensemble.comparison(result, reached), **scores}


def panel(ax: Axes, run: Result) -> str:
    """Draw one run's regions and points, with the boundary halfway."""
    said = regions(ax, MODEL, run)
    (a, b), (x1, x2) = halfway(run["data"]["x"], run["data"]["y"])
    ax.axline((x1, x2), (x1 - b, x2 + a), color="black", linestyle="--", linewidth=1, label="ideal boundary")
    return f"{said}, turned by {run['scores']['turned']:.0f}°"


def separable(run: Result) -> bool:
    """Whether a boundary could tell a run's blobs apart."""
    return run["scores"]["possible_accuracy"] >= SEPARABLE


def orientation(statement: str, order: Sequence[Result]) -> Claim:
    """The claim that the boundary of the last run is turned by more than the ideal one would be by chance."""
    if len(order) <= FEWEST:
        return Claim(statement, f"the angle to the ideal boundary (too few runs: {len(order)})", NOT_JUDGED)
    turned, chance = (scores(order, name) for name in ("turned", "turned_by_chance"))
    mistakes, furthest = scores(order, "mistakes"), int(np.argmax(turned))
    rank = 1 + int(np.sum(turned[:-1] > turned[-1]))
    return Claim(
        statement,
        f"the boundary of the worst run, which mistakes {mistakes[-1]:.0f} points, is turned by {turned[-1]:.0f}° from "
        f"the ideal one, which itself would be turned by up to {chance[-1]:.1f}° on other points of these blobs; of "
        f"all {len(order)} angles it is number {rank} from the largest, and {int(np.sum(turned > chance))} exceed what "
        "chance would do",
        "holds" if turned[-1] > chance[-1] else "fails",
        f"angles and mistakes need not go together: the boundary that is turned furthest, by {turned[furthest]:.0f}°, "
        f"mistakes {mistakes[furthest]:.0f} points",
        bar=ANEW,
    )


def claims(runs: Sequence[Result]) -> Sequence[Claim]:
    """A quick decrease, accuracy near 100 %, separable classes told apart, and the worst boundary turned."""
    reached, bayes = (scores(runs, name) for name in ("accuracy", "possible_accuracy"))
    order = ranked(list(filter(separable, runs)), "shortfall")
    furthest = max(scores(order, "turned"), default=0)
    pairs = f"{len(order)} of {len(runs)} pairs of blobs are separable (allow an accuracy of {SEPARABLE} or more)"
    near = most_runs("Accuracy reaches nearly 100 %.", reached >= 0.99, "reach 99 %", pairs, ANEW)
    means = f"IQM {iqm(reached):.4f}, of what is possible {iqm(bayes):.4f}, least {reached.min():.2f}"
    return [
        falls_fast("Loss quickly decreases.", runs, pairs),
        attrs.evolve(near, measured=f"{means}; {near.measured}"),
        stays_within(
            "The median and the worst model both successfully separate the two classes, where they are separable.",
            f"{pairs}; on these, accuracy below that of the ideal boundary on the same points",
            scores(order, "shortfall"),
            SLACK,
            f"the boundaries of these runs are turned from the ideal ones by up to {furthest:.0f}°",
        ),
        orientation("The worst model's boundary has a suboptimal orientation, where the classes are separable.", order),
    ]


SHOWN = Shown(panel, "shortfall", "ideal boundary", counts=separable, among=" whose blobs are separable")
RECIPE = recipe("linear_classification", __doc__, "figure 3", CONFIG, run, SHOWN, claims)
