"""Workers take nothing that is not theirs, and what they raise is told whole."""

import os
import re
import signal
import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from multiprocessing import active_children, get_context
from pathlib import Path
from time import sleep

import numpy as np
import pytest

from fnn import Key, sgd
from recipes.classifiers import mnist
from recipes.data import digits
from recipes.recipe import no_data
from recipes.running.plan import Task
from recipes.running.sweep import sweep
from recipes.running.workers import Done, Failed, in_processes, in_this_process, on_executor
from recipes.training import Run
from tests.support.idx_files import write_bright_rows


def surroundings(config, key, data):
    start = sgd(0.1).init({"w": np.zeros(1)})
    deaf = hasattr(signal, "pthread_sigmask") and signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    found = {"threads": os.environ["OPENBLAS_NUM_THREADS"], "deaf": deaf}
    return Run(start, lambda state, batch: state, lambda epoch: [], 0, lambda end: found)


def test_workers_leave_other_processes_the_environment_and_interrupts_alone(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    other = get_context("spawn").Process(target=sleep, args=(60,))
    other.start()
    try:
        ((_, outcome),) = in_processes(
            {(Path("a"),): Task("surroundings", surroundings, no_data, None, None, Key(0))}, 1
        )
        assert isinstance(outcome, Done)
        assert outcome.result == {"threads": "1", "deaf": hasattr(signal, "pthread_sigmask")}
        assert "OPENBLAS_NUM_THREADS" not in os.environ
        other.join(0.5)
        assert other.is_alive()
    finally:
        other.terminate()
        other.join()


@pytest.mark.parametrize("jobs", [1, 2])
def test_bars_show_loss_and_accuracy(jobs, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("recipes.running.bars.EVERY", 0.01)
    small = write_bright_rows(tmp_path)
    task = Task("mnist", mnist.RECIPE.run, digits.load, small, mnist.Config(epochs=100), Key(0))
    todo = {(Path("a"),): task}
    ((_, outcome),) = in_processes(todo, jobs) if jobs > 1 else in_this_process(todo)
    assert isinstance(outcome, Done)
    of_epoch = r"epoch [1-9]\d*/100, " if jobs > 1 else r"epochs: .*/100 .*"
    assert re.search(of_epoch + r"loss \d\S*, validation accuracy [01]\.\d{4}", capsys.readouterr().err)


def nothing(config, key, data):
    start = sgd(0.1).init({"w": np.zeros(1)})
    return Run(start, lambda state, batch: state, lambda epoch: [], 0, lambda end: {"x": 1.0})


def long(config, key, data):
    start = sgd(0.1).init({"w": np.zeros(1)})
    return Run(start, lambda state, batch: state, lambda epoch: [], 0, lambda end: sleep(60 * config))


def test_a_sweep_that_ends_early_leaves_no_worker_and_no_pool_behind():
    before = set(active_children()), set(threading.enumerate())
    outcomes = in_processes({(Path(str(i)),): Task("long", long, no_data, None, i, Key(0)) for i in range(5)}, 2)
    ((path,), _) = next(outcomes)
    outcomes.close()
    assert path == Path("0")
    assert set(active_children()) <= before[0]
    assert not [each for each in set(threading.enumerate()) - before[1] if "ExecutorManager" in type(each).__name__]


class Interrupted(dict):
    def items(self):
        yield from super().items()
        sleep(1)  # until workers have started
        raise KeyboardInterrupt


def test_an_interrupt_while_runs_are_handed_out_ends_those_that_began():
    before = set(active_children())
    todo = Interrupted({(Path(str(i)),): Task("long", long, no_data, None, 1, Key(0)) for i in range(3)})
    with pytest.raises(KeyboardInterrupt):
        next(in_processes(todo, 2))
    assert set(active_children()) <= before


@pytest.mark.parametrize("elsewhere", [False, True])
def test_the_bar_begins_with_the_runs_that_are_kept(elsewhere, tmp_path, capsys):
    tasks = [Task("nothing", nothing, no_data, None, mnist.Config(), Key(i)) for i in range(4)]
    sweep(tasks[:2], tmp_path, jobs=1)
    capsys.readouterr()
    with ThreadPoolExecutor(1) as pool:
        sweep(tasks, tmp_path, jobs=1, executor=pool if elsewhere else None)
    assert re.findall(r"\d/\d", capsys.readouterr().err)[0] == "2/4"


class Breaking(Executor):
    """An executor of which every task fails, for a reason."""

    def submit(self, *_, **__):
        def culprit():
            raise ValueError("why")

        future = Future()
        try:
            culprit()
        except ValueError as error:
            future.set_exception(error)
        return future


def test_a_failure_elsewhere_is_told_with_its_calls():
    ((_, outcome),) = on_executor({(Path("a"),): None}, Breaking())
    assert isinstance(outcome, Failed)
    assert "in culprit" in outcome.why
    assert outcome.why.endswith("ValueError: why\n")
