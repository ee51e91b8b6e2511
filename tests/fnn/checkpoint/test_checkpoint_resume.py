"""A training interrupted after any of its 60 steps and resumed in another process ends the same, bit by bit."""

import subprocess
import sys
from itertools import islice

import numpy as np
import pytest

import fnn
from fnn import Key, Progress, fold_in, generator
from fnn.checkpoint import load, save
from tests.support.paths import ROOT

STEPS = 60
PLAIN = fnn.chain(fnn.linear(8), fnn.tanh, fnn.linear(3))
DROPPING = fnn.chain(fnn.linear(8), fnn.relu, fnn.dropout(0.4), fnn.linear(3))
CLIPPED = fnn.chain_updates(fnn.clip_by_global_norm(0.5), fnn.adamw(fnn.cosine(0.05, STEPS)))
TRAININGS = {  # name: model, optimizer
    "sgd": (PLAIN, fnn.sgd(0.1)),
    "momentum": (PLAIN, fnn.momentum(0.05)),
    "adam with a schedule": (PLAIN, fnn.adam(fnn.warmup_cosine(0.05, 5, STEPS))),
    "a chain of rules, with dropout": (DROPPING, CLIPPED),
    "an ensemble": (fnn.ensemble(DROPPING, 3), fnn.adam(0.01)),
}


def training(name):
    """The progress before the first step, and a function that yields the progress after each further step."""
    model, optimizer = TRAININGS[name]
    params, _ = model.init(Key(0), (5,))
    x, y = generator(Key(1)).standard_normal((40, 5)).astype(np.float32), np.arange(40) % 3
    step = fnn.train_step(model, fnn.cross_entropy, optimizer, key=Key(2))

    def batches_of(epoch):
        return islice(fnn.batches(fold_in(Key(3), epoch), (x, y), 8), 1)

    def measure(params):
        return fnn.evaluate(model, params, (x, y), {"whole": fnn.cross_entropy})

    def further(progress):
        score = lambda record: -float(np.mean(record["whole"]))  # noqa: E731
        return islice(fnn.epochs(step, batches_of, progress, measure, score), STEPS - len(progress.history))

    return Progress.start(optimizer.init(params)), further


def resume(folder):
    """Resume each training from each of its files and save its end; called in a fresh process."""
    for name in TRAININGS:
        start, further = training(name)
        for i in range(STEPS):
            *_, end = further(load(f"{folder}/{name} {i}", like=start))
            save(f"{folder}/{name} {i} to the end", end)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with each progress of each training, and with the end to which a fresh process resumed it."""
    folder = tmp_path_factory.mktemp("resumed")
    for name in TRAININGS:
        start, further = training(name)
        for i, progress in enumerate([start, *further(start)]):
            save(folder / f"{name} {i}", progress)
    program = f"from tests.fnn.checkpoint.test_checkpoint_resume import resume; resume({str(folder)!r})"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
    return folder


@pytest.mark.parametrize("name", TRAININGS)
def test_a_resumed_training_equals_one_that_never_stopped(name, folder):
    whole = load(folder / f"{name} {STEPS}")
    assert len(whole.history) == whole.state.step == STEPS
    assert load(folder / f"{name} 7 to the end") == whole
    expected = (folder / f"{name} {STEPS}").read_bytes()  # parameters, state, best and history, to the last bit
    assert {i for i in range(STEPS) if (folder / f"{name} {i} to the end").read_bytes() != expected} == set()
