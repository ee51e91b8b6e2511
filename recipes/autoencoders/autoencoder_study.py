"""What the studies of autoencoders share: how much they do, what they admit, and which digits they show."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from matplotlib.figure import Figure

from recipes.autoencoders import autoencoder
from recipes.claims import Claim
from recipes.data import digits
from recipes.recipe import Recipe, Results, Size

__all__ = ["study"]


def unfinished(results: Results, groups: Mapping[str, autoencoder.Config]) -> str:
    """What to add to all that is measured where runs ended before they were to, with patience left; else nothing."""
    runs = [(config, run["scores"], len(run["curves"]["loss"])) for k, config in groups.items() for run in results[k]]
    n = [n for config, found, n in runs if n < config.epochs and n < found["best_epoch"] + config.patience]
    return f"; runs were cut off after {max(n)} epoch{'s' if max(n) > 1 else ''}" if n else ""


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
    run: Callable[..., Mapping[str, Any]] = autoencoder.run,
    runs: int = 1,
    score: str = "test_mse",
) -> Recipe:
    """The recipe of a study, whose module's `text` begins with its summary.

    The paper trains one network of each kind, `runs` where we train more; a newcomer's one sees 10,000 digits for
    `first` epochs, a quick report's 5,000 for `quick`. Studies with equal configurations share their runs.
    """

    def candid(results: Results, data: digits.Digits) -> Sequence[Claim]:
        note = unfinished(results, groups)
        return [attrs.evolve(claim, measured=claim.measured + note) for claim in claims(results, data)]

    sizes = Size(runs), Size(1, first, 10_000), Size(1, quick, 5_000)
    return Recipe(name, text, figure, groups, run, digits.load, figures, candid, *sizes, score=score)
