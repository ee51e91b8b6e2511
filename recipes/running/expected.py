"""How long a recipe takes on this machine, from a few short epochs that are measured here."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import attrs
import numpy as np
from threadpoolctl import threadpool_limits

from fnn import Key
from recipes.recipe import Recipe, Size
from recipes.running.engine import NUMPY, Engine
from recipes.running.workers import cores

__all__ = ["seconds_of"]

FEW, MORE = 500, 2_500  # training examples of the epochs that are measured
LONG = 0.5  # seconds; a longer epoch is measured once
GROUPS = 8  # at most so many groups are measured; the others are assumed to lie between them


def seconds_of(recipe: Recipe, data: Any, jobs: int | None = None, by: Engine = NUMPY) -> Callable[[Size], float]:
    """The function size -> seconds that all trainings of a recipe take in that size, by `jobs` processes.

    `by` carries out the folds; runs that train together on a GPU take less than this. An epoch is assumed to take
    a + b n seconds for n training examples. Early stopping, and the test at the end of a run, are left out.
    """
    configs = list(recipe.groups.values())
    places = sorted({round(place) for place in np.linspace(0, len(configs) - 1, min(GROUPS, len(configs)))})
    measured = [_cost(recipe, configs[i], data, by) for i in places]
    a, b = (np.interp(range(len(configs)), places, costs) for costs in zip(*measured, strict=True))
    everything = len(data.train[0]) if hasattr(data, "train") else 0

    def seconds(size: Size) -> float:
        epochs = [size.epochs or getattr(config, "epochs", 1) for config in configs]
        examples = everything if size.examples is None else min(size.examples, everything)
        each = float(np.sum(np.multiply(epochs, a + b * examples)))  # of one run of every group
        runs = 1 if recipe.together else size.runs
        return each * runs / min(jobs or cores(), runs * len(configs))

    return seconds


def _cost(recipe: Recipe, config: Any, data: Any, by: Engine) -> tuple[float, float]:
    """The seconds of an epoch: those that do not depend on the number of training examples, and those of each."""
    changes = {name: n for name, n in (("epochs", 3), ("runs", recipe.paper.runs)) if hasattr(config, name)}
    config = attrs.evolve(config, **changes)
    if not hasattr(data, "first"):
        return _epoch(recipe, config, data, by), 0.0
    few, more = (_epoch(recipe, config, data.first(n), by) for n in (FEW, MORE))
    b = max(0.0, (more - few) / (MORE - FEW))
    return max(0.0, few - b * FEW), b


def _epoch(recipe: Recipe, config: Any, data: Any, by: Engine) -> float:
    """The seconds of the faster one of two epochs: in the first one, caches are empty, and JAX compiles the step."""
    with threadpool_limits(1), by.on_one_core():
        run, found = recipe.run(config, Key(0), by.resting(data)), list[float]()
        progresses = run.scan(run.start, by.carry_out())
        next(progresses)
        while len(found) < 2 and (by != NUMPY or sum(found) < LONG):
            begin = perf_counter()
            next(progresses)
            found.append(perf_counter() - begin)
    return min(found)
