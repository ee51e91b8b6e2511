"""A lower bound: only the matrix products of a training or an inference, written into existing arrays."""

from itertools import pairwise

import numpy as np

from recipes.bench.problem import Problem, Session

__all__ = ["infer", "train"]


def train(problem: Problem) -> Session:
    """The three products of each layer and step, except the one for the gradient of the network's input."""
    weights = [w for w, _ in problem.weights]
    values, deltas = ([np.ones((problem.batch, size), np.float32) for size in problem.sizes] for _ in range(2))
    gradients = [np.empty_like(w) for w in weights]

    def run(epoch: int) -> None:
        for _ in problem.order(epoch):
            for w, (x, y) in zip(weights, pairwise(values), strict=True):
                np.matmul(x, w, out=y)
            for i, w in reversed(list(enumerate(weights))):
                np.matmul(values[i].T, deltas[i + 1], out=gradients[i])
                if i > 0:
                    np.matmul(deltas[i + 1], w.T, out=deltas[i])

    return Session(run, lambda x: None)


def infer(problem: Problem) -> Session:
    """One product for each layer."""
    weights = [w for w, _ in problem.weights]
    values = [problem.train[0], *(np.empty((len(problem.train[0]), size), np.float32) for size in problem.sizes[1:])]

    def run(epoch: int) -> None:
        for w, (x, y) in zip(weights, pairwise(values), strict=True):
            np.matmul(x, w, out=y)

    return Session(run, lambda x: None)
