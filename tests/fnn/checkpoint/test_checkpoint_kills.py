"""A process that saves without a pause is killed at random moments: no file is ever damaged, lost or left over.

Twenty kills in the usual test run. This makes a thousand:

    FNN_KILLS=1000 python -m pytest -s tests/fnn/checkpoint/test_checkpoint_kills.py
"""

import os
import subprocess
import sys

import numpy as np
import pytest

from fnn import Key, checkpoint, generator
from tests.support.paths import ROOT

KILLS = int(os.environ.get("FNN_KILLS", "20"))
NUMBERS = 50_000
SAVER = f"""
import os, signal, sys, time
import numpy as np
from fnn import checkpoint
path = sys.argv[1]
for line in sys.stdin:
    first, seconds = line.split()
    heard, said = os.pipe()
    child = os.fork()
    if child == 0:
        for i in range(int(first), 10**9):
            checkpoint.save(path, {{"numbers": np.full({NUMBERS}, i)}}, meta={{"save": i}})
            os.write(said, b"%d " % i)  # from here on, save i is acknowledged
    os.close(said)
    word = os.read(heard, 99)
    time.sleep(float(seconds))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with open(heard, "rb") as rest:
        print((word + rest.read()).split()[-1].decode(), flush=True)
"""


def saved(path):
    """The number of the save that a file comes from, which every number in it must show."""
    i = checkpoint.read_meta(path)["save"]
    assert (checkpoint.load(path)["numbers"] == i).all()
    return i


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks what it kills")
def test_a_killed_save_damages_loses_and_leaves_nothing(tmp_path):
    path, last, amid, unsaid = tmp_path / "state.npz", -1, 0, 0
    command = [sys.executable, "-c", SAVER, str(path)]
    with subprocess.Popen(command, cwd=ROOT, encoding="utf-8", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as saver:
        for seconds in generator(Key(0)).uniform(0, 0.03, size=KILLS):
            print(last + 1, seconds, file=saver.stdin, flush=True)
            acknowledged, last = int(saver.stdout.readline()), saved(path)
            assert acknowledged <= last <= acknowledged + 1  # it may be killed after renaming and before reporting
            left = {file.name for file in tmp_path.iterdir()}
            assert left <= {"state.npz", ".state.npz.partial"}
            amid, unsaid = amid + len(left) - 1, unsaid + last - acknowledged
            checkpoint.save(path, {"numbers": np.full(NUMBERS, last)}, meta={"save": last})
            assert [file.name for file in tmp_path.iterdir()] == ["state.npz"]
    print(f"{KILLS} kills in {last + 1} saves: {amid} amid writing, {unsaid} after renaming and before its word")
    assert saver.returncode == 0
    assert amid > 0  # otherwise no save was interrupted, and this tested nothing
