"""How the reconstructions of an autoencoder depend on its latent size, its depth and its loss (figure 10).

The codes have 4 to 64 numbers, there are one to five hidden layers on either side, and the loss is the mean squared
error or the binary cross-entropy of the pixels, of which the paper's code has one of the two terms. Encoder and decoder
are mirror images with ReLU inside and behind the code, and a sigmoid at the end. They are trained with Adam at 0.001,
in batches of 128 for up to 200 epochs; training stops after five epochs without a better validation loss. All networks
are scored by both losses on the test digits, so that the two maps can be compared. The paper trains each network once;
here there are three trainings of each, and a claim on a map contrasts the means of many cells.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fnn import plot
from fnn.metrics import iqm
from recipes.autoencoders import autoencoder
from recipes.autoencoders.cells import (
    DEPTHS,
    LATENTS,
    NAMES,
    PERCENT,
    SCORES,
    change,
    errors,
    floors,
    group_name,
    logs,
    used,
)
from recipes.autoencoders.reading import codes_of, plain_accuracy, read
from recipes.autoencoders.study import study
from recipes.claims import (
    ALIKE,
    ANEW,
    ERROR,
    Claim,
    all_of,
    concluded,
    contrast,
    judged,
    of_digits,
    within,
)
from recipes.data import digits
from recipes.recipe import Finding, Results, scores

__all__ = ["RECIPE", "figures", "group_name"]

LABELS = {"mse": "test mean squared error × 100", "cross-entropy": "test cross-entropy (nats a pixel)"}
OVER = {"mse": "", "cross-entropy": " above the pixels' own entropy"}
SCALES = {"mse": 100, "cross-entropy": 1}  # so that three digits are legible
READ = 32  # the length of the codes that nearest neighbours read

# The longest runs come first, so that processes side by side end at about the same time.
GROUPS = {
    group_name(latent, depth, loss): autoencoder.Config(
        latent=latent, depth=depth, loss=loss, rate=1e-3, batch_size=128, epochs=200, patience=5
    )
    for depth in reversed(DEPTHS)
    for latent in reversed(LATENTS)
    for loss in autoencoder.LOSSES
}


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
    if (n := len(next(iter(results.values())))) > 1:
        for figure in (own, both):
            figure.suptitle(f"interquartile means of {n} trainings of each network", fontsize=10)
    return {"autoencoder_grid": own, "autoencoder_grid_compared": both}


def larger(results: Results, loss: str, least_error: float) -> Claim:
    """The claim that every larger code gives a lower error, in the mean over depths.

    The four steps are judged together: the level of each interval is such that all four cover at 95 %.
    """
    cells, n = logs(results, loss, least_error), len(LATENTS)
    towards = [np.eye(n)[i + 1] - np.eye(n)[i] for i in range(n - 1)]
    steps = [change(cells, w[:, None] / len(DEPTHS), 1 - 0.05 / (n - 1)) for w in towards]
    slopes = (np.arange(n) - (n - 1) / 2) / np.sum((np.arange(n) - (n - 1) / 2) ** 2)
    trend = change(cells, slopes[:, None] / len(DEPTHS))
    least = max(steps, key=lambda step: step.value)
    claim = Claim(
        f"Increasing latent dimension consistently improves reconstruction quality ({NAMES[loss]}).",
        f"with every doubling of the code the error{OVER[loss]} changes by {trend.said(*PERCENT)} (the trend); the "
        f"least of the {n - 1} steps is {least.said(*PERCENT)} (the intervals of all steps hold together)",
        all_of(*(judged(step, below=0, measure=ERROR) for step in steps)),
        used(results, loss),
    )
    return concluded(claim, *steps, form="{:.1f}", unit=" %")


def sensitive(results: Results, data: digits.Digits) -> Claim:
    """The claim that cross-entropy falls more from the smallest to the largest code than the squared error.

    Each is measured above its least possible value, which is 0 for a squared error.
    """
    least = floors(data)["cross-entropy"]
    ends = np.stack([logs(results, loss, floor)[[0, -1]] for loss, floor in floors(data).items()])
    fall = np.array([-1, 1])[:, None] / len(DEPTHS)  # (latent sizes, depths)
    falls = {loss: -change(ends[i], fall).value for i, loss in enumerate(SCORES)}
    less = change(ends, np.array([-1, 1])[:, None, None] * fall)
    plain = {k: 100 * iqm(1 - table[-1] / table[0]) for k in SCORES for table in [errors(results, k, SCORES[k])]}
    alike = {k: 100 * iqm(1 - table[-1] / table[0]) for k in SCORES for table in [errors(results, k, "test_mse")]}
    claim = Claim(
        "Cross-entropy appears more sensitive to latent dimension size than MSE.",
        f"from {LATENTS[0]} to {LATENTS[-1]} numbers, what each loss exceeds its least possible value by falls by "
        + " and ".join(f"{fall:.1f} % ({NAMES[loss]})" for loss, fall in falls.items())
        + f"; what is left of the cross-entropy differs from what is left of the squared error by {less.said(*PERCENT)}"
        "; on their own scales they fall by "
        + " and ".join(f"{fall:.1f} %" for fall in plain.values())
        + "; all scored by the mean squared error, the falls are "
        + " and ".join(f"{fall:.1f} % (trained with {NAMES[k]})" for k, fall in alike.items()),
        judged(less, below=0, measure=ERROR),
        f"no cross-entropy can fall below the pixels' own entropy, {least:.4f} nats, whereas the mean squared error of "
        "a perfect reconstruction is 0; and the paper's cross-entropy lacks the term of (1 - y) log(1 - p), so that "
        "its gradient is proportional to that of the squared error: its two maps differ by early stopping only",
    )
    return concluded(claim, less, form="{:.1f}", unit=" %")


def read_well(results: Results, data: digits.Digits, loss: str) -> Claim:
    """The claim that nearest neighbours read the codes of the networks of the depth with the least validation loss.

    Neither labels nor test digits take part in choosing the depth.
    """
    cells = (group_name(READ, d, loss) for d in DEPTHS)
    best = min(cells, key=lambda name: np.mean([min(run["curves"]["validation_loss"]) for run in results[name]]))
    runs, k = results[best], data.n_classes
    read_by = [plain_accuracy(read(*codes_of(GROUPS[best], run["params"], data), k)) for run in runs]
    accuracy = contrast([read_by], [1])
    claim = Claim(
        f"Codes of {READ} numbers, learnt without labels with the {NAMES[loss]}, are read with 96 % accuracy.",
        f"held out, by the five nearest training codes, plain accuracy {accuracy.said()}, to exceed 0.96, for the "
        f"networks of the least validation loss, depth {GROUPS[best].depth}",
        judged(accuracy, above=0.96),
        f"their codes have {iqm(scores(runs, 'coordinates_used')):.0f} numbers that are not 0 for nearly all digits",
        "ours",
        bar=ANEW,
    )
    return concluded(claim, accuracy)


def claims(results: Results, data: digits.Digits) -> Sequence[Claim]:
    """What the paper reads off its heat maps; the trainings of all cells are the sample."""
    maps = np.stack(
        [logs(results, loss, floor) for loss, floor in floors(data).items()]
    )  # (losses, latent sizes, depths, runs)
    rows = maps.mean(axis=-1).reshape(-1, len(DEPTHS))
    best = [str(DEPTHS[i]) for i in rows.argmin(axis=1)]
    n, share = len(LATENTS), 1 / len(rows)
    deep = change(maps, share * np.array([-1 / 2, -1 / 2, 1 / 3, 1 / 3, 1 / 3]))
    trend = change(maps, share * np.array([-2, -1, 0, 1, 2]) / 10)
    early, late = (change(maps, share * np.array(w)) for w in ([-1, 0, 1, 0, 0], [0, 0, -1, 0, 1]))
    risen = 100 * (np.exp(rows[:, 4] - rows[:, 2]) - 1)
    improves = judged(early, below=0, measure=ERROR)
    deeper = Claim(
        "Deeper networks generally outperform shallow ones, with depth 3-5 showing the best results.",
        f"from the mean of depths 1 and 2 to that of depths 3 to 5, the error (of a cross-entropy, what it exceeds the "
        f"pixels' own by) changes by {deep.said(*PERCENT)}, with "
        f"every further layer by {trend.said(*PERCENT)} (the trend); for latent sizes {', '.join(map(str, LATENTS))} "
        "the best depths are "
        + " and ".join(f"{', '.join(best[i * n :][:n])} ({NAMES[loss]})" for i, loss in enumerate(SCORES)),
        judged(deep, below=0, measure=ERROR),
        used(results, "mse"),
    )
    plateau = Claim(
        "The improvement plateaus at greater depths.",
        f"from depth 1 to 3 the error changes by {early.said(*PERCENT)}, which must be a fall: without an improvement, "
        f"none can end; from 3 to 5 by {late.said(*PERCENT)}, to lie within ±{ERROR.words()}",
        "fails" if improves in (ALIKE, "fails") else all_of(improves, within(late, ERROR)),
        "for each latent size in turn, the error changes from depth 3 to 5 by "
        + " and ".join(
            f"{', '.join(f'{each:+.0f}' for each in risen[i * n :][:n])} % ({NAMES[loss]})"
            for i, loss in enumerate(SCORES)
        ),
    )
    return [
        *(larger(results, loss, floor) for loss, floor in floors(data).items()),
        concluded(deeper, deep, form="{:.1f}", unit=" %"),
        concluded(plateau, early, late, form="{:.1f}", unit=" %"),
        sensitive(results, data),
        *(claim for loss in SCORES for claim in of_digits(read_well(results, data, loss))),
    ]


BESIDE = "({latent 4, depth 1, mse} with 4 numbers, {latent 64, depth 1, mse} with 64, one hidden layer on either side)"
FINDING = (
    Finding(
        "Increasing latent dimension consistently improves reconstruction quality (mean squared error).",
        holds=f"Each larger code gives a smaller squared error {BESIDE}.",
        fails=f"Larger codes do not always give a smaller squared error {BESIDE}.",
        alike=f"Not every larger code gives a squared error that is smaller by what matters {BESIDE}.",
        undecided=f"Whether each larger code gives a smaller squared error is undecided {BESIDE}.",
    ),
    Finding(
        "Deeper networks generally outperform shallow ones",
        holds="Three to five hidden layers do better than one or two.",
        fails="Three to five hidden layers do worse than one or two.",
        alike="Three to five hidden layers do as well as one or two.",
        undecided="Whether three to five hidden layers do better than one or two is undecided.",
    ),
)
RECIPE = study(
    "autoencoder_grid",
    __doc__,
    "figure 10",
    GROUPS,
    figures,
    claims,
    runs=3,
    first=1,
    quick=2,
    finding=FINDING,
)
