"""How long fnn takes beside its bare matrix products and every peer that is installed, and how its cost grows."""

import json
import os
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import attrs
from matplotlib.figure import Figure

from fnn import plot
from recipes.bench import compiled, cost, stages, startup, threads
from recipes.bench.measure import Measured, in_turn, time_to_score
from recipes.bench.picture import bars
from recipes.bench.table import table
from recipes.bench.workloads import WORKLOADS
from recipes.data import digits
from recipes.data.digits import Digits
from recipes.recipe import Command, OptionError
from recipes.running.plan import Options
from recipes.running.provenance import machine, versions
from recipes.running.store import write_text

__all__ = ["RECIPE"]

ROUNDS, FEW = 5, 2
QUICK_EXAMPLES, QUICK_GOAL = 2000, 0.8
PEERS = ("torch", "jax", "optax")


@attrs.frozen
class Finding:
    """What one part of the benchmark found: lines to print, plain values, and a picture where there is one."""

    lines: list[str]
    values: Any
    picture: Figure | None = None


def beside_peers(name: str, data: Digits, rounds: int, quick: bool) -> Finding:
    """One workload, measured by all its peers."""
    workload = WORKLOADS[name]
    problem = workload.problem(data)
    if workload.goal is None:
        found = in_turn(problem, workload.peers, rounds, workload.repeat)
    else:
        found = time_to_score(problem, workload.peers, rounds, QUICK_GOAL if quick else workload.goal)
    steps = len(problem.order(0)) * max(1, problem.runs) if workload.trains else None
    return Finding(list(table(f"{name}: {workload.title}", found, steps)), plain(found))


def growth(data: Digits, rounds: int) -> Finding:
    """How cost grows."""
    found = cost.costs(data, rounds)
    return Finding(list(cost.table(found)), plain(found), cost.figure(found))


def two_threads(data: Digits, rounds: int) -> Finding:
    """Two BLAS threads beside one."""
    found = threads.measured(data, rounds)
    return Finding(list(threads.table(found)), plain(found))


def where_it_goes(data: Digits, rounds: int) -> Finding:
    """The stages of a step."""
    found = stages.measured(data)
    return Finding(list(stages.table(found)), plain(found))


def same_step(data: Digits, rounds: int) -> Finding:
    """The same step on NumPy and compiled by JAX."""
    if find_spec("jax") is None:
        return Finding(["", "compiled: JAX is not installed"], None)
    on_numpy, on_jax = compiled.losses(data)
    apart = float(abs(on_numpy - on_jax).max())
    lines = [
        "",
        f"**The same step**: {len(on_jax)} losses on NumPy and on JAX are nowhere further apart than {apart:.1g}",
    ]
    return Finding(lines, {"apart": apart}, compiled.figure(on_numpy, on_jax))


def importing(data: Digits, rounds: int) -> Finding:
    """What `import fnn` costs."""
    milliseconds, found = startup.import_milliseconds(rounds)
    modules = ", ".join(startup.MODULES)
    line = f"import fnn adds {milliseconds:.0f} ms to import numpy; of {modules} it imports {found or 'none'}"
    return Finding(["", line], {"import_milliseconds": milliseconds, "imports": found})


PARTS = {"stages": where_it_goes, "cost": growth, "threads": two_threads, "compiled": same_step, "import": importing}


def plain(value: Any) -> Any:
    """Records and mappings of them as JSON has them."""
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    return attrs.asdict(value) if attrs.has(type(value)) else value


def measured_on() -> str:
    """The processor and the versions that were measured."""
    named = {**versions(), **{each: version(each) for each in PEERS if find_spec(each) is not None}}
    return f"{', '.join(machine().values())}, {os.cpu_count()} cores; " + ", ".join(
        f"{name} {number}" for name, number in named.items()
    )


def chosen(options: Options) -> list[str]:
    """The names of what is to be measured; raises `OptionError` for one that there is not."""
    known = [*WORKLOADS, *PARTS]
    names = known if options.only is None else options.only.split(",")
    if unknown := [name for name in names if name not in known]:
        raise OptionError(f"benchmark --only: there is no {', '.join(unknown)}; there are {', '.join(known)}")
    return names


def written(path: Path) -> dict[str, Any]:
    """The parts that are on disk, those of earlier runs among them."""
    return json.loads(path.read_text()) if path.exists() else {}


def report(parts: Mapping[str, Any]) -> str:
    """All parts as Markdown, in the order of the benchmark, under what each was measured on."""
    there = [parts[name] for name in (*WORKLOADS, *PARTS) if name in parts]
    groups = groupby(there, key=itemgetter("measured"))
    return "\n".join(line for head, group in groups for line in [head, *chain(*map(itemgetter("lines"), group)), ""])


def restored(values: Mapping[str, Any]) -> Measured:
    """What `plain` made of a measurement, as it was."""
    return Measured(tuple(values["seconds"]), values["score"], values["missing"])


def chart(parts: Mapping[str, Any]) -> Figure:
    """The workloads on disk as bars."""
    results = {
        name: {peer: restored(each) for peer, each in parts[name]["values"].items()}
        for name in WORKLOADS
        if name in parts
    }
    return bars({name: WORKLOADS[name].title for name in results}, results)


def run(options: Options) -> None:
    """Measure, print the tables, and write each part when it is done: as JSON, Markdown and pictures."""
    names, data = chosen(options), digits.load(options.data)
    rounds, folder = options.runs or (FEW if options.quick else ROUNDS), Path(options.out) / "benchmark"
    if options.quick:
        data = data.first(QUICK_EXAMPLES)
    few = f"; quick: {QUICK_EXAMPLES:,} digits, f to {QUICK_GOAL}" if options.quick else ""
    measured = f"{measured_on()}; rounds: {rounds}{few}"
    print(measured)
    for name in names:
        finding = PARTS[name](data, rounds) if name in PARTS else beside_peers(name, data, rounds, options.quick)
        print("\n".join(finding.lines), flush=True)
        parts = {
            **written(folder / "result.json"),
            name: {"measured": measured, "lines": finding.lines, "values": finding.values},
        }
        write_text(folder / "result.json", json.dumps(parts, indent=1))
        write_text(folder / "benchmark.md", report(parts))
        if finding.picture is not None:
            plot.save(finding.picture, folder / name)
    if not parts.keys().isdisjoint(WORKLOADS):
        plot.save(chart(parts), folder / "benchmark")
    print("\nwritten to", folder)


RECIPE = Command(
    name="benchmark", summary=(__doc__ or "").strip(), run=run, takes=("quick", "runs", "only", "data", "out")
)
