"""A problem for all peers: the initial values of a network, the data, and the order of the batches.

This file and `worker.py` import only NumPy and attrs, because the start of a process is measured too.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import attrs
import numpy as np

__all__ = ["Problem", "Session", "one_after_the_other"]


class Session(NamedTuple):
    """A peer at work on a problem.

    run(i)        does the work of epoch i
    predict(x)    gives the outputs of the network as it is then
    around()      a context in which all runs of a round take place, so that its cost is not measured with each run
    """

    run: Callable[[int], Any]
    predict: Callable[[np.ndarray], Any]
    around: Callable[[], AbstractContextManager[Any]] = nullcontext


@attrs.frozen(eq=False)
class Problem:
    """A multi-layer perceptron or a small convolutional network, its data, and how to train it.

    weights           (W, b) of each layer, with W (n_in, n_out) and b (n_out,). The first layers may be convolutions of
                      images (height, width, c_in), with W (kh, kw, c_in, c_out), as many outputs as places, and a
                      maximum over each 2 x 2 behind their activation
    train, test       the inputs and the labels or targets
    batch             the size of a batch; epoch i takes the batches `order(i)` of `train`
    hidden, output    names of activations: "relu", "sigmoid" or "none"
    loss              "cross_entropy" of integer labels, or "mse"
    optimizer, rate   "adam" or "sgd", and its learning rate
    network           "" for a perceptron; "gru" or "attention" for one of `sequences.py`, which takes its parameters
                      from `weights`, two by two in their order
    runs              the number of networks, which is then the first axis of every array; 0 for one without this axis
    shared            whether these networks have the same data, without this axis, each in an order of its own
    device            "cpu" or "cuda": where PyTorch works. JAX's device is that of its process
    seed, path        the seed of the order of the batches, and the path that its key has in front of the epoch
    """

    weights: list[tuple[np.ndarray, np.ndarray]]
    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    batch: int
    hidden: str = "relu"
    output: str = "none"
    loss: str = "cross_entropy"
    optimizer: str = "adam"
    rate: float = 1e-3
    network: str = ""
    runs: int = 0
    shared: bool = False
    device: str = "cpu"
    seed: int = 0
    path: tuple[int, ...] = ()

    @property
    def sizes(self) -> tuple[int, ...]:
        """The widths from the input to the output."""
        return (self.weights[0][0].shape[-2], *(w.shape[-1] for w, _ in self.weights))

    @property
    def activations(self) -> list[str]:
        """The name of the activation after each layer."""
        return [self.hidden] * (len(self.weights) - 1) + [self.output]

    def order(self, epoch: int) -> np.ndarray:
        """The places of the examples in each full batch of an epoch: (steps, batch), or (steps, runs, batch) if shared.

        The order is that of `fnn.batches(fnn.Key(seed, (*path, epoch)), ..., drop_last=True)`. Where the data are
        shared, the path of network i is (i,).
        """
        if self.shared:
            return np.stack([self.member(i).order(epoch) for i in range(self.runs)], axis=1)
        n = self.train[1].shape[1 if self.runs else 0]
        stream = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(*self.path, epoch)))
        return stream.permutation(n)[: n // self.batch * self.batch].reshape(-1, self.batch)

    def score(self, outputs: Any) -> float | None:
        """The accuracy of the outputs for the test inputs or, for the loss "mse", their mean squared error."""
        if outputs is None:
            return None
        outputs, target = np.asarray(outputs), self.test[1]
        if self.loss == "mse":
            return float(np.mean((outputs - target) ** 2))
        return float(np.mean(outputs.argmax(axis=-1) == target))

    def member(self, i: int) -> "Problem":
        """The problem of network i alone."""
        weights = [(w[i], b[i]) for w, b in self.weights]
        if self.shared:
            return attrs.evolve(self, weights=weights, runs=0, shared=False, path=(i,))
        train, test = ((x[i], y[i]) for x, y in (self.train, self.test))
        return attrs.evolve(self, weights=weights, train=train, test=test, runs=0)


def one_after_the_other(train: Callable[..., Session]) -> Callable[..., Session]:
    """Make a function that trains one network train all networks of a problem, one after the other."""

    def train_each(problem: Problem, **settings: Any) -> Session:
        if not problem.runs:
            return train(problem, **settings)
        sessions = [train(problem.member(i), **settings) for i in range(problem.runs)]

        def run(epoch: int) -> None:
            for session in sessions:
                session.run(epoch)

        def predict(x: np.ndarray) -> np.ndarray:
            inputs = [x] * len(sessions) if problem.shared else x
            return np.stack([np.asarray(session.predict(own)) for session, own in zip(sessions, inputs, strict=True)])

        return Session(run, predict)

    return train_each
