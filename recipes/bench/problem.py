"""A problem: a network's initial values, the data and the order of its batches, the same for every peer.

This file and `worker.py` import NumPy and attrs alone, since the start of a process is measured too.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import attrs
import numpy as np

__all__ = ["Problem", "Session", "one_after_the_other"]


class Session(NamedTuple):
    """What a peer makes of a problem: run(i) does the work of epoch i, predict(x) gives the outputs after it.

    The runs of a round stand `around()` entered, so that entering is not measured with each of them.
    """

    run: Callable[[int], Any]
    predict: Callable[[np.ndarray], Any]
    around: Callable[[], AbstractContextManager[Any]] = nullcontext


@attrs.frozen(eq=False)
class Problem:
    """A multi-layer perceptron and what to do with it.

    `weights` holds (W, b) of each layer, W (n_in, n_out); `hidden` and `output` name activations ("relu", "sigmoid",
    "none"), `loss` is "cross_entropy" of integer labels or "mse", `optimizer` "adam" or "sgd". Epoch i takes the
    examples `order(i)` of `train`. With `runs`, every array has an axis of as many networks in front.
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
    runs: int = 0
    seed: int = 0

    @property
    def sizes(self) -> tuple[int, ...]:
        """The widths from the input to the output."""
        return (self.weights[0][0].shape[-2], *(w.shape[-1] for w, _ in self.weights))

    @property
    def activations(self) -> list[str]:
        """The name of the activation behind each layer."""
        return [self.hidden] * (len(self.weights) - 1) + [self.output]

    def order(self, epoch: int) -> np.ndarray:
        """The examples of each batch of an epoch (steps, batch); what does not fill the last batch is left out.

        It is the order of `fnn.batches(fnn.Key(seed, (epoch,)), ..., drop_last=True)`.
        """
        n = self.train[1].shape[1 if self.runs else 0]
        stream = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(epoch,)))
        return stream.permutation(n)[: n // self.batch * self.batch].reshape(-1, self.batch)

    def score(self, outputs: Any) -> float | None:
        """The accuracy of outputs for the test inputs or, of an autoencoder, their mean squared error."""
        if outputs is None:
            return None
        outputs, target = np.asarray(outputs), self.test[1]
        if self.loss == "mse":
            return float(np.mean((outputs - target) ** 2))
        return float(np.mean(outputs.argmax(axis=-1) == target))

    def members(self) -> list["Problem"]:
        """The problems of the single networks."""
        return [
            attrs.evolve(
                self,
                weights=[(w[i], b[i]) for w, b in self.weights],
                train=(self.train[0][i], self.train[1][i]),
                test=(self.test[0][i], self.test[1][i]),
                runs=0,
            )
            for i in range(self.runs)
        ]


def one_after_the_other(train: Callable[..., Session]) -> Callable[..., Session]:
    """What trains one network, made to train each of a problem's."""

    def train_each(problem: Problem, **settings: Any) -> Session:
        if not problem.runs:
            return train(problem, **settings)
        sessions = [train(member, **settings) for member in problem.members()]

        def run(epoch: int) -> None:
            for session in sessions:
                session.run(epoch)

        def predict(x: np.ndarray) -> np.ndarray:
            return np.stack([np.asarray(session.predict(own)) for session, own in zip(sessions, x, strict=True)])

        return Session(run, predict)

    return train_each
