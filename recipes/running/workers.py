"""Carry out runs: in this process, in processes side by side, or by the workers of any executor.

Each of the three yields (paths, outcome) as runs end, in any order. The outcomes are the same for all three.
"""

import os
import signal
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence, Set
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import date
from itertools import count
from multiprocessing import active_children, get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Lock, Thread, local
from time import perf_counter, sleep
from typing import Any

import attrs
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from fnn.optimizers.diverged import DivergedError
from recipes.running.bars import News, as_they_end, listen, telling, with_a_bar
from recipes.running.engine import NUMPY, environment, on_host
from recipes.running.failures import traceback_of
from recipes.running.guard import check_main
from recipes.running.plan import Task
from recipes.running.provenance import machine
from recipes.running.store import keeping, resumed, seconds_until
from recipes.training import ApartError

__all__ = ["Done", "Failed", "cores", "in_processes", "in_this_process", "on_executor", "work"]

ATTEMPTS = 3  # a run fails when its worker process has died this many times
TURN = Lock()
_parent: Connection | None = None  # of a worker process: where it tells how its training goes


@attrs.frozen
class Failed:
    """The reason why a run has no result."""

    why: str


@attrs.frozen
class Done:
    """The result of a run and its cost: seconds, date and machine."""

    result: Any
    cost: Mapping[str, Any]


@attrs.frozen
class Several:
    """The outcomes of the runs of one task, which could not be trained together."""

    each: Sequence[Done | Failed]


Outcome = Done | Failed | Several
Paths = tuple[Path, ...]  # where the results of a task are kept: one for each of its keys
Outcomes = Generator[tuple[Paths, Outcome], None, None]


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def work(task: Task, shown: bool = False, core: int = 0) -> Outcome:
    """Carry out a task, with a bar over its epochs if it is to be shown; `core` is the number of the core for JAX.

    A task with a file for its progress goes on from the progress in that file, and keeps the further ones there, if
    this machine has the file's folder; its seconds are then those of all its parts. A run uses one BLAS thread wherever
    it runs, since the last bits of a matrix product depend on the number of threads; that number is the process's, so
    that the threads of a process take turns. An exception comes back as text, so that no failure depends on being
    picklable.
    """
    try:
        with TURN, threadpool_limits(1), task.engine.on_one_core(core), task.engine.compiling_fast():
            begin, kept = perf_counter(), task.progress if task.progress and task.progress.parent.is_dir() else None
            run, fold = task.carried_out(), task.engine.carry_out()
            if kept is None:
                start, progresses = run.start, run.scan(run.start, fold)
            else:
                begin -= seconds_until(kept)
                start = resumed(kept, run.start)
                progresses = keeping(kept, run.scan(start, fold), begin)
            if shown:
                progresses = with_a_bar(progresses, len(start.history), run.epochs)
            if _parent is not None:
                progresses = telling(progresses, run.epochs, _parent.send)
            result = on_host(run.finish(deque(progresses, maxlen=1)[0]))
            cost = {"seconds": perf_counter() - begin, "date": f"{date.today()}", **machine()}
            return Done(result, cost if task.engine == NUMPY else {**cost, "engine": attrs.asdict(task.engine)})
    except (ApartError, DivergedError) as error:
        if isinstance(task.key, tuple):  # trained together, one would take the others with it
            return Several([_one(work(attrs.evolve(task, key=key, progress=None), shown, core)) for key in task.key])
        return Failed(traceback_of(error))
    except Exception as error:
        return Failed(traceback_of(error))


def _one(outcome: Outcome) -> Done | Failed:
    assert not isinstance(outcome, Several)
    return outcome


def in_this_process(todo: Mapping[Paths, Task], done: int = 0) -> Outcomes:
    """Carry out tasks one after the other, with a bar over the runs, `done` of which are done, and one over epochs."""
    total, alone = done + len(todo), not todo or done + len(todo) == 1
    bar = tqdm(todo.items(), desc="runs", unit="run", leave=False, disable=alone, initial=done, total=total)
    for path, task in bar:
        yield path, work(task, shown=True)


def _follow_the_parent(parent: Connection) -> None:
    """Tell the parent how trainings go, and end when it ends, even if it is killed and cannot shut this worker down."""
    global _parent
    _parent = parent

    def wait() -> None:
        if (parent := parent_process()) is not None:
            parent.join()
            os._exit(1)

    Thread(target=wait, daemon=True).start()


def _without_interrupts() -> None:
    """Leave Ctrl-C to the parent: the processes that this thread starts do not see it, from their first moment on."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _sharing(jobs: int) -> AbstractContextManager[None]:
    """Workers that start inside this context make no idle BLAS threads, and take their share of a GPU's memory.

    They read these variables as they start.
    """
    wanted = {"OPENBLAS_NUM_THREADS": "1", "XLA_PYTHON_CLIENT_MEM_FRACTION": f"{0.9 / jobs:.3f}"}
    return environment({name: value for name, value in wanted.items() if name not in os.environ})


def _in_own_process(
    own: Any, pools: list[Executor], numbers: Iterator[int], stopped: Event, news: News, task: Task
) -> Outcome:
    """Carry out a task in the worker process that belongs to this thread, and in a new one if that process dies."""
    for _ in range(ATTEMPTS):
        if stopped.is_set():
            break
        if not hasattr(own, "pool"):
            context, own.core = get_context("spawn"), own.core if hasattr(own, "core") else next(numbers)
            reader, own.writer = context.Pipe(duplex=False)
            own.pool = ProcessPoolExecutor(1, context, _follow_the_parent, (own.writer,))
            pools.append(own.pool)
            Thread(target=listen, args=(reader, news), daemon=True).start()
        try:
            future = own.pool.submit(work, task, core=own.core)
            own.writer.close()  # the process has it, so that its end closes the pipe
            return future.result()
        except BrokenExecutor:
            del own.pool
    return Failed(f"the worker process died {ATTEMPTS} times over this run: killed, or out of memory?")


def in_processes(todo: Mapping[Paths, Task], jobs: int, done: int = 0) -> Outcomes:
    """Carry out tasks in `jobs` processes of this machine, with a bar over the runs, `done` of which are done.

    Each process has a thread of its own that feeds it, so that a process that dies takes one run with it and no more.
    Raises `RefusedError` before the first run if the processes cannot import the main script, or would start it again.
    """
    own, stopped, news, others = local(), Event(), News(), set(active_children())
    pools: list[Executor] = []
    futures: dict[Future[Outcome], Paths] = {}
    check_main(todo.values())
    resource_tracker.ensure_running()  # the thread that starts it hears Ctrl-C again, and so would its worker
    threads = ThreadPoolExecutor(jobs, initializer=_without_interrupts)
    try:
        with _sharing(jobs):
            given = own, pools, count(), stopped, news
            for path, task in todo.items():
                futures[threads.submit(_in_own_process, *given, task)] = path
            yield from _as_they_end(futures, news, done)
    finally:  # after an interrupt, no worker goes on
        stopped.set()
        threads.shutdown(wait=False, cancel_futures=True)
        _end_workers(others)
        while not all(future.done() for future in futures):
            sleep(0.05)
            _end_workers(others)  # one of the threads may have been starting another
        for pool in pools:  # wait for its threads: Python prints an error if it ends while they do
            pool.shutdown()


def _end_workers(others: Set[Any]) -> None:
    """Terminate the child processes of this one, but for these others."""
    for worker in set(active_children()) - others:
        worker.terminate()


def on_executor(todo: Mapping[Paths, Task], executor: Executor, done: int = 0) -> Outcomes:
    """Carry out tasks by the workers of an executor, with a bar over the runs, `done` of which are done.

    A pool of processes breaks as a whole when one of its workers is killed. All runs that it still holds then fail, and
    the next sweep repeats them.
    """
    futures: dict[Future[Outcome], Paths] = {}
    for path, task in todo.items():
        try:
            futures[executor.submit(work, task, core=len(futures))] = path
        except BrokenExecutor as error:  # it broke while tasks were still being submitted
            yield path, Failed(traceback_of(error))
    yield from _as_they_end(futures, News(), done)


def _as_they_end(futures: dict[Future[Outcome], Paths], news: News, done: int) -> Outcomes:
    """The outcomes of futures as they end; each is let go as soon as it is passed on."""
    for future in as_they_end(futures, news, done):
        error = future.exception()
        yield futures.pop(future), future.result() if error is None else Failed(traceback_of(error))
