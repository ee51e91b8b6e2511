"""What carries out folds: part of a result's identity, on one core of a CPU; a missing one is a clear sentence."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from subprocess import CompletedProcess

import attrs
import numpy as np
import pytest

import fnn
import fnn.interop.jax
from fnn import Key, checkpoint
from recipes.command import main
from recipes.data import digits
from recipes.points import xor
from recipes.recipe import no_data
from recipes.running import engine as module
from recipes.running.engine import CUBLAS, NUMPY, Engine, engine, on_host
from recipes.running.plan import Options, Task, plan
from recipes.running.sweep import kept_at, path_of
from recipes.running.workers import in_processes, in_this_process, on_executor
from tests.support.idx_files import write_bright_rows

CPU = Engine("jax", "0.1", ("cpu", "cpu"))


def test_jax_names_its_version_and_device():
    import jax

    found = engine("jax")
    assert found == Engine("jax", jax.__version__, ("cpu", jax.devices()[0].device_kind))
    assert (found.on_gpu, engine("numpy")) == (False, NUMPY)
    assert (found.carry_out(), NUMPY.carry_out()) == (fnn.interop.jax.fold, fnn.fold)


@pytest.mark.parametrize(
    ("what", "value", "said"),
    [
        ("find_spec", lambda name: None, r"--fold jax needs JAX: pip install -e '.[recipes,jax]'"),
        (
            "run",
            lambda *_, **__: CompletedProcess([], 1, "", "Trace\nno GPU"),
            "--fold jax: JAX finds no device: no GPU",
        ),
    ],
)
def test_without_jax_or_a_device_one_line_says_so(what, value, said, monkeypatch, capsys, tmp_path):
    engine.cache_clear()
    monkeypatch.setattr(module if what == "find_spec" else module.subprocess, what, value)
    assert main(["xor", "--fold", "jax", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.strip() == f"python -m recipes: {said}"
    engine.cache_clear()


def test_a_result_names_its_engine_unless_it_is_numpy(tmp_path):
    ours, theirs, newer = (
        Task("xor", xor.run, no_data, None, xor.CONFIG, Key(0), engine=each)
        for each in (NUMPY, CPU, Engine("jax", "0.2", ("cpu", "cpu")))
    )
    assert "engine" not in ours.made_by()
    assert theirs.made_by()["engine"] == {"fold": "jax", "version": "0.1", "device": ("cpu", "cpu")}
    paths = [path_of(task, tmp_path) for task in (ours, theirs, newer)]
    assert len(set(paths)) == 3
    checkpoint.save(paths[1], {"scores": np.ones(1)})
    assert kept_at(ours, tmp_path) == paths[0]
    assert kept_at(ours, tmp_path, any_code=True) == paths[1]


def test_a_plan_gives_its_engine_to_all_tasks(monkeypatch):
    monkeypatch.setattr("recipes.running.plan.engine", lambda fold: {"jax": CPU, "numpy": NUMPY}[fold])
    assert {task.engine for task in plan(xor.RECIPE, Options(fold="jax")).tasks} == {CPU}
    assert {task.engine for task in plan(xor.RECIPE, Options()).tasks} == {NUMPY}


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the cores of a process are Linux's")
def test_jax_gets_one_core_of_a_cpu_and_numpy_and_a_gpu_all():
    usable = os.sched_getaffinity(0)
    for each, n in ((CPU, 1), (NUMPY, len(usable)), (Engine("jax", "0.1", ("gpu", "big")), len(usable))):
        with each.on_one_core(1):
            assert len(os.sched_getaffinity(0)) == n
        assert os.sched_getaffinity(0) == usable
    with CPU.on_one_core(len(usable)) as _:  # more processes than cores
        assert os.sched_getaffinity(0) == {min(usable)}


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_orders_are_drawn_ahead_on_a_gpu_alone(device, monkeypatch):
    monkeypatch.setattr(Engine, "resting", lambda self, data: data)
    task = Task("xor", xor.run, no_data, None, xor.CONFIG, Key(0), engine=Engine("jax", "0.1", (device, "big")))
    batches = task.carried_out().batches_of(3)
    assert isinstance(batches, fnn.interop.jax.orders.Drawn) is (device == "gpu")
    ours = xor.run(xor.CONFIG, Key(0), no_data(None)).batches_of(3)
    assert [[x.tolist() for x in batch] for batch in batches] == [[x.tolist() for x in batch] for batch in ours]


def shares(config, key, data):
    run = xor.run(xor.CONFIG, key, data)
    memory, flags = os.environ.get("XLA_PYTHON_CLIENT_MEM_FRACTION", "nan"), os.environ.get("XLA_FLAGS", "")
    found = {"memory": float(memory), "flags": flags, "scores": {}}
    return type(run)(run.state, run.step, run.batches_of, 0, lambda end: found)


def test_processes_share_the_memory_of_a_gpu(monkeypatch):
    monkeypatch.delenv("XLA_PYTHON_CLIENT_MEM_FRACTION", raising=False)
    todo = {(i,): Task("shares", shares, no_data, None, None, Key(i)) for i in range(2)}
    assert [outcome.result["memory"] for _, outcome in in_processes(todo, 2)] == [0.45, 0.45]
    assert "XLA_PYTHON_CLIENT_MEM_FRACTION" not in os.environ


@pytest.mark.parametrize(
    ("device", "own", "said"),
    [
        ("cpu", None, ""),
        ("tpu", None, ""),
        ("gpu", None, CUBLAS),
        ("gpu", "--xla_dump_to=there", f"--xla_dump_to=there {CUBLAS}"),
        ("gpu", "--xla_gpu_enable_triton_gemm=true", "--xla_gpu_enable_triton_gemm=true"),
    ],
)
@pytest.mark.parametrize("how", ["here", "in processes", "by an executor"])
def test_on_a_gpu_products_are_cublass_unless_the_user_says_otherwise(how, device, own, said, monkeypatch):
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    if own:
        monkeypatch.setenv("XLA_FLAGS", own)
    monkeypatch.setattr(Engine, "resting", lambda self, data: data)
    todo = {(0,): Task("shares", shares, no_data, None, None, Key(0), engine=Engine("jax", "0.1", (device, "big")))}
    with ThreadPoolExecutor(1) as threads:
        ways = {"here": lambda: in_this_process(todo), "by an executor": lambda: on_executor(todo, threads)}
        [(_, outcome)] = ways.get(how, lambda: in_processes(todo, 2))()
    assert (outcome.result["flags"], os.environ.get("XLA_FLAGS")) == (said, own)


def test_data_rest_on_the_device_and_results_on_the_host(tmp_path):
    import jax

    data = digits.load(write_bright_rows(tmp_path))
    resting = CPU.resting(data)
    assert all(isinstance(x, jax.Array) for x in (*resting.train, *resting.validation))
    assert resting.test is data.test
    assert NUMPY.resting(data) is data
    back = resting.on_numpy()
    assert all(type(x) is np.ndarray for x in (*back.train, *back.validation))
    assert (back.train[0] == data.train[0]).all()
    names = attrs.evolve(data, train=(np.array(["a.png"]), np.array([1])))
    for other in (no_data(None), names, object()):  # no arrays of numbers
        assert CPU.resting(other) is other
    params = fnn.Params({"w": jax.numpy.ones(2)})
    found = on_host({"a": [jax.numpy.ones(1)], "params": params, "n": 3})
    assert type(found["a"][0]) is type(found["params"]["w"]) is np.ndarray
    assert found["n"] == 3


def test_numpys_fold_imports_no_jax(tmp_path):
    code = "import sys; from recipes.command import main; main(sys.argv[1:]); sys.exit('jax' in sys.modules)"
    words = ["xor", "--runs", "1", "--epochs", "1", "--out", str(tmp_path)]
    done = module.subprocess.run([sys.executable, "-c", code, *words], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
