"""Eight ways to draw the first weights compared (not shown in the paper).

The paper's code has this study, and the paper does not mention it: the 784-64-32-10 network with ReLU and Adam at
0.001, here in batches of 64, for up to 50 epochs with a patience of ten. The claims are ours, and are what the schemes
promise: the variance that suits ReLU is 2 / n_in (He et al. 2015), and the shape of the distribution does not matter.
"""

from collections.abc import Sequence
from typing import Any

import attrs

from recipes.claims import Claim, alike, better, difference
from recipes.classifiers.classifier import Config
from recipes.classifiers.study import groups_of, study
from recipes.recipe import Results

__all__ = ["RECIPE"]

WAYS = ("normal", "uniform", "He normal", "He uniform", "Glorot normal", "Glorot uniform", "LeCun normal", "orthogonal")
CONFIG = Config(hidden=(64, 32), activation="relu", optimizer="adam", rate=1e-3, batch_size=64, epochs=50, patience=10)
GROUPS = {name: attrs.evolve(CONFIG, weights=name.lower().replace(" ", "_")) for name in WAYS}


def at_first(results: Results, a: str, b: str) -> str:
    """The difference between two groups after one epoch of training."""
    ours, theirs = ([run["curves"]["validation_accuracy"][0] for run in results[name]] for name in (a, b))
    return f"after the first epoch {a} − {b} is {difference(ours, theirs).said('{:+.4f}')} in validation accuracy"


def claims(results: Results, data: Any) -> Sequence[Claim]:
    """Weights scaled to the layer's width do better than others, He's best, whatever their distribution."""
    group, he, glorot = groups_of(results), "He normal", "Glorot normal"

    def beats(statement: str, a: str, b: str) -> Claim:
        return better(statement, group[a], group[b], at_first(results, a, b))

    def equal(statement: str, a: str, b: str) -> Claim:
        return alike(statement, group[a], group[b], at_first(results, a, b))

    asked = [
        beats("Weights scaled to the layer do better than N(0, 0.01²).", he, "normal"),
        beats("Weights scaled to the layer do better than U(-0.05, 0.05).", he, "uniform"),
        beats("He's variance suits ReLU better than Glorot's.", he, glorot),
        beats("He's variance suits ReLU better than LeCun's.", he, "LeCun normal"),
        equal("Normal and uniform weights of He's variance do alike.", he, "He uniform"),
        equal("Normal and uniform weights of Glorot's variance do alike.", glorot, "Glorot uniform"),
    ]
    return [attrs.evolve(claim, source="ours") for claim in asked]


COMPARED = [
    *(("He normal", name) for name in GROUPS if name not in ("He normal", "Glorot uniform")),
    ("Glorot normal", "Glorot uniform"),
]
RECIPE = study("initializers", __doc__, "", GROUPS, claims, varied="initializer", compared=COMPARED, first=2, quick=1)
