"""Equal inputs give equal bits: call after call, process after process, and in four threads at once."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from fnn import Key
from tests.support.contents import content, digest
from tests.support.paths import ROOT
from tests.support.sample_calls import ROWS

pytestmark = pytest.mark.usefixtures("untraced")
PICTURES = {name for name in ROWS if name.startswith("fnn.plot.")}  # matplotlib promises nothing across threads


@pytest.fixture(scope="module")
def digests():
    return {name: digest(row) for name, row in ROWS.items()}


@pytest.mark.parametrize("name", ROWS)
def test_ten_calls_give_the_same_bits(name, digests):
    f, *inputs = ROWS[name]()
    again = {repr(content(f(*inputs))) for _ in range(2 if name in PICTURES else 9)}
    assert len(again) == 1
    assert digest(ROWS[name]) == digests[name]


def test_five_processes_with_other_hash_seeds_give_the_same_bits(digests):
    environments = [{**os.environ, "PYTHONHASHSEED": seed} for seed in ("0", "1", "42", "12345", "random")]
    command = [sys.executable, "-m", "tests.support.print_digests"]
    processes = [subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE) for env in environments]
    for process in processes:
        output, _ = process.communicate()
        assert process.returncode == 0
        assert json.loads(output) == digests


def test_four_threads_at_once_give_the_same_bits(digests):
    together = Barrier(4)

    def run(_):
        together.wait()
        return [(name, digest(ROWS[name])) for _ in range(2) for name in ROWS if name not in PICTURES]

    with ThreadPoolExecutor(4) as threads:
        for each in threads.map(run, range(4)):
            assert each == [(name, digests[name]) for name, _ in each]
            assert len(each) == 2 * len(ROWS.keys() - PICTURES)


def test_digests_tell_values_apart():
    pairs = [(0.0, -0.0), (1, 1.0), (np.float32(1), np.float64(1)), (np.zeros(2), np.zeros((2, 1))), ([1], (1,))]
    for one, other in [*pairs, (Key(1), Key(2)), ({"a": 1}, {"b": 1})]:
        assert digest(lambda value=one: (lambda x: x, value)) != digest(lambda value=other: (lambda x: x, value))
