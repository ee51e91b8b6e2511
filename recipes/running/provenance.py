"""Where results come from: versions, machines, seeds, times and the code of the runs."""

import json
import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from threadpoolctl import threadpool_info

import fnn
from recipes.recipe import counted

__all__ = ["codes_in_words", "cost_in_words", "engines", "machine", "time_in_all", "versions", "versions_in_words"]

PACKAGES = ("numpy", "attrs", "toolz", "matplotlib", "scikit-learn")


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that compute and draw."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}, "fnn": fnn.__version__}


def versions_in_words() -> str:
    """The versions in one line."""
    return ", ".join(f"{name} {number}" for name, number in versions().items())


@lru_cache
def machine() -> Mapping[str, str]:
    """The processor, and the library that computes matrix products with the architecture that its kernels are for."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    parts = ("internal_api", "version", "architecture")  # another architecture rounds otherwise
    blas = [" ".join(filter(None, map(each.get, parts))) for each in threadpool_info() if each["user_api"] == "blas"]
    return {
        "processor": names[0] if names else platform.processor() or platform.machine(),
        "blas": ", ".join(sorted(set(blas))) or "unknown",
    }


def cost_in_words(paths: Sequence[Path]) -> dict[str, str]:
    """The times, days and machines of the kept runs at these paths, in words."""
    costs, missing = _costs(paths)
    if not costs:
        return {"time": "not kept", "days": "not kept", "machine": "not kept"}
    seconds = [cost["seconds"] for cost in costs]
    of = f" (of {len(costs)} trainings; of {missing} not kept)" if missing else ""
    days = sorted({cost["date"] for cost in costs})
    machines = sorted({f"{cost['processor']}, {cost['blas']}{_by(cost)}" for cost in costs})
    return {
        "time": f"{sum(seconds):,.1f} s in all, median {median(seconds):,.1f} s{of}",
        "days": " to ".join(dict.fromkeys((days[0], days[-1]))),
        "machine": "; ".join(machines),
    }


def engines(paths: Sequence[Path]) -> list[str]:
    """What carried out the kept runs at these paths, in words."""
    return sorted({_engine(cost) for cost in _costs(paths)[0]})


def _engine(cost: Mapping[str, Any]) -> str:
    engine = cost.get("engine")
    return f"{engine['fold'].upper()} {engine['version']} for {engine['device'][1]}" if engine else "NumPy"


def _by(cost: Mapping[str, Any]) -> str:
    """What compiled a training, in words, if it was not NumPy."""
    return f", compiled by {_engine(cost)}" if "engine" in cost else ""


def time_in_all(paths: Iterable[Path]) -> str:
    """The time that the kept runs at these paths took in all, in words; each path is counted once."""
    costs, missing = _costs(paths)
    if not costs:
        return "trainings whose times are not kept"
    unknown = f", and {missing} more whose times are not kept" if missing else ""
    time = hours(sum(cost["seconds"] for cost in costs))
    return f"{counted(len(costs), 'training')} of {time} in all{unknown}"


def hours(seconds: float) -> str:
    """A time in hours and minutes, or in seconds if it is below a minute.

    >>> hours(7_440), hours(3_599.9), hours(12.3)
    ('2 h 4 min', '0 h 59 min', '12 s')
    """
    minutes = int(seconds // 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes else f"{seconds:.0f} s"


def codes_in_words(paths: Iterable[Path]) -> str:
    """The digests of the code that made the results at these paths; of several, with the number of trainings each.

    >>> codes_in_words([Path("a.1f.npz"), Path("b.2c.npz"), Path("c.1f.npz")]), codes_in_words([Path("a.1f.npz")])
    ('1f (2 trainings), 2c (1 training)', '1f')
    """
    found = Counter(path.suffixes[0][1:] for path in dict.fromkeys(paths))
    counts = [f"{code} ({counted(n, 'training')})" for code, n in found.most_common()]
    return ", ".join(counts if len(found) > 1 else found)


def _costs(paths: Iterable[Path]) -> tuple[list[dict[str, Any]], int]:
    """The costs that are kept with the results at these paths, and the number of results without one."""
    sidecars = [path.with_suffix(".json") for path in dict.fromkeys(paths)]
    costs = [json.loads(path.read_text(encoding="utf-8")) for path in sidecars if path.exists()]
    return costs, len(sidecars) - len(costs)
