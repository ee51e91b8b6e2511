"""A sweep: many independent runs, each kept as soon as it is finished, so that no run is ever repeated."""

import json
import pickle
import traceback
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path

import attrs
import numpy as np

from fnn import checkpoint
from fnn.checkpoint.files import remove
from fnn.values import whole
from recipes.recipe import Task
from recipes.running.source import code_of
from recipes.running.store import digest, is_kept, write_text
from recipes.running.workers import Done, Failed, alone, cores, in_processes, on_executor

__all__ = ["SweepError", "kept_at", "path_of", "sweep"]


class SweepError(RuntimeError):
    """Some runs failed; the message names each with its configuration, and so does `failures`, by the path at which a
    result would have been kept. All others are kept.
    """

    def __init__(self, failures: Mapping[Path, str], n: int):
        super().__init__("\n".join([f"{len(failures)} of {n} runs failed:", *failures.values()]))
        self.failures = failures


def path_of(task: Task, checksums: Mapping[str, str], folder: Path) -> Path:
    """Where the result of a task is kept: a name of its configuration, seed and data, and one of the code."""
    made_by = digest({"code": code_of(task.run.__module__), "numpy": np.__version__})
    return folder / f"{digest({**task.describe(), 'data': dict(checksums)})}.{made_by[:12]}.npz"


def kept_at(task: Task, checksums: Mapping[str, str], folder: Path, any_code: bool = False) -> Path:
    """Where the result of a task is or will be kept; with `any_code`, the latest whole one that other code made, if
    there is none by this code.
    """
    own = path_of(task, checksums, folder)
    if own.exists() or not any_code:
        return own
    others = sorted(folder.glob(f"{own.name.partition('.')[0]}.*.npz"), key=lambda path: path.stat().st_mtime)
    return next(filter(is_kept, reversed(others)), own)


def _check_portable(task: Task) -> None:
    """Raise a `ValueError` for a task that no other process could be given, and none could carry out again."""
    try:
        pickle.dumps(task)
    except (AttributeError, TypeError, pickle.PicklingError) as error:
        raise ValueError(
            f"sweep: a run, its loader and its configuration must be known by name: functions at the top of a module, "
            f"not lambdas, and plain values; {error}"
        ) from error


def progress_of(path: Path) -> Path:
    """Where the progress of a run is kept until its result is."""
    return path.absolute().with_suffix(".progress")


def _kept(path: Path, outcome: Done | Failed) -> Failed | None:
    """Keep a result, and beside it what it took; returns what went wrong, in the run or in keeping it.

    The result comes last: where it is, all is, and a sweep that was killed before writes both anew.
    """
    if isinstance(outcome, Failed):
        return outcome
    try:
        write_text(path.with_suffix(".json"), json.dumps(outcome.cost))
        checkpoint.save(path, outcome.result)
        remove(progress_of(path))
    except (OSError, ValueError):
        return Failed(traceback.format_exc())
    return None


def sweep(
    tasks: Sequence[Task],
    checksums: Sequence[Mapping[str, str]],
    folder: Path,
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
    fresh: bool = False,
    resume: bool = False,
    any_code: bool = False,
) -> list[Path]:
    """Where the results of all tasks are, in order; those found whole in `folder` are not run again unless `fresh`.

    With `resume`, unfinished runs go on after the last epoch that they have kept, and keep each further one; the
    executor's workers must then share this machine's files. With `any_code`, results that other code made count too.

    `checksums` are those of each task's data. Up to `jobs` processes of this machine (default: one a core) or the
    workers of any `concurrent.futures.Executor` carry them out; the results do not depend on which. Each is kept as
    soon as it is there.
    Raises `ValueError`, before the first run, for a task that is not known by name, and unless `jobs` is a positive
    integer; `SweepError` after the last run where some have failed.
    """
    jobs = cores() if jobs is None else whole("sweep(jobs)", jobs)
    for task in tasks:
        _check_portable(task)
    folder.mkdir(parents=True, exist_ok=True)  # a folder that cannot be made is noticed now, not after hours
    paths = [kept_at(task, sums, folder, any_code and not fresh) for task, sums in zip(tasks, checksums, strict=True)]
    todo = {path: task for path, task in zip(paths, tasks, strict=True) if fresh or not is_kept(path)}
    for path in paths:
        if fresh or path not in todo:
            remove(progress_of(path))
    if resume:
        todo = {path: attrs.evolve(task, progress=progress_of(path)) for path, task in todo.items()}
    if found := len(set(paths)) - len(todo):
        print(f"{found} of {len(set(paths))} runs are in {folder} already; --fresh repeats them")
    here = alone(todo) if min(jobs, len(todo)) <= 1 else in_processes(todo, min(jobs, len(todo)))
    outcomes = here if executor is None else on_executor(todo, executor)
    failures = {path: failed for path, outcome in outcomes if (failed := _kept(path, outcome)) is not None}
    if failures:
        told = {path: f"{todo[path].describe()}\n{failed.why}" for path, failed in failures.items()}
        raise SweepError(told, len(todo))
    return paths
