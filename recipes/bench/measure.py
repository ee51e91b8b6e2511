"""Measurements in interleaved rounds (A, B, C, A, B, C, ...), every peer in a process of its own on the same core."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import attrs

from recipes.bench.problem import Problem

__all__ = ["Measured", "Unavailable", "compare", "cores", "interleave", "stored", "time_to_score", "worker"]

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


def environment(threads: int) -> dict[str, str]:
    """The environment variables of a worker, which give its numerical libraries so many threads."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    eigen = f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'}"
    xla = f"{os.environ.get('XLA_FLAGS', '')} {eigen}".strip()
    return {**os.environ, **dict.fromkeys(names, str(threads)), "XLA_FLAGS": xla, "JAX_PLATFORMS": "cpu"}


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
    thread, or with "fnn_numpy.train@2" two of each. Raises `Unavailable` if there are fewer cores or the peer fails.
    """
    function, _, threads = peer.partition("@")
    wanted = int(threads or 1)
    where = cores(wanted)
    if len(where) < wanted:
        raise Unavailable(f"it needs {wanted} cores, and only {len(where)} can be used")
    command = [sys.executable, "-m", "recipes.bench.worker", function, str(path), ",".join(map(str, where))]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment(len(where)), cwd=ROOT, text=True, **pipes) as process:

        def answer() -> Any:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise Unavailable(f"its process ended with exit status {process.wait()}")
            value = json.loads(line)
            if isinstance(value, Mapping):
                raise Unavailable(value["error"])
            return value

        def ask(*request: Any) -> Any:
            with suppress(BrokenPipeError):  # then `answer` gets no line and raises
                if process.stdin:
                    process.stdin.write(json.dumps(request) + "\n")
                    process.stdin.flush()
            return answer()

        try:
            answer()
            yield ask
        finally:
            process.terminate()


def attempt(tasks: Iterable[Callable[[str], None]], names: Iterable[str]) -> dict[str, str]:
    """Do each task for every name before the next task; return the reasons for the names that became unavailable.

    A name whose task raises `Unavailable` is left out from then on.
    """
    missing: dict[str, str] = {}
    for task in tasks:
        for name in names:
            try:
                if name not in missing:
                    task(name)
            except Unavailable as reason:
                missing[name] = str(reason)
    return missing


def collected(
    seconds: Mapping[str, Sequence[float]], scores: Mapping[str, float | None], missing: Mapping[str, str]
) -> dict[str, Measured]:
    """The measurements of all peers, from their seconds, their scores, and the reasons of those without."""
    return {
        name: Measured(missing=missing[name]) if name in missing else Measured(each, scores[name])
        for name, each in seconds.items()
    }


def compare(problem: Problem, peers: Mapping[str, str], rounds: int, repeat: int = 1) -> dict[str, Measured]:
    """Measure all peers on one problem.

    problem    the problem
    peers      the function of each peer by its name, as `worker` takes it
    rounds     how many rounds to measure, after one that warms up
    repeat     how many epochs a round has; their median is its time
    """
    with stored(problem) as path:
        return interleave({name: (peer, path) for name, peer in peers.items()}, rounds, repeat)


def interleave(workers: Mapping[str, tuple[str, Path]], rounds: int, repeat: int = 1) -> dict[str, Measured]:
    """Measure peers, each on the problem at its own path, in interleaved rounds; `compare` explains the arguments."""
    asks: dict[str, Ask] = {}
    seconds: dict[str, list[float]] = {name: [] for name in workers}
    scores: dict[str, float | None] = {}
    with ExitStack() as stack:

        def start(name: str) -> None:
            asks[name] = stack.enter_context(worker(*workers[name]))

        def run(name: str) -> None:
            seconds[name].append(asks[name]("run", len(seconds[name]) * repeat, repeat))

        def score(name: str) -> None:
            scores[name] = asks[name]("score")

        missing = attempt((start, *[run] * (1 + rounds), score), workers)
    later = {name: each[1:] for name, each in seconds.items()}  # the first run compiles and fills caches
    return collected(later, scores, missing)


def time_to_score(
    problem: Problem, peers: Mapping[str, str], rounds: int, goal: float, most: int = 30
) -> dict[str, Measured]:
    """Measure the seconds from the start of a process until its network scores `goal` at the end of an epoch.

    problem, peers    as for `compare`
    rounds            how many processes to measure for each peer
    goal              the score to reach
    most              the number of epochs after which a peer counts as unavailable
    """
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    scores: dict[str, float | None] = {}
    with stored(problem) as path:

        def start(name: str) -> None:
            with worker(peers[name], path):
                pass

        def run(name: str) -> None:
            begin = perf_counter()
            with worker(peers[name], path) as ask:
                for epoch in range(most):
                    ask("run", epoch, 1)
                    scores[name] = score = ask("score")
                    if score >= goal:
                        seconds[name].append(perf_counter() - begin)
                        return
            raise Unavailable(f"it did not reach a score of {goal} within {most} epochs")

        missing = attempt((start, *[run] * rounds), peers)  # the first start fills the disk's cache
    return collected(seconds, scores, missing)
