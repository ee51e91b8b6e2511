"""One BLAS thread on one core compared with two threads on two cores, for each workload."""

from collections.abc import Mapping

from recipes.bench.measure import Measured, compare
from recipes.bench.table import Finding, duration, ratio, titled
from recipes.bench.workloads import WORKLOADS, Workload
from recipes.data.digits import Digits

__all__ = ["NAMES", "finding", "measure", "table"]

NAMES = ("a8", "a32", "a128", "a256", "b", "c", "d", "e", "e1")


def finding(data: Digits, rounds: int) -> Finding:
    """The comparison as a table."""
    found = measure(data, rounds)
    return Finding(table(found), found)


def measure(data: Digits, rounds: int) -> dict[str, dict[str, Measured]]:
    """The times of fnn with "one" thread and with "two", for each workload."""

    def both(workload: Workload) -> dict[str, Measured]:
        ours = workload.peers["fnn"]
        return compare(workload.problem(data), {"one": ours, "two": f"{ours}@2"}, rounds, workload.repeat)

    return {name: both(WORKLOADS[name]) for name in NAMES}


def table(found: Mapping[str, Mapping[str, Measured]]) -> list[str]:
    """One row for each workload: both times, and the time of two threads divided by that of one."""

    def row(name: str, one: Measured, two: Measured) -> tuple[str, ...]:
        if missing := one.missing or two.missing:
            return WORKLOADS[name].title, f"not available: {missing}", "", ""
        return WORKLOADS[name].title, duration(one.median), duration(two.median), ratio(two, one)

    rows = [row(name, each["one"], each["two"]) for name, each in found.items()]
    return titled("One BLAS thread and two", ("workload", "one thread", "two threads", "two / one"), rows)
