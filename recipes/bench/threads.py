"""One BLAS thread on one core compared with two threads on two cores, for each workload."""

from collections.abc import Iterator, Mapping

from recipes.bench.measure import Measured, compare
from recipes.bench.table import Finding, duration, ratio
from recipes.bench.workloads import WORKLOADS
from recipes.data.digits import Digits

__all__ = ["NAMES", "finding", "measure", "table"]

NAMES = ("a8", "a32", "a128", "a256", "b", "c", "d", "e", "e1")


def finding(data: Digits, rounds: int) -> Finding:
    """The comparison as a table."""
    found = measure(data, rounds)
    return Finding(list(table(found)), found)


def measure(data: Digits, rounds: int) -> dict[str, dict[str, Measured]]:
    """The times of fnn with "one" thread and with "two", for each workload."""

    def both(name: str) -> dict[str, Measured]:
        workload = WORKLOADS[name]
        ours = workload.peers["fnn"]
        return compare(workload.problem(data), {"one": ours, "two": f"{ours}@2"}, rounds, workload.repeat)

    return {name: both(name) for name in NAMES}


def table(found: Mapping[str, Mapping[str, Measured]]) -> Iterator[str]:
    """One row for each workload: both times, and the time of two threads divided by that of one."""
    head = "| workload | one thread | two threads | two / one |"
    yield from ("", "**One BLAS thread and two**", "", head, "|---|---|---|---|")
    for name, row in found.items():
        one, two = row["one"], row["two"]
        if missing := one.missing or two.missing:
            yield f"| {WORKLOADS[name].title} | not available: {missing} | | |"
            continue
        times = f"{duration(one.median)} | {duration(two.median)} | {ratio(two, one)}"
        yield f"| {WORKLOADS[name].title} | {times} |"
