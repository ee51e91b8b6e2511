"""What the studies of autoencoders share: their sizes, and a note on runs that were cut off."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from matplotlib.figure import Figure

from recipes.autoencoders import autoencoder
from recipes.claims import FEWEST, Claim, told_of
from recipes.data import digits
from recipes.recipe import Finding, Recipe, Results, Size
from recipes.training import Run

__all__ = ["looked_at", "study"]


def unfinished(results: Results, groups: Mapping[str, autoencoder.Config]) -> str:
    """A note for every claim if runs ended before their own number of epochs, with patience left; otherwise ""."""
    runs = [(config, run["scores"], len(run["curves"]["loss"])) for k, config in groups.items() for run in results[k]]
    n = [n for config, found, n in runs if n < config.epochs and n < found["best_epoch"] + config.patience]
    return f"; runs were cut off after {max(n)} epoch{'s' if max(n) > 1 else ''}" if n else ""


def looked_at(data: digits.Digits, runs: Sequence[Any]) -> digits.Labelled:
    """The test digits that claims look at: all, or a fifth if the runs are too few for a verdict, to save time."""
    x, labels = data.test
    step = 1 if len(runs) >= FEWEST else 5
    return x[::step], labels[::step]


def study(
    name: str,
    text: str | None,
    figure: str,
    groups: Mapping[str, autoencoder.Config],
    figures: Callable[[Results, digits.Digits], Mapping[str, Figure]],
    claims: Callable[[Results, digits.Digits], Sequence[Claim]],
    *,
    first: int,
    quick: int,
    run: Callable[..., Run] = autoencoder.run,
    runs: int = 5,
    score: str = "test_mse",
    trains: str = "autoencoder",
    finding: Sequence[Finding] = (),
) -> Recipe:
    """The recipe of a study.

    name, text, figure    the recipe's name, the docstring of its module, and the paper's figure
    groups        the configurations; the paper trains one network of each, and we several, which show a scatter
    figures       figures(results, data) -> figures by name
    claims        claims(results, data) -> the claims; each then says whether runs were cut off
    first, quick  the epochs of a newcomer's one run on 10,000 digits, and of a quick report's on 5,000
    run           run(config, key, data) -> a `Run`
    runs          the number of runs in the full size
    score         the score that is printed
    trains        the name under which results are kept: studies share the runs of equal configurations
    finding       see `Recipe`
    """

    def with_note(results: Results, data: digits.Digits) -> Sequence[Claim]:
        note = unfinished(results, groups)
        return [attrs.evolve(claim, measured=claim.measured + note) for claim in told_of(claims(results, data), data)]

    sizes = Size(runs), Size(1, first, 10_000), Size(1, quick, 5_000)
    functions = run, digits.load, figures, with_note
    return Recipe(name, text, figure, groups, *functions, *sizes, score=score, trains=trains, finding=finding)
