"""What carries out the folds of a sweep: NumPy, or the same steps compiled by JAX, on a CPU or a GPU."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import attrs
import numpy as np

import fnn
from fnn.batching import Batch
from fnn.training.epochs import Fold
from recipes.recipe import OptionError

__all__ = ["FOLDS", "NUMPY", "Engine", "engine", "environment", "on_host"]

BatchesOf = Callable[[int], Iterable[Batch]]

FOLDS = ("numpy", "jax")
CUBLAS = "--xla_gpu_enable_triton_gemm=false"
DEVICE = "import jax; print(jax.default_backend(), jax.devices()[0].device_kind, sep='|')"


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """These environment variables have these values inside the context."""
    before = {name: os.environ[name] for name in variables if name in os.environ}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            os.environ.pop(name, None)
        os.environ.update(before)


@attrs.frozen
class Engine:
    """What carries out folds, as plain values that the name of a result contains.

    fold      "numpy" or "jax"
    version   of JAX
    device    JAX's name of the platform, "cpu" or "gpu", and of the device
    """

    fold: str = "numpy"
    version: str = ""
    device: tuple[str, str] = ("", "")

    @property
    def on_gpu(self) -> bool:
        """Whether folds are carried out on a device beside the CPU: then the runs of a configuration train together."""
        return self.fold == "jax" and self.device[0] != "cpu"

    def carry_out(self) -> Fold:
        """The fold itself."""
        if self.fold == "numpy":
            return fnn.fold
        import fnn.interop.jax as compiled  # optional

        return compiled.fold

    def ahead(self, batches_of: BatchesOf) -> BatchesOf:
        """The same batches; on a GPU, orders are drawn while it works, which saves a quarter of the time of 15 runs."""
        if not self.on_gpu:
            return batches_of
        import fnn.interop.jax as compiled  # optional

        return compiled.ahead(batches_of)

    def resting(self, data: Any) -> Any:
        """The data, with the parts that a training reads again and again on the device."""
        parts = [name for name in ("train", "validation") if hasattr(data, name)] if attrs.has(type(data)) else []
        numeric = all(array.dtype.kind in "fiub" for name in parts for array in getattr(data, name))
        if self.fold == "numpy" or not parts or not numeric:
            return data
        import jax

        return attrs.evolve(data, **{name: jax.device_put(getattr(data, name)) for name in parts})

    @contextmanager
    def compiling_fast(self) -> Iterator[None]:
        """On a GPU, JAX takes cuBLAS's products: to compile and try Triton's, too, takes it several times as long.

        It reads this as it starts, and keeps to it as long as the process lives. What the user says about it stands.
        """
        flags = os.environ.get("XLA_FLAGS", "")
        left_open = self.device[0] == "gpu" and CUBLAS.partition("=")[0] not in flags
        with environment({"XLA_FLAGS": f"{flags} {CUBLAS}".strip()} if left_open else {}):
            yield

    @contextmanager
    def on_one_core(self, number: int = 0) -> Iterator[None]:
        """JAX on a CPU gets one core, the one of this number: its pool of threads makes small steps far slower."""
        if self.fold == "numpy" or self.on_gpu or not hasattr(os, "sched_setaffinity"):
            yield
            return
        usable = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {sorted(usable)[number % len(usable)]})
        try:
            yield
        finally:
            os.sched_setaffinity(0, usable)


NUMPY = Engine()


@lru_cache
def engine(fold: str) -> Engine:
    """The engine of this name on this machine. Raises `OptionError` if it is not installed.

    JAX is asked for its device in a process of its own: this one shall not take the device's memory.
    """
    if fold == "numpy":
        return NUMPY
    if find_spec("jax") is None:
        raise OptionError(f"--fold {fold} needs JAX: pip install -e '.[recipes,jax]'")
    asked = subprocess.run([sys.executable, "-c", DEVICE], capture_output=True, encoding="utf-8", check=False)
    if asked.returncode:
        raise OptionError(f"--fold {fold}: JAX finds no device: {asked.stderr.strip().rpartition(chr(10))[2]}")
    platform, kind = asked.stdout.strip().splitlines()[-1].split("|")
    return Engine(fold, version("jax"), (platform, kind))


def on_host(value: Any) -> Any:
    """A result with all its arrays on NumPy."""
    if isinstance(value, fnn.Params):
        return fnn.Params({name: on_host(part) for name, part in value.items()}, lead=value.lead)
    if isinstance(value, dict):
        return {name: on_host(part) for name, part in value.items()}
    if isinstance(value, list):
        return [on_host(part) for part in value]
    return np.asarray(value) if hasattr(value, "__array_namespace__") else value
