"""fnn's own code for NumPy on CuPy's arrays, on a GPU."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from traceback import extract_tb

import cupy

import fnn
from recipes.bench.peers.fnn_numpy import batches, network, parts
from recipes.bench.problem import Problem, Session

__all__ = ["train"]


@contextmanager
def placed() -> Iterator[None]:
    """Errors name the last line of fnn that was reached."""
    try:
        yield
    except Exception as error:
        lines = [line for line in extract_tb(error.__traceback__) if "/fnn/" in line.filename]
        at = f"{lines[-1].filename.rpartition('/fnn/')[2]}:{lines[-1].lineno}: {lines[-1].line}: " if lines else ""
        raise RuntimeError(f"{at}{type(error).__name__}: {error}") from error


def train(problem: Problem) -> Session:
    """A fold over the batches of each epoch, of data that rest on the device."""
    with placed():
        model, step, _ = parts(problem)
        state = step.optimizer.init(fnn.tree.map(cupy.asarray, network(problem)[1]))
        data = tuple(cupy.asarray(array) for array in problem.train)

    def run(epoch: int) -> None:
        nonlocal state
        with placed():
            state = reduce(step, batches(problem, data, epoch), state)
            cupy.cuda.get_current_stream().synchronize()

    return Session(run, lambda x: cupy.asnumpy(model.apply(state.params, cupy.asarray(x))))
