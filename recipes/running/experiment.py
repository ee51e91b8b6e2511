"""Carry out a recipe: its plan, a sweep of its runs, and a folder with the results, the parameters and the figures."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext
from operator import itemgetter
from pathlib import Path
from typing import Any

import attrs

import fnn
from fnn import checkpoint, plot, tree
from recipes.claims import Claim
from recipes.pictures import legible, sized
from recipes.recipe import OptionError, Recipe, Results, no_data, scores
from recipes.running.failures import RefusedError
from recipes.running.plan import Options, Plan, Task, plan
from recipes.running.provenance import engines, versions
from recipes.running.store import write_text
from recipes.running.sweep import SweepError, sweep

__all__ = ["carry_out", "executor_of", "results_of", "run_recipe", "write"]


def run_recipe(recipe: Recipe, options: Options, executor: Executor | None = None) -> tuple[Results, Sequence[Claim]]:
    """Carry out a recipe and write result.json, parameters.npz and its figures to a folder of its own.

    Any executor of the kind of `concurrent.futures` may carry out the runs, `mpi4py.futures.MPIPoolExecutor()` for one.
    Returns the results of all runs, group by group, and the claims; `reporting.describe` says both in words. Raises
    `RefusedError` if the runs cannot be carried out, and `SweepError` if some failed.
    """
    made = plan(recipe, options)
    try:
        paths = carry_out(made.tasks, options, executor)
    except (RefusedError, SweepError) as error:  # its message says all, and the calls that led here nothing
        raise error.with_traceback(None) from None
    results = results_of(made, paths)
    try:
        claims, _ = write(made, results, paths)
    except Exception as error:
        error.add_note(f"All runs are kept in {options.folder}: mend this, and start again; no run is repeated.")
        raise
    return results, claims


def carry_out(tasks: Sequence[Task], options: Options, executor: Executor | None = None) -> list[Path]:
    """Carry out tasks in one sweep as the options say; returns the paths of their results, in order."""
    how = {name: getattr(options, name) for name in ("jobs", "fresh", "any_code", "apart")}
    with executor_of(options) if executor is None else nullcontext(executor) as workers:
        return sweep(tasks, options.folder, executor=workers, **how)


@contextmanager
def executor_of(options: Options) -> Iterator[Executor | None]:
    """The executor that `--executor dask:ADDRESS` names, or None for processes of this machine."""
    if options.executor is None:
        yield None
        return
    kind, _, address = options.executor.partition(":")
    if kind != "dask" or not address:
        raise OptionError(f"--executor takes dask:ADDRESS, got {options.executor!r}")
    try:
        from dask.distributed import Client  # an optional extra
    except ImportError as error:
        raise OptionError("--executor dask:ADDRESS needs Dask: pip install -e '.[recipes,dask]'") from error
    with Client(address) as client, client.get_executor() as executor:  # type: ignore[no-untyped-call]
        yield executor


def results_of(made: Plan, paths: Iterable[Path]) -> Results:
    """The results of all tasks of a plan, which are kept at these paths."""
    done = map(checkpoint.load, paths)
    results = {name: [next(done) for _ in of_group] for name, of_group in made.groups.items()}
    if not made.recipe.together:
        return results
    runs = range(made.size.runs)
    return {name: [tree.map(itemgetter(i), together) for i in runs] for name, (together,) in results.items()}


def write(
    made: Plan, results: Results, paths: Sequence[Path], draws: bool = True
) -> tuple[Sequence[Claim], dict[str, Path]]:
    """Write, judge and draw the results of a plan, kept at `paths`; returns the claims, and the figures' PNG files.

    Pictures of less than the full size say so. Without `draws` there are none.
    """
    recipe, options, folder = made.recipe, made.options, Path(made.options.out) / made.recipe.name
    claims = recipe.told(made.size, recipe.claims(results, made.data))
    groups = {name: _as_json(made.groups[name][0].config, runs) for name, runs in results.items()}
    if recipe.network is not None:
        networks = {name: recipe.network(made.groups[name][0].config, made.data.n_classes) for name in groups}
        groups = {name: {"network": repr(networks[name]), **group} for name, group in groups.items()}
    source = "drawn from the key" if recipe.load is no_data else options.data or "the project's own"
    shape = {"shape": list(made.data.shape)} if hasattr(made.data, "shape") else {}
    result = {
        "recipe": recipe.name,
        "size": {**attrs.asdict(made.size), "shortfall": recipe.shortfall(made.size)},
        **(groups[recipe.name] if list(groups) == [recipe.name] else {"groups": groups}),
        "claims": [attrs.asdict(claim) for claim in claims],
        "seeds": [attrs.asdict(key) for key in fnn.split(fnn.Key(options.seed), made.size.runs)],
        "data": {"directory": source, "sha256": dict(made.data.checksums), **shape},
        "versions": versions(),
        "engines": engines(paths),
    }
    write_text(folder / "result.json", json.dumps(result, indent=1, allow_nan=False))
    parameters = {name: {str(i): run.get("params", {}) for i, run in enumerate(runs)} for name, runs in results.items()}
    checkpoint.save(folder / "parameters.npz", parameters)
    figures = recipe.figures(results, made.data) if draws else {}
    footer = "; ".join(filter(None, [recipe.settings, recipe.beside(made.size)]))
    drawn = {name: plot.save(sized(legible(figure), footer), folder / name) for name, figure in figures.items()}
    return claims, {name: png for name, (png, _) in drawn.items()}


def _as_json(config: Any, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One group as plain values: its configuration, its scores (one number a run), its curves (one list a run)."""
    by_name = {name: scores(runs, name).tolist() for name in runs[0]["scores"]}
    curves = {name: [run["curves"][name].tolist() for run in runs] for name in runs[0].get("curves", {})}
    return {"configuration": attrs.asdict(config), **by_name, "curves": curves}
