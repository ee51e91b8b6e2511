"""The process of one peer: `python -m recipes.bench.worker PEER PROBLEM CORES`.

It reads one command in JSON per line, and answers each with one line. ["begin"] gives null as soon as the peer is
ready, ["run", first, count] does `count` runs and gives the median of their seconds, ["score"] gives the accuracy or
the error of the network. An error gives {"error": ...}.
"""

import json
import os
import sys
from collections.abc import Callable


def main(peer: str, path: str, cores: str) -> None:
    """Answer commands until the input ends."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(map(int, cores.split(","))))
    answers, sys.stdout = sys.stdout, sys.stderr  # so that output of a library is not taken for an answer

    def answer(value: object) -> None:
        print(json.dumps(value), file=answers, flush=True)

    # Imported after the process is pinned, so that the threads of libraries start on its cores.
    import pickle
    from importlib import import_module
    from statistics import median
    from time import perf_counter

    from recipes.bench.problem import Problem

    try:
        module, _, function = peer.rpartition(".")
        start = getattr(import_module(f"recipes.bench.peers.{module}"), function)
        with open(path, "rb") as file:
            problem: Problem = pickle.load(file)
        session = start(problem)

        def run(first: int, count: int) -> float:
            seconds = []
            with session.around():
                for i in range(first, first + count):
                    begin = perf_counter()
                    session.run(i)
                    seconds.append(perf_counter() - begin)
            return median(seconds)

        def score() -> float | None:
            return problem.score(session.predict(problem.test[0]))

        commands: dict[str, Callable[..., object]] = {"begin": lambda: None, "run": run, "score": score}
        for line in sys.stdin:
            command, *arguments = json.loads(line)
            answer(commands[command](*arguments))
    except Exception as error:
        first_line = (str(error).strip().splitlines() or [""])[0]
        answer({"error": f"{type(error).__name__}: {first_line}"})


if __name__ == "__main__":
    main(*sys.argv[1:])
