"""What the experiments with points share: the figure of all runs, the median and the worst one, and some claims."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import fnn
from fnn import plot
from fnn.metrics import iqm
from recipes.claims import ANEW, FEWEST, NOT_JUDGED, Claim, most_runs, share
from recipes.points.ensemble import Config
from recipes.recipe import Finding, Recipe, Size, no_data, scores
from recipes.training import Run

__all__ = ["Result", "Shown", "falls_fast", "ranked", "recipe", "regions", "stays_within"]

Result = Mapping[str, Any]  # of one run
UNITS = {"mse": "mean squared error", "cross_entropy": "cross-entropy (nats)"}


@attrs.frozen
class Shown:
    """What the figure of an experiment shows.

    panel     panel(axes, result) draws one run, and returns what to say of it
    gap       the score by which runs are ranked, from the smallest to the largest
    best      what the scores "best_loss" and "best_accuracy" are called in a legend
    counts    counts(result) says whether a run is ranked; by default, every run is
    among     says in words which runs are ranked
    """

    panel: Callable[[Axes, Result], str]
    gap: str
    best: str
    counts: Callable[[Result], bool] = lambda result: True
    among: str = ""


def ranked(runs: Sequence[Result], gap: str) -> list[Result]:
    """The runs from best to worst by the score `gap`; of equal runs, the one of greater loss is worse."""
    return [runs[i] for i in np.lexsort((scores(runs, "loss"), scores(runs, gap)))]


def figure(config: Config, runs: Sequence[Result], shown: Shown) -> Figure:
    """Above, the curves of all runs with the best value possible; below, the median and the worst of the ranked runs.

    If no run counts, all are ranked.
    """
    whole = Figure(figsize=(8, 7.4), layout="constrained")
    above, below = whole.subfigures(2, 1, height_ratios=(1, 1.5), squeeze=False).flat
    names, label = list(runs[0]["curves"]), f"IQM and IQR of {len(runs)} runs" if len(runs) > 1 else "one run"
    for ax, name in zip(above.subplots(1, len(names), squeeze=False).flat, names, strict=True):
        unit = UNITS[config.loss] if name == "loss" else name
        plot.curves({label: [run["curves"][name] for run in runs]}, ax=ax, start=0, ylabel=unit)
        if f"best_{name}" in runs[0]["scores"]:
            best = iqm(scores(runs, f"best_{name}"))
            ax.axhline(best, color="black", linestyle="--", linewidth=1, label=shown.best)
        ax.set_yscale("log" if name == "loss" else "linear")
        ax.legend(frameon=False, loc="upper right" if name == "loss" else "center right")
    chosen = list(filter(shown.counts, runs))
    order, kind = ranked(chosen or runs, shown.gap), shown.among if chosen else ""
    of = f"of {len(order)} runs{kind}" if len(order) > 1 else f"run{kind}"
    drawn = {"median": order[len(order) // 2], "worst": order[-1]} if len(order) > 1 else {"only": order[0]}
    for ax, (name, run) in zip(below.subplots(1, len(drawn), squeeze=False).flat, drawn.items(), strict=True):
        ax.set_title(f"{name} {of}:\n{shown.panel(ax, run)}", fontsize=10)
    handles, labels = ax.get_legend_handles_labels()
    below.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    return whole


def regions(ax: Axes, model: fnn.Layer, run: Result) -> str:
    """Draw the regions in which a run's classifier decides for each class, and its points; says how many are wrong."""
    x, labels = run["data"]["x"], run["data"]["y"]
    plot.decision_regions(lambda x: model.apply(run["params"], x.astype(np.float32)), x, labels, ax=ax)
    least = round(len(x) * (1 - run["scores"]["best_accuracy"]))
    return f"{run['scores']['mistakes']:.0f} of {len(x)} mistaken (dashed: {least})"


def falls_fast(statement: str, runs: Sequence[Result], reason: str) -> Claim:
    """The claim that nine tenths of the decrease of the loss come in the first tenth of the epochs."""
    losses = np.array([run["curves"]["loss"] for run in runs])  # (runs, 1 + epochs)
    n = losses.shape[1] - 1
    tenth = max(1, n // 10)
    start, early, end = losses[:, [0, tenth, -1]].T
    made = (start - early) / np.where(start > end, start - end, np.inf)
    what = f"make nine tenths of their decrease in the first {tenth} of {n} epochs"
    claim = most_runs(statement, made > 0.9, what, reason, ANEW)
    fall = f"the loss falls from {iqm(start):.3g} to {iqm(end):.3g}"
    return attrs.evolve(claim, measured=f"{fall}; share of that by then: {iqm(made):.3f}; {claim.measured}")


def stays_within(statement: str, what: str, gaps: np.ndarray, bound: float, reason: str) -> Claim:
    """The claim that a gap stays below a bound in the median and in the worst of all runs.

    statement  the claim
    what       what the gap is, in words
    gaps       the gap of each run
    bound      the bound
    reason     what explains it if it does not hold

    The claim is on these runs, and their worst one decides. No bootstrap tells how far a maximum may scatter: its
    interval ends at the worst run that was seen. The interval of the share of runs says what to expect of further ones.
    """
    n, met = len(gaps), int(np.sum(gaps < bound))
    if n < FEWEST:
        return Claim(statement, f"{what}, to stay below {bound:g} (too few runs: {n})", NOT_JUDGED)
    low, high = share(met, n).interval or (0, 1)
    count = f"{met} of {n} runs stay below {bound:g} (of further runs {100 * low:.0f} to {100 * high:.0f} % would)"
    ends = f"median {np.median(gaps):z.4f}, worst {max(gaps):z.4f}"
    return Claim(statement, f"{what}: {ends}; {count}", "holds" if met == n else "fails", reason, bar=ANEW)


def recipe(
    name: str,
    text: str | None,
    number: str,
    config: Config,
    run: Callable[..., Run],
    shown: Shown,
    claims: Callable[[Sequence[Result]], Sequence[Claim]],
    *,
    score: str = "accuracy",
    finding: Sequence[Finding] = (),
) -> Recipe:
    """The recipe of an experiment with points, which always has all runs and all epochs of the paper.

    name    the name of the recipe
    text    the docstring of its module
    number  the paper's figure, "figure 2"
    config  the setting of its one group
    run     run(config, key, data) -> a `Run` of all networks
    shown   what the figure shows
    claims  claims(results of all runs) -> the paper's claims with our verdicts
    score   the score that is printed
    finding see `Recipe`
    """
    return Recipe(
        name=name,
        text=text,
        figure=number,
        groups={name: config},
        run=run,
        load=no_data,
        figures=lambda results, data: {name: figure(config, results[name], shown)},
        claims=lambda results, data: claims(results[name]),
        paper=Size(config.runs),
        score=score,
        together=True,
        finding=finding,
    )
