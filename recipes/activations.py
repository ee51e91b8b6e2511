"""ReLU, Sigmoid and TanH compared, under the right gradient and under the paper's own (figure 6).

Each activation takes both hidden layers of the 784-64-32-10 network, trained as in every study: Adam 0.001, batch 128,
up to 50 epochs, stopped when five bring no better validation accuracy, the best epoch kept. The paper's own code
trains with a gradient that is not that of its loss; the study is done twice, so that its finding can be told from
the consequence of that gradient.
"""

from collections.abc import Sequence
from typing import Any

from recipes.claims import Claim, better
from recipes.classifier import Config
from recipes.recipe import Results
from recipes.study import groups_of, similar, study

__all__ = ["RECIPE"]

ACTIVATIONS = {"ReLU": "relu", "Sigmoid": "sigmoid", "TanH": "tanh"}
WRONG = "{}, wrong gradient"
GROUPS = {name: Config(activation=activation) for name, activation in ACTIVATIONS.items()} | {
    WRONG.format(name): Config(activation=activation, loss="cross_entropy_with_wrong_gradient")
    for name, activation in ACTIVATIONS.items()
}
ALIKE = 0.005  # half of the distance that the paper's figure shows between Sigmoid and the others
REASON = "The paper compared them under its own gradient: see the same sentence under the wrong gradient."


def claims(results: Results, data: Any) -> Sequence[Claim]:
    """TanH and ReLU alike, both above Sigmoid: once as the loss says, once as the paper's code trains."""
    groups = groups_of(results)
    found = []
    for label, under, reason in (("{}", "", REASON), (WRONG, " (under the paper's own gradient)", "")):
        relu, sigmoid, tanh = (groups[label.format(name)] for name in ACTIVATIONS)
        found += [
            similar(f"TanH and ReLU demonstrate similar performance{under}.", tanh, relu, ALIKE, reason),
            better(f"TanH shows slightly higher accuracy than ReLU{under}.", tanh, relu, reason),
            better(f"ReLU significantly outperforms Sigmoid{under}.", relu, sigmoid, reason),
            better(f"TanH significantly outperforms Sigmoid{under}.", tanh, sigmoid, reason),
        ]
    return found


COMPARED = {label.format(name): label.format("ReLU") for label in ("{}", WRONG) for name in ("Sigmoid", "TanH")}
RECIPE = study(
    "activations", __doc__, "figure 6", GROUPS, claims, varied="activation", compared=COMPARED, first=4, quick=2
)
