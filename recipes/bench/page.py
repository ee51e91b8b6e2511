"""benchmark.md: how the benchmark is measured, all parts with their pictures, and what was learnt from them."""

from collections.abc import Collection, Mapping
from itertools import groupby
from typing import Any

__all__ = ["FINDINGS", "METHOD", "PICTURES", "page"]

METHOD = """\
# Benchmark

`python -m recipes benchmark` measures fnn and every peer that is installed, and writes this page. `--only a128,e1`
measures some parts again and keeps the others; `--gallery recipes/gallery` writes the page and its pictures there too.

## How it is measured

- Every peer runs in a process of its own, on one core and with one thread. The peers take turns (A, B, C, A, B, C,
  ...), so that a change of the machine's speed affects all of them. The first round warms up and compiles, and is not
  counted.
- All peers solve the same problem: the same network, initial values and order of batches, in float32.
- A round of a training is one epoch. In short workloads, a round is the median of several runs.
- Workload f starts a new process in each round, and measures the time until the network reaches the stated accuracy.
- “Bare matrix products” are NumPy's matrix products of the same work and nothing else: a lower bound for code on NumPy.

The columns of the tables:

- **median**: the median time of a round.
- **per step**: this time divided by the number of training steps.
- **fnn / peer**: fnn's time divided by the peer's. Below 1, fnn is faster. It is the median of the rounds, with the
  least and the greatest in brackets.
- **score**: the accuracy on the test set (for f, on the validation set; for XOR, on the training points) or, for the
  autoencoder, the mean squared error, after the last round. A peer whose score differs by more than 5 % from fnn's is
  marked.

A peer that cannot be measured is listed with the reason.

## How to install the peers

`pip install -e '.[recipes,bench]'` installs all of them. PyTorch's build for CPUs is a far smaller download: install it
first, from the index that PyTorch's own page of instructions names.

## Results
"""
FINDINGS = """\
## Findings

These were made on an AMD EPYC (Zen 1, 2 GHz, two cores) with NumPy 2.4, PyTorch 2.13, scikit-learn 1.9 and JAX 0.10.

- **Matrix products.** At batch 128, the matrix products of a step take longer in OpenBLAS (1,113 µs) than a whole step
  takes in JAX's compiled epoch (1,080 µs). Code that uses the OpenBLAS of NumPy's wheel cannot be faster than that on
  this processor.
- **Small batches.** At batch 8, most of a step is some 85 calls of NumPy, of 1 to 10 µs each, and Adam's ten passes
  over its vectors.
- **Compiled by JAX.** fnn's own step under `jax.lax.scan` takes 0.99 of the time of hand-written JAX with optax at
  batch 128, and 1.00 of it for the autoencoder.
- **Tried and kept.** Sums over the batch as products with a vector of ones are faster for few numbers. Adam's moments
  without their constant factors save two passes. Freeing one large array before the training makes glibc keep the
  memory of later arrays, and saves a sixth of a step.
- **Tried and not kept.** Adam on blocks that fit the cache is no faster up to 670,000 parameters.
- **Threads.** On an idle machine, two threads of OpenBLAS (NumPy's default on two cores) take 0.39 to 1.01 of the time
  of one, so a single run needs no setting. Sweeps use one thread per process. If other processes use the cores, set
  `OPENBLAS_NUM_THREADS=1`, because OpenBLAS's threads keep their cores busy while they wait.
- **Import.** Over several runs, `import fnn` added 37 to 43 ms to `import numpy`.
"""
PICTURES = {  # by the name of their part
    "benchmark": "The median time of every peer in every workload",
    "cost": "The time of an epoch for growing batches, widths, depths and numbers of networks",
    "compiled": "The training losses of the same steps on NumPy and on JAX",
}


def page(parts: Mapping[str, Any], pictures: Collection[str]) -> str:
    """The whole page, from the parts of result.json and the names of the pictures that are there."""

    def picture(name: str) -> list[str]:
        file = f"{name}.png"
        return ["", f"![{PICTURES[name]}]({file})"] if file in pictures else []

    lines = [*METHOD.splitlines(), *picture("benchmark")]
    for conditions, group in groupby(parts.items(), key=lambda part: part[1]["measured"]):
        lines += ["", f"Measured on {conditions}."]
        for name, part in group:
            lines += [*part["lines"], *picture(name)]
    return "\n".join([*lines, "", FINDINGS])
