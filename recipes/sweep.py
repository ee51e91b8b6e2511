"""A sweep: many independent runs, each kept as soon as it is finished, so that no run is ever repeated."""

import ast
import os
import pickle
import traceback
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    as_completed,
)
from functools import lru_cache, partial
from importlib.util import find_spec
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path
from threading import Event, Lock, Thread, local
from typing import Any

import attrs
import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

import fnn
from fnn import checkpoint
from fnn.atomic import remove
from fnn.settings import whole
from recipes.recipe import Task
from recipes.store import digest, is_kept, keeping
from recipes.training import Scan, Watch, unwatched

__all__ = ["SweepError", "sweep"]

ATTEMPTS = 3  # at a run whose worker dies, before it counts as failed
TURN = Lock()


@attrs.frozen
class Failed:
    """A run that gave no result, and why."""

    why: str


Outcome = Mapping[str, Any] | Failed


class SweepError(RuntimeError):
    """Some runs failed; the message names each with its configuration. All others are kept."""


@lru_cache
def code_of(module: str) -> str:
    """A digest of all source that the runs of a module depend on: the library, the module, and the recipes it imports.

    Pictures, and the recipe record that says what to draw and to claim, change no run.
    """
    library = Path(fnn.__file__).parent
    sources = {str(path.relative_to(library)): path.read_text() for path in library.rglob("*.py")}
    computing = {path: text for path, text in sources.items() if not path.startswith("plot")}
    return digest({**computing, **_imported(module, {})})


def _imported(module: str, seen: dict[str, str]) -> dict[str, str]:
    """The sources of a module and of the recipes' modules that it imports, directly or not, by name."""
    spec = find_spec(module)
    if module in seen or module in ("recipes.recipe", "recipes.claims") or spec is None or spec.origin is None:
        return seen
    seen = {**seen, module: Path(spec.origin).read_text()}
    for node in ast.walk(ast.parse(seen[module])):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "recipes":
            names = [f"recipes.{name.name}" for name in node.names] if node.module == "recipes" else [node.module]
            for name in names:
                seen = _imported(name, seen)
    return seen


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def path_of(task: Task, checksums: Mapping[str, str], folder: Path) -> Path:
    """Where the result of a task is kept: a name of its configuration, seed, data and code."""
    code = {"code": code_of(task.run.__module__), "numpy": np.__version__}
    return folder / f"{digest({**task.describe(), **code, 'data': dict(checksums)})}.npz"


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


def work(task: Task, watch: Watch = unwatched) -> Outcome:
    """Carry out a task on one BLAS thread, wherever it runs: the last bits of a product depend on their number.

    With a file for its progress, it keeps each epoch there, and goes on from the one that it finds.

    What it raises comes back as text, so that no failure depends on being picklable. Threads of one process take
    turns, since the number of BLAS threads is the process's.
    """
    try:
        with TURN, threadpool_limits(1):
            watch = watch if task.progress is None else keeping(task.progress, watch)
            return task.run(task.config, task.key, task.data(), watch)
    except Exception:
        return Failed(traceback.format_exc())


def _follow_the_parent() -> None:
    """Let this worker end with its parent, also when that is killed and can tell nobody."""

    def wait() -> None:
        if (parent := parent_process()) is not None:
            parent.join()
            os._exit(1)

    Thread(target=wait, daemon=True).start()


def _one_worker() -> ProcessPoolExecutor:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when the worker starts: no idle threads are made
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_follow_the_parent)


def _in_a_lane(lane: Any, stopped: Event, task: Task) -> Outcome:
    """Carry out a task in the worker process of this thread, and in a new one where that one dies."""
    for _ in range(ATTEMPTS):
        if stopped.is_set():
            break
        if not hasattr(lane, "pool"):
            lane.pool = _one_worker()
        try:
            return lane.pool.submit(work, task).result()
        except BrokenExecutor:
            del lane.pool
    return Failed(f"the worker process died {ATTEMPTS} times over this run: killed, or out of memory?")


def _with_a_bar(start: fnn.Progress, scan: Scan, total: int | None) -> Iterator[fnn.Progress]:
    """Watch with a bar over the epochs; the progress to begin with is none."""
    progresses, done = scan(start), len(start.history)
    yield next(progresses)
    yield from tqdm(progresses, desc="epochs", initial=done, total=total, unit="epoch", leave=False)


def _alone(todo: Mapping[Path, Task]) -> Iterator[tuple[Path, Outcome]]:
    """Carry out tasks one after the other in this process, with a bar over the runs and one over each one's epochs."""
    for path, task in tqdm(todo.items(), desc="runs", unit="run", leave=False, disable=len(todo) == 1):
        bar = partial(_with_a_bar, total=getattr(task.config, "epochs", None))
        yield path, work(task, bar)


def _in_lanes(todo: Mapping[Path, Task], jobs: int) -> Iterator[tuple[Path, Outcome]]:
    """Carry out tasks in `jobs` processes of this machine: a thread for each, so that one that dies takes one run."""
    lane, stopped = local(), Event()
    threads = ThreadPoolExecutor(jobs)
    try:
        yield from _as_they_end({threads.submit(_in_a_lane, lane, stopped, task): path for path, task in todo.items()})
    finally:  # at an interrupt, nothing that nobody waits for goes on
        stopped.set()
        threads.shutdown(wait=False, cancel_futures=True)
        for worker in active_children():
            worker.terminate()


def _as_they_end(futures: dict[Future[Outcome], Path]) -> Iterator[tuple[Path, Outcome]]:
    """The outcomes of futures, with one bar over all; none is held longer than it takes to keep it."""
    for future in tqdm(as_completed(list(futures)), total=len(futures), desc="runs", unit="run", leave=False):
        error = future.exception()
        yield futures.pop(future), future.result() if error is None else Failed(repr(error))


def _kept(path: Path, outcome: Outcome) -> Failed | None:
    """Keep a result; returns what went wrong, in the run or in keeping it."""
    if isinstance(outcome, Failed):
        return outcome
    try:
        checkpoint.save(path, outcome)
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
) -> list[Path]:
    """Where the results of all tasks are, in order; those found whole in `folder` are not run again unless `fresh`.

    With `resume`, unfinished runs go on after the last epoch that they have kept, and keep each further one; the
    executor's workers must then share this machine's files.

    `checksums` are those of each task's data. Up to `jobs` processes of this machine (default: one a core) or the
    workers of any `executor` carry them out; the results do not depend on which. Each is kept as soon as it is there.
    Raises `ValueError`, before the first run, for a task that is not known by name, and unless `jobs` is a positive
    integer; `SweepError` after the last run where some have failed.
    """
    jobs = cores() if jobs is None else whole("sweep(jobs)", jobs)
    for task in tasks:
        _check_portable(task)
    folder.mkdir(parents=True, exist_ok=True)  # a folder that cannot be made is noticed now, not after hours
    paths = [path_of(task, sums, folder) for task, sums in zip(tasks, checksums, strict=True)]
    todo = {path: task for path, task in zip(paths, tasks, strict=True) if fresh or not is_kept(path)}
    for path in paths:
        if fresh or path not in todo:
            remove(progress_of(path))
    if resume:
        todo = {path: attrs.evolve(task, progress=progress_of(path)) for path, task in todo.items()}
    if found := len(set(paths)) - len(todo):
        print(f"{found} of {len(set(paths))} runs are in {folder} already; --fresh repeats them")
    jobs = min(jobs, len(todo))
    if executor is not None:
        outcomes = _as_they_end({executor.submit(work, task): path for path, task in todo.items()})
    else:
        outcomes = _alone(todo) if jobs <= 1 else _in_lanes(todo, jobs)
    failures = {path: failed for path, outcome in outcomes if (failed := _kept(path, outcome)) is not None}
    if failures:
        blocks = [f"{todo[path].describe()}\n{failed.why}" for path, failed in failures.items()]
        raise SweepError("\n".join([f"{len(failures)} of {len(todo)} runs failed:", *blocks]))
    return paths
