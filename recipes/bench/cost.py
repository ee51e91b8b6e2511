"""How the cost of an epoch grows with the batch, the width, the depth and the number of networks."""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

import attrs
import numpy as np
from matplotlib.figure import Figure

from fnn.plot.canvas import COLOURS, quiet
from recipes.bench.measure import in_turn
from recipes.bench.problem import Problem
from recipes.bench.table import duration
from recipes.bench.workloads import classifier, exclusive_or
from recipes.digits import Digits

__all__ = ["AXES", "Cost", "costs", "figure", "table"]

EXAMPLES = 8192
AXES: Mapping[str, tuple[tuple[int, ...], Callable[[int], Callable[[Digits], Problem]]]] = {
    "batch": ((4, 16, 64, 256, 1024), lambda n: classifier(64, 32, batch=n, examples=EXAMPLES)),
    "width": ((32, 64, 128, 256, 512), lambda n: classifier(n, n, examples=EXAMPLES)),
    "depth": ((1, 2, 4, 8, 16), lambda n: classifier(*[64] * n, examples=EXAMPLES)),
    "networks": ((1, 4, 16, 64, 256), lambda n: lambda data: exclusive_or(data, runs=n)),
}


@attrs.frozen
class Cost:
    """The work of an epoch, in multiplications of its matrix products, and the seconds that it takes."""

    work: float
    seconds: float


def work(problem: Problem) -> float:
    """Three products a layer, but for the first, whose input needs no gradient."""
    pairs = [n_in * n_out for n_in, n_out in pairwise(problem.sizes)]
    return float(problem.order(0).size * max(1, problem.runs) * (3 * sum(pairs) - pairs[0]))


def costs(data: Digits, rounds: int) -> dict[str, dict[int, Cost]]:
    """What an epoch costs, for each value of each axis."""

    def cost(problem: Problem) -> Cost:
        measured = in_turn(problem, {"fnn": "fnn_numpy.train_together"}, rounds)["fnn"]
        return Cost(work(problem), measured.median)

    return {axis: {n: cost(make(n)(data)) for n in values} for axis, (values, make) in AXES.items()}


def powers(points: Mapping[int, Cost]) -> tuple[float, float]:
    """By which power of n the time grows, and the work, from the last but one of the values n to the last.

    >>> powers({1: Cost(work=10.0, seconds=1.0), 2: Cost(work=40.0, seconds=2.0)})
    (1.0, 2.0)
    """
    (n, before), (more, after) = list(points.items())[-2:]
    step = np.log(more / n)
    return float(np.log(after.seconds / before.seconds) / step), float(np.log(after.work / before.work) / step)


def table(found: Mapping[str, Mapping[int, Cost]]) -> Iterator[str]:
    """A row an axis, with the powers of its value by which the time and the work grow at its end."""
    yield from ("", "**How cost grows**", "", "| | an epoch takes | power, of its products |", "|---|---|---|")
    for axis, points in found.items():
        taken = ", ".join(f"{n}: {duration(cost.seconds)}" for n, cost in points.items())
        time, products = powers(points)
        yield f"| {axis} | {taken} | {time:.2f}, {products:.2f} |"


def figure(found: Mapping[str, Mapping[int, Cost]]) -> Figure:
    """A panel an axis, both scales logarithmic; the broken line is the work, drawn through the last point."""
    drawing = Figure(figsize=(11, 2.8), layout="constrained")
    for ax, (axis, points) in zip(drawing.subplots(1, len(found), squeeze=False).flat, found.items(), strict=True):
        values, seconds = list(points), [cost.seconds for cost in points.values()]
        last = list(points.values())[-1]
        ax.plot(
            values, [cost.work * last.seconds / last.work for cost in points.values()], "--", color=COLOURS[6], lw=1
        )
        ax.plot(values, seconds, "o-", color=COLOURS[0])
        ax.set_xscale("log", base=2)
        ax.set_yscale("log")
        ax.set_xticks(values, [str(n) for n in values])
        ax.set(xlabel=axis, ylabel="seconds an epoch" if axis == "batch" else "")
        quiet(ax, "y")
    return drawing
