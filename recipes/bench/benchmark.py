"""The speed of fnn compared with its bare matrix products and with every installed peer, and how its cost grows."""

import json
import os
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import attrs
from matplotlib.figure import Figure
from toolz import keyfilter, valmap

from fnn import plot
from recipes.bench import compiled, cost, estimators, gpu, stages, startup, threads
from recipes.bench.measure import Measured, compare, time_to_score
from recipes.bench.page import page
from recipes.bench.picture import bars
from recipes.bench.table import Finding, table
from recipes.bench.workloads import WORKLOADS
from recipes.data import digits
from recipes.data.digits import Digits
from recipes.recipe import Command, OptionError
from recipes.reporting.gallery import write_markdown
from recipes.running.catalogue import did_you_mean
from recipes.running.plan import Options
from recipes.running.provenance import machine, versions_in_words
from recipes.running.store import write_text

__all__ = ["RECIPE"]

ROUNDS, FEW = 5, 2
QUICK_EXAMPLES, QUICK_GOAL = 2000, 0.8
PEERS = ("torch", "jax", "optax")
PARTS: Mapping[str, Callable[[Digits, int], Finding]] = {
    "stages": stages.finding,
    "cost": cost.finding,
    "threads": threads.finding,
    "compiled": compiled.finding,
    **{f"gpu_{name}": partial(gpu.finding, name=name) for name in gpu.TRAINED},
    "gpu_seeds": gpu.finding_of_seeds,
    "estimators": estimators.finding,
    "import": startup.finding,
}


def finding(name: str, data: Digits, rounds: int, quick: bool) -> Finding:
    """Measure one part: a workload with all its peers, or one of `PARTS`."""
    if name in PARTS:
        return PARTS[name](data, rounds)
    workload = WORKLOADS[name]
    problem = workload.problem(data)
    if workload.goal is None:
        found = compare(problem, workload.peers, rounds, workload.repeat)
    else:
        found = time_to_score(problem, workload.peers, rounds, QUICK_GOAL if quick else workload.goal)
    steps = len(problem.order(0)) * max(1, problem.runs) if workload.trains else None
    return Finding(table(f"{name}: {workload.title}", found, steps), found)


def measured_on() -> str:
    """The processor, the GPU if there is one, and the versions of the libraries, as text."""
    peers = [f"{name} {version(name)}" for name in PEERS if find_spec(name) is not None]
    where = [*machine().values(), f"{os.cpu_count()} cores", *gpu.device()]
    return f"{', '.join(where)}; {', '.join([versions_in_words(), *peers])}"


def chosen(options: Options) -> list[str]:
    """The names of the parts to measure; raises `OptionError` for an unknown name."""
    known = [*WORKLOADS, *PARTS]
    names = known if options.only is None else options.only.split(",")
    if unknown := [name for name in names if name not in known]:
        raise OptionError(f"benchmark --only: no part {unknown[0]!r}; {did_you_mean(unknown[0], known)}")
    return names


def stored_parts(path: Path) -> dict[str, Any]:
    """The parts in result.json, in the order of the benchmark; parts of earlier runs are kept there."""
    parts = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {name: parts[name] for name in (*WORKLOADS, *PARTS) if name in parts}


def chart(parts: Mapping[str, Any]) -> Figure:
    """The workloads among the stored parts as bars."""
    of = keyfilter(WORKLOADS.__contains__, parts)
    results = {name: valmap(lambda values: Measured(**values), part["values"]) for name, part in of.items()}
    return bars({name: WORKLOADS[name].title for name in results}, results)


def write(folder: Path, gallery: str | None) -> None:
    """Write benchmark.md and the picture of the workloads from result.json; also to the gallery, if one is given."""
    parts = stored_parts(folder / "result.json")
    if not parts.keys().isdisjoint(WORKLOADS):
        plot.save(chart(parts), folder / "benchmark")
    pictures = {path.name: path.read_bytes() for path in folder.glob("*.png")}
    write_text(folder / "benchmark.md", page(parts, pictures))
    if gallery is not None:
        write_markdown(Path(gallery) / "benchmark.md", page(parts, pictures), pictures)


def run(options: Options) -> None:
    """Measure the parts one by one; print each, and write it to result.json, benchmark.md and a picture.

    Where a part cannot be measured, such as one for a GPU, an earlier measurement is kept.
    """
    names, data = chosen(options), digits.load(options.data)
    rounds, folder = options.runs or (FEW if options.quick else ROUNDS), Path(options.out) / "benchmark"
    if options.quick:
        data = data.first(QUICK_EXAMPLES)
    few = f"; quick: {QUICK_EXAMPLES:,} digits, workload f ends at {QUICK_GOAL}" if options.quick else ""
    measured = f"{measured_on()}; rounds: {rounds}{few}"
    print(measured)
    for name in names:
        found = finding(name, data, rounds, options.quick)
        print("\n".join(found.lines), flush=True)
        kept = stored_parts(folder / "result.json")
        if found.values is not None or name not in kept:  # else what another machine measured stays
            parts = {**kept, name: {"measured": measured, "lines": found.lines, "values": found.values}}
            write_text(folder / "result.json", json.dumps(parts, indent=1, default=attrs.asdict))
        if found.picture is not None:
            plot.save(found.picture, folder / name)
        write(folder, options.gallery)
    print("\nwritten to", folder)


RECIPE = Command(
    name="benchmark",
    summary=(__doc__ or "").strip(),
    run=run,
    takes=("quick", "runs", "only", "data", "out", "gallery"),
)
