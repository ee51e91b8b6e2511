"""Gradient descent, without and with momentum, and Adam compared (figure 9).

Rates as in the paper: 0.01 for both forms of gradient descent, with a momentum of 0.9, and 0.001 for Adam. The network
is 784-64-32-10 with ReLU, the batch 128, for up to 50 epochs, stopped when five bring no better validation accuracy.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import attrs

from recipes.claims import Claim, Group, better
from recipes.classifiers.classifier import Config
from recipes.classifiers.study import PAPERS_GRADIENT, groups_of, more_variable, study
from recipes.recipe import Results

__all__ = ["RECIPE"]

GROUPS = {
    "SGD": Config(optimizer="sgd", rate=0.01),
    "Momentum SGD": Config(optimizer="momentum", rate=0.01),
    "Adam": Config(optimizer="adam", rate=0.001),
}
TARGET = 0.96  # to which convergence is timed: what SGD with momentum ends with in the paper
PAPERS = {"SGD": 0.91, "Momentum SGD": 0.96, "Adam": 0.971}


def epochs_to(target: float, curve: Sequence[float]) -> int:
    """After how many epochs a curve first reaches a target; one more than it has where it never does.

    >>> epochs_to(0.9, [0.8, 0.9, 0.85, 0.95]), epochs_to(0.99, [0.8, 0.9])
    (2, 3)
    """
    return 1 + sum(1 for _ in takewhile(lambda accuracy: accuracy < target, curve))


def sooner(statement: str, results: Results, slow: str, fast: str) -> Claim:
    """The claim that one group needs fewer epochs than another to a validation accuracy of `TARGET`."""
    theirs, ours = (
        Group(name, [epochs_to(TARGET, run["curves"]["validation_accuracy"]) for run in results[name]], (name,))
        for name in (slow, fast)
    )
    claim = better(statement, theirs, ours, PAPERS_GRADIENT, digits=1)
    return attrs.evolve(claim, measured=f"epochs to a validation accuracy of {TARGET}: {claim.measured}")


def claims(results: Results, data: Any) -> Sequence[Claim]:
    """Adam does best, varies least and is there first; momentum lies between."""
    sgd, momentum, adam = groups_of(results).values()
    return [
        better("Adam consistently outperforms SGD.", adam, sgd, PAPERS_GRADIENT),
        better("Adam consistently outperforms SGD with momentum.", adam, momentum, PAPERS_GRADIENT),
        better("SGD with momentum shows improvement over vanilla SGD.", momentum, sgd, PAPERS_GRADIENT),
        more_variable("Adam's results vary less than those of SGD.", sgd, adam, PAPERS_GRADIENT),
        more_variable("Adam's results vary less than those of SGD with momentum.", momentum, adam, PAPERS_GRADIENT),
        sooner("Adam allows faster convergence than SGD.", results, "SGD", "Adam"),
        sooner("Adam allows faster convergence than SGD with momentum.", results, "Momentum SGD", "Adam"),
    ]


COMPARED = [("Adam", "SGD"), ("Adam", "Momentum SGD"), ("Momentum SGD", "SGD")]
RECIPE = study(
    "optimizers",
    __doc__,
    "figure 9",
    GROUPS,
    claims,
    varied="optimizer",
    compared=COMPARED,
    first=8,
    quick=2,
    papers=PAPERS,
)
