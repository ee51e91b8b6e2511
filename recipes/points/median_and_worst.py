"""What the pictures and claims of small networks share: all runs' curves, the median run and the worst one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fnn import plot
from fnn.metrics import iqm
from recipes.claims import FEWEST, Claim, at_least, share_interval
from recipes.points.synthetic import Config, network
from recipes.recipe import Recipe, Results, Size, no_data, scores

__all__ = ["Run", "falls_fast", "ranked", "recipe", "regions", "stays_within"]

Run = Mapping[str, Any]  # the result of one run
UNITS = {"mse": "mean squared error", "cross_entropy": "cross-entropy (nats)"}


def ranked(runs: Sequence[Run], gap: str) -> list[Run]:
    """The runs from best to worst, by the score `gap`; of equal ones, the greater loss counts as worse."""
    return [runs[i] for i in np.lexsort((scores(runs, "loss"), scores(runs, gap)))]


def everyone(run: Run) -> bool:
    """Every run counts."""
    return True


def figure(
    config: Config,
    runs: Sequence[Run],
    panel: Callable[..., str],
    gap: str,
    best: str,
    ranks: Callable[[Run], bool] = everyone,
    among: str = "",
) -> Figure:
    """The curves of all runs above, beside what is possible; below, the median and the worst of those that rank.

    `among` says of which runs these are; where none ranks, it is all.
    """
    whole = Figure(figsize=(8, 7.4), layout="constrained")
    above, below = whole.subfigures(2, 1, height_ratios=(1, 1.5), squeeze=False).flat
    names, label = list(runs[0]["curves"]), f"IQM and IQR of {len(runs)} runs" if len(runs) > 1 else "one run"
    for ax, name in zip(above.subplots(1, len(names), squeeze=False).flat, names, strict=True):
        unit = UNITS[config.loss] if name == "loss" else name
        plot.curves({label: [run["curves"][name] for run in runs]}, ax=ax, start=0, ylabel=unit)
        if f"best_{name}" in runs[0]["scores"]:
            ax.axhline(iqm(scores(runs, f"best_{name}")), color="black", linestyle="--", linewidth=1, label=best)
        ax.set_yscale("log" if name == "loss" else "linear")
        ax.legend(frameon=False, loc="upper right" if name == "loss" else "center right")
    chosen = list(filter(ranks, runs))
    order, kind = ranked(chosen or runs, gap), among if chosen else ""
    of = f"of {len(order)} runs{kind}" if len(order) > 1 else f"run{kind}"
    shown = {"median": order[len(order) // 2], "worst": order[-1]} if len(order) > 1 else {"only": order[0]}
    for ax, (name, run) in zip(below.subplots(1, len(shown), squeeze=False).flat, shown.items(), strict=True):
        ax.set_title(f"{name} {of}:\n{panel(ax, config, run)}", fontsize=10)
    handles, labels = ax.get_legend_handles_labels()
    below.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    return whole


def regions(ax: Axes, config: Config, run: Run) -> str:
    """The regions in which a run's classifier decides for each class, the run's points, and how many it mistakes."""
    model, (x, labels) = network(config), (run["data"]["x"], run["data"]["y"])
    plot.decision_regions(lambda x: model.apply(run["params"], x.astype(np.float32)), x, labels, ax=ax)
    least = round(len(x) * (1 - run["scores"]["best_accuracy"]))
    return f"{run['scores']['mistakes']:.0f} of {len(x)} mistaken (dashed: {least})"


def falls_fast(statement: str, runs: Sequence[Run], reason: str) -> Claim:
    """The claim that nine tenths of the loss's decrease come in the first tenth of the epochs."""
    losses = np.array([run["curves"]["loss"] for run in runs])  # (runs, 1 + epochs)
    n = losses.shape[1] - 1
    tenth = max(1, n // 10)
    start, early, end = losses[:, [0, tenth, -1]].T
    share = (start - early) / np.where(start > end, start - end, np.inf)
    claim = at_least(statement, share.tolist(), 0.9, reason, digits=3)
    fall = f"the loss falls from {iqm(start):.3g} to {iqm(end):.3g}"
    return attrs.evolve(claim, measured=f"{fall}; share of that in the first {tenth} of {n} epochs: {claim.measured}")


def stays_within(statement: str, what: str, gaps: np.ndarray, bound: float, reason: str) -> Claim:
    """The claim that a gap stays below a bound in the median and in the worst of all runs.

    The worst run decides. Runs are counted, since no bootstrap tells how far a maximum may scatter: its interval ends
    at the worst run that was seen. The share's interval says what to expect of further runs.
    """
    n, within = len(gaps), int(np.sum(gaps < bound))
    if n < FEWEST:
        return Claim(statement, f"{what}, to stay below {bound:g} (too few runs: {n})", "undecided")
    low, high = share_interval(within, n)
    count = f"{within} of {n} runs stay below {bound:g} (of further runs {100 * low:.0f} to {100 * high:.0f} % would)"
    ends = f"median {np.median(gaps):z.4f}, worst {max(gaps):z.4f}"
    return Claim(statement, f"{what}: {ends}; {count}", "holds" if within == n else "fails", reason)


def recipe(
    name: str,
    text: str | None,
    shown: str,
    config: Config,
    run: Callable[..., Run],
    panel: Callable[[Axes, Config, Run], str],
    claims: Callable[[Sequence[Run]], Sequence[Claim]],
    *,
    gap: str,
    best: str,
    score: str = "accuracy",
    ranks: Callable[[Run], bool] = everyone,
    among: str = "",
) -> Recipe:
    """The recipe of such an experiment, whose module's `text` begins with its summary: always all runs, all epochs.

    `gap` is the score by which the runs that `ranks` lets in are ranked, and `among` says which these are; `best` is
    what the scores "best_loss" and "best_accuracy" are in a legend. panel(ax, config, run) draws one run, and returns
    what to say of it.
    """

    def figures(results: Results, data: Any) -> dict[str, Figure]:
        return {name: figure(config, results[name], panel, gap, best, ranks, among)}

    return Recipe(
        name=name,
        text=text,
        figure=shown,
        groups={name: config},
        run=run,
        load=no_data,
        figures=figures,
        claims=lambda results, data: claims(results[name]),
        paper=Size(config.runs),
        first=Size(config.runs),
        quick=Size(config.runs),
        score=score,
        together=True,
    )
