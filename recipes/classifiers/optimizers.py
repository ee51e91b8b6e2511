"""Gradient descent, without and with momentum, and Adam compared (figure 9).

The rates are those of the paper: 0.01 for gradient descent, with and without a momentum of 0.9, and 0.001 for Adam. The
network is 784-64-32-10 with ReLU, trained in batches of 128 for up to 50 epochs. Training stops after five epochs
without a better validation accuracy, and the best epoch is kept.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import attrs
import numpy as np

from recipes.claims import COUNT, Claim, Group, all_of, better, judged, more_variable, share
from recipes.classifiers.classifier import Config
from recipes.classifiers.paper_gradient import PAPER_GRADIENT
from recipes.classifiers.study import groups_of, study
from recipes.recipe import Finding, Results

__all__ = ["RECIPE"]

CONFIG = Config(hidden=(64, 32), activation="relu", batch_size=128, epochs=50, patience=5)
GROUPS = {
    name: attrs.evolve(CONFIG, optimizer=optimizer, rate=rate)
    for name, optimizer, rate in (("SGD", "sgd", 0.01), ("Momentum SGD", "momentum", 0.01), ("Adam", "adam", 0.001))
}
TARGET = 0.96  # a run has converged at this validation accuracy, the final one of SGD with momentum in the paper


def epochs_to(target: float, curve: Sequence[float]) -> int:
    """The number of epochs after which a curve first reaches a target; if it never does, one more than it has.

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
    claim = better(statement, theirs, ours, PAPER_GRADIENT, COUNT)
    return attrs.evolve(claim, digits=True, measured=f"epochs to a validation accuracy of {TARGET}: {claim.measured}")


def consistently(statement: str, a: Group, b: Group) -> Claim:
    """The claim that group `a` does better in the mean, and also with most seeds: these are counted."""
    claim, won = better(statement, a, b, PAPER_GRADIENT), np.greater(a.values, b.values)
    found = share(int(won.sum()), len(won), "seeds")
    seeds = f"{a.name} does better with {found.mapped(lambda p: 100 * p).said('{:.0f}', ' %')}, to exceed 50 %"
    verdict = claim.verdict if claim.verdict != "holds" else all_of("holds", judged(found, above=0.5))
    return attrs.evolve(claim, measured=f"{claim.measured}; {seeds}", verdict=verdict)


def claims(results: Results, data: Any) -> Sequence[Claim]:
    """Adam does best, varies least and is there first; momentum lies between."""
    (sgd, momentum, adam), n = groups_of(results).values(), len(data.test[1])
    return [
        consistently("Adam consistently outperforms SGD.", adam, sgd),
        consistently("Adam consistently outperforms SGD with momentum.", adam, momentum),
        better("SGD with momentum shows improvement over vanilla SGD.", momentum, sgd, PAPER_GRADIENT),
        more_variable("Adam's results vary less than those of SGD.", sgd, adam, PAPER_GRADIENT, n),
        more_variable("Adam's results vary less than those of SGD with momentum.", momentum, adam, PAPER_GRADIENT, n),
        sooner("Adam allows faster convergence than SGD.", results, "SGD", "Adam"),
        sooner("Adam allows faster convergence than SGD with momentum.", results, "Momentum SGD", "Adam"),
    ]


FINDING = (
    Finding(
        "SGD with momentum shows improvement over vanilla SGD.",
        holds="Momentum improves gradient descent (accuracy {SGD} without, {Momentum SGD} with it).",
        fails="Momentum harms gradient descent ({SGD} without, {Momentum SGD} with it).",
        alike="Momentum does little for gradient descent ({SGD} without, {Momentum SGD} with it).",
        undecided="Whether momentum improves gradient descent is undecided ({SGD} and {Momentum SGD}).",
    ),
    Finding(
        "Adam consistently outperforms SGD with momentum.",
        holds="Adam does better than either ({Adam}).",
        fails="Adam does worse than gradient descent with momentum ({Adam}).",
        alike="Adam does no better than gradient descent with momentum ({Adam}).",
        undecided="Whether Adam does better than gradient descent with momentum is undecided ({Adam}).",
    ),
)
RECIPE = study(
    "optimizers",
    __doc__,
    "figure 9",
    GROUPS,
    claims,
    varied="optimizer",
    compared=[("Adam", "SGD"), ("Adam", "Momentum SGD"), ("Momentum SGD", "SGD")],
    first=8,
    quick=2,
    finding=FINDING,
    papers={"SGD": 0.91, "Momentum SGD": 0.96, "Adam": 0.971},
)
