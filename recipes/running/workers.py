"""Carrying out runs: in this process, in processes side by side, or by the workers of any executor.

Each way gives (path, outcome) as runs end, in no order; the outcomes do not depend on the way.
"""

import os
import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    as_completed,
)
from contextlib import contextmanager
from datetime import date
from functools import partial
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path
from threading import Event, Lock, Thread, local
from time import perf_counter
from typing import Any

import attrs
from threadpoolctl import threadpool_limits
from tqdm import tqdm

import fnn
from recipes.recipe import Task
from recipes.running.provenance import machine
from recipes.running.store import keeping, seconds_until
from recipes.training import Scan, Watch, unwatched

__all__ = ["Done", "Failed", "alone", "cores", "in_processes", "on_executor", "work"]

ATTEMPTS = 3  # at a run whose worker dies, before it counts as failed
TURN = Lock()


@attrs.frozen
class Failed:
    """A run that gave no result, and why."""

    why: str


@attrs.frozen
class Done:
    """A run's result, and what it took."""

    result: Mapping[str, Any]
    cost: Mapping[str, Any]


Outcome = Done | Failed
Outcomes = Iterator[tuple[Path, Outcome]]


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def work(task: Task, watch: Watch = unwatched) -> Outcome:
    """Carry out a task on one BLAS thread, wherever it runs: the last bits of a product depend on their number.

    With a file for its progress, it keeps each epoch there, and goes on from the one that it finds; its seconds
    are then those of all its parts.

    What it raises comes back as text, so that no failure depends on being picklable. Threads of one process take
    turns, since the number of BLAS threads is the process's.
    """
    try:
        with TURN, threadpool_limits(1):
            begin = perf_counter() - (0 if task.progress is None else seconds_until(task.progress))
            watch = watch if task.progress is None else keeping(task.progress, begin, watch)
            result = task.run(task.config, task.key, task.data(), watch)
            return Done(result, {"seconds": perf_counter() - begin, "date": f"{date.today()}", **machine()})
    except Exception:
        return Failed(traceback.format_exc())


def _with_a_bar(start: fnn.Progress, scan: Scan, total: int | None) -> Iterator[fnn.Progress]:
    """Watch with a bar over the epochs; the progress to begin with is none."""
    progresses, done = scan(start), len(start.history)
    yield next(progresses)
    yield from tqdm(progresses, desc="epochs", initial=done, total=total, unit="epoch", leave=False)


def alone(todo: Mapping[Path, Task]) -> Outcomes:
    """Carry out tasks one after the other in this process, with a bar over the runs and one over each one's epochs."""
    for path, task in tqdm(todo.items(), desc="runs", unit="run", leave=False, disable=len(todo) == 1):
        bar = partial(_with_a_bar, total=getattr(task.config, "epochs", None))
        yield path, work(task, bar)


def _follow_the_parent() -> None:
    """Let this worker end with its parent, also when that is killed and can tell nobody."""

    def wait() -> None:
        if (parent := parent_process()) is not None:
            parent.join()
            os._exit(1)

    Thread(target=wait, daemon=True).start()


@contextmanager
def _on_one_thread() -> Iterator[None]:
    """Let workers that start within make no idle BLAS threads: they read this variable as they start."""
    before = os.environ.get("OPENBLAS_NUM_THREADS")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("OPENBLAS_NUM_THREADS", None)


def _one_worker() -> ProcessPoolExecutor:
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


def in_processes(todo: Mapping[Path, Task], jobs: int) -> Outcomes:
    """Carry out tasks in `jobs` processes of this machine: a thread for each, so that one that dies takes one run."""
    lane, stopped, others = local(), Event(), set(active_children())
    threads = ThreadPoolExecutor(jobs)
    try:
        with _on_one_thread():
            yield from _as_they_end(
                {threads.submit(_in_a_lane, lane, stopped, task): path for path, task in todo.items()}
            )
    finally:  # at an interrupt, nothing that nobody waits for goes on
        stopped.set()
        threads.shutdown(wait=False, cancel_futures=True)
        for worker in set(active_children()) - others:
            worker.terminate()


def on_executor(todo: Mapping[Path, Task], executor: Executor) -> Outcomes:
    """Carry out tasks by the workers of an executor.

    A pool of processes breaks as a whole when one of its workers is killed: every run that it still has then counts as
    failed, and the next sweep does them. Without an executor, a killed worker takes one run only.
    """
    futures: dict[Future[Outcome], Path] = {}
    for path, task in todo.items():
        try:
            futures[executor.submit(work, task)] = path
        except BrokenExecutor as error:  # while it was being given work
            yield path, Failed(_told(error))
    yield from _as_they_end(futures)


def _as_they_end(futures: dict[Future[Outcome], Path]) -> Outcomes:
    """The outcomes of futures, with one bar over all; none is held longer than it takes to keep it."""
    for future in tqdm(as_completed(list(futures)), total=len(futures), desc="runs", unit="run", leave=False):
        error = future.exception()
        yield futures.pop(future), future.result() if error is None else Failed(_told(error))


def _told(error: BaseException) -> str:
    """An error with the calls that led to it, and its cause in a worker."""
    return "".join(traceback.format_exception(error))
