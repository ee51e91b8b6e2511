"""Measuring in turn, A B C A B C ...: every peer in a process of its own, pinned to the same core."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import attrs

from recipes.bench.problem import Problem

__all__ = ["Measured", "Unavailable", "alternating", "cores", "in_turn", "stored", "time_to_score", "worker"]

ROOT = Path(__file__).parents[2]
Ask = Callable[..., Any]


class Unavailable(Exception):
    """A peer cannot be measured: it is not installed, or cannot do what is asked."""


@attrs.frozen
class Measured:
    """The seconds of one peer, a number a round, and its score at the end; or why there are none."""

    seconds: tuple[float, ...] = ()
    score: float | None = None
    missing: str = ""

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return median(self.seconds)

    def over(self, other: "Measured") -> tuple[float, float, float]:
        """This peer's time over another's, round by round: (median, least, greatest)."""
        ratios = [a / b for a, b in zip(self.seconds, other.seconds, strict=True)]
        return median(ratios), min(ratios), max(ratios)


def cores(n: int = 1) -> list[int]:
    """The last `n` cores of those that this process may use."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    return usable[-n:]


def environment(threads: int) -> dict[str, str]:
    """The environment of a worker: how many threads its numerical libraries may have."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    eigen = f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'}"
    xla = f"{os.environ.get('XLA_FLAGS', '')} {eigen}".strip()
    return {**os.environ, **dict.fromkeys(names, str(threads)), "XLA_FLAGS": xla, "JAX_PLATFORMS": "cpu"}


@contextmanager
def stored(problem: Problem) -> Iterator[Path]:
    """The problem as a file, for as long as it is measured."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "problem"
        path.write_bytes(pickle.dumps(problem, protocol=5))
        yield path


@contextmanager
def worker(peer: str, path: Path) -> Iterator[Ask]:
    """A process of one peer, as the function that sends it a command and gives its answer.

    It has one core and one thread; "fnn_numpy.train@2" asks for two of each. Raises `Unavailable`, with the reason,
    where there are fewer cores or the peer fails.
    """
    function, _, threads = peer.partition("@")
    wanted = int(threads or 1)
    where = cores(wanted)
    if len(where) < wanted:
        raise Unavailable(f"it needs {wanted} cores, there is {len(where)}")
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
            with suppress(BrokenPipeError):  # no answer will come either, and say why
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
    """Every task for every name in turn; one that fails is left out from then on. Returns the reasons of those."""
    missing: dict[str, str] = {}
    for task in tasks:
        for name in names:
            try:
                if name not in missing:
                    task(name)
            except Unavailable as reason:
                missing[name] = str(reason)
    return missing


def in_turn(problem: Problem, peers: Mapping[str, str], rounds: int, repeat: int = 1) -> dict[str, Measured]:
    """The seconds of each peer in each round, after a round of warm-up; a round is the median of `repeat` runs."""
    with stored(problem) as path:
        return alternating({name: (peer, path) for name, peer in peers.items()}, rounds, repeat)


def alternating(workers: Mapping[str, tuple[str, Path]], rounds: int, repeat: int = 1) -> dict[str, Measured]:
    """`in_turn` of peers that have each a problem of its own."""
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

        missing = attempt((start, *[run] * (1 + rounds), score), workers)  # the first run compiles and fills caches
    return {
        name: Measured(missing=missing[name]) if name in missing else Measured(tuple(seconds[name][1:]), scores[name])
        for name in workers
    }


def time_to_score(
    problem: Problem, peers: Mapping[str, str], rounds: int, goal: float, most: int = 30
) -> dict[str, Measured]:
    """The seconds from the start of a process until its network scores `goal` at the end of an epoch, in each round."""
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    scores: dict[str, float] = {}
    with stored(problem) as path:

        def start(name: str) -> None:
            with worker(peers[name], path):
                pass

        def run(name: str) -> None:
            begin = perf_counter()
            with worker(peers[name], path) as ask:
                for epoch in range(most):
                    ask("run", epoch, 1)
                    scores[name] = ask("score")
                    if scores[name] >= goal:
                        seconds[name].append(perf_counter() - begin)
                        return
            raise Unavailable(f"it did not score {goal} in {most} epochs")

        missing = attempt((start, *[run] * rounds), peers)  # the first start fills the disk's cache
    return {
        name: Measured(missing=missing[name]) if name in missing else Measured(tuple(seconds[name]), scores[name])
        for name in peers
    }
