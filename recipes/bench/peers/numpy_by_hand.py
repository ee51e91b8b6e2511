"""A perceptron written by hand in plain NumPy, in place and without checks: what fnn's abstraction is measured by."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from fnn.training.step import keep_freed_memory
from recipes.bench.problem import Problem, Session, one_after_the_other

__all__ = ["train"]

B1, B2, EPS = 0.9, 0.999, 1e-8
Update = Callable[[np.ndarray, int], None]  # update(g, t) of step t = 1, 2, ...


def relu(x: np.ndarray) -> np.ndarray:
    """max(x, 0), in place."""
    return np.maximum(x, 0, out=x)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + e⁻ˣ)."""
    e = np.exp(-x)
    e += 1
    return 1 / e


ACTIVATIONS: dict[str, tuple[Any, Any]] = {  # a function of x, and its derivative as a function of the value
    "relu": (relu, lambda y: y > 0),
    "sigmoid": (sigmoid, lambda y: y * (1 - y)),
    "none": (lambda x: x, None),
}


def cross_entropy(z: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """The mean cross-entropy of logits, and its gradient, which takes the place of the logits."""
    rows, n = np.arange(len(z)), len(z)
    z -= z.max(axis=1, keepdims=True)
    chosen = z[rows, labels]
    np.exp(z, out=z)
    total = z.sum(axis=1, keepdims=True)
    loss = (np.log(total).sum() - chosen.sum()) / n
    z /= total
    z[rows, labels] -= 1
    z /= n
    return loss, z


def mse(y: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """The mean squared error, and its gradient, as a new array: the activation's derivative takes y."""
    error = y - target
    loss = np.vdot(error, error) / error.size
    error *= 2 / error.size
    return loss, error


LOSSES = {"cross_entropy": cross_entropy, "mse": mse}


def adam(theta: np.ndarray, rate: float) -> Update:
    """Adam (Kingma & Ba 2015, in the order of operations of section 2); the moments and theta change in place."""
    m, v = np.zeros_like(theta), np.zeros_like(theta)

    def update(g: np.ndarray, t: int) -> None:
        nonlocal theta, m, v
        m *= B1
        m += (1 - B1) * g
        v *= B2
        v += (1 - B2) * g * g
        root = (1 - B2**t) ** 0.5  # B2 corrects v, and B1 corrects m
        theta -= rate * root / (1 - B1**t) * m / (np.sqrt(v) + EPS * root)

    return update


def sgd(theta: np.ndarray, rate: float) -> Update:
    """Gradient descent, in place."""

    def update(g: np.ndarray, t: int) -> None:
        nonlocal theta
        theta -= rate * g

    return update


OPTIMIZERS = {"adam": adam, "sgd": sgd}


def flat(problem: Problem) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """A vector for the parameters of all layers, and views (W, b) of it."""
    if problem.network or any(w.ndim > 2 for w, _ in problem.weights):
        raise ValueError("only perceptrons are written by hand")
    vector = np.concatenate([leaf for pair in problem.weights for leaf in pair], axis=None)
    ends = np.cumsum([0, *(leaf.size for pair in problem.weights for leaf in pair)])
    parts = [vector[start:end] for start, end in pairwise(ends)]
    return vector, [(parts[2 * i].reshape(w.shape), parts[2 * i + 1]) for i, (w, _) in enumerate(problem.weights)]


@one_after_the_other
def train(problem: Problem) -> Session:
    """The loop over the batches: forward, backward into one flat gradient, and the update."""
    (theta, params), (g, grads) = flat(problem), flat(problem)
    functions = [ACTIVATIONS[name] for name in problem.activations]
    layers, last = list(zip(params, grads, functions, strict=True)), len(params) - 1
    loss_of, update = LOSSES[problem.loss], OPTIMIZERS[problem.optimizer](theta, problem.rate)
    x, y = problem.train
    t = 0
    keep_freed_memory()  # without it, glibc makes each step twice as slow

    def forward(x: np.ndarray) -> list[np.ndarray]:
        values = [x]
        for (w, b), _, (activation, _) in layers:
            x = x @ w
            x += b
            x = activation(x)
            values.append(x)
        return values

    def run(epoch: int) -> float:
        nonlocal t
        for index in problem.order(epoch):
            values = forward(x.take(index, axis=0))
            loss, d = loss_of(values[-1], y.take(index, axis=0))
            for i in range(last, -1, -1):
                (w, _), (dw, db), (_, slope) = layers[i]
                if slope:
                    d *= slope(values[i + 1])
                np.matmul(values[i].T, d, out=dw)
                np.sum(d, axis=0, out=db)
                if i > 0:
                    d = d @ w.T
            t += 1
            update(g, t)
        return loss

    return Session(run, lambda x: forward(x)[-1])
