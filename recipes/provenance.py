"""Where results come from: versions, machines, seeds, times and the code of the runs."""

import json
import platform
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from statistics import median

from threadpoolctl import threadpool_info

import fnn

__all__ = ["cost_in_words", "machine", "versions"]

PACKAGES = ("numpy", "attrs", "toolz", "matplotlib", "scikit-learn")


def versions() -> dict[str, str]:
    """The versions of all that computes or draws."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}, "fnn": fnn.__version__}


@lru_cache
def machine() -> Mapping[str, str]:
    """The processor of this process and the library of its matrix products."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    blas = [f"{each['internal_api']} {each['version']}" for each in threadpool_info() if each["user_api"] == "blas"]
    return {
        "processor": names[0] if names else platform.processor() or platform.machine(),
        "blas": ", ".join(dict.fromkeys(blas)) or "unknown",
    }


def cost_in_words(paths: Sequence[Path]) -> dict[str, str]:
    """What the kept runs at these paths took, from what stands beside them, if it does: times, days and machines."""
    sidecars = [path.with_suffix(".json") for path in dict.fromkeys(paths)]
    costs = [json.loads(path.read_text()) for path in sidecars if path.exists()]
    if not costs:
        return {"time": "not kept", "days": "not kept", "machine": "not kept"}
    seconds = [cost["seconds"] for cost in costs]
    of = (
        "" if len(costs) == len(sidecars) else f" (of {len(costs)} trainings; of {len(sidecars) - len(costs)} not kept)"
    )
    days = sorted({cost["date"] for cost in costs})
    machines = sorted({f"{cost['processor']}, {cost['blas']}" for cost in costs})
    return {
        "time": f"{sum(seconds):,.1f} s in all, median {median(seconds):,.1f} s{of}",
        "days": " to ".join(dict.fromkeys((days[0], days[-1]))),
        "machine": "; ".join(machines),
    }
