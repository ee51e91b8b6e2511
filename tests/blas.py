"""Other BLAS kernels and other numbers of threads round differently: this measures by how much; no test requires it.

`python -m tests.blas` trains 784-64-32-10 on MNIST for one epoch, in a process for each setting, and prints how far the
parameters and predictions of each setting are from those of the first.
"""

import os
import subprocess
import sys
import tempfile
from functools import reduce
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

import fnn
from fnn import Key, chain, linear, relu
from recipes.data import digits

SETTINGS = {  # OpenBLAS reads them when NumPy is first imported
    "one thread": {"OPENBLAS_NUM_THREADS": "1"},
    "one thread, once more": {"OPENBLAS_NUM_THREADS": "1"},
    "two threads": {"OPENBLAS_NUM_THREADS": "2"},
    "the kernel for Nehalem": {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Nehalem"},
    "the kernel for SandyBridge": {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "SandyBridge"},
    "the kernel for Haswell": {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Haswell"},
    "the kernel for Zen": {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Zen"},
    "the kernel for SkylakeX": {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "SkylakeX"},
}


def train(path):
    """One epoch of the recipe `mnist`; saves the parameters, their logits on the test set, and BLAS's version."""
    data, model, optimizer = digits.load(), chain(linear(64), relu, linear(32), relu, linear(10)), fnn.adam(1e-3)
    x_test, labels_test = data.test
    step = fnn.train_step(model, fnn.cross_entropy, optimizer)
    start = optimizer.init(model.init(Key(42), (784,))[0])
    state = reduce(step, fnn.batches(Key(1), data.train, 128), start)
    (blas,) = (info for info in threadpool_info() if info["user_api"] == "blas")
    said = f"{blas['internal_api']} {blas['version']}, {blas['architecture']}, {blas['num_threads']} thread(s)"
    np.savez(path, vector=state.vector, logits=model.apply(state.params, x_test), labels=labels_test, blas=said)


def main():
    first = None
    for name, setting in SETTINGS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "end.npz")
            command = [sys.executable, "-m", "tests.blas", str(path)]
            done = subprocess.run(
                command,
                env={**os.environ, **setting},
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
            if done.returncode != 0:
                print(f"{name}: this processor cannot run it (exit {done.returncode}) {done.stderr[-200:]}")
                continue
            with np.load(path) as saved:
                end = {part: saved[part] for part in saved}
        first = end if first is None else first
        apart = np.linalg.norm(end["vector"] - first["vector"]) / np.linalg.norm(first["vector"])
        classes, others = end["logits"].argmax(-1), first["logits"].argmax(-1)
        accuracy = np.mean(classes == end["labels"])
        same = (
            "same bits"
            if end["vector"].tobytes() == first["vector"].tobytes()
            else f"parameters apart by {apart:.1e} of their norm"
        )
        print(f"{name} ({end['blas']}): {same}, {np.sum(classes != others)} classes differ, accuracy {accuracy:.4f}")


if __name__ == "__main__":
    train(sys.argv[1]) if len(sys.argv) > 1 else main()
