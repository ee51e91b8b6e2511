"""What `import fnn` costs."""

import os
import subprocess
import sys
from statistics import median
from tempfile import TemporaryDirectory

from recipes.bench.measure import ROOT

__all__ = ["MODULES", "import_milliseconds"]

MODULES = ("matplotlib", "sklearn", "tqdm", "scipy", "jax")


def import_milliseconds(rounds: int) -> tuple[float, list[str]]:
    """What `import fnn` takes beyond `import numpy`, from compiled files, and which slow modules it imports."""
    code = "import time; t = time.perf_counter(); import {}; print((time.perf_counter() - t) * 1e3)"
    probe = f"import fnn, sys; print(*(m for m in {MODULES} if m in sys.modules))"

    with TemporaryDirectory() as compiled:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}

        def output(command: str) -> str:
            return subprocess.check_output([sys.executable, "-c", command], text=True, env=environment, cwd=ROOT)

        found = output(probe).split()
        pairs = [[float(output(code.format(module))) for module in ("numpy", "fnn")] for _ in range(rounds)]
    return median(with_fnn - alone for alone, with_fnn in pairs), found
