"""The cost of validating valid arguments: each check, as a share of a training step of 784-64-32-10 at batch 128.

One step is profiled for calls of functions that check. Each of these calls is then repeated with the same arguments,
in turn with the whole step, and the least time of each counts. Timing needs a quiet machine, so this runs on demand:
`FNN_COSTS=1 python -m pytest -s tests/fnn/test_validation_cost.py`.
"""

import os
import sys
from collections import defaultdict
from functools import partial
from timeit import repeat
from types import CellType, FunctionType

import numpy as np
import pytest

import fnn

CHECKS = {"number", "whole", "fits", "_matched"}  # and every function with "check" in its name
SHARE = 0.01  # the most that each may take of a step


def checks_of(step):
    """The calls of checks within step(): for each, its name and a function that repeats it."""
    calls = []

    def watch(frame, event, argument):
        code, inside = frame.f_code, frame.f_globals.get("__name__", "").startswith("fnn.")
        if event == "call" and inside and (code.co_name in CHECKS or "check" in code.co_name):
            own = frame.f_locals
            arguments = {name: own[name] for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]}
            cells = tuple(CellType(own[name]) for name in code.co_freevars)
            calls.append((code.co_name, partial(FunctionType(code, frame.f_globals, closure=cells), **arguments)))

    sys.setprofile(watch)
    try:
        step()
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.skipif("FNN_COSTS" not in os.environ, reason="timing needs a quiet machine: set FNN_COSTS=1")
def test_no_check_costs_more_than_a_hundredth_of_a_step(capsys):
    model = fnn.chain(fnn.linear(64), fnn.relu, fnn.linear(32), fnn.relu, fnn.linear(10))
    optimizer = fnn.adam()
    state = optimizer.init(model.init(fnn.Key(0), (784,))[0])
    x, labels = np.random.default_rng(0).random((128, 784), dtype=np.float32), np.arange(128) % 10
    step = partial(fnn.train_step(model, fnn.cross_entropy, optimizer), state, (x, labels))
    hot = labels[:, None] == np.arange(10)
    calls = [*checks_of(step), ("labels below k", lambda: np.count_nonzero(hot) != labels.size)]
    whole, each = np.inf, [np.inf] * len(calls)
    for _ in range(50):
        whole = min(whole, *repeat(step, number=1, repeat=20))
        each = [min(best, *repeat(call, number=100, repeat=2)) for best, (_, call) in zip(each, calls, strict=True)]
    costs = defaultdict(list)
    for (name, _), seconds in zip(calls, each, strict=True):
        costs[name].append(seconds / 100)
    with capsys.disabled():
        print(f"\na step takes {1e6 * whole:.0f} us, of which")
        for name, seconds in {**costs, "all of them": [one for some in costs.values() for one in some]}.items():
            share = sum(seconds) / whole
            print(f"{name:16} {len(seconds):2} calls {1e6 * sum(seconds):6.2f} us {share:7.2%}")
    assert {"fits", "check_cotangent", "labels below k"} <= costs.keys()
    assert all(sum(seconds) <= SHARE * whole for seconds in costs.values())
