"""A sweep: many independent runs, each kept as soon as it is finished, so that no run is ever repeated."""

import pickle
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from pathlib import Path

import attrs
from toolz import groupby, merge, second

from fnn.checkpoint.files import remove
from fnn.values import whole
from recipes.running.bundles import bundled, keep_all, progress_of
from recipes.running.failures import RefusedError
from recipes.running.guard import defined_here
from recipes.running.plan import Task, without_defaults
from recipes.running.store import digest, is_kept
from recipes.running.workers import Failed, cores, in_processes, in_this_process, on_executor

__all__ = ["SweepError", "kept_at", "path_of", "sweep"]


class SweepError(RuntimeError):
    """Some runs failed, and all others are kept.

    The message names each failed run with its configuration, and says once why it failed what failed for one reason.
    `failures` has both for each run, by the path of the missing result.
    """

    def __init__(self, failures: Mapping[Path, tuple[str, str]], n: int):
        of_reason = groupby(second, failures.values())
        parts = ["\n".join([*(run for run, _ in runs), why]) for why, runs in of_reason.items()]
        super().__init__("\n".join([f"{len(failures)} of {n} runs failed:", *parts]))
        self.failures = {path: f"{run}\n{why}" for path, (run, why) in failures.items()}


def path_of(task: Task, folder: Path) -> Path:
    """Where the result of a task is kept: the file's name has a digest of its identity and one of what makes it."""
    return folder / f"{digest(task.identity())}.{digest(task.made_by())[:12]}.npz"


def kept_at(task: Task, folder: Path, any_code: bool = False) -> Path:
    """Where the result of a task is, or will be, kept.

    With `any_code`, and without a result of this code and engine, it is the latest whole result of any others.
    """
    own = path_of(task, folder)
    if own.exists() or not any_code:
        return own
    others = sorted(folder.glob(f"{own.name.partition('.')[0]}.*.npz"), key=lambda path: path.stat().st_mtime)
    return next(filter(is_kept, reversed(others)), own)


def _check(tasks: Sequence[Task]) -> None:
    """Raise a `RefusedError` for tasks that cannot go to another process, or whose results would get mixed up."""
    runs = {task.trains: task.run for task in reversed(tasks)}
    for task in tasks:
        if task.run != runs[task.trains]:
            raise RefusedError(
                f"two different functions keep their results under the name {task.trains!r}; name one otherwise "
                "by `trains` of its recipe"
            )
        try:
            pickle.dumps(task)
        except (AttributeError, TypeError, pickle.PicklingError) as error:
            raise RefusedError(
                "a run, its loader and its configuration must be known by name: functions at the top of a "
                f"module, not lambdas, and plain values; {error}"
            ) from error


def sweep(
    tasks: Sequence[Task],
    folder: Path,
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
    fresh: bool = False,
    any_code: bool = False,
    apart: bool = False,
) -> list[Path]:
    """Carry out tasks, and return the paths of their results in order.

    tasks      what to do; a task whose whole result is in `folder` is not done again
    folder     where results are kept, each as soon as it is there
    jobs       the number of processes of this machine that share the work (default: one for each core, one for a GPU,
               and one for what a notebook defines, which other processes cannot import); on a GPU each gets its share
               of the memory
    executor   any executor of `concurrent.futures`, whose workers carry out the tasks instead
    fresh      do every task again, from its beginning
    any_code   take results that other code or another engine made, too
    apart      on a GPU, do not train the runs of a configuration together

    The progress of each run is kept, too, and an interrupted run goes on from it; on another machine it does so if that
    shares this one's files. The results do not depend on `jobs` or `executor`.

    Raises `RefusedError` before the first run if a task cannot go to another process, if the main script would start
    the runs again in each process, or if two functions keep their results under one name; `ValueError` unless `jobs` is
    a positive integer.
    Raises `SweepError` after the last run if some have failed.
    """
    alone = any(task.engine.on_gpu for task in tasks) or defined_here(tasks)
    jobs = (1 if alone else cores()) if jobs is None else whole("sweep(jobs)", jobs)
    _check(tasks)
    folder.mkdir(parents=True, exist_ok=True)  # a folder that cannot be made is noticed now, not after hours
    paths = [kept_at(task, folder, any_code and not fresh) for task in tasks]
    todo = {path: task for path, task in zip(paths, tasks, strict=True) if fresh or not is_kept(path)}
    for path in paths:
        if fresh or path not in todo:
            remove(progress_of(path))
    todo = {path: attrs.evolve(task, progress=progress_of(path)) for path, task in todo.items()}
    if done := len(set(paths)) - len(todo):
        print(f"{done} of {len(set(paths))} runs are in {folder} already; --fresh repeats them")
    bundles = bundled(todo, apart)
    for task in bundles.values():
        if fresh and task.progress:
            remove(task.progress)
    n = min(jobs, len(bundles))
    here = in_this_process(bundles, done) if n <= 1 else in_processes(bundles, n, done)
    there = None if executor is None else on_executor(bundles, executor, done)
    with closing(there or here) as outcomes:  # after an interrupt, too
        kept = [keep_all(paths, bundles[paths], outcome) for paths, outcome in outcomes]
    failures: dict[Path, Failed] = merge(*kept)
    if failures:
        told = {path: (_described(task), failures[path].why) for path, task in todo.items() if path in failures}
        raise SweepError(told, len(todo))
    return paths


def _described(task: Task) -> str:
    """What repeats a run: its configuration, without defaults, and its key."""
    changed = [f"{name}={value!r}" for name, value in without_defaults(task.config).items()]
    return f"{task.trains}: {type(task.config).__name__}({', '.join(changed)}), {task.key!r}"
