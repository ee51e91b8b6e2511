"""A study varies one field of the classifier's configuration, and keeps all other fields and the seeds.

Each box plot of the paper is a study. They share the comparisons, the figure and the paper's 15 runs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from matplotlib.figure import Figure

from fnn import Layer, plot
from recipes.claims import ACCURACY, FEWEST, Claim, Group, estimate, row_of, told_of
from recipes.classifiers import classifier
from recipes.data import digits
from recipes.pictures import differences, dots, minus
from recipes.recipe import Finding, Recipe, Results, Size, counted, scores
from recipes.training import Run

__all__ = ["average", "gain", "groups_of", "study"]

Pairs = Sequence[tuple[str, str]]  # (A, B), groups or averages of groups whose difference A − B is drawn
Averages = Mapping[str, tuple[str, ...]]  # each average by its name, with the groups whose mean it is, seed by seed


def groups_of(results: Results) -> dict[str, Group]:
    """The test accuracy of every run, group by group."""
    return {name: Group(name, scores(runs).tolist(), (name,)) for name, runs in results.items()}


def average(*groups: Group) -> Group:
    """The mean of several groups, seed by seed.

    >>> average(Group("8", [0.5, 0.25], ("batch 8",)), Group("16", [1.0, 0.75], ("batch 16",)))
    Group(name='mean of 8 and 16', values=[0.75, 0.5], of=('batch 8', 'batch 16'))
    """
    means = np.mean([group.values for group in groups], axis=0).tolist()
    of = tuple(name for group in groups for name in group.of)
    return Group(f"mean of {' and '.join(group.name for group in groups)}", means, of)


def gain(before: Group, after: Group) -> Group:
    """The gain of each seed from one group to another.

    >>> gain(Group("16", [0.5, 0.25]), Group("32", [1.0, 0.5]))
    Group(name='gain from 16 to 32', values=[0.5, 0.25], of=())
    """
    gains = np.subtract(after.values, before.values).tolist()
    return Group(f"gain from {before.name} to {after.name}", gains, before.of + after.of)


def length(run: Mapping[str, Any]) -> int:
    """The number of epochs of a run."""
    return len(run["curves"]["validation_accuracy"])


def cut_off(results: Results, groups: Mapping[str, classifier.Config]) -> str:
    """A sentence on the runs that the limit of epochs ended before their patience was used up; "" without such runs."""
    ended = {
        name: [run for run in results[name] if length(run) - run["scores"]["best_epoch"] < config.patience]
        for name, config in groups.items()
    }
    counts = [f"{len(runs)} of {len(results[name])} runs of {name}" for name, runs in ended.items() if runs]
    limit = counted(max((length(run) for runs in ended.values() for run in runs), default=0), "epoch")
    return f"; ended by the limit of {limit}, with patience left: {', '.join(counts)}" if counts else ""


def shortened(results: Results, groups: Mapping[str, classifier.Config]) -> bool:
    """Whether a run ended before its configuration's limit of epochs, with patience left: its size has cut it off."""
    return any(
        length(run) < config.epochs and not 0 < config.patience <= length(run) - run["scores"]["best_epoch"]
        for name, config in groups.items()
        for run in results[name]
    )


def comparison(groups: Mapping[str, Sequence[float]], compared: Pairs, varied: str, averages: Averages) -> Figure:
    """Left, the test accuracy of every run; right, the differences A − B of the compared pairs, if there are any.

    Few runs are points, without a box and without differences, since nothing is judged by them.

    groups    the test accuracies of each group, in the order of the seeds
    compared  the pairs (A, B)
    varied    what distinguishes the groups, the label of the axis
    averages  see `study`
    """
    n, width = len(next(iter(groups.values()))), max(3.6, 1 + 0.65 * len(groups))
    judges = n >= FEWEST and len(compared) > 0
    figure = Figure(figsize=(width + 4.6 if judges else max(6, width), 4), layout="constrained")
    left, *right = figure.subplots(1, 2, width_ratios=(width, 4.6)) if judges else [figure.subplots()]
    left.set_title(f"{counted(n, 'run')} of each" + " (too few to judge)" * (n < FEWEST), fontsize=10)
    if n < FEWEST:
        dots(groups, left, varied, "test accuracy")
    else:
        found = {name: estimate(values).interval for name, values in groups.items()}
        intervals = {name: interval for name, interval in found.items() if interval is not None}
        plot.boxes(groups, ax=left, xlabel=varied, ylabel="test accuracy", intervals=intervals)
    for ax in right:
        means = {name: np.mean([groups[part] for part in parts], axis=0) for name, parts in averages.items()}
        sides = {**groups, **means}
        rows = {minus(a, b): row_of(sides[a], sides[b]) for a, b in compared}
        differences(rows, ax, ACCURACY, "difference in test accuracy")
        ax.set_title("paired by seed, 95 % interval", fontsize=10)
    for ax in (left, *right):
        ax.tick_params(labelsize=8.5)
    return figure


def study(
    name: str,
    text: str | None,
    figure: str,
    groups: Mapping[str, classifier.Config],
    claims: Callable[[Results, Any], Sequence[Claim]],
    *,
    varied: str,
    compared: Pairs | None = None,
    runs: int = 15,
    first: int = 3,
    quick: int = 1,
    averages: Averages | None = None,
    papers: Mapping[str, float] | None = None,
    run: Callable[..., Run] = classifier.run,
    network: Callable[[Any, int], Layer] | None = None,
    finding: Sequence[Finding] = (),
) -> Recipe:
    """The recipe of a study.

    name, text, figure    the recipe's name, the docstring of its module, and the paper's figure, "" if it shows none
    groups        the configurations
    claims        claims(results, data) -> the claims; each then says which runs that it compares were cut off; without
                  a figure of the paper they are ours
    varied        what distinguishes the groups, in words: the label of the figure's axis, as in "rate of dropout"
    compared      the pairs (A, B) whose difference A − B the figure shows; by default, each group and the first one.
                  It shows none for few runs, or for trainings that a size cuts off, since these judge nothing
    runs          the runs of the full size, whose epochs are those of the configurations
    first, quick  the epochs of a newcomer's three runs, and of the two runs of a quick report
    averages      the averages of several groups that are compared, by name
    papers        the test accuracies in the paper, by group
    run           run(config, key, data) -> a `Run`, by default that of the classifier
    network       network(config, n_classes) -> the network that `run` trains, for `predict`
    finding       see `Recipe`
    """

    def with_caution(results: Results, data: digits.Digits) -> Sequence[Claim]:
        def caution(claim: Claim) -> str:
            return cut_off(results, {name: config for name, config in groups.items() if name in claim.compares})

        made = claims(results, data) if figure else [attrs.evolve(c, source="ours") for c in claims(results, data)]
        return [attrs.evolve(claim, measured=claim.measured + caution(claim)) for claim in told_of(made, data)]

    def figures(results: Results, data: digits.Digits) -> dict[str, Figure]:
        accuracies = {group.name: group.values for group in groups_of(results).values()}
        first, *others = groups
        pairs = [(other, first) for other in others] if compared is None else compared
        judges = not shortened(results, groups)
        return {name: comparison(accuracies, pairs if judges else (), varied, averages or {})}

    return Recipe(
        name=name,
        text=text,
        figure=figure,
        groups=groups,
        run=run,
        load=digits.load,
        figures=figures,
        claims=with_caution,
        paper=Size(runs),
        first=Size(3, epochs=first),
        quick=Size(2, epochs=quick),
        papers=papers or {},
        trains="classifier" if run is classifier.run else "",  # studies share the runs of equal configurations
        network=network or (classifier.network if run is classifier.run else None),
        finding=finding,
    )
