"""The book of recipes, and what becomes of one: runs, then a result, parameters and pictures in a folder."""

import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import attrs
import numpy as np

import fnn
from fnn import checkpoint, plot, tree
from recipes.claims import Claim, describe_scores
from recipes.recipe import Command, Recipe, Results, Size, Task, scores
from recipes.store import write_text
from recipes.sweep import sweep

__all__ = [
    "Options",
    "commands",
    "cook",
    "describe",
    "executor_of",
    "find",
    "groups_in_words",
    "names",
    "size_of",
    "tasks_of",
]

names = (
    "linear_regression",
    "linear_classification",
    "xor",
    "xor_tanh",
    "mnist",
    "activations",
    "batch_size",
    "hidden_size",
    "optimizers",
    "initializers",
    "autoencoder_grid",
    "reconstructions",
    "latent_space",
    "interpolation",
    "denoising",
)
commands = ("paper", "benchmark")


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
    executor: str | None = None


def find(name: str) -> Recipe | Command:
    """The recipe or command of this name; raises `KeyError`, with the nearest name, where there is none."""
    known = (*names, *commands)
    if name not in known:
        near = get_close_matches(name, known, 1)
        raise KeyError(f"no recipe {name!r}; " + (f"did you mean {near[0]!r}?" if near else f"there are {known}"))
    return import_module(f"recipes.{name}").RECIPE


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
    groups = {name: attrs.evolve(config, **changes) for name, config in recipe.groups.items()}
    return {
        name: [Task(recipe.run, recipe.load, options.data, config, key, size.examples) for key in keys]
        for name, config in groups.items()
    }


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


def cook(recipe: Recipe, options: Options) -> tuple[Results, Sequence[Claim]]:
    """Carry out a recipe and write result.json, parameters.npz and its figures to a folder of its own."""
    data, groups, out = recipe.load(options.data), tasks_of(recipe, options), Path(options.out)
    tasks = [task for of_group in groups.values() for task in of_group]
    with executor_of(options) as executor:
        checksums = [data.checksums] * len(tasks)
        how: dict[str, Any] = {"jobs": options.jobs, "fresh": options.fresh, "resume": options.resume}
        paths = sweep(tasks, checksums, out / "runs", executor=executor, **how)
    done = map(checkpoint.load, paths)
    n_runs = size_of(recipe, options).runs
    results: dict[str, list[Any]] = {name: [next(done) for _ in of_group] for name, of_group in groups.items()}
    if recipe.together:
        results = {name: [_member(together, i) for i in range(n_runs)] for name, (together,) in results.items()}
    claims = recipe.claims(results, data)

    folder = out / recipe.name
    parts = {name: _of_group(groups[name][0].config, runs) for name, runs in results.items()}
    result = {
        "recipe": recipe.name,
        **(parts[recipe.name] if list(parts) == [recipe.name] else {"groups": parts}),
        "claims": [attrs.asdict(claim) for claim in claims],
        "seeds": [attrs.asdict(key) for key in fnn.split(fnn.Key(options.seed), n_runs)],
        "data": {"directory": options.data or "the project's own", "sha256": dict(data.checksums)},
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in ("numpy", "attrs", "toolz", "matplotlib")},
            "fnn": fnn.__version__,
        },
    }
    write_text(folder / "result.json", json.dumps(result, indent=1, allow_nan=False))
    parameters = {name: {str(i): run.get("params", {}) for i, run in enumerate(runs)} for name, runs in results.items()}
    checkpoint.save(folder / "parameters.npz", parameters)
    for name, figure in recipe.figures(results, data).items():
        plot.save(figure, folder / name)
    return results, claims


def groups_in_words(recipe: Recipe, results: Results) -> list[str]:
    """Each group's interquartile mean of the recipe's score, a line a group."""
    label = recipe.score.replace("_", " ")
    return [f"{name}: {label}, IQM {describe_scores(scores(runs, recipe.score))}" for name, runs in results.items()]


def describe(recipe: Recipe, results: Results, claims: Sequence[Claim]) -> Sequence[str]:
    """The lines to print: each run of a single group, each group's interquartile mean, and the verdicts."""
    label = recipe.score.replace("_", " ")
    alone = next(iter(results.values())) if len(results) == 1 else ()
    lines = [f"run {i}: {label} {score:.4f}" for i, score in enumerate(scores(alone, recipe.score))]
    lines += groups_in_words(recipe, results)
    if {claim.verdict for claim in claims} == {"undecided"} and min(map(len, results.values())) == 1:
        return [*lines, "one run judges no claim; --runs 5 trains five"]
    return [*lines, *(f"{claim.verdict:>9}: {claim.statement} {claim.measured}" for claim in claims)]
