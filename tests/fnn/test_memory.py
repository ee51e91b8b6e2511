"""Training takes the memory of a batch, not that of the data: tables in Fortran order, and files mapped to memory.

The data has 64 MiB. With `FNN_MAPPED=2048` it has as many MiB as that says; the file is sparse and takes no disk.
"""

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.support.paths import ROOT

MIB = int(os.environ.get("FNN_MAPPED", "64"))
TRAINED = """
import resource, sys
from functools import reduce
import numpy as np
import fnn

def private(name):  # KiB of this process alone; the pages of a mapped file belong to the system
    (line,) = [line for line in open("/proc/self/status") if line.startswith(name)]
    return int(line.split()[1])

x = np.load(sys.argv[1], mmap_mode="r")
if sys.argv[2] == "in memory":
    x = x.copy(order="K")
labels = np.arange(len(x)) % 10
model, optimizer = fnn.chain(fnn.linear(64), fnn.relu, fnn.linear(32), fnn.relu, fnn.linear(10)), fnn.adam()
step = fnn.train_step(model, fnn.cross_entropy, optimizer)
start = step(optimizer.init(model.init(fnn.Key(0), (784,))[0]), (x[:128], labels[:128]))
before, most = private("RssAnon"), 0
resource.setrlimit(resource.RLIMIT_DATA, ((private("VmData") + 1024 * 48) * 1024,) * 2)  # a copy raises MemoryError

def watched(state, batch):
    global most
    most = max(most, private("RssAnon"))
    return step(state, batch)

end = reduce(watched, fnn.batches(fnn.Key(1), (x, labels), 128), start)
print(end.step - 1, (most - before) / 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measures as Linux does")
@pytest.mark.parametrize("place", ["mapped", "in memory"])
@pytest.mark.parametrize("order", ["C", "Fortran"])
def test_an_epoch_takes_the_memory_of_a_batch(order, place, tmp_path):
    n = MIB * 2**20 // (784 * 4)
    np.lib.format.open_memmap(
        tmp_path / "x.npy", mode="w+", dtype=np.float32, shape=(n, 784), fortran_order=order == "Fortran"
    ).flush()
    command = [sys.executable, "-c", TRAINED, str(tmp_path / "x.npy"), place]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert run.returncode == 0, run.stderr
    steps, taken = map(float, run.stdout.split())
    print(f"{MIB} MiB in {order} order, {place}: {steps:.0f} steps took {taken:.1f} MiB")
    assert steps == -(-n // 128)
    assert taken < 16 + 8 * n / 2**20  # and the order of the examples
