"""Run as `python -m recipes`."""

import os
import sys

# Before NumPy loads its BLAS: runs go side by side, one thread each, which also keeps their bits independent of the
# number of jobs. A user's own setting stands.
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(variable, "1")

from recipes.command import main  # noqa: E402

if __name__ == "__main__":  # a spawned worker imports this file too, and must not start over
    sys.exit(main())
