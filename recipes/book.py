"""The book of recipes, and what becomes of one: runs, then a result, parameters and pictures in a folder."""

import json
import platform
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import attrs
import numpy as np

import fnn
from fnn import plot
from recipes.recipe import Command, Recipe, Results, Task
from recipes.store import save_tree, write_text
from recipes.sweep import sweep

__all__ = ["Options", "commands", "cook", "find", "names"]

names = ("mnist",)
commands = ("benchmark",)


@attrs.frozen
class Options:
    """How to carry out a recipe; None stands for the recipe's own value."""

    runs: int | None = None
    epochs: int | None = None
    jobs: int | None = None
    seed: int = 0
    data: str | None = None
    out: str = "results"
    paper: bool = False
    fresh: bool = False


def find(name: str) -> Recipe | Command:
    """The recipe or command of this name; raises `KeyError`, with the nearest name, where there is none."""
    known = (*names, *commands)
    if name not in known:
        near = get_close_matches(name, known, 1)
        raise KeyError(f"no recipe {name!r}; " + (f"did you mean {near[0]!r}?" if near else f"there are {known}"))
    return import_module(f"recipes.{name}").RECIPE


def _plain(value: Any) -> Any:
    """Arrays as lists and NumPy's numbers as Python's, for JSON."""
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def _of_group(config: Any, runs: Any) -> dict[str, Any]:
    """One group as plain values: its configuration, its scores (one number a run), its curves (one list a run)."""
    scores = {name: [float(run["scores"][name]) for run in runs] for name in runs[0]["scores"]}
    curves = {name: [_plain(run["curves"][name]) for run in runs] for name in runs[0].get("curves", {})}
    return {"configuration": attrs.asdict(config), **scores, "curves": curves}


def cook(recipe: Recipe, options: Options) -> Results:
    """Carry out a recipe and write result.json, parameters.npz and its figures to a folder of its own."""
    n_runs = options.runs or (recipe.paper_runs if options.paper else recipe.first_runs)
    changes = {} if options.epochs is None else {"epochs": options.epochs}
    groups = {name: attrs.evolve(config, **changes) for name, config in recipe.groups.items()}
    data = recipe.load(options.data)
    tasks = [
        Task(recipe.run, recipe.load, options.data, config, key)
        for config in groups.values()
        for key in fnn.split(fnn.Key(options.seed), n_runs)
    ]
    out = Path(options.out)
    done = sweep(tasks, data.checksums, out / "runs", jobs=options.jobs, fresh=options.fresh)
    results = {name: done[i * n_runs : (i + 1) * n_runs] for i, name in enumerate(groups)}

    folder = out / recipe.name
    parts = {name: _of_group(groups[name], runs) for name, runs in results.items()}
    result = {
        "recipe": recipe.name,
        **(parts[recipe.name] if list(parts) == [recipe.name] else {"groups": parts}),
        "seeds": [{"seed": options.seed, "run": index} for index in range(n_runs)],
        "data": {"directory": options.data or "MNIST", "sha256": dict(data.checksums)},
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in ("numpy", "attrs", "toolz", "matplotlib")},
            "fnn": fnn.__version__,
        },
    }
    write_text(folder / "result.json", json.dumps(result, indent=1))
    parameters = {name: {str(i): run["params"] for i, run in enumerate(runs)} for name, runs in results.items()}
    save_tree(folder / "parameters.npz", parameters)
    for name, figure in recipe.figures(results, data).items():
        plot.save(figure, folder / name)
    return results
