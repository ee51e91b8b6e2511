"""Training on a GPU: the compiled fold beside JAX and PyTorch, and how its cost grows with the number of networks."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack

import attrs

from recipes.bench.measure import Measured, in_turns, rounds_of, stored
from recipes.bench.problem import Problem
from recipes.bench.table import Finding, duration, ratio, table, titled
from recipes.bench.workloads import WORKLOADS, classifier, seeds
from recipes.data.digits import Digits
from recipes.recipe import OptionError
from recipes.running.engine import engine

__all__ = ["DEVICE", "device", "finding", "finding_of_seeds"]

DEVICE = "cuda"  # "cpu" carries out the same code without a GPU
FOLD, REPEAT, TESTED = "fnn, compiled fold", 5, 1000
NETWORKS = (1, 2, 4, 8, 15, 16, 32, 64, 128, 256)
COMPILED = {
    FOLD: "fnn_jax.train",
    "JAX and optax, scan": "jax_optax.train_by_epoch",
    "PyTorch, CUDA graphs": "torch_cuda.train_by_graph",
}
PEERS = {**COMPILED, "PyTorch, fused Adam": "torch_cuda.train"}
UNROLLED = {"fnn, compiled fold, unroll=5": "fnn_jax.train_unrolled"}
TRAINED: Mapping[str, tuple[str, Callable[[Digits], Problem], Mapping[str, str]]] = {
    "one": (WORKLOADS["a128"].title, classifier(64, 32), {**PEERS, **UNROLLED, "fnn on CuPy": "fnn_cupy.train"}),
    "15": ("784-64-32-10 from 15 seeds at once, in PyTorch one after the other", seeds(15), {**COMPILED, **UNROLLED}),
    "c": (WORKLOADS["c"].title, WORKLOADS["c"].problem, PEERS),
    "g": (WORKLOADS["g"].title, WORKLOADS["g"].problem, PEERS),
}


def finding(data: Digits, rounds: int, *, name: str) -> Finding:
    """The times of all peers of one workload as a table; a sentence where there is no GPU."""
    title, make, peers = TRAINED[name]
    title = f"On a GPU: {title}"
    if reason := missing():
        return Finding(["", f"**{title}**: not measured; {reason}."], None)
    problem = make(data)
    found = measure(problem, peers, rounds)
    return Finding(table(title, found, len(problem.order(0)), base=FOLD), found)


def finding_of_seeds(data: Digits, rounds: int) -> Finding:
    """The times for growing numbers of networks as a table; a sentence where there is no GPU."""
    if reason := missing():
        return Finding(["", f"**Several seeds at once on a GPU**: not measured; {reason}."], None)
    found = growth(data, rounds)
    return Finding(growth_table(found), found)


def missing() -> str:
    """Why nothing can be measured; "" where JAX finds a GPU."""
    try:
        return "" if DEVICE == "cpu" or engine("jax").on_gpu else "JAX finds no GPU"
    except OptionError as error:
        return str(error)


def device() -> list[str]:
    """JAX's name of the GPU, if there is one."""
    return [] if missing() else [engine("jax").device[1]]


def measure(problem: Problem, peers: Mapping[str, str], rounds: int) -> dict[str, Measured]:
    """The times of an epoch by peer, all on the same GPU: they start side by side, then take turns."""
    with stored(on_device(problem)) as path:
        asked = {name: rounds_of(place(peer), path, rounds, REPEAT) for name, peer in peers.items()}
        return in_turns(asked, side_by_side=True)


def on_device(problem: Problem) -> Problem:
    """The problem for the device, with fewer examples to test: many networks read all of them at once."""
    x, y = problem.test
    return attrs.evolve(problem, device=DEVICE, test=(x[:TESTED], y[:TESTED]))


def place(peer: str) -> str:
    """The peer with its device, as `measure.worker` takes it."""
    return f"{peer}@{DEVICE}" if DEVICE != "cpu" else peer


def growth(data: Digits, rounds: int) -> dict[int, Measured]:
    """The times of an epoch of 784-64-32-10 by the compiled fold, for each number of networks."""
    problems = {n: on_device(seeds(n)(data) if n > 1 else classifier(64, 32)(data)) for n in NETWORKS}
    with ExitStack() as stack:
        paths = {n: stack.enter_context(stored(problem)) for n, problem in problems.items()}
        asked = {n: rounds_of(place("fnn_jax.train"), path, rounds) for n, path in paths.items()}
        return in_turns(asked, side_by_side=True)


def growth_table(found: Mapping[int, Measured]) -> list[str]:
    """One row for each number of networks, compared with the first."""

    def row(n: int, measured: Measured) -> tuple[str, ...]:
        if missing := measured.missing or found[NETWORKS[0]].missing:
            return str(n), f"not available: {missing}", "", ""
        times = ratio(measured, found[NETWORKS[0]])
        return str(n), duration(measured.median), duration(measured.median / n), times

    head = ("networks", "an epoch of all", "for each network", "all / one alone")
    title = "On a GPU: 784-64-32-10 from several seeds at once, by the compiled fold"
    return titled(title, head, [row(*each) for each in found.items()])
