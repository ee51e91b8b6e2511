"""Normalisation lets deep networks train at more rates; where do its statistics for inference come from?

A network of 64-32 neurons, as the paper's, and networks of five and of ten hidden layers of 64 neurons have ReLU in
each hidden layer, and before it nothing, batch normalisation or layer normalisation. Each is trained by plain gradient
descent at eleven rates from 0.0001 to 10, for two epochs in batches of 128. The eleven networks of a run start from the
same weights, see the same batches, and train side by side as an ensemble. A rate is usable if the network then reads
90 % of the validation digits. A network whose numbers overflow goes on, and counts as reading none. The score of a run
is the test accuracy at the rate with the best validation accuracy. Two epochs are few, so that all runs together take
about half an hour on one core: they show at which rates a network trains, and not what it could reach.

For inference, batch normalisation needs means and variances of the data. `fnn.tune` takes them from 5,000 training
digits, once, after the training. Other libraries keep moving averages during the training, s ← m s + (1 - m) s_batch,
with m = 0.9 or 0.99. Here a fold in the recipe keeps such averages beside the training step, with variances divided by
n - 1 (Ioffe & Szegedy 2015, Algorithm 2). Both read the test digits with the same trained weights, here of the 64-32
network after two epochs at the rate 0.03, in batches of 4 to 128.

All claims are ours. Their bars were set before the results were known, after one trial of another seed, which also
chose the rate 0.03 by its validation accuracy. The margin within which accuracies are alike is that of all experiments,
and was set afterwards.
"""

from collections.abc import Callable, Sequence

import attrs
import numpy as np
from matplotlib.figure import Figure

from fnn import plot
from fnn.plot.canvas import INK
from recipes.beyond.normalised import AVERAGED, NORMS, RATES, USABLE, Config, run
from recipes.claims import (
    ACCURACY,
    COUNT,
    FEWEST,
    Claim,
    Group,
    alike,
    better,
    concluded,
    difference,
    judged,
    row_of,
    told_of,
)
from recipes.data import digits
from recipes.data.digits import Digits
from recipes.pictures import differences, hollow
from recipes.recipe import Finding, Recipe, Results, Size, counted, scores

__all__ = ["RECIPE"]

Judge = Callable[[str, Group, Group], Claim]
NETWORKS = {"64-32": (64, 32), "5 x 64": (64,) * 5, "10 x 64": (64,) * 10}
WORDS = {"none": "no norm", "batch": "batch norm", "layer": "layer norm"}
SIZES, AVERAGES = (4, 8, 16, 32, 64, 128), (0.9, 0.99)


def scan_of(net: str, norm: str) -> str:
    """The name of the group of a network at all rates.

    >>> scan_of("10 x 64", "batch")
    '10 x 64, batch norm'
    """
    return f"{net}, {WORDS[norm]}"


def kept(n: int, m: float) -> str:
    """The name of the group that keeps averages.

    >>> kept(4, 0.9)
    'batches of 4, averages with 0.9'
    """
    return f"batches of {n}, averages with {m}"


GROUPS = {
    **{scan_of(net, norm): Config(hidden, norm) for net, hidden in NETWORKS.items() for norm in NORMS},
    **{kept(n, m): Config(rates=(0.03,), batch_size=n, average=m) for m in AVERAGES for n in SIZES},
}


def by_rate(results: Results) -> Figure:
    """The test accuracy by rate, one panel a network; the band is the interquartile range of the runs."""
    figure = Figure(figsize=(9.6, 3.7), layout="constrained")
    panels = figure.subplots(1, len(NETWORKS), sharey=True)
    for ax, net in zip(panels, NETWORKS, strict=True):
        curves = {word: by_rates(results, net, norm) for norm, word in WORDS.items()}
        plot.curves(curves, ax=ax, x=RATES, xlabel="rate of gradient descent")
        ax.axhline(USABLE, color="#999999", linewidth=0.8, linestyle=":")
        ax.set(xscale="log", ylim=(-0.02, 1.02))
        ax.set_xticks([1e-4, 1e-2, 1], ["0.0001", "0.01", "1"])
        ax.set_title(f"{net}: {counted(len(NETWORKS[net]), 'hidden layer')}", fontsize=10)
        ax.get_legend().remove()
    panels[0].set_ylabel("test accuracy")
    panels[0].text(RATES[0], USABLE + 0.01, "usable", color=INK, fontsize=8)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    n = len(next(iter(results.values())))
    bands = ": interquartile means and ranges" * (n > 1)
    figure.suptitle(f"{counted(n, 'run')} of each{bands}; 0 where numbers overflowed", fontsize=9)
    return figure


def by_batch(results: Results) -> Figure:
    """Left, the test accuracy with each kind of statistics by the size of a batch; right, what `tune` gains."""
    figure = Figure(figsize=(9.6, 4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    tuned = {"tune, 5,000 examples": [scores(results[kept(n, AVERAGES[0])]) for n in SIZES]}
    averaged = {f"averages, m = {m}": [scores(results[kept(n, m)], AVERAGED) for n in SIZES] for m in AVERAGES}
    series = {name: np.transpose(values) for name, values in (tuned | averaged).items()}
    plot.curves(series, ax=left, x=SIZES, xlabel="examples in a batch", ylabel="test accuracy")
    left.set_xscale("log", base=2)
    left.set_xticks(SIZES, map(str, SIZES))
    gained = {(n, m): row_of(*of_both(results, n, m)) for m in AVERAGES for n in SIZES}
    rows = {f"batches of {n}, m = {m}": row for (n, m), row in gained.items()}
    n, xlabel = len(next(iter(results.values()))), "test accuracy, tune − averages"
    shown = f"range of {counted(n, 'pair')}" if n < FEWEST else "paired by seed, 95 % interval"
    left.set_title(f"{counted(n, 'run')} of each" + ": interquartile means and ranges" * (n > 1), fontsize=10)
    if n < FEWEST:
        hollow(plot.differences(rows, ax=right, xlabel=xlabel))
    else:
        differences(rows, right, ACCURACY, xlabel)
    right.tick_params(labelsize=8.5)
    right.set_title(shown, fontsize=10)
    return figure


def figures(results: Results, data: Digits) -> dict[str, Figure]:
    """Test accuracy by rate, one panel a network; and the two kinds of statistics by the size of a batch."""
    return {"batch_norm": by_rate(results), "batch_norm_statistics": by_batch(results)}


def by_rates(results: Results, net: str, norm: str) -> np.ndarray:
    """The test accuracy of every run at every rate: (runs, rates)."""
    return np.stack([each["curves"]["test_accuracy_by_rate"] for each in results[scan_of(net, norm)]])


def of_both(results: Results, n: int, m: float) -> tuple[list[float], list[float]]:
    """The test accuracies with the statistics of `tune`, and with moving averages, of batches of n examples."""
    return scores(results[kept(n, m)]).tolist(), scores(results[kept(n, m)], AVERAGED).tolist()


def more_rates(statement: str, results: Results, net: str, norm: str) -> Claim:
    """The claim that a network trains at more rates with a normalisation than without one."""
    ours, theirs = (scores(results[scan_of(net, each)], "usable_rates").tolist() for each in (norm, "none"))
    groups = Group(f"usable rates of {len(RATES)}, {net} with {WORDS[norm]}", ours), Group("with none", theirs)
    where = "; ".join(f"{word} {usable(by_rates(results, net, each))}" for each, word in WORDS.items())
    return better(statement, *groups, f"most runs read {100 * USABLE:.0f} % of the test digits at: {where}", COUNT)


def usable(accuracies: np.ndarray) -> str:
    """The rates at which most runs are usable, from accuracies (runs, rates).

    >>> usable(np.where(np.arange(len(RATES)) > 8, 0.95, 0.5)[None])
    '3, 10'
    """
    most = np.mean(accuracies >= USABLE, axis=0) > 0.5
    return ", ".join(f"{rate:g}" for rate, found in zip(RATES, most, strict=True) if found) or "none"


def beats(statement: str, results: Results, net: str, norm: str, other: str) -> Claim:
    """The claim that a network reads better with one normalisation than with another, each at its best rate."""
    names = scan_of(net, norm), scan_of(net, other)
    rates = ", ".join(f"{name} {np.median(scores(results[name], 'best_rate')):g}" for name in names)
    a, b = (Group(f"{name}, at its best rate", scores(results[name]).tolist()) for name in names)
    return better(statement, a, b, f"the best rates (medians): {rates}")


def at_rate(statement: str, results: Results, net: str, rate: float, a: str, b: str) -> Claim:
    """The claim that a network reads better at one rate with `a` than with `b`."""
    i = RATES.index(rate)
    ours, theirs = (Group(scan_of(net, norm), by_rates(results, net, norm)[:, i].tolist()) for norm in (a, b))
    claim = better(statement, ours, theirs)
    return attrs.evolve(claim, measured=f"test accuracy at the rate {rate:g}: {claim.measured}")


def at_least_as_good(statement: str, a: Group, b: Group) -> Claim:
    """The claim that group `a` is not worse than group `b` by more than the margin."""
    found = difference(a.values, b.values)
    measured = f"{a.name} − {b.name}: {found.said('{:+.4f}')}, to exceed -{ACCURACY.words()}"
    return concluded(Claim(statement, measured, judged(found, above=-ACCURACY.margin), compares=a.of + b.of), found)


def statistics(
    statement: str, results: Results, n: int, m: float, claim: Callable[[str, Group, Group], Claim]
) -> Claim:
    """A claim on the difference between `tune` and averages with m, in batches of n examples."""
    tuned, averaged = of_both(results, n, m)
    found = claim(statement, Group("tune", tuned), Group("averages", averaged))
    return attrs.evolve(found, measured=f"test accuracy in batches of {n}, {found.measured}")


def claims(results: Results, data: Digits) -> Sequence[Claim]:
    """More usable rates and better reading with batch normalisation; statistics of `tune` at least as good."""
    two, ten = "64-32", "10 x 64"
    as_good = "In batches of 4, tuned statistics are at least as good as averages with m = 0.99."
    better_than = "In batches of 4, tuned statistics are better than averages with m = 0.9."
    same = "In batches of 128, tuned statistics and averages with m = 0.9 do alike."
    asked = [
        more_rates("With batch normalisation, ten hidden layers train at more rates.", results, ten, "batch"),
        more_rates("With layer normalisation, ten hidden layers train at more rates.", results, ten, "layer"),
        more_rates("With batch normalisation, the paper's network trains at more rates.", results, two, "batch"),
        at_rate("At the rate 1, batch normalisation helps ten hidden layers.", results, ten, 1.0, "batch", "none"),
        at_rate("At the rate 0.003, ten hidden layers learn faster without it.", results, ten, 3e-3, "none", "batch"),
        beats("Batch normalisation helps ten hidden layers at their best rate.", results, ten, "batch", "none"),
        beats("Batch normalisation helps the paper's network at its best rate.", results, two, "batch", "none"),
        beats("In ten layers, batch normalisation beats layer normalisation.", results, ten, "batch", "layer"),
        statistics(as_good, results, 4, 0.99, at_least_as_good),
        statistics(better_than, results, 4, 0.9, better),
        statistics(same, results, 128, 0.9, alike),
    ]
    return [attrs.evolve(claim, source="ours") for claim in told_of(asked, data)]


RECIPE = Recipe(
    name="batch_norm",
    text=__doc__,
    figure="",
    groups=GROUPS,
    run=run,
    load=digits.load,
    figures=figures,
    claims=claims,
    paper=Size(5),
    first=Size(2, examples=10_000),
    quick=Size(2, epochs=1, examples=1_000),
    finding=[
        Finding(
            "Batch normalisation helps ten hidden layers at their best rate.",
            holds="Ten hidden layers read better with batch normalisation ({10 x 64, batch norm} instead of "
            "{10 x 64, no norm}, each at its best rate).",
            fails="Ten hidden layers read worse with batch normalisation ({10 x 64, batch norm} instead of "
            "{10 x 64, no norm}, each at its best rate).",
            alike="Batch normalisation does little for ten hidden layers at their best rate ({10 x 64, batch norm}).",
            undecided="Whether batch normalisation helps ten hidden layers at their best rate is undecided.",
        ),
        Finding(
            "With batch normalisation, ten hidden layers train at more rates.",
            holds="They train at more rates.",
            fails="They train at fewer rates.",
        ),
    ],
    fixed={"activation": "relu", "weights": "he_normal", "loss": "cross_entropy"},
)
