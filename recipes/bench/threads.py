"""Two BLAS threads beside one, for each workload."""

from collections.abc import Iterator, Mapping

from recipes.bench.measure import Measured, in_turn
from recipes.bench.table import duration
from recipes.bench.workloads import WORKLOADS
from recipes.data.digits import Digits

__all__ = ["NAMES", "measured", "table"]

NAMES = ("a8", "a32", "a128", "a256", "b", "c", "d", "e", "e1")


def measured(data: Digits, rounds: int) -> dict[str, dict[str, Measured]]:
    """The seconds of fnn on one core with one thread, and on two with two."""

    def both(name: str) -> dict[str, Measured]:
        workload = WORKLOADS[name]
        ours = workload.peers["fnn"]
        return in_turn(workload.problem(data), {"one": ours, "two": f"{ours}@2"}, rounds, workload.repeat)

    return {name: both(name) for name in NAMES}


def table(found: Mapping[str, Mapping[str, Measured]]) -> Iterator[str]:
    """A row a workload: both times, and the ratio of two threads to one with its spread over the rounds."""
    yield from ("", "**Two BLAS threads beside one**", "", "| | one | two | two / one |", "|---|---|---|---|")
    for name, row in found.items():
        one, two = row["one"], row["two"]
        if missing := one.missing or two.missing:
            yield f"| {WORKLOADS[name].title} | not available: {missing} | | |"
            continue
        middle, least, most = two.over(one)
        ratio = f"{middle:.2f} ({least:.2f} to {most:.2f})"
        yield f"| {WORKLOADS[name].title} | {duration(one.median)} | {duration(two.median)} | {ratio} |"
