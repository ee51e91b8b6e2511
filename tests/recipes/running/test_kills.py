"""A sweep is killed at random moments, parent and worker, and still ends with the very same files.

The usual test run has two rounds; `FNN_KILLS=20 python -m pytest tests/recipes/running/test_kills.py` has 20.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fnn import Key, fold_in, generator
from tests.support.idx_files import write_noise
from tests.support.paths import ROOT

ROUNDS = int(os.environ.get("FNN_KILLS", "2"))
pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the workers in /proc")

# Ctrl-C interrupts what this starts, though a shell makes what it puts into the background deaf to it.
AT_A_TERMINAL = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_noise(tmp_path_factory.mktemp("digits"))


def start(small, out):
    """Twelve short runs, three of each of four widths, in two workers."""
    options = ["--runs", "3", "--epochs", "8", "--jobs", "2", "--data", small, "--out", str(out)]
    command = [sys.executable, "-c", AT_A_TERMINAL, "-m", "recipes", "hidden_size", *options]
    with open(out / "stderr", "ab") as log:
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)


def workers(parent):
    """The worker processes that the parent has spawned; its resource tracker is none."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[1]) == parent:
                command = (stat.parent / "cmdline").read_bytes()
                found += [int(stat.parent.name)] if b"spawn_main" in command else []
        except (OSError, IndexError):  # it has just ended
            continue
    return found


def contents(out):
    files = [*(out / "runs").glob("*.npz"), out / "hidden_size" / "result.json", out / "hidden_size" / "parameters.npz"]
    return {path.name: path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def undisturbed(small, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed")
    begin, process = time.monotonic(), start(small, out)
    assert process.wait() == 0, (out / "stderr").read_text(encoding="utf-8")
    assert len(list((out / "runs").glob("*.npz"))) == 12
    return contents(out), time.monotonic() - begin


@pytest.mark.parametrize("i", range(ROUNDS))
def test_a_killed_sweep_ends_with_the_same_files(i, small, undisturbed, tmp_path):
    expected, seconds = undisturbed
    moments = generator(fold_in(Key(1), i)).uniform(0.2 * seconds, 0.9 * seconds, size=2)
    killed = start(small, tmp_path)
    time.sleep(moments[0])
    killed.send_signal(signal.SIGKILL)
    killed.wait()

    process = start(small, tmp_path)
    time.sleep(moments[1])
    while process.poll() is None and not workers(process.pid):
        time.sleep(0.01)
    for worker in workers(process.pid)[:1]:
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            os.kill(worker, signal.SIGKILL)
    assert process.wait() == 0, (tmp_path / "stderr").read_text(encoding="utf-8")
    assert contents(tmp_path) == expected
    assert not [*tmp_path.rglob("*.partial"), *tmp_path.rglob("*.progress")]


def test_ctrl_c_is_one_line_that_says_how_to_go_on(small, undisturbed, tmp_path):
    process = start(small, tmp_path)
    while process.poll() is None and not list((tmp_path / "runs").glob("*.npz")):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to the workers too
    assert process.wait() == 130
    said = re.split(r"[\r\n]+", (tmp_path / "stderr").read_text(encoding="utf-8"))
    lines = [line for line in said if line.strip() and not line.startswith(("runs:", "hidden_size:"))]
    assert len(lines) == 1, lines
    assert lines[0].startswith(f"python -m recipes: interrupted; all progress is kept in {tmp_path}/runs; go on with: ")
    assert start(small, tmp_path).wait() == 0
    assert contents(tmp_path) == undisturbed[0]
