"""How long fnn takes beside its bare matrix products and beside every peer that is installed."""

import json
from pathlib import Path

import attrs

from recipes import digits
from recipes.bench.measure import Measured, in_turn, time_to_score
from recipes.bench.table import table
from recipes.bench.workloads import WORKLOADS
from recipes.book import Options
from recipes.recipe import Command
from recipes.store import write_text

__all__ = ["RECIPE"]

ROUNDS = 5


def run(options: Options) -> None:
    """Measure the workloads, print their tables, write them as JSON and Markdown."""
    data, rounds = digits.load(options.data), options.runs or (2 if options.quick else ROUNDS)
    if options.quick:
        data = data.first(2000)
    results: dict[str, dict[str, Measured]] = {}
    lines: list[str] = []
    for name in options.only.split(",") if options.only else WORKLOADS:
        workload = WORKLOADS[name]
        problem = workload.problem(data)
        if workload.goal is None:
            results[name] = in_turn(problem, workload.peers, rounds, workload.repeat)
        else:
            results[name] = time_to_score(problem, workload.peers, rounds, 0.8 if options.quick else workload.goal)
        told = list(table(f"{name}: {workload.title}", results[name]))
        print("\n".join(told), flush=True)
        lines += told
    folder = Path(options.out) / "benchmark"
    plain = {name: {peer: attrs.asdict(each) for peer, each in row.items()} for name, row in results.items()}
    write_text(folder / "result.json", json.dumps(plain, indent=1))
    write_text(folder / "benchmark.md", "\n".join([*lines, ""]))


RECIPE = Command(
    name="benchmark", summary=(__doc__ or "").strip(), run=run, takes=("quick", "runs", "only", "data", "out")
)
