"""What recipes may cost: memory in the usual test run, and seconds with `FNN_TIMES=1` on a machine that is idle."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory's mark in /proc")
# VmHWM, the most memory since this program began; `ru_maxrss` counts that of the process which started it, too.
MEASURED = """
import sys
from pathlib import Path
from time import perf_counter
from recipes.command import main
begin = perf_counter()
for name in sys.argv[1].split(","):
    assert main([name, *sys.argv[2:]]) == 0
status = Path("/proc/self/status")
kilobytes = [line.split()[1] for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM")]
print(perf_counter() - begin, int(kilobytes[0]) / 1024)
"""


def seconds_and_megabytes(names, *options):
    command = [sys.executable, "-c", MEASURED, names, "--jobs", "1", *options]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout
    seconds, megabytes = map(float, said.splitlines()[-1].split())
    return seconds, megabytes


def test_a_run_of_mnist_keeps_within_600_megabytes(tmp_path):
    _, megabytes = seconds_and_megabytes("mnist", "--runs", "1", "--epochs", "1", "--out", str(tmp_path))
    assert 200 < megabytes <= 600  # the digits alone are 210 of them


@pytest.mark.skipif(not os.environ.get("FNN_TIMES"), reason="FNN_TIMES=1 asks for it, on one idle core")
def test_the_small_networks_take_less_than_20_seconds(tmp_path):
    seconds, _ = seconds_and_megabytes("linear_regression,linear_classification,xor", "--out", str(tmp_path))
    assert seconds < 20
