"""A sweep: many independent runs, each kept as soon as it is finished, so that no run is ever repeated."""

import os
import traceback
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tqdm import tqdm

import fnn
from recipes.recipe import Task
from recipes.store import digest, load_tree, save_tree

__all__ = ["SweepError", "sweep"]


class SweepError(RuntimeError):
    """Some runs failed; the message names each with its configuration. All others are kept."""


def path_of(task: Task, checksums: Mapping[str, str], folder: Path) -> Path:
    """Where the result of a task is kept: a name of its configuration, seed, data and library version."""
    return folder / f"{digest({**task.describe(), 'data': dict(checksums), 'fnn': fnn.__version__})}.npz"


def work(task: Task, path: Path) -> str | None:
    """Carry out a task and keep its result; returns the traceback of one that raised."""
    try:
        save_tree(path, task.run(task.config, task.key, task.load(task.directory), iter))
    except Exception:
        return traceback.format_exc()
    return None


def _in_this_process(todo: Mapping[Path, Task]) -> dict[Path, str]:
    """Carry out tasks one after the other, with a bar over the epochs of each."""

    def watch(epochs: Iterator[Any], task: Task) -> Iterator[Any]:
        total = getattr(task.config, "epochs", None)
        return iter(tqdm(epochs, desc=f"run {task.key.path[-1]}", total=total, unit="epoch", leave=False))

    failures = {}
    for path, task in todo.items():
        try:
            data = task.load(task.directory)
            save_tree(path, task.run(task.config, task.key, data, lambda epochs, task=task: watch(epochs, task)))
        except Exception:
            failures[path] = traceback.format_exc()
    return failures


def _in_executor(todo: Mapping[Path, Task], executor: Executor) -> dict[Path, str]:
    """Carry out tasks in an executor's workers, with one bar over all."""
    futures = {executor.submit(work, task, path): path for path, task in todo.items()}
    bar = tqdm(as_completed(futures), total=len(futures), unit="run", leave=False)
    return {futures[future]: error for future in bar if (error := future.result()) is not None}


def sweep(
    tasks: Sequence[Task], checksums: Mapping[str, str], folder: Path, *, jobs: int | None = None, fresh: bool = False
) -> list[Mapping[str, Any]]:
    """The results of all tasks, in order; those found in `folder` are not run again unless `fresh`.

    Up to `jobs` processes of one BLAS thread each (default: one a core). Raises `SweepError` after the last run where
    some have failed.
    """
    paths = [path_of(task, checksums, folder) for task in tasks]
    todo = {path: task for path, task in zip(paths, tasks, strict=True) if fresh or not path.exists()}
    if len(todo) < len(paths):
        print(f"{len(paths) - len(todo)} of {len(paths)} runs are in {folder} already; --fresh repeats them")
    workers = min(jobs or os.cpu_count() or 1, len(todo))
    if workers <= 1:
        failures = _in_this_process(todo)
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            failures = _in_executor(todo, pool)
    if failures:
        blocks = [f"{todo[path].describe()}\n{error}" for path, error in failures.items()]
        raise SweepError("\n".join([f"{len(failures)} of {len(tasks)} runs failed:", *blocks]))
    return [load_tree(path) for path in paths]
