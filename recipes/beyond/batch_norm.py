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
chose the rate 0.03 by its validation accuracy.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from matplotlib.figure import Figure

import fnn
from fnn import plot, tree
from fnn.metrics import accuracy
from fnn.plot.canvas import INK
from fnn.training.step import Step
from recipes.claims import FEWEST, Claim, Group, better, difference, judged, row_of
from recipes.data import digits
from recipes.data.digits import Digits
from recipes.recipe import Recipe, Results, Run, Size, counted, scores
from recipes.training import until

__all__ = ["RECIPE", "Config", "averaging", "network", "run", "unbiased"]

RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0)
NORMS: dict[str, Callable[[], fnn.Layer] | None] = {"none": None, "batch": fnn.batch_norm, "layer": fnn.layer_norm}
TUNED = 5_000  # training digits from which `tune` takes the statistics
USABLE = 0.9  # the validation accuracy from which a rate is usable; set beforehand


@attrs.frozen
class Config:
    """The setting of a run.

    hidden       the widths of the hidden layers
    norm         what stands before each activation: "none", "batch" or "layer" normalisation
    rates        the rates of gradient descent, one for each network of the ensemble
    batch_size, epochs    of the training
    average      the weight m of the past in the moving averages of the statistics, 0 to keep none
    """

    hidden: tuple[int, ...] = (64, 32)
    norm: str = "batch"
    rates: tuple[float, ...] = RATES
    batch_size: int = 128
    epochs: int = 2
    average: float = 0.0


NETWORKS = {"64-32": (64, 32), "5 x 64": (64,) * 5, "10 x 64": (64,) * 10}
WORDS = {"none": "no norm", "batch": "batch norm", "layer": "layer norm"}
SIZES, AVERAGES = (4, 8, 16, 32, 64, 128), (0.9, 0.99)
AVERAGED = "test_accuracy_of_averages"  # the score with moving averages in the place of tuned statistics
SAME = 0.001  # a difference of test accuracy that counts as none: ten digits; set beforehand


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


def network(config: Config, n_classes: int = 10) -> fnn.Layer:
    """One network of a configuration.

    >>> network(Config(hidden=(64,)))
    chain(linear(64), batch_norm(), relu, linear(10))
    """
    norm = NORMS[config.norm]
    between = [] if norm is None else [norm()]
    hidden = [layer for width in config.hidden for layer in (fnn.linear(width), *between, fnn.relu)]
    return fnn.chain(*hidden, fnn.linear(n_classes))


def averaging(step: Step, model: fnn.Layer, m: float) -> Step:
    """A training step that keeps moving averages, s ← m s + (1 - m) s_batch, in the place of the statistics.

    The training pass uses the statistics of its own batch, so that this changes nothing but the averages.
    """

    def with_averages(state: Any, batch: Any) -> Any:
        of_batch = fnn.tune(model, state.params, batch[0])  # differs from the parameters in the statistics alone
        moved = tree.map(lambda old, new: old + (1 - m) * (new - old), state.params, of_batch)
        return step(attrs.evolve(state, vector=state.layout.ravel(moved)), batch)

    return with_averages


def unbiased(params: Mapping[str, Any], n: int) -> dict[str, Any]:
    """The parameters of a chain with all variances multiplied by n / (n - 1), for batches of n examples.

    >>> unbiased({"0": {}, "1": {"statistics": np.ones((2, 3))}}, 4)["1"]["statistics"][:, 0].round(2).tolist()
    [1.0, 1.33]
    """
    factors = np.array([[1], [n / (n - 1)]], dtype=np.float32)  # of (means, variances)
    return {
        name: {**part, "statistics": part["statistics"] * factors} if "statistics" in part else part
        for name, part in params.items()
    }


def run(config: Config, key: fnn.Key, data: Digits) -> Run:
    """The training of one network at all rates, side by side."""
    init_key, order_key, step_key = fnn.split(key, 3)
    one, n = network(config, data.n_classes), len(config.rates)
    model, optimizer = fnn.ensemble(one, n), fnn.sgd(np.array(config.rates))
    params = tree.stack([one.init(init_key, data.train[0].shape[1:])[0]] * n)
    step = fnn.train_step(model, fnn.cross_entropy, optimizer, step_key, finite=False)
    step = averaging(step, model, config.average) if config.average else step

    def batches_of(epoch: int) -> Iterable[Any]:
        return fnn.batches(fnn.fold_in(order_key, epoch), data.train, config.batch_size, drop_last=True)

    @np.errstate(all="ignore")  # numbers that overflowed read no digits
    def accuracies(params: Mapping[str, Any], pair: digits.Labelled) -> np.ndarray:
        return np.nan_to_num(fnn.evaluate(model, params, pair, {"accuracy": accuracy})["accuracy"], nan=0.0)

    @np.errstate(all="ignore")
    def tuned(params: Mapping[str, Any]) -> fnn.Params:
        return fnn.tune(model, params, data.train[0][:TUNED])

    def measure(params: Mapping[str, Any]) -> dict[str, Any]:
        return {"validation_accuracy": accuracies(tuned(params), data.validation)}

    def scan(progress: fnn.Progress) -> Iterator[fnn.Progress]:
        return until(progress, fnn.epochs(step, batches_of, progress, measure), config.epochs)

    def finish(end: fnn.Progress) -> dict[str, Any]:
        params, validation = tuned(end.state.params), np.asarray(end.history[-1]["validation_accuracy"])
        test, best = accuracies(params, data.test), int(validation.argmax())
        found = {
            "test_accuracy": test[best],
            "best_rate": config.rates[best],
            "usable_rates": np.count_nonzero(validation >= USABLE),
        }
        if config.average:
            averaged = unbiased(end.state.params, config.batch_size)
            found["test_accuracy_of_averages"] = accuracies(averaged, data.test)[best]
        curves = {"validation_accuracy_by_rate": validation, "test_accuracy_by_rate": test}
        return {"scores": found, "curves": curves, "params": tree.member(params, best)}

    return Run(fnn.Progress.start(optimizer.init(params)), scan, finish)


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
    tuned = {"tune, 5,000 digits": [scores(results[kept(n, AVERAGES[0])]) for n in SIZES]}
    averaged = {f"averages, m = {m}": [scores(results[kept(n, m)], AVERAGED) for n in SIZES] for m in AVERAGES}
    series = {name: np.transpose(values) for name, values in (tuned | averaged).items()}
    plot.curves(series, ax=left, x=SIZES, xlabel="examples in a batch", ylabel="test accuracy")
    left.set_xscale("log", base=2)
    left.set_xticks(SIZES, map(str, SIZES))
    gained = {(n, m): row_of(*of_both(results, n, m)) for m in AVERAGES for n in SIZES}
    rows = {f"batches of {n}, m = {m}": row for (n, m), row in gained.items()}
    plot.differences(rows, ax=right, xlabel="test accuracy, tune − averages")
    right.tick_params(labelsize=8.5)
    right.locator_params(axis="x", nbins=4)
    n = len(next(iter(results.values())))
    shown = f"range of {counted(n, 'pair')}" if n < FEWEST else "paired by seed, 95 % interval"
    left.set_title(f"{counted(n, 'run')} of each" + ": interquartile means and ranges" * (n > 1), fontsize=10)
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
    return better(statement, *groups, f"most runs read {100 * USABLE:.0f} % of the test digits at: {where}", digits=1)


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


def statistics(statement: str, results: Results, n: int, m: float, **bounds: float) -> Claim:
    """The claim that the difference between `tune` and averages with m, in batches of n examples, is within bounds."""
    found = difference(*of_both(results, n, m))
    bars = {"above": "to exceed {:g}", "below": "to stay below {:g}"}
    asked = " and ".join(bars[name].format(bound) for name, bound in bounds.items())
    measured = f"test accuracy, tune − averages, in batches of {n}: {found.said('{:+.4f}')}, {asked}"
    return Claim(statement, measured, judged(found, **bounds))


def claims(results: Results, data: Digits) -> Sequence[Claim]:
    """More usable rates and better reading with batch normalisation; statistics of `tune` at least as good."""
    two, ten = "64-32", "10 x 64"
    as_good = "In batches of 4, tuned statistics are at least as good as averages with m = 0.99."
    better_than = "In batches of 4, tuned statistics are better than averages with m = 0.9."
    alike = "In batches of 128, tuned statistics and averages with m = 0.9 do alike."
    asked = [
        more_rates("With batch normalisation, ten hidden layers train at more rates.", results, ten, "batch"),
        more_rates("With layer normalisation, ten hidden layers train at more rates.", results, ten, "layer"),
        more_rates("With batch normalisation, the paper's network trains at more rates.", results, two, "batch"),
        at_rate("At the rate 1, batch normalisation helps ten hidden layers.", results, ten, 1.0, "batch", "none"),
        at_rate("At the rate 0.003, ten hidden layers learn faster without it.", results, ten, 3e-3, "none", "batch"),
        beats("Batch normalisation helps ten hidden layers at their best rate.", results, ten, "batch", "none"),
        beats("Batch normalisation helps the paper's network at its best rate.", results, two, "batch", "none"),
        beats("In ten layers, batch normalisation beats layer normalisation.", results, ten, "batch", "layer"),
        statistics(as_good, results, 4, 0.99, above=-SAME),
        statistics(better_than, results, 4, 0.9, above=0),
        statistics(alike, results, 128, 0.9, above=-SAME, below=SAME),
    ]
    return [attrs.evolve(claim, source="ours") for claim in asked]


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
    fixed={"activation": "relu", "weights": "he_normal", "loss": "cross_entropy"},
)
