"""Measurements in interleaved rounds (A, B, C, A, B, C, ...), every peer in a process of its own on the same core."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import chain, zip_longest
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import attrs

from recipes.bench.problem import Problem

__all__ = ["Measured", "Unavailable", "compare", "cores", "in_turns", "rounds_of", "stored", "time_to_score"]

ROOT = Path(__file__).parents[2]
Ask = Callable[..., Any]


class Unavailable(Exception):
    """A peer cannot be measured: it is not installed, or it does not support the problem."""


@attrs.frozen
class Measured:
    """The seconds of one peer in each round and its score after the last; or the reason why they are `missing`."""

    seconds: Sequence[float] = ()
    score: float | None = None
    missing: str = ""

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return median(self.seconds)

    def ratio_to(self, other: "Measured") -> tuple[float, float, float]:
        """The ratio of this peer's time to another's in each round: (median, least, greatest)."""
        ratios = [a / b for a, b in zip(self.seconds, other.seconds, strict=True)]
        return median(ratios), min(ratios), max(ratios)


def cores(n: int = 1) -> list[int]:
    """The last `n` of the cores that this process may use, or all if they are fewer."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    return usable[-n:]


def environment(threads: int, gpu: bool = False) -> dict[str, str]:
    """The environment variables of a worker, which give its numerical libraries so many threads.

    On a GPU, JAX takes memory as it needs it, because several workers share the memory.
    """
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    eigen = f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'}"
    xla = f"{os.environ.get('XLA_FLAGS', '')} {eigen}".strip()
    jax = {"JAX_PLATFORMS": "cuda,cpu" if gpu else "cpu", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    return {**os.environ, **dict.fromkeys(names, str(threads)), "XLA_FLAGS": xla, **jax}


@contextmanager
def stored(problem: Problem) -> Iterator[Path]:
    """The path of a temporary file that holds the problem."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "problem"
        path.write_bytes(pickle.dumps(problem, protocol=5))
        yield path


@contextmanager
def worker(peer: str, path: Path) -> Iterator[Ask]:
    """Start a process of one peer; yields a function that sends it a command and returns its answer.

    `peer` names a function of `recipes.bench.peers`, such as "fnn_numpy.train". The process has one core and one
    thread, or with "fnn_numpy.train@2" two of each; "fnn_jax.train@cuda" has a GPU, and all cores to start and compile.
    Raises `Unavailable` if there are fewer cores or the peer fails.
    """
    function, _, place = peer.partition("@")
    gpu = place == "cuda"
    wanted = len(cores(0)) if gpu else int(place or 1)
    where = cores(wanted)
    if len(where) < wanted:
        raise Unavailable(f"it needs {wanted} cores, and only {len(where)} can be used")
    command = [sys.executable, "-m", "recipes.bench.worker", function, str(path), ",".join(map(str, where))]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment(len(where), gpu), cwd=ROOT, encoding="utf-8", **pipes) as process:

        def ask(*request: Any) -> Any:
            with suppress(BrokenPipeError):  # then there is no answer
                print(json.dumps(request), file=process.stdin, flush=True)
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise Unavailable(f"its process ended with exit status {process.wait()}")
            value = json.loads(line)
            if isinstance(value, Mapping):
                raise Unavailable(value["error"])
            return value

        try:
            ask("begin")
            yield ask
        finally:
            process.terminate()


def rounds_of(peer: str, path: Path, rounds: int, repeat: int = 1) -> Iterator[float | None]:
    """The time of a round that warms up, the times of some rounds, and the score at last, all in one process.

    peer, path   as `worker` takes them
    rounds       the number of rounds
    repeat       how many epochs a round has; their median is its time
    """
    with worker(peer, path) as ask:
        for i in range(1 + rounds):  # the first run compiles and fills caches
            yield ask("run", i * repeat, repeat)
        yield ask("score")


def starts_of(peer: str, path: Path, rounds: int, goal: float, most: int) -> Iterator[float | None]:
    """0 for a process that warms up, the times of some rounds, and the score at last; each round is a process.

    peer, path, rounds   as for `rounds_of`
    goal                 the score that ends a round
    most                 the number of epochs after which the peer is unavailable
    """
    with worker(peer, path):  # the first start fills the disk's cache
        yield 0.0
    for _ in range(rounds):
        begin = perf_counter()
        with worker(peer, path) as ask:
            for epoch in range(most):
                ask("run", epoch, 1)
                score = ask("score")
                if score >= goal:
                    break
            else:
                raise Unavailable(f"it did not reach a score of {goal} within {most} epochs")
            yield perf_counter() - begin
    yield score


def in_turns(peers: Mapping[Any, Iterator[float | None]], side_by_side: bool = False) -> dict[Any, Measured]:
    """The measurements of peers that take turns, each by its `rounds_of` or `starts_of`.

    With `side_by_side`, all start and warm up at once; after that they take turns.
    """

    def or_reason(found: Iterator[float | None]) -> Iterator[float | str | None]:
        try:
            yield from found
        except Unavailable as reason:
            yield str(reason)

    def measured(column: Sequence[Any]) -> Measured:
        if reasons := [each for each in column if isinstance(each, str)]:
            return Measured(missing=reasons[0])
        _, *seconds, score = column
        return Measured(seconds, score)

    asked = list(map(or_reason, peers.values()))
    if side_by_side:
        with ThreadPoolExecutor(len(asked)) as threads:
            first = list(threads.map(next, asked))
        asked = [chain([value], rest) for value, rest in zip(first, asked, strict=True)]
    columns = zip(*zip_longest(*asked), strict=True)  # A, B, C, A, B, C, ...
    return dict(zip(peers, map(measured, columns), strict=True))


def compare(problem: Problem, peers: Mapping[str, str], rounds: int, repeat: int = 1) -> dict[str, Measured]:
    """Measure all peers on one problem.

    problem    the problem
    peers      the function of each peer by its name, as `worker` takes it
    rounds     how many rounds to measure, after one that warms up
    repeat     how many epochs a round has; their median is its time
    """
    with stored(problem) as path:
        return in_turns({name: rounds_of(peer, path, rounds, repeat) for name, peer in peers.items()})


def time_to_score(
    problem: Problem, peers: Mapping[str, str], rounds: int, goal: float, most: int = 30
) -> dict[str, Measured]:
    """Measure the seconds from the start of a process until its network scores `goal` at the end of an epoch.

    problem, peers    as for `compare`
    rounds            how many processes to measure for each peer
    goal              the score to reach
    most              the number of epochs after which a peer counts as unavailable
    """
    with stored(problem) as path:
        return in_turns({name: starts_of(peer, path, rounds, goal, most) for name, peer in peers.items()})
