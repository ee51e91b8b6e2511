"""The catalogue of recipes, and what becomes of one: runs, then a result, parameters and pictures in a folder."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
import numpy as np

import fnn
from fnn import checkpoint, plot, tree
from recipes.claims import FEWEST, Claim
from recipes.recipe import Command, Recipe, Results, Size, Task, no_data, scores
from recipes.reporting.wording import counted, groups_in_words, score_in_words, shortfall
from recipes.running.provenance import versions
from recipes.running.store import write_text
from recipes.running.sweep import sweep

__all__ = [
    "Options",
    "all_tasks",
    "commands",
    "data_of",
    "describe",
    "executor_of",
    "find",
    "how_to_sweep",
    "names",
    "results_of",
    "run_recipe",
    "size_of",
    "tasks_of",
    "write",
]

FAMILIES = {
    "points": ("linear_regression", "linear_classification", "xor", "xor_tanh"),
    "classifiers": ("mnist", "activations", "batch_size", "hidden_size", "optimizers", "initializers"),
    "autoencoders": ("autoencoder_grid", "reconstructions", "latent_space", "interpolation", "denoising"),
}
COMMANDS = {"paper": "recipes.reporting.paper", "benchmark": "recipes.bench.benchmark"}
MODULES = {name: f"recipes.{family}.{name}" for family, members in FAMILIES.items() for name in members} | COMMANDS
commands = tuple(COMMANDS)
names = tuple(name for name in MODULES if name not in commands)


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
    quick: bool = False
    fresh: bool = False
    resume: bool = False
    any_code: bool = False
    kept: bool = False
    executor: str | None = None
    only: str | None = None
    gallery: str | None = None


def find(name: str) -> Recipe | Command:
    """The recipe or command of this name; raises `KeyError`, with the nearest name, where there is none."""
    known = (*names, *commands)
    if name not in known:
        near = get_close_matches(name, known, 1)
        raise KeyError(f"no recipe {name!r}; " + (f"did you mean {near[0]!r}?" if near else f"there are {known}"))
    return import_module(MODULES[name]).RECIPE


def size_of(recipe: Recipe, options: Options) -> Size:
    """How much to do: what the options say, else the paper's, the quick or a newcomer's size."""
    size = recipe.paper if options.paper else recipe.quick if options.quick else recipe.first
    return attrs.evolve(size, runs=options.runs or size.runs, epochs=options.epochs or size.epochs)


def tasks_of(recipe: Recipe, options: Options) -> dict[str, list[Task]]:
    """The tasks of each group: one a run, or one for all runs where they train together."""
    size, root = size_of(recipe, options), fnn.Key(options.seed)
    changes: dict[str, int] = {} if size.epochs is None else {"epochs": size.epochs}
    if recipe.together:
        changes["runs"] = size.runs
    keys = [root] if recipe.together else fnn.split(root, size.runs)
    directory = None if recipe.load is no_data else options.data
    groups = {name: attrs.evolve(config, **changes) for name, config in recipe.groups.items()}
    return {
        name: [Task(recipe.run, recipe.load, directory, config, key, size.examples) for key in keys]
        for name, config in groups.items()
    }


def how_to_sweep(options: Options) -> dict[str, Any]:
    """The options of a sweep."""
    return {name: getattr(options, name) for name in ("jobs", "fresh", "resume", "any_code")}


@contextmanager
def executor_of(options: Options) -> Iterator[Executor | None]:
    """The executor that `--executor dask:ADDRESS` names, or None for processes of this machine."""
    if options.executor is None:
        yield None
        return
    kind, _, address = options.executor.partition(":")
    if kind != "dask" or not address:
        raise ValueError(f"--executor takes dask:ADDRESS, got {options.executor!r}")
    from dask.distributed import Client  # an optional extra

    with Client(address) as client, client.get_executor() as executor:  # type: ignore[no-untyped-call]
        yield executor


def _member(together: tree.Tree, i: int) -> Any:
    """The result of one of the runs that trained together."""
    return tree.map(lambda leaf: leaf[i], together)


def _plain(value: Any) -> Any:
    """Arrays as lists and NumPy's numbers as Python's, for JSON."""
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def _of_group(config: Any, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One group as plain values: its configuration, its scores (one number a run), its curves (one list a run)."""
    by_name = {name: scores(runs, name).tolist() for name in runs[0]["scores"]}
    curves = {name: [_plain(run["curves"][name]) for run in runs] for name in runs[0].get("curves", {})}
    return {"configuration": attrs.asdict(config), **by_name, "curves": curves}


def run_recipe(recipe: Recipe, options: Options, executor: Executor | None = None) -> tuple[Results, Sequence[Claim]]:
    """Carry out a recipe and write result.json, parameters.npz and its figures to a folder of its own.

    Any `executor` of `concurrent.futures`' kind may carry out the runs: `mpi4py.futures.MPIPoolExecutor()`, for one.
    """
    data, tasks = data_of(recipe, options), all_tasks(recipe, options)
    with executor_of(options) if executor is None else nullcontext(executor) as workers:
        checksums = [data.checksums] * len(tasks)
        runs = Path(options.out) / "runs"
        paths = sweep(tasks, checksums, runs, executor=workers, **how_to_sweep(options))
    results = results_of(recipe, options, paths)
    claims, _ = write(recipe, options, data, results)
    return results, claims


def data_of(recipe: Recipe, options: Options) -> Any:
    """The data of a recipe, with as many training examples as its runs see; those that draw their own have no use for
    `--data`.
    """
    data, n = recipe.load(None if recipe.load is no_data else options.data), size_of(recipe, options).examples
    return data if n is None else data.first(n)


def all_tasks(recipe: Recipe, options: Options) -> list[Task]:
    """All tasks of a recipe, group by group."""
    return [task for of_group in tasks_of(recipe, options).values() for task in of_group]


def results_of(recipe: Recipe, options: Options, paths: Iterable[Path]) -> Results:
    """The results of all tasks, which are kept at these paths."""
    done = map(checkpoint.load, paths)
    results = {name: [next(done) for _ in of_group] for name, of_group in tasks_of(recipe, options).items()}
    if not recipe.together:
        return results
    n_runs = size_of(recipe, options).runs
    return {name: [_member(together, i) for i in range(n_runs)] for name, (together,) in results.items()}


def write(recipe: Recipe, options: Options, data: Any, results: Results) -> tuple[Sequence[Claim], dict[str, Path]]:
    """Write what a recipe found, and draw it; returns its claims and the pictures' PNG files by name."""
    folder, size, groups = Path(options.out) / recipe.name, size_of(recipe, options), tasks_of(recipe, options)
    claims = recipe.claims(results, data)
    parts = {name: _of_group(groups[name][0].config, runs) for name, runs in results.items()}
    source = "drawn from the key" if recipe.load is no_data else options.data or "the project's own"
    result = {
        "recipe": recipe.name,
        "size": {**attrs.asdict(size), "shortfall": shortfall(recipe, size)},
        **(parts[recipe.name] if list(parts) == [recipe.name] else {"groups": parts}),
        "claims": [attrs.asdict(claim) for claim in claims],
        "seeds": [attrs.asdict(key) for key in fnn.split(fnn.Key(options.seed), size.runs)],
        "data": {"directory": source, "sha256": dict(data.checksums)},
        "versions": versions(),
    }
    write_text(folder / "result.json", json.dumps(result, indent=1, allow_nan=False))
    parameters = {name: {str(i): run.get("params", {}) for i, run in enumerate(runs)} for name, runs in results.items()}
    checkpoint.save(folder / "parameters.npz", parameters)
    drawn = {name: plot.save(figure, folder / name) for name, figure in recipe.figures(results, data).items()}
    return claims, {name: png for name, (png, _) in drawn.items()}


def describe(recipe: Recipe, size: Size, results: Results, claims: Sequence[Claim]) -> Sequence[str]:
    """The lines to print: each of several runs of a single group, what each group reached, and the verdicts."""
    label, form, unit = score_in_words(recipe)
    alone = next(iter(results.values())) if len(results) == 1 and size.runs > 1 else ()
    lines = [f"run {i}: {label} {form.format(x)}{unit}" for i, x in enumerate(scores(alone, recipe.score))]
    lines += groups_in_words(recipe, results)
    if all("too few runs" in claim.measured for claim in claims):
        return [*lines, f"{counted(size.runs, 'run')} of each: too few to judge a claim; try --runs {FEWEST}"]
    small = [shortfall(recipe, size)] if size != recipe.paper else []
    return [*lines, *small, *(f"{claim.verdict:>9}: {claim.statement} Measured: {claim.measured}" for claim in claims)]
