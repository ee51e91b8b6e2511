"""The time of `import fnn`."""

import os
import subprocess
import sys
from statistics import median
from tempfile import TemporaryDirectory

from recipes.bench.measure import ROOT
from recipes.bench.table import Finding
from recipes.data.digits import Digits

__all__ = ["MODULES", "finding", "import_milliseconds"]

MODULES = ("matplotlib", "sklearn", "tqdm", "scipy", "jax")


def finding(data: Digits, rounds: int) -> Finding:
    """The time as a sentence, with the slow modules that `import fnn` imports."""
    milliseconds, found = import_milliseconds(rounds)
    imports = ", ".join(found) or f"none of {', '.join(MODULES)}"
    line = f"`import fnn` adds {milliseconds:.0f} ms to `import numpy`, and imports {imports}."
    return Finding(["", line], {"import_milliseconds": milliseconds, "imports": found})


def import_milliseconds(rounds: int) -> tuple[float, list[str]]:
    """The time of `import fnn` beyond that of `import numpy`, from compiled files, and the `MODULES` it imports."""
    code = "import time; t = time.perf_counter(); import {}; print((time.perf_counter() - t) * 1e3)"
    probe = f"import fnn, sys; print(*(m for m in {MODULES} if m in sys.modules))"

    with TemporaryDirectory() as compiled:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}

        def output(command: str) -> str:
            return subprocess.check_output([sys.executable, "-c", command], encoding="utf-8", env=environment, cwd=ROOT)

        found = output(probe).split()
        pairs = [[float(output(code.format(module))) for module in ("numpy", "fnn")] for _ in range(rounds)]
    return median(with_fnn - alone for alone, with_fnn in pairs), found
