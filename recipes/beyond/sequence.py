"""A digit read row by row by Elman, GRU and LSTM networks, and as patches by a small attention network.

The recurrent networks have 128 units. They see a digit as 28 rows of 28 pixels, from the top, and a linear read-out of
the last state names it. One Elman network begins with an orthogonal recurrent matrix, the other with the small uniform
weights that PyTorch draws. The attention network sees 16 patches of 7 x 7 pixels: a linear map to 64 numbers each,
learnt positions, two blocks of self-attention with four heads, the mean over the patches, and a linear read-out.

All are trained with Adam in batches of 128, at a rate that falls along half a cosine, and gradients longer than 1 are
scaled down to 1. The digits of the attention network are moved by up to one pixel on either axis, anew in each epoch,
since without this it soon knows its training digits by heart. Rates and epochs were chosen by validation, on one other
seed. The parameters after the last epoch are tested.

What does a network know of a digit when it has seen the first rows? The read-out of a recurrent network is applied to
its state after each row; and all networks get digits whose other rows are black. Why does an Elman network forget? The
gradient of the loss with respect to the state after a row, relative to that of the last state, says how much this row
can still teach; it is the median over 2,000 test digits, before and after the training. What do patches attend to? Maps
of one digit show it. The full size is five runs of each network: about half an hour on one core.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import attrs
import numpy as np
from matplotlib.figure import Figure
from toolz import pluck

import fnn
from fnn import plot, tree
from fnn.batching import Batch
from fnn.metrics import accuracy
from recipes.beyond.readers import CELLS, Config, accuracy_at_once, accuracy_rest_black, attention_maps, gradient_norms
from recipes.beyond.readers import network, tokens
from recipes.claims import Claim, Group, at_least, better, difference, estimate, judged
from recipes.data import digits
from recipes.recipe import Recipe, Results, Run, Size, counted, scores
from recipes.training import until

__all__ = ["RECIPE", "figures", "run"]

ELMAN, SMALL, GRU, LSTM, ATTENTION = "Elman", "Elman, small", "GRU", "LSTM", "attention"
GROUPS = {
    ELMAN: Config(reader="elman", width=128, epochs=8, rate=1e-3),
    SMALL: Config(reader="small elman", width=128, epochs=8, rate=1e-3),
    GRU: Config(reader="gru", width=128, epochs=8, rate=3e-3),
    LSTM: Config(reader="lstm", width=128, epochs=8, rate=3e-3),
    ATTENTION: Config(reader="attention", width=64, epochs=12, rate=4e-3, shift=1),
}
RECURRENT = (ELMAN, SMALL, GRU, LSTM)
EVERY = 5  # the looks into a network take each fifth test digit: MNIST's first 5,000 are easier than the others
EARLY = 7  # the row of which the claims ask how much it can still teach: a quarter of the digit


def shifted(x: np.ndarray, most: int, shape: tuple[int, int], key: fnn.Key) -> np.ndarray:
    """Digits x (n, height · width), each moved by up to `most` pixels on either axis; black comes in at the edges."""
    height, width = shape
    down, across = fnn.generator(key).integers(2 * most + 1, size=(2, len(x), 1))
    padded = np.pad(x.reshape(-1, height, width), ((0, 0), (most, most), (most, most)))
    rows, columns = down + np.arange(height), across + np.arange(width)
    moved = padded[np.arange(len(x))[:, None, None], rows[:, :, None], columns[:, None, :]]
    return np.reshape(moved, x.shape)


def run(config: Config, key: fnn.Key, data: digits.Digits) -> Run:
    """The training of a reader, whose parameters after the last epoch are tested."""
    init_key, order_key = fnn.split(key, 2)
    model = network(config, data.n_classes)
    first, _ = model.init(init_key, tokens(config, data.shape, data.train[0][:1]).shape[1:])
    steps = config.epochs * -(-len(data.train[0]) // config.batch_size)
    adam = fnn.adam(fnn.schedules.cosine(config.rate, steps))
    optimizer = fnn.chain_updates(fnn.clip_by_global_norm(config.limit), adam)
    step = fnn.train_step(model, fnn.cross_entropy, optimizer)

    def prepare(batch: Batch, key: fnn.Key | None) -> Batch:
        x, *targets = batch
        if key is not None and config.shift:
            x = shifted(x, config.shift, data.shape, key)
        return tokens(config, data.shape, x), *targets

    def batches_of(epoch: int) -> Iterable[Any]:
        return fnn.batches(fnn.fold_in(order_key, epoch), data.train, config.batch_size, prepare=prepare)

    def share_right(params: tree.Tree, pair: digits.Labelled) -> float:
        return float(fnn.evaluate(model, params, pair, {"accuracy": accuracy}, prepare=prepare)["accuracy"])

    def measure(params: tree.Tree) -> dict[str, float]:
        return {"validation_accuracy": share_right(params, data.validation)}

    def scan(progress: fnn.Progress) -> Iterator[fnn.Progress]:
        return until(progress, fnn.epochs(step, batches_of, progress, measure), config.epochs)

    def finish(end: fnn.Progress) -> dict[str, Any]:
        params, look = end.state.params, (data.test[0][::EVERY], data.test[1][::EVERY])
        curves = {name: np.array(list(pluck(name, end.history))) for name in ("loss", "validation_accuracy")}
        curves["accuracy_rest_black"] = accuracy_rest_black(config, params, look, data.shape)
        if config.reader in CELLS:
            curves["accuracy_at_once"] = accuracy_at_once(config, params, look, data.shape)
            for name, at in (("first", first), ("trained", params)):
                curves[f"gradients_{name}"] = np.median(gradient_norms(config, at, look, data.shape), axis=1)
        return {"scores": {"test_accuracy": share_right(params, data.test)}, "curves": curves, "params": params}

    return Run(fnn.Progress.start(optimizer.init(first)), scan, finish)


def figures(results: Results, data: digits.Digits) -> dict[str, Figure]:
    """Accuracies, accuracy by rows seen, gradients over the rows; and the attention maps of one digit."""
    n = len(results["GRU"])
    figure = Figure(figsize=(9.2, 6.8), layout="constrained")
    (whole, rows), below = figure.subplots(2, 2)
    accuracies = {name: scores(runs) for name, runs in results.items()}
    found = {name: estimate(values).interval for name, values in accuracies.items()}
    intervals = {name: interval for name, interval in found.items() if interval is not None}
    plot.boxes(accuracies, ax=whole, ylabel="test accuracy", intervals=intervals)
    by_rows = {name: curves_of(runs, "accuracy_rest_black") for name, runs in results.items()}
    plot.curves(by_rows, ax=rows, xlabel="rows seen", ylabel="accuracy on test digits")
    for ax, (name, when) in zip(below, (("first", "Before the training"), ("trained", "After it")), strict=True):
        norms = {group: curves_of(results[group], f"gradients_{name}") for group in RECURRENT}
        plot.curves(norms, ax=ax, xlabel="row t", ylabel="|∂L/∂hₜ| relative to the last row's")
        ax.set_yscale("log")
        ax.set_title(f"{when}: how much row t can still teach", fontsize=10)
    bands = "; lines are interquartile means, bands interquartile ranges" * (n > 1)
    figure.suptitle(f"{counted(n, 'run')} of each network{bands}", fontsize=9)
    return {"sequence": figure, "sequence_attention": attended(results, data)}


def curves_of(runs: Sequence[Any], name: str) -> np.ndarray:
    """One curve of every run: (runs, rows)."""
    return np.array([run["curves"][name] for run in runs])


def attended(results: Results, data: digits.Digits) -> Figure:
    """What the patches of the first test digit attend to in each head, as a mean over all patches that ask."""
    config, x = GROUPS["attention"], data.test[0][:1]
    maps = attention_maps(config, results["attention"][0]["params"], tokens(config, data.shape)(x)[0]).mean(axis=-2)
    (height, width), p = data.shape, config.patch
    maps = 100 * maps.reshape(*maps.shape[:2], height // p, width // p)
    figure = Figure(figsize=(9.2, 4.4), layout="constrained")
    axes = figure.subplots(len(maps), 1 + maps.shape[1], squeeze=False)
    for row, block in zip(axes, range(len(maps)), strict=True):
        for ax, shown in zip(row, (None, *maps[block]), strict=True):
            ax.imshow(x.reshape(data.shape), cmap="gray", extent=(0, width, height, 0))
            if shown is not None:
                mesh = ax.imshow(shown, vmin=0, vmax=maps.max(), alpha=0.75, extent=(0, width, height, 0))
            ax.set(xticks=[], yticks=[])
    return figure


def reach(runs: Sequence[Any]) -> list[float]:
    """The power of ten of the gradient at row `EARLY`, relative to the last row's, of each trained network."""
    return [float(np.log10(run["curves"]["gradients_trained"][EARLY - 1])) for run in runs]


def claims(results: Results, data: digits.Digits) -> Sequence[Claim]:
    """The bars were set before the runs of the full size."""
    return []


RECIPE = Recipe(
    name="sequence",
    text=__doc__,
    figure="",
    groups=GROUPS,
    run=run,
    load=digits.load,
    figures=figures,
    claims=claims,
    paper=Size(5),
    first=Size(1, epochs=2),
    quick=Size(1, epochs=1, examples=5_000),
)
