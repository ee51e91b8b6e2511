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

from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import numpy as np
from matplotlib.figure import Figure
from toolz import pluck

import fnn
from fnn import plot, tree
from fnn.batching import Batch
from fnn.metrics import accuracy, iqm
from recipes.beyond import readers
from recipes.beyond.readers import CELLS, Config, gradient_norms, network, tokens
from recipes.claims import (
    BEFORE,
    Claim,
    Group,
    Measure,
    at_least,
    better,
    concluded,
    estimate,
    judged,
    of_digits,
    told_of,
)
from recipes.data import digits
from recipes.recipe import Finding, Recipe, Results, Size, counted, scores
from recipes.training import Run

__all__ = ["RECIPE", "figures", "run"]

ELMAN, SMALL, GRU, LSTM, ATTENTION = "Elman", "Elman, small", "GRU", "LSTM", "attention"
GROUPS = {
    ELMAN: Config(reader="elman", width=128, epochs=8, rate=1e-3),
    SMALL: Config(reader="small elman", width=128, epochs=8, rate=1e-3),
    GRU: Config(reader="gru", width=128, epochs=8, rate=3e-3),
    LSTM: Config(reader="lstm", width=128, epochs=8, rate=3e-3),
    ATTENTION: Config(reader="attention", width=64, epochs=12, rate=4e-3, shift=1),
}
EVERY = 5  # the looks into a network take each fifth test digit: MNIST's first 5,000 are easier than the others
POWERS = Measure("power of ten", form="{:+.2f}")  # any difference matters
EARLY = 4  # the claims ask how much the row after a fourth of a digit can still teach


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
            x = readers.shifted(x, config.shift, data.shape, key)
        return tokens(config, data.shape, x), *targets

    def batches_of(epoch: int) -> Iterable[Any]:
        return fnn.batches(fnn.fold_in(order_key, epoch), data.train, config.batch_size, prepare=prepare)

    def share_right(params: tree.Tree, pair: digits.Labelled) -> float:
        return float(fnn.evaluate(model, params, pair, {"accuracy": accuracy}, prepare=prepare)["accuracy"])

    def measure(params: tree.Tree) -> dict[str, float]:
        return {"validation_accuracy": share_right(params, data.validation)}

    def finish(end: fnn.Progress) -> dict[str, Any]:
        params, look = end.state.params, (data.test[0][::EVERY], data.test[1][::EVERY])
        curves = {name: np.array(list(pluck(name, end.history))) for name in ("loss", "validation_accuracy")}
        curves["accuracy_rest_black"] = readers.accuracy_rest_black(config, params, look, data.shape)
        if config.reader in CELLS:
            curves["accuracy_at_once"] = readers.accuracy_at_once(config, params, look, data.shape)
            for name, at in (("first", first), ("trained", params)):
                curves[f"gradients_{name}"] = np.median(gradient_norms(config, at, look, data.shape), axis=1)
        return {"scores": {"test_accuracy": share_right(params, data.test)}, "curves": curves, "params": params}

    return Run(optimizer.init(first), step, batches_of, config.epochs, finish, measure)


def figures(results: Results, data: digits.Digits) -> dict[str, Figure]:
    """Accuracies, in all and by rows seen, the gradients of the states, and the attention maps of one digit."""
    figure = Figure(figsize=(11, 6.4), layout="constrained")
    (whole, at_once, rest), (before, after, names) = figure.subplots(2, 3)
    accuracies = {name: scores(runs) for name, runs in results.items()}
    found = {name: estimate(values).interval for name, values in accuracies.items()}
    intervals = {name: interval for name, interval in found.items() if interval is not None}
    plot.boxes(accuracies, ax=whole, ylabel="test accuracy", intervals=intervals)
    whole.tick_params(axis="x", labelsize=8)
    read, ratio = f"accuracy on {len(data.test[1][::EVERY]):,} test {data.things}", r"|\partial L/\partial h_"
    teaches = f"median of ${ratio}t|\\,/\\,{ratio}T|$"
    for ax, curve, label, title in (
        (at_once, "accuracy_at_once", read, "Read out after row t"),
        (rest, "accuracy_rest_black", read, "Read out at the end, rows after t black"),
        (before, "gradients_first", teaches, "What row t can teach before training"),
        (after, "gradients_trained", teaches, "What row t can teach after training"),
    ):
        series = {name: curves_of(runs, curve) for name, runs in results.items() if curve in runs[0]["curves"]}
        plot.curves(series, ax=ax, xlabel="row t", ylabel=label)
        ax.get_legend().remove()
        ax.set_title(title, fontsize=10)
        ax.set_xticks(range(4, data.shape[0] + 1, 4))
        ax.set(**{"yscale": "log", "ylim": (1e-8, 10)} if label == teaches else {"ylim": (0, 1)})
    names.axis("off")
    names.legend(*rest.get_legend_handles_labels(), loc="center", frameon=False, handlelength=3)
    n = len(results[GRU])
    bands = "; lines are interquartile means, bands interquartile ranges" * (n > 1)
    figure.suptitle(f"{counted(n, 'run')} of each network{bands}", fontsize=9)
    return {"sequence": figure, "sequence_attention": attended(results, data)}


def curves_of(runs: Sequence[Any], name: str) -> np.ndarray:
    """One curve of every run: (runs, rows)."""
    return np.array([run["curves"][name] for run in runs])


def attended(results: Results, data: digits.Digits) -> Figure:
    """How much the patches of the first test digit attend to each patch: the mean over all that attend, by head."""
    config, (x, _), (height, width) = GROUPS[ATTENTION], data.test, data.shape
    weights = readers.attention_maps(config, results[ATTENTION][0]["params"], tokens(config, data.shape, x[:1])[0])
    maps = 100 * weights.mean(axis=-2).reshape(*weights.shape[:2], config.patches, config.patches)
    figure, digit = Figure(figsize=(8.4, 4), layout="constrained"), x[0].reshape(data.shape)
    axes = figure.subplots(len(maps), maps.shape[1], squeeze=False)
    for i, (row, block) in enumerate(zip(axes, maps, strict=True)):
        row[0].set_ylabel(f"block {i + 1}")
        for k, (ax, head) in enumerate(zip(row, block, strict=True)):
            mesh = ax.imshow(head, vmin=0, vmax=maps.max(), cmap="Blues", extent=(0, width, height, 0))
            ax.contour(digit, [0.5], colors=plot.COLOURS[1], linewidths=1.2, extent=(0, width, 0, height))
            ax.set(xticks=[], yticks=[], title=f"head {k + 1}" if i == 0 else "")
    figure.colorbar(mesh, ax=axes, label="share of the attention (%)", aspect=30, pad=0.02)
    equal = f"equal shares would be {100 / weights.shape[-1]:.3g} %"
    figure.suptitle(f"What the patches of the first test digit attend to, on average; {equal}", fontsize=9)
    return figure


def teaches(results: Results, group: str, when: str) -> Group:
    """The power of ten of what an early row can teach in each run, relative to the last row."""
    ratios = curves_of(results[group], f"gradients_{when}")
    powers = np.log10(ratios[:, ratios.shape[1] // EARLY - 1])
    return Group(f"{group}, {'before' if when == 'first' else 'after'} training", powers.tolist(), (group,))


def claims(results: Results, data: digits.Digits) -> Sequence[Claim]:
    """Our claims. Their bars were set after short runs on another seed, and before the runs of the full size."""
    accuracies = {name: Group(name, scores(runs).tolist(), (name,)) for name, runs in results.items()}
    read, seen = accuracies[GRU].values, accuracies[ATTENTION].values
    row = data.shape[0] // EARLY
    early = f"power of ten of |∂L/∂h| after row {row}, relative to that after the last row"
    forgets = estimate(teaches(results, SMALL, "first").values)
    found = [
        *of_digits(
            at_least("A GRU names 98.8 % of the test digits row by row.", read, 0.988, why(results[GRU]), bar=BEFORE),
            at_least("Attention on patches names 98.5 % of them.", seen, 0.985, why(results[ATTENTION]), bar=BEFORE),
        ),
        better("A GRU names more digits than an Elman network.", accuracies[GRU], accuracies[ELMAN]),
        better("An LSTM names more digits than an Elman network.", accuracies[LSTM], accuracies[ELMAN]),
        better("An Elman network is better for an orthogonal start.", accuracies[ELMAN], accuracies[SMALL]),
        concluded(
            Claim(
                f"Small weights forget: row {row} can teach an Elman network less than a thousandth of the last.",
                f"before training, {early}: {forgets.said('{:.2f}')}, to stay below -3",
                judged(forgets, below=-3),
                bar=BEFORE,
            ),
            forgets,
            form="{:.2f}",
        ),
        better(
            "A GRU learns to remember: an early row can teach it more after training than before.",
            teaches(results, GRU, "trained"),
            teaches(results, GRU, "first"),
            measure=POWERS,
        ),
    ]
    found[-1] = attrs.evolve(found[-1], measured=f"{early}, {found[-1].measured}")
    return [attrs.evolve(claim, source="ours") for claim in told_of(found, data)]


def why(runs: Sequence[Any]) -> str:
    """How far the training got."""
    loss, accuracy = (iqm(curves_of(runs, name)[:, -1]) for name in ("loss", "validation_accuracy"))
    return f"the training loss of the last epoch is {loss:.4f}, the validation accuracy {accuracy:.4f}"


RECIPE = Recipe(
    name="sequence",
    text=__doc__,
    figure="",
    groups=GROUPS,
    load=digits.load,
    run=run,
    claims=claims,
    figures=figures,
    paper=Size(5),
    first=Size(1, epochs=2),
    quick=Size(1, epochs=1, examples=5_000),
    finding=[
        Finding(
            "A GRU names more digits than an Elman network.",
            holds="Row by row, a GRU reads better than an Elman network ({GRU} and {Elman}).",
            fails="Row by row, a GRU reads worse than an Elman network ({GRU} and {Elman}).",
            alike="Row by row, a GRU reads as well as an Elman network ({GRU} and {Elman}).",
            undecided="Whether a GRU reads better than an Elman network is undecided ({GRU} and {Elman}).",
        ),
        Finding(
            "Attention on patches names 98.5 %",
            holds="Attention on patches reads more than 98.5 % ({attention}).",
            fails="Attention on patches reads less than 98.5 % ({attention}).",
            undecided="Attention on patches reads about 98.5 % ({attention}).",
        ),
    ],
)
