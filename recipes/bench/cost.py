"""How the cost of an epoch grows with the batch, the width, the depth and the number of networks."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from itertools import pairwise

import attrs
import numpy as np
from matplotlib.figure import Figure

from fnn.plot.canvas import COLOURS, quiet
from recipes.bench.measure import in_turns, rounds_of, stored
from recipes.bench.problem import Problem
from recipes.bench.table import Finding, duration, titled
from recipes.bench.workloads import classifier, exclusive_or
from recipes.data.digits import Digits

__all__ = ["AXES", "Cost", "costs", "figure", "finding", "table"]

EXAMPLES = 8192
AXES: Mapping[str, tuple[tuple[int, ...], Callable[[int], Callable[[Digits], Problem]]]] = {
    "batch": ((4, 16, 64, 256, 1024), lambda n: classifier(64, 32, batch=n, examples=EXAMPLES)),
    "width": ((32, 64, 128, 256, 512), lambda n: classifier(n, n, examples=EXAMPLES)),
    "depth": ((1, 2, 4, 8, 16), lambda n: classifier(*[64] * n, examples=EXAMPLES)),
    "networks": ((1, 4, 16, 64, 256), lambda n: lambda data: exclusive_or(data, runs=n)),
}


@attrs.frozen
class Cost:
    """The work of an epoch, as the number of multiplications in its matrix products, and its time in seconds."""

    work: float
    seconds: float


def finding(data: Digits, rounds: int) -> Finding:
    """The costs as a table and a picture."""
    found = costs(data, rounds)
    return Finding(table(found), found, figure(found))


def work(problem: Problem) -> float:
    """The multiplications of an epoch: three products per layer, but two in the first (its input needs no gradient)."""
    pairs = [n_in * n_out for n_in, n_out in pairwise(problem.sizes)]
    return float(problem.order(0).size * max(1, problem.runs) * (3 * sum(pairs) - pairs[0]))


def costs(data: Digits, rounds: int) -> dict[str, dict[int, Cost]]:
    """The cost of an epoch for each value of each axis; the values of one axis are measured in interleaved rounds."""

    def along(values: tuple[int, ...], make: Callable[[int], Callable[[Digits], Problem]]) -> dict[int, Cost]:
        problems = {n: make(n)(data) for n in values}
        with ExitStack() as stack:
            paths = {n: stack.enter_context(stored(problem)) for n, problem in problems.items()}
            found = in_turns({n: rounds_of("fnn_numpy.train_together", path, rounds) for n, path in paths.items()})
        return {n: Cost(work(problem), found[n].median) for n, problem in problems.items()}

    return {axis: along(values, make) for axis, (values, make) in AXES.items()}


def steepest(points: Mapping[int, Cost]) -> tuple[float, int, int]:
    """The largest exponent p in time ∝ work^p between two neighbouring sizes, and the two sizes.

    >>> steepest({1: Cost(10.0, 1.0), 2: Cost(20.0, 2.0), 3: Cost(30.0, 2.5)})
    (1.0, 1, 2)
    """

    def power(a: Cost, b: Cost) -> float:
        return float(np.log(b.seconds / a.seconds) / np.log(b.work / a.work))

    return max((power(a, b), n, m) for (n, a), (m, b) in pairwise(points.items()))


def table(found: Mapping[str, Mapping[int, Cost]]) -> list[str]:
    """One row for each axis; an exponent of at most 1 means that the time grows no faster than the work."""

    def row(axis: str, points: Mapping[int, Cost]) -> tuple[str, str, str]:
        times = ", ".join(f"{n}: {duration(cost.seconds)}" for n, cost in points.items())
        if axis == "batch":
            return axis, times, "the work is the same"
        power, n, m = steepest(points)
        return axis, times, f"{power:.2f} ({n} to {m})"

    head = ("varied", "time of an epoch", "largest exponent p in time ∝ work^p")
    return titled("How the cost of an epoch grows", head, [row(*each) for each in found.items()])


def figure(found: Mapping[str, Mapping[int, Cost]]) -> Figure:
    """One panel for each axis, on logarithmic scales; the dashed line is the work, scaled to meet the last point."""
    drawing = Figure(figsize=(11, 3.1), layout="constrained")
    for ax, (axis, points) in zip(drawing.subplots(1, len(found), squeeze=False).flat, found.items(), strict=True):
        values, seconds = list(points), [cost.seconds for cost in points.values()]
        last = list(points.values())[-1]
        work = [cost.work * last.seconds / last.work for cost in points.values()]
        ax.plot(values, work, "--", color=COLOURS[6], lw=1, label="in proportion to the work")
        ax.plot(values, seconds, "o-", color=COLOURS[0], label="measured")
        ax.set_xscale("log", base=2)
        ax.set_yscale("log")
        ax.set_xticks(values, [str(n) for n in values])
        ax.set(xlabel=axis, ylabel="seconds an epoch" if axis == "batch" else "")
        quiet(ax, "y")
    drawing.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False, fontsize=8)
    return drawing
