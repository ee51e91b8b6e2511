"""A linear layer finds the line behind noisy points (figure 2).

Every run has its own line, y = w x + b with w ~ U(-5, 5) and b ~ U(-10, 10), 400 points near it with x ~ U(0, 10)
and noise of standard deviation 0.5, and its own initial values. The layer is trained with SGD at 0.01 on the mean
squared error, for 200 epochs in batches of 32. Each run is compared with least squares on the same points.
"""

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from matplotlib.axes import Axes

import fnn
from fnn import plot
from fnn.metrics import iqm
from fnn.plot.canvas import quiet
from recipes.claims import ANEW, Claim, most_runs
from recipes.points import ensemble
from recipes.points.ensemble import Config
from recipes.points.study import Result, Shown, falls_fast, recipe, stays_within
from recipes.recipe import NoData, scores
from recipes.training import Run

__all__ = ["RECIPE"]

CONFIG = Config(
    loss="mse", reduction="mean", optimizer="sgd", rate=0.01, batch_size=32, epochs=200, points=400, runs=25
)
MODEL = fnn.chain(fnn.linear(1))
NOISE = 0.5  # the standard deviation of the points around their line
NEAR = 1.1  # times the least possible loss, below which a training has converged
KNOWN = (
    "not established; a known difference is that the paper's code sums its gradient over the 32 points of a batch, "
    "which makes its steps 32 times as long"
)


def draw(key: fnn.Key, n: int) -> dict[str, np.ndarray]:
    """Points near a random line, and that line."""
    line = fnn.data.line(key, n)
    return {"x": line.x, "y": line.y, "w": np.array(line.w), "b": np.array(line.b)}


def distance(line: Any, other: Any) -> Any:
    """The root mean square distance of two lines (w, b) over x from 0 to 10: √(100/3 Δw² + 10 Δw Δb + Δb²).

    >>> distance((2.0, 1.0), (2.0, 1.5))
    np.float64(0.5)
    """
    dw, db = line[0] - other[0], line[1] - other[1]
    return np.sqrt(100 / 3 * dw**2 + 10 * dw * db + db**2)


def run(config: Config, key: fnn.Key, data: NoData) -> Run:
    """All trainings; the result compares each fitted line with that of least squares."""
    return ensemble.train(config, MODEL, key, draw, against_least_squares)


def against_least_squares(result: Result) -> dict[str, np.ndarray]:
    """The loss of least squares, and the distances of both fitted lines from the true one, as scores."""
    points, layer = result["data"], result["params"]["0"]
    true, fitted = (points["w"], points["b"]), (layer["weights"][:, 0, 0], layer["bias"][:, 0])
    x, y = (points[name][..., 0].astype(np.float64) for name in ("x", "y"))  # (runs, points)
    w, b = np.array([np.polyfit(*pair, 1) for pair in zip(x, y, strict=True)]).T
    return {
        "best_loss": np.mean((w[:, None] * x + b[:, None] - y) ** 2, axis=-1),
        "distance": distance(fitted, true),
        "best_distance": distance((w, b), true),
    }


def panel(ax: Axes, run: Result) -> str:
    """Draw one run's points, with the fitted and the true line."""
    points, layer, ends = run["data"], run["params"]["0"], np.array([[0.0], [10.0]])
    dots: dict[str, Any] = {"markersize": 3, "alpha": 0.6, "markeredgewidth": 0}
    ax.plot(points["x"], points["y"], "o", color=plot.COLOURS[5], label="points", **dots)
    ax.plot(ends, ends * layer["weights"] + layer["bias"], color=plot.COLOURS[1], linewidth=2.4, label="fitted line")
    ax.plot(ends, ends * points["w"] + points["b"], color="black", linestyle="--", linewidth=1, label="true line")
    ax.set(xlabel="x", ylabel="y")
    quiet(ax)
    return f"{run['scores']['distance']:.3f} from the true line"


def claims(runs: Sequence[Result]) -> Sequence[Claim]:
    """A rapid decrease, then convergence; the median and the worst run find the line."""
    distances, possible = (scores(runs, name) for name in ("distance", "best_distance"))
    ratios = scores(runs, "loss") / scores(runs, "best_loss")
    worst = np.argmax(distances)
    converged = most_runs(
        "The initial decrease is followed by convergence.",
        ratios < NEAR,
        f"end below {NEAR} times that",
        KNOWN,
        ANEW,
    )
    ends = f"the last loss is {iqm(ratios):.3f} times that of least squares"
    return [
        falls_fast("The loss shows a rapid initial decrease.", runs, KNOWN),
        attrs.evolve(converged, measured=f"{ends}; {converged.measured}"),
        stays_within(
            "The median and the worst-performing model both capture the underlying linear pattern.",
            f"distance from the true line (least squares: median {np.median(possible):.4f}, worst {max(possible):.4f})",
            distances,
            NOISE,
            f"the worst run's last loss is {ratios[worst]:.3f} times that of least squares; {KNOWN}",
        ),
    ]


SHOWN = Shown(panel, gap="distance", best="least squares")
RECIPE = recipe("linear_regression", __doc__, "figure 2", CONFIG, run, SHOWN, claims, score="distance")
