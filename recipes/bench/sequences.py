"""Networks that read a digit as a sequence: row by row, or patch by patch."""

from collections.abc import Callable

import numpy as np

import fnn
from recipes.bench.problem import Problem
from recipes.data.digits import Digits

__all__ = ["network", "patches", "rows", "sequence"]

PATCH = 4  # pixels on a side
WIDTH, HEADS = 64, 4


def block() -> tuple[fnn.Layer, fnn.Layer]:
    """Attention, and a perceptron for each token, both with layer normalisation in front and added to their input."""
    norm = fnn.each(fnn.layer_norm())
    project, back, widen = (fnn.each(fnn.linear(n)) for n in (3 * WIDTH, WIDTH, 2 * WIDTH))
    attention = fnn.chain(norm, project, fnn.attention(HEADS), back)
    return fnn.residual(attention), fnn.residual(fnn.chain(norm, widen, fnn.relu, back))


def model(name: str, n_classes: int) -> fnn.Layer:
    """The network "gru" or "attention"."""
    if name == "gru":
        return fnn.chain(fnn.recurrent(fnn.gru(128)), fnn.linear(n_classes))
    tokens = fnn.chain(fnn.each(fnn.linear(WIDTH)), fnn.sinusoidal_positions)
    return fnn.chain(tokens, *block(), *block(), fnn.global_mean(axes=1), fnn.linear(n_classes))


def network(problem: Problem) -> tuple[fnn.Layer, fnn.Params]:
    """The network of a problem, and its initial parameters."""
    made = model(problem.network, problem.weights[-1][0].shape[-1])
    own = iter([leaf for pair in problem.weights for leaf in pair])
    return made, fnn.tree.map(lambda _: next(own), made.init(fnn.Key(0), problem.train[0].shape[1:])[0])


def rows(x: np.ndarray, height: int, width: int) -> np.ndarray:
    """Images (n, height · width) as sequences of rows (n, height, width)."""
    return x.reshape(-1, height, width)


def patches(x: np.ndarray, height: int, width: int) -> np.ndarray:
    """Images (n, height · width) as sequences of patches of 4 x 4 pixels: (n, height / 4 · width / 4, 16).

    >>> patches(np.zeros((5, 784)), 28, 28).shape
    (5, 49, 16)
    """
    cut = x.reshape(-1, height // PATCH, PATCH, width // PATCH, PATCH)
    return np.ascontiguousarray(cut.swapaxes(2, 3)).reshape(len(x), -1, PATCH * PATCH)


def sequence(name: str, examples: int, batch: int = 128) -> Callable[[Digits], Problem]:
    """A classifier of digits that are read by rows with the name "gru", by patches with "attention"."""
    cut = rows if name == "gru" else patches

    def make(data: Digits) -> Problem:
        x, labels = data.first(examples).train
        train, test = (cut(x, *data.shape), labels), (cut(data.test[0], *data.shape), data.test[1])
        leaves = fnn.tree.leaves(model(name, data.n_classes).init(fnn.Key(0), train[0].shape[1:])[0])
        return Problem(list(zip(leaves[::2], leaves[1::2], strict=True)), train, test, batch, network=name)

    return make
