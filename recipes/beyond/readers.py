"""Readers of digits: recurrent networks that take a digit row by row, and an attention network that takes patches.

This file has the networks, and four looks into one: its accuracy when the first rows are read, or when all others are
black, the gradients of its states, and what its patches attend to.
"""

from collections.abc import Callable
from functools import partial
from itertools import accumulate

import attrs
import numpy as np

import fnn
from fnn import tree
from fnn.layers.attention import attention_weights
from fnn.layers.recurrent import unroll
from recipes.data.digits import Labelled

__all__ = ["CELLS", "Config", "accuracy_at_once", "accuracy_rest_black", "attention_maps", "gradient_norms", "network"]
__all__ += ["shifted", "tokens"]


def small_elman(n: int) -> fnn.Cell:
    """An Elman cell whose recurrent weights are drawn as PyTorch does: U(-1/√n, 1/√n), of spectral radius 1/√3."""
    return fnn.elman(n, recurrent=fnn.uniform(n**-0.5))


CELLS: dict[str, Callable[[int], fnn.Cell]] = {
    "elman": fnn.elman,
    "small elman": small_elman,
    "gru": fnn.gru,
    "lstm": fnn.lstm,
}
BLOCKS, HEADS = ("first", "second"), 4  # of the attention network
Shape = tuple[int, int]


@attrs.frozen
class Config:
    """The setting of a reader.

    reader      the name of a cell, see `CELLS`, or "attention"
    width       the number of units of the cell, or of the numbers that stand for a patch
    epochs      of the training
    rate        the first rate of Adam, which falls to 0 along half a cosine
    shift       the most pixels by which a training digit is moved on either axis
    limit       the longest gradient; longer ones are scaled down to it
    batch_size  of the training
    patches     the number of patches on either axis
    """

    reader: str
    width: int
    epochs: int
    rate: float
    shift: int = 0
    limit: float = 1.0
    batch_size: int = 128
    patches: int = 4


def network(config: Config, n_classes: int = 10) -> fnn.Layer:
    """From the tokens of a digit, its rows or its patches, to a logit for each class.

    >>> network(Config("gru", width=128, epochs=1, rate=0.001))
    chain(cell=recurrent(gru(128)), read=linear(10))
    """
    if config.reader in CELLS:
        return fnn.chain(cell=fnn.recurrent(CELLS[config.reader](config.width)), read=fnn.linear(n_classes))
    return fnn.chain(
        embed=fnn.each(fnn.linear(config.width)),
        place=fnn.positions(fnn.normal(0.5)),
        **{name: block(config.width) for name in BLOCKS},
        read=fnn.chain(fnn.each(fnn.layer_norm()), fnn.global_mean(axes=1), fnn.linear(n_classes)),
    )


def block(d: int) -> fnn.Layer:
    """Tokens of `d` numbers read from each other, then each is changed by itself (Xiong et al. 2020, figure 1b)."""
    linear = partial(fnn.linear, weights=fnn.glorot_uniform)
    ask = fnn.each(fnn.chain(fnn.layer_norm(), linear(3 * d)))  # the queries, keys and values
    attend = fnn.chain(ask=ask, weigh=fnn.attention(HEADS), join=fnn.each(linear(d)))
    change = fnn.each(fnn.chain(fnn.layer_norm(), fnn.linear(2 * d), fnn.relu, fnn.linear(d)))
    return fnn.chain(attend=fnn.residual(attend), change=fnn.residual(change))


def tokens(config: Config, shape: Shape, x: np.ndarray) -> np.ndarray:
    """Digits x (n, height · width) as tokens (n, time, pixels): rows from the top, or patches in reading order.

    >>> x = np.arange(16)[None]
    >>> tokens(Config("gru", width=1, epochs=1, rate=0.1), (4, 4), x)[0, 0]
    array([0, 1, 2, 3])
    >>> tokens(Config("attention", width=1, epochs=1, rate=0.1, patches=2), (4, 4), x)[0, 0]
    array([0, 1, 4, 5])
    """
    (height, width), p = shape, config.patches
    if config.reader in CELLS:
        return x.reshape(-1, height, width)
    return x.reshape(-1, p, height // p, p, width // p).swapaxes(2, 3).reshape(len(x), p * p, -1)


def shifted(x: np.ndarray, most: int, shape: Shape, key: fnn.Key) -> np.ndarray:
    """Digits x (n, height · width), each moved by up to `most` pixels on either axis; black comes in at the edges."""
    height, width = shape
    down, across = fnn.generator(key).integers(2 * most + 1, size=(2, len(x), 1))
    padded = np.pad(x.reshape(-1, height, width), ((0, 0), (most, most), (most, most)))
    rows, columns = down + np.arange(height), across + np.arange(width)
    moved = padded[np.arange(len(x))[:, None, None], rows[:, :, None], columns[:, None, :]]
    return np.reshape(moved, x.shape)


def accuracy_at_once(config: Config, params: tree.Tree, pair: Labelled, shape: Shape) -> np.ndarray:
    """The accuracy (height,) when the read-out of a recurrent network is applied to its state after each row."""
    (x, labels), cell = pair, fnn.recurrent(CELLS[config.reader](config.width), states="all")
    model = fnn.chain(cell=cell, read=fnn.each(fnn.linear(n_classes(params))))
    logits = model.apply(params, tokens(config, shape, x))  # (n, height, classes)
    return np.mean(logits.argmax(axis=-1) == labels[:, None], axis=0)


def accuracy_rest_black(config: Config, params: tree.Tree, pair: Labelled, shape: Shape) -> np.ndarray:
    """The accuracy (height,) on digits of which all rows but the first, the first two, and so on, are black."""
    (x, labels), (height, width) = pair, shape
    model, row = network(config, n_classes(params)), np.repeat(np.arange(height), width)
    seen = (tokens(config, shape, np.where(row < n, x, np.zeros_like(x))) for n in range(1, height + 1))
    return np.array([np.mean(fnn.predict(model, params, part).argmax(axis=-1) == labels) for part in seen])


def gradient_norms(config: Config, params: tree.Tree, pair: Labelled, shape: Shape) -> np.ndarray:
    """How much the loss of each digit depends on the state after row t: |∂L/∂hₜ| / |∂L/∂h_T|, (T, digits).

    Each row is a piece that starts from the state of the piece before, so that the pullbacks of the pieces, last one
    first, give the gradient of each state. Float64 keeps the smallest of them.
    """
    (x, labels), cell = pair, CELLS[config.reader](config.width)
    params, x = tree.cast(params, np.float64), tokens(config, shape, x).astype(np.float64)
    h, pulls = np.zeros((len(x), cell.size)), []
    for t in range(x.shape[1]):
        (_, h), pull = unroll(cell, params["cell"], x[:, t : t + 1], h)
        pulls.append(pull)
    logits, back = fnn.linear(n_classes(params)).vjp(params["read"], h[:, : cell.n])
    _, pull_loss = fnn.cross_entropy(logits, labels)
    dh = np.zeros_like(h)
    dh[:, : cell.n] = back(pull_loss())[1]
    dhs = accumulate(reversed(pulls[1:]), lambda dh, pull: pull([None, dh], need_dx=False)[1], initial=dh)
    norms = np.array([np.linalg.norm(dh, axis=-1) for dh in dhs])[::-1]
    return norms / norms[-1]


def attention_maps(config: Config, params: tree.Params, x: np.ndarray) -> np.ndarray:
    """What the patches x (time, pixels) of one digit attend to: weights (blocks, heads, time, time).

    The weights of a patch, the last axis, sum to 1.
    """
    model, maps = network(config, n_classes(params)), []
    for i, name in enumerate(params):
        if name in BLOCKS:
            y = model[:i].apply(params[:i], x[None])
            asked = model[name]["attend"]["ask"].apply(params[name]["attend"]["ask"], y)
            maps.append(attention_weights(asked, HEADS)[0])
    return np.stack(maps)


def n_classes(params: tree.Tree) -> int:
    """The number of classes that a network tells apart, from its parameters."""
    *_, last = tree.leaves(params["read"])
    return int(last.shape[-1])
