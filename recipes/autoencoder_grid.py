"""How latent size, depth and loss of an autoencoder bear on what it can reconstruct (figure 10)."""

from collections.abc import Sequence

import attrs
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fnn import plot
from fnn.metrics import iqm
from recipes import autoencoder, digits
from recipes.autoencoder_study import study
from recipes.claims import Claim, Estimate, difference, estimate, judged
from recipes.recipe import Results, scores

__all__ = ["RECIPE", "figures", "group_name"]

LATENTS = (4, 8, 16, 32, 64)
DEPTHS = (1, 2, 3, 4, 5)
SCORES = {"mse": "test_mse", "cross-entropy": "test_cross_entropy"}
NAMES = {"mse": "mean squared error", "cross-entropy": "cross-entropy"}
PERCENT = "{:+.1f}", " %"
LABELS = {"mse": "test mean squared error", "cross-entropy": "test cross-entropy (nats a pixel)"}


def group_name(latent: int, depth: int, loss: str) -> str:
    """The name of one cell of one heat map."""
    return f"latent {latent}, depth {depth}, {loss}"


# Adam 0.001, batch 128, up to 200 epochs, patience 5. The longest runs come first: side by side, all end together.
GROUPS = {
    group_name(latent, depth, loss): autoencoder.Config(latent=latent, depth=depth, loss=loss)
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
        table = errors(results, loss, SCORES[measure])
        plot.heat_map(table, LATENTS, DEPTHS, ax=ax, format="{:.4f}", limits=limits, **axes)
        ax.set_title(f"trained with {NAMES[loss]}", fontsize=11)

    for ax, loss in zip(own.subplots(1, 2), SCORES, strict=True):
        draw(ax, loss, loss)
    for row, (measure, score) in zip(both.subplots(2, 2), SCORES.items(), strict=True):
        tables = np.stack([errors(results, loss, score) for loss in SCORES])
        for ax, loss in zip(row, SCORES, strict=True):
            draw(ax, loss, measure, (tables.min(), tables.max()))
    return {"autoencoder_grid": own, "autoencoder_grid_compared": both}


def change(falls: np.ndarray, of: str = "pairs of networks") -> Estimate:
    """Relative falls of an error as what it changes by, in per cent: their interquartile mean.

    >>> change(np.full(5, 0.25)).said(*PERCENT)
    '-25.0 % (95 % interval -25.0 to -25.0 %, 5 pairs of networks)'
    """
    return estimate(-100 * falls, of=of)


def listed(numbers: Sequence[int]) -> str:
    """Numbers with commas between them.

    >>> listed((4, 8))
    '4, 8'
    """
    return ", ".join(map(str, numbers))


def entropy(x: np.ndarray) -> float:
    """The least possible cross-entropy of grey pixels, their own: the mean of -t log t - (1 - t) log(1 - t).

    >>> round(entropy(np.array([0.0, 0.5])), 4)  # log(2) / 2
    0.3466
    """
    t = np.clip(x.astype(np.float64), 1e-12, 1 - 1e-12)
    return float(-np.mean(t * np.log(t) + (1 - t) * np.log(1 - t)))


def claims(results: Results, data: digits.Digits) -> Sequence[Claim]:
    """What the paper reads off its heat maps; the cells are the sample, in pairs that differ in one respect."""
    own = {loss: errors(results, loss, score) for loss, score in SCORES.items()}
    n, rows = len(LATENTS), np.concatenate(list(own.values()))  # of one size each: (2 * latent sizes, depths)
    larger = {loss: (1 - table[1:] / table[:-1]).ravel() for loss, table in own.items()}
    each_step = change(np.concatenate(list(larger.values())))
    deep = change(1 - rows[:, 2:].mean(axis=1) / rows[:, :2].mean(axis=1), "rows of the maps")
    early, late = 1 - rows[:, 2] / rows[:, 0], 1 - rows[:, 4] / rows[:, 2]
    more = attrs.evolve(difference(100 * early, 100 * late), of="rows of the maps")
    best = [DEPTHS[i] for i in rows.argmin(axis=1)]
    used = {z: [iqm(scores(results[group_name(z, d, "mse")], "coordinates_used")) for d in DEPTHS] for z in LATENTS}
    to_largest = {loss: 1 - table[-1] / table[0] for loss, table in own.items()}
    alike = {loss: 1 - table[-1] / table[0] for loss in own for table in [errors(results, loss, "test_mse")]}
    sensitive = attrs.evolve(
        difference(100 * to_largest["cross-entropy"], 100 * to_largest["mse"]), of="pairs of one depth"
    )
    unused = (
        "behind its ReLU, a number of the code can stay at 0 for nearly all digits and carry nothing; trained with the "
        "mean squared error, the networks of depth 1 and 5 use "
        f"{', '.join(f'{n[0]:.0f} and {n[-1]:.0f} of {z}' for z, n in used.items())} numbers"
    )
    return [
        Claim(
            "Increasing latent dimension consistently improves reconstruction quality across both loss functions.",
            f"from one size to the next at one depth, the error changes by {each_step.said(*PERCENT)}; it falls in "
            + " and ".join(f"{np.sum(f > 0)} of {f.size} steps ({NAMES[loss]})" for loss, f in larger.items()),
            judged(each_step, below=0),
            unused,
        ),
        Claim(
            "Deeper networks generally outperform shallow ones, with depth 3-5 showing the best results.",
            f"from the mean of depths 1 and 2 to that of depths 3 to 5, the error changes by {deep.said(*PERCENT)}; "
            f"for latent sizes {listed(LATENTS)} the best depths are "
            + " and ".join(f"{listed(best[i * n :][:n])} ({NAMES[loss]})" for i, loss in enumerate(own)),
            judged(deep, below=0),
            unused,
        ),
        Claim(
            "The improvement plateaus at greater depths.",
            f"from depth 1 to 3 the error falls by {100 * iqm(early):.1f} %, from 3 to 5 by {100 * iqm(late):.1f} %; "
            f"the first less the second is {more.said('{:+.1f}', ' points')}",
            judged(more, above=0),
        ),
        Claim(
            "Cross-entropy appears more sensitive to latent dimension size than MSE.",
            f"from {LATENTS[0]} to {LATENTS[-1]} numbers, each loss on its own scale falls by "
            + " and ".join(f"{100 * iqm(fall):.1f} % ({NAMES[loss]})" for loss, fall in to_largest.items())
            + f", a difference of {sensitive.said('{:+.1f}', ' points')}; all scored by the mean squared error, by "
            + " and ".join(f"{100 * iqm(fall):.1f} % ({NAMES[loss]})" for loss, fall in alike.items()),
            judged(sensitive, above=0),
            f"no cross-entropy can fall below the pixels' own entropy, {entropy(data.test[0]):.4f} nats, whereas the "
            "mean squared error of a perfect reconstruction is 0",
        ),
    ]


RECIPE = study("autoencoder_grid", __doc__, "figure 10", GROUPS, figures, claims, first=1, quick=2)
