"""The process of one peer: `python -m recipes.bench.worker PEER PROBLEM CORES`, driven through its pipes.

Each line it reads is a command as JSON, each it writes an answer: ["run", first, count] the median of the seconds
that each run took, ["score"] the accuracy or the error after them.
"""

import json
import os
import sys


def main(peer: str, path: str, cores: str) -> None:
    """Serve until the input ends."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(map(int, cores.split(","))))
    answers, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer

    def answer(value: object) -> None:
        print(json.dumps(value), file=answers, flush=True)

    # Imported here, so that their threads are born on those cores.
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
        answer("ready")
        for line in sys.stdin:
            command, *arguments = json.loads(line)
            if command == "score":
                answer(problem.score(session.predict(problem.test[0])))
                continue
            first, count = arguments
            seconds = []
            with session.around():
                for i in range(first, first + count):
                    begin = perf_counter()
                    session.run(i)
                    seconds.append(perf_counter() - begin)
            answer(median(seconds))
    except Exception as error:
        said = str(error).strip().splitlines() or [""]
        answer({"error": f"{type(error).__name__}: {said[0]}"})


if __name__ == "__main__":
    main(*sys.argv[1:])
