"""How long an epoch takes beside its bare matrix products, and an import beside NumPy's."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import reduce
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import fnn
from recipes import classifier, digits
from recipes.book import Options
from recipes.recipe import Command
from recipes.store import write_text

__all__ = ["RECIPE"]

ROUNDS = 7
MODULES = ("matplotlib", "sklearn", "tqdm", "scipy", "jax")


def bare_products(sizes: tuple[int, ...], batch: int, n: int) -> Callable[[], None]:
    """The matrix products of one epoch and nothing else, into arrays that are there: no faster epoch is possible."""
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape, dtype=np.float32)

    weights = [normal(n_in, n_out) for n_in, n_out in pairwise(sizes)]
    values, slopes = ([normal(batch, size) for size in sizes] for _ in range(2))
    gradients = [np.empty_like(w) for w in weights]

    def epoch() -> None:
        for _ in range(-(-n // batch)):
            for w, (x, y) in zip(weights, pairwise(values), strict=True):
                np.matmul(x, w, out=y)
            for i, w in reversed(list(enumerate(weights))):
                np.matmul(values[i].T, slopes[i + 1], out=gradients[i])
                if i > 0:
                    np.matmul(slopes[i + 1], w.T, out=slopes[i])

    return epoch


def fnn_epoch(sizes: tuple[int, ...], batch: int, data: Any) -> Callable[[], None]:
    """One epoch of training with Adam, from the same state each time."""
    model = classifier.network(classifier.Config(hidden=sizes[1:-1]), n_classes=sizes[-1])
    optimizer = fnn.adam(1e-3)
    step = fnn.train_step(model, fnn.cross_entropy, optimizer)
    start = optimizer.init(model.init(fnn.Key(0), sizes[:1])[0])

    def epoch() -> None:
        reduce(step, fnn.batches(fnn.Key(1), data, batch), start)

    return epoch


def interleaved(contestants: dict[str, Callable[[], None]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """The seconds of each contestant in each round, A B A B ..., after a warm-up of one round."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for i in range(rounds + 1):
        for name, epoch in contestants.items():
            start = perf_counter()
            epoch()
            if i > 0:
                seconds[name].append(perf_counter() - start)
    return seconds


def import_milliseconds(rounds: int = ROUNDS) -> tuple[float, list[str]]:
    """What `import fnn` takes beyond `import numpy`, from compiled files, and which slow modules it imports."""
    code = "import time; t = time.perf_counter(); import {}; print((time.perf_counter() - t) * 1e3)"
    probe = f"import fnn, sys; print(*(m for m in {MODULES} if m in sys.modules))"

    with TemporaryDirectory() as compiled:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}

        def output(command: str) -> str:
            return subprocess.check_output([sys.executable, "-c", command], text=True, env=environment)

        found = output(probe).split()
        pairs = [[float(output(code.format(module))) for module in ("numpy", "fnn")] for _ in range(rounds)]
    return median(with_fnn - alone for alone, with_fnn in pairs), found


def run(options: Options) -> None:
    """Measure on one core, print the table, write it as JSON."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    data = digits.load(options.data).train
    sizes, n = (data[0].shape[1], 64, 32, 10), len(data[1])
    rows = {}
    for batch in (128, 32, 8):
        with threadpool_limits(1):
            seconds = interleaved({"products": bare_products(sizes, batch, n), "fnn": fnn_epoch(sizes, batch, data)})
        ratios = [b / a for a, b in zip(seconds["products"], seconds["fnn"], strict=True)]
        rows[batch] = {**{name: median(times) for name, times in seconds.items()}, "ratio": median(ratios)}
        ours, bare = rows[batch]["fnn"], rows[batch]["products"]
        print(
            f"batch {batch:3}: an epoch of {n:,} takes {ours:.3f} s, its bare products {bare:.3f} s, "
            f"ratio {rows[batch]['ratio']:.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    milliseconds, found = import_milliseconds()
    print(
        f"import fnn adds {milliseconds:.0f} ms to import numpy; of {', '.join(MODULES)} it imports {found or 'none'}"
    )
    result = {"epochs": rows, "import_milliseconds": milliseconds, "imports": found}
    write_text(Path(options.out) / "benchmark" / "result.json", json.dumps(result, indent=1))


RECIPE = Command(name="benchmark", summary=(__doc__ or "").strip(), run=run, takes=("data", "out"))
