"""A linear layer and softmax separate two blobs of points (figure 3).

Every run has blobs of its own, 400 points of two unit Gaussians with random centres, of which some overlap, and initial
values of its own. SGD at 0.01 on the cross-entropy for 256 epochs in batches of 32, summed over a batch as in `xor`, is
compared with the boundary halfway between the blobs, than which none is better in the long run.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

import fnn
from recipes import synthetic
from recipes.claims import Claim, at_least
from recipes.median_and_worst import Run, falls_fast, recipe, regions, stands_out, stays_within
from recipes.recipe import NoData, scores
from recipes.training import Watch, unwatched

__all__ = ["RECIPE"]

CONFIG = synthetic.Config()
SLACK = 0.05  # the accuracy that a boundary may lose: one point in twenty


def draw(key: fnn.Key, n: int) -> dict[str, np.ndarray]:
    """The points of two blobs with random centres."""
    return synthetic.shuffled(fnn.fold(key, 1), *fnn.data.blobs(fnn.fold(key, 0), n))


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


def run(config: synthetic.Config, key: fnn.Key, data: NoData, watch: Watch = unwatched) -> dict[str, Any]:
    """All trainings beside the boundary halfway: its accuracy, and by how much the learnt one is turned from it."""
    trained = synthetic.train(config, key, draw, watch)
    weights = trained["params"]["0"]["weights"]  # (runs, 2, 2)
    best, turned = [], []
    for x, labels, learnt in zip(*trained["data"].values(), weights[..., 1] - weights[..., 0], strict=True):
        normal, middle = halfway(x, labels)
        best.append(np.mean(((x - middle) @ normal > 0) == labels))
        turned.append(degrees(learnt, normal))
    return synthetic.beside(trained, np.array(best), turned=np.array(turned))


def panel(ax: Axes, config: synthetic.Config, run: Run) -> str:
    """One run's regions and points, with the boundary halfway."""
    said = regions(ax, config, run)
    (a, b), (x1, x2) = halfway(run["data"]["x"], run["data"]["y"])
    ax.axline((x1, x2), (x1 - b, x2 + a), color="black", linestyle="--", linewidth=1, label="ideal boundary")
    return said


def claims(runs: Sequence[Run]) -> Sequence[Claim]:
    """A quick decrease, accuracy near 100 %, and classes separated in the median and in the worst run."""
    return [
        falls_fast("Loss quickly decreases.", runs),
        at_least("Accuracy reaches nearly 100 %.", scores(runs, "accuracy").tolist(), 0.99),
        stays_within(
            "The median and the worst model both successfully separate the two classes.",
            "accuracy below the ideal boundary's",
            scores(runs, "shortfall"),
            SLACK,
        ),
        stands_out(
            "The worst model's boundary has a suboptimal orientation.",
            "degrees between the boundary and the ideal one",
            runs,
            "shortfall",
            "turned",
        ),
    ]


RECIPE = recipe(
    "linear_classification", __doc__, "figure 3", CONFIG, run, panel, claims, gap="shortfall", best="ideal boundary"
)
