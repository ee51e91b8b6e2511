"""Gradient descent, without and with momentum, and Adam compared (figure 9).

Rates as in the paper: 0.01 for both forms of gradient descent, with a momentum of 0.9, and 0.001 for Adam. The network
is 784-64-32-10 with ReLU, the batch 128, for up to 50 epochs, stopped when five bring no better validation accuracy.
"""

from collections.abc import Sequence
from typing import Any

from recipes.claims import Claim, better
from recipes.classifier import Config
from recipes.recipe import Results
from recipes.study import PAPERS_GRADIENT, groups_of, more_variable, study

__all__ = ["RECIPE"]

GROUPS = {
    "SGD": Config(optimizer="sgd", rate=0.01),
    "Momentum SGD": Config(optimizer="momentum", rate=0.01),
    "Adam": Config(optimizer="adam", rate=0.001),
}


def claims(results: Results, data: Any) -> Sequence[Claim]:
    """Adam does best, varies least and is there first; momentum lies between."""
    sgd, momentum, adam = groups_of(results).values()
    sgd_epoch, momentum_epoch, adam_epoch = groups_of(results, "best_epoch", "best epoch of {}").values()
    return [
        better("Adam consistently outperforms SGD.", adam, sgd, PAPERS_GRADIENT),
        better("Adam consistently outperforms SGD with momentum.", adam, momentum, PAPERS_GRADIENT),
        better("SGD with momentum shows improvement over vanilla SGD.", momentum, sgd, PAPERS_GRADIENT),
        more_variable("Adam's results vary less than those of SGD.", sgd, adam, PAPERS_GRADIENT),
        more_variable("Adam's results vary less than those of SGD with momentum.", momentum, adam, PAPERS_GRADIENT),
        better("Adam converges faster: its best epoch comes before SGD's.", sgd_epoch, adam_epoch, digits=1),
        better("Adam converges faster: its best epoch comes before momentum's.", momentum_epoch, adam_epoch, digits=1),
    ]


COMPARED = {"SGD": "Adam", "Momentum SGD": "Adam"}
RECIPE = study(
    "optimizers", __doc__, "figure 9", GROUPS, claims, varied="optimizer", compared=COMPARED, first=8, quick=3
)
