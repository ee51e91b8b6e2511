"""How the reconstructions of an autoencoder depend on its latent size, its depth and its loss (figure 10).

The codes have 4 to 64 numbers, there are one to five hidden layers on either side, and the loss is the mean squared
error or the binary cross-entropy of the pixels, of which the paper's code has one of the two terms. Encoder and decoder
are mirror images with ReLU inside and behind the code, and a sigmoid at the end. They are trained with Adam at 0.001,
in batches of 128 for up to 200 epochs; training stops after five epochs without a better validation loss. All networks
are scored by both losses on the test digits, so that the two maps can be compared.
"""

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fnn import plot
from fnn.metrics import iqm
from recipes.autoencoders import autoencoder
from recipes.autoencoders.reading import codes_of, plain_accuracy, read
from recipes.autoencoders.study import study
from recipes.claims import Claim, Estimate, all_of, difference, estimate, judged, share_interval
from recipes.data import digits
from recipes.recipe import Results, scores

__all__ = ["RECIPE", "figures", "group_name"]

LATENTS = (4, 8, 16, 32, 64)
DEPTHS = (1, 2, 3, 4, 5)
SCORES = {"mse": "test_mse", "cross-entropy": "test_cross_entropy"}
NAMES = {"mse": "mean squared error", "cross-entropy": "cross-entropy"}
PERCENT = "{:+.1f}", " %"
LABELS = {"mse": "test mean squared error × 100", "cross-entropy": "test cross-entropy (nats a pixel)"}
SCALES = {"mse": 100, "cross-entropy": 1}  # so that three digits are legible
CONSISTENT = 0.8  # an improvement is consistent if more than this share of the steps are falls
LEVEL = 5  # per cent; on a plateau, the error changes by less than that
READ = 32  # the length of the codes that nearest neighbours read


def group_name(latent: int, depth: int, loss: str) -> str:
    """The name of one cell of one heat map."""
    return f"latent {latent}, depth {depth}, {loss}"


# The longest runs come first, so that processes side by side end at about the same time.
GROUPS = {
    group_name(latent, depth, loss): autoencoder.Config(
        latent=latent, depth=depth, loss=loss, rate=1e-3, batch_size=128, epochs=200, patience=5
    )
    for depth in reversed(DEPTHS)
    for latent in reversed(LATENTS)
    for loss in autoencoder.LOSSES
}


def errors(results: Results, loss: str, score: str) -> np.ndarray:
    """One score of all networks that were trained with one loss: (latent sizes, depths)."""
    return np.array([[iqm(scores(results[group_name(z, d, loss)], score)) for d in DEPTHS] for z in LATENTS])


def figures(results: Results, data: digits.Digits) -> dict[str, Figure]:
    """Each loss's networks scored by that loss, as in the paper; and all networks scored by both."""
    own, both = Figure(figsize=(9.6, 3.7), layout="constrained"), Figure(figsize=(9.6, 7.2), layout="constrained")

    def draw(ax: Axes, loss: str, measure: str, limits: tuple[float, float] | None = None) -> None:
        axes = {"xlabel": "depth", "ylabel": "latent size", "label": LABELS[measure]}
        table = SCALES[measure] * errors(results, loss, SCORES[measure])
        plot.heat_map(table, LATENTS, DEPTHS, ax=ax, format="{:#.3g}", limits=limits, log=True, **axes)
        ax.set_title(f"trained with {NAMES[loss]}", fontsize=11)

    for ax, loss in zip(own.subplots(1, 2), SCORES, strict=True):
        draw(ax, loss, loss)
    for row, (measure, score) in zip(both.subplots(2, 2), SCORES.items(), strict=True):
        tables = SCALES[measure] * np.stack([errors(results, loss, score) for loss in SCORES])
        for ax, loss in zip(row, SCORES, strict=True):
            draw(ax, loss, measure, (tables.min(), tables.max()))
    return {"autoencoder_grid": own, "autoencoder_grid_compared": both}


def entropy(x: np.ndarray) -> float:
    """The least possible cross-entropy of grey pixels, their own: the mean of -t log t - (1 - t) log(1 - t).

    >>> round(entropy(np.array([0.0, 0.5])), 4)  # log(2) / 2
    0.3466
    """
    t = np.clip(x.astype(np.float64), 1e-12, 1 - 1e-12)
    return float(-np.mean(t * np.log(t) + (1 - t) * np.log(1 - t)))


def used(results: Results, loss: str) -> str:
    """How many numbers of the codes are in use: the reason why a larger code or a deeper network need not be better."""
    count = {z: [iqm(scores(results[group_name(z, d, loss)], "coordinates_used")) for d in DEPTHS] for z in LATENTS}
    return (
        "behind its ReLU, a number of the code can stay at 0 for nearly all digits and carry nothing; trained with the "
        f"{NAMES[loss]}, the networks of depth {DEPTHS[0]} and {DEPTHS[-1]} use "
        f"{', '.join(f'{n[0]:.0f} and {n[-1]:.0f} of {z}' for z, n in count.items())} numbers"
    )


def larger(results: Results, loss: str) -> Claim:
    """The claim that a larger code gives a lower error, step by step; the steps of one map are the sample."""
    table = errors(results, loss, SCORES[loss])
    falls = (1 - table[1:] / table[:-1]).ravel()
    n = int(np.sum(falls > 0))
    low, high = share_interval(n, falls.size)
    share = Estimate(100 * n / falls.size, (100 * low, 100 * high), falls.size, "steps")
    return Claim(
        f"Increasing latent dimension consistently improves reconstruction quality ({NAMES[loss]}).",
        f"from one size to the next at one depth, the error falls in {share.said('{:.0f}', ' %')}, to exceed "
        f"{100 * CONSISTENT:.0f} %; it changes by {estimate(-100 * falls, of='pairs of networks').said(*PERCENT)}",
        judged(share, above=100 * CONSISTENT),
        used(results, loss),
    )


def sensitive(results: Results, data: digits.Digits) -> Claim:
    """The claim that cross-entropy falls more from the smallest to the largest code than the squared error.

    The sample is the depths, in pairs.
    """

    def fall(loss: str, score: str) -> Any:
        table = errors(results, loss, score)
        return 1 - table[-1] / table[0]

    falls, alike = {k: fall(k, SCORES[k]) for k in SCORES}, {k: fall(k, "test_mse") for k in SCORES}
    more = attrs.evolve(difference(100 * falls["cross-entropy"], 100 * falls["mse"]), of="pairs of one depth")
    least = entropy(data.test[0])
    excess = errors(results, "cross-entropy", "test_cross_entropy") - least
    return Claim(
        "Cross-entropy appears more sensitive to latent dimension size than MSE.",
        f"from {LATENTS[0]} to {LATENTS[-1]} numbers, each loss on its own scale falls by "
        + " and ".join(f"{100 * iqm(fall):.1f} % ({NAMES[loss]})" for loss, fall in falls.items())
        + f", a difference of {more.said('{:+.1f}', ' points')}; what the cross-entropy exceeds its least possible "
        f"value by falls by {100 * iqm(1 - excess[-1] / excess[0]):.1f} %; all scored by the mean squared error, the "
        "falls are " + " and ".join(f"{100 * iqm(fall):.1f} % (trained with {NAMES[k]})" for k, fall in alike.items()),
        judged(more, above=0),
        f"no cross-entropy can fall below the pixels' own entropy, {least:.4f} nats, whereas the mean squared error of "
        "a perfect reconstruction is 0; and the paper's cross-entropy lacks the term of (1 - y) log(1 - p), so that "
        "its gradient is proportional to that of the squared error: its two maps differ by early stopping only",
    )


def read_well(results: Results, data: digits.Digits, loss: str) -> Claim:
    """The claim that nearest neighbours read the codes of the network with the least validation loss.

    The digits are the sample. Neither labels nor test digits take part in choosing the network.
    """
    cells = (group_name(READ, d, loss) for d in DEPTHS)
    best = min(cells, key=lambda name: min(results[name][0]["curves"]["validation_loss"]))
    run = results[best][0]
    accuracy = plain_accuracy(read(*codes_of(GROUPS[best], run["params"], data), data.n_classes))
    return Claim(
        f"Codes of {READ} numbers, learnt without labels with the {NAMES[loss]}, are read with 96 % accuracy.",
        f"held out, by the five nearest training codes, plain accuracy {accuracy.said()}, for the network of the least "
        f"validation loss, depth {GROUPS[best].depth}",
        judged(accuracy, above=0.96),
        f"its code has {run['scores']['coordinates_used']:.0f} numbers that are not 0 for nearly all digits",
        "ours",
    )


def claims(results: Results, data: digits.Digits) -> Sequence[Claim]:
    """What the paper reads off its heat maps; the cells are the sample, in pairs that differ in one setting."""
    rows = np.concatenate([errors(results, *pair) for pair in SCORES.items()])  # (2 * latent sizes, depths)
    best = [str(DEPTHS[i]) for i in rows.argmin(axis=1)]
    n, of = len(LATENTS), "rows of the maps"
    deep = estimate(-100 * (1 - rows[:, 2:].mean(axis=1) / rows[:, :2].mean(axis=1)), of=of)
    early, late = 1 - rows[:, 2] / rows[:, 0], 1 - rows[:, 4] / rows[:, 2]
    more, level = attrs.evolve(difference(100 * early, 100 * late), of=of), estimate(-100 * late, of=of)
    return [
        *(larger(results, loss) for loss in SCORES),
        Claim(
            "Deeper networks generally outperform shallow ones, with depth 3-5 showing the best results.",
            f"from the mean of depths 1 and 2 to that of depths 3 to 5, the error changes by {deep.said(*PERCENT)}; "
            f"for latent sizes {', '.join(map(str, LATENTS))} the best depths are "
            + " and ".join(f"{', '.join(best[i * n :][:n])} ({NAMES[loss]})" for i, loss in enumerate(SCORES)),
            judged(deep, below=0),
            used(results, "mse"),
        ),
        Claim(
            "The improvement plateaus at greater depths.",
            f"from depth 1 to 3 the error changes by {-100 * iqm(early):+.1f} %, from 3 to 5 by "
            f"{level.said(*PERCENT)}, to lie within ±{LEVEL} %; the first fall less the second, to be positive, is "
            f"{more.said('{:+.1f}', ' points')}",
            all_of(judged(more, above=0), judged(level, above=-LEVEL, below=LEVEL)),
            "for each latent size in turn, the error changes from depth 3 to 5 by "
            + " and ".join(
                f"{', '.join(f'{-100 * fall:+.0f}' for fall in late[i * n :][:n])} % ({NAMES[loss]})"
                for i, loss in enumerate(SCORES)
            ),
        ),
        sensitive(results, data),
        *(read_well(results, data, loss) for loss in SCORES),
    ]


RECIPE = study("autoencoder_grid", __doc__, "figure 10", GROUPS, figures, claims, first=1, quick=2)
