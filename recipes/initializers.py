"""Eight ways to draw the first weights compared (not shown in the paper).

The paper's code has this study without a figure: the 784-64-32-10 network with ReLU, Adam 0.001, here with batches of
64 and a patience of ten epochs. With no sentence of the paper to test, the claims are what the schemes promise: the
variance that suits ReLU is 2 / n_in (He et al. 2015), and the shape of the distribution does not matter.
"""

from collections.abc import Sequence
from typing import Any

import attrs

from recipes.claims import Claim, better
from recipes.classifier import Config
from recipes.recipe import Results
from recipes.study import groups_of, similar, study

__all__ = ["RECIPE"]

NAMES = {
    "normal": "normal",
    "uniform": "uniform",
    "He normal": "he_normal",
    "He uniform": "he_uniform",
    "Glorot normal": "glorot_normal",
    "Glorot uniform": "glorot_uniform",
    "LeCun normal": "lecun_normal",
    "orthogonal": "orthogonal",
}
GROUPS = {name: Config(weights=weights, batch_size=64, patience=10) for name, weights in NAMES.items()}
ALIKE = 0.002  # about the scatter of runs that differ in nothing but their seed


def claims(results: Results, data: Any) -> Sequence[Claim]:
    """Weights scaled to the layer's width do better than others, He's best, whatever their distribution."""
    group = groups_of(results)
    he, glorot = group["He normal"], group["Glorot normal"]
    asked = [
        better("Weights scaled to the layer do better than N(0, 0.01²).", he, group["normal"]),
        better("Weights scaled to the layer do better than U(-0.05, 0.05).", he, group["uniform"]),
        better("He's variance suits ReLU better than Glorot's.", he, glorot),
        better("He's variance suits ReLU better than LeCun's.", he, group["LeCun normal"]),
        similar("Normal and uniform weights of He's variance do alike.", he, group["He uniform"], ALIKE),
        similar("Normal and uniform weights of Glorot's variance do alike.", glorot, group["Glorot uniform"], ALIKE),
    ]
    return [attrs.evolve(claim, source="ours") for claim in asked]


COMPARED = [("He normal", name) for name in GROUPS if name != "He normal"]
RECIPE = study("initializers", __doc__, "", GROUPS, claims, varied="initializer", compared=COMPARED, first=2, quick=1)
