"""ReLU, Sigmoid and TanH compared, under the right gradient and under the paper's own (figure 6).

Each activation takes both hidden layers of the 784-64-32-10 network, trained as in every study: Adam 0.001, batch 128,
up to 50 epochs, stopped when five bring no better validation accuracy, the best epoch kept. The paper's own code
trains with a gradient that is not that of its loss; the study is done twice, so that its finding can be told from
the consequence of that gradient.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from recipes.claims import Claim, Group, better
from recipes.classifiers.classifier import Config
from recipes.classifiers.study import groups_of, similar, study
from recipes.recipe import Results

__all__ = ["RECIPE"]

ACTIVATIONS = {"ReLU": "relu", "Sigmoid": "sigmoid", "TanH": "tanh"}
WRONG = "{}, wrong gradient"
GROUPS = {name: Config(activation=activation) for name, activation in ACTIVATIONS.items()} | {
    WRONG.format(name): Config(activation=activation, loss="cross_entropy_with_wrong_gradient")
    for name, activation in ACTIVATIONS.items()
}
PAPERS = {"ReLU": 0.971, "TanH": 0.971, "Sigmoid": 0.960}  # medians, trained with the wrong gradient
ITS_GRADIENT = "the paper, with its code's gradient"
ALIKE = 0.005  # half of the distance that the paper's figure shows between Sigmoid and the others


def verdicts(groups: Mapping[str, Group], label: str, under: str) -> Sequence[Claim]:
    """What the paper says of three activations, asked of the groups that `label` makes of their names."""
    relu, sigmoid, tanh = (groups[label.format(name)] for name in ACTIVATIONS)
    return [
        similar(f"TanH and ReLU demonstrate similar performance{under}.", tanh, relu, ALIKE),
        better(f"TanH shows slightly higher accuracy than ReLU{under}.", tanh, relu),
        better(f"ReLU significantly outperforms Sigmoid{under}.", relu, sigmoid),
        better(f"TanH significantly outperforms Sigmoid{under}.", tanh, sigmoid),
    ]


def explained(wrong: Claim) -> str:
    """Whether the wrong gradient explains that a claim fails under the right one: does it hold under the wrong one?

    >>> explained(Claim("", "A − B: +0.01", "holds"))
    "the wrong gradient of the paper's code explains it: under that the claim holds, A − B: +0.01"
    """
    words = {
        "holds": "explains it: under that the claim holds",
        "fails": "does not explain it: under that the claim fails too",
        "undecided": "may or may not explain it: under that the claim is undecided",
    }
    return f"the wrong gradient of the paper's code {words[wrong.verdict]}, {wrong.measured}"


def unexplained(right: Claim) -> str:
    """What is known where a claim fails under the very gradient that the paper's code has."""
    verb = {"holds": "holds", "fails": "fails too", "undecided": "is undecided"}[right.verdict]
    return f"not established; under the right gradient the claim {verb}, {right.measured}"


def claims(results: Results, data: Any) -> Sequence[Claim]:
    """TanH and ReLU alike, both above Sigmoid: once as the loss says, once as the paper's code trains."""
    groups = groups_of(results)
    right, wrong = verdicts(groups, "{}", ""), verdicts(groups, WRONG, " (under the paper's own gradient)")
    pairs = list(zip(right, wrong, strict=True))
    sigmoid_too = similar(
        "Under the right gradient, Sigmoid and ReLU demonstrate similar performance.",
        groups["ReLU"],
        groups["Sigmoid"],
        ALIKE,
        f"under the wrong gradient, {wrong[2].measured}",
    )
    return [
        *(attrs.evolve(a, reason=explained(b)) for a, b in pairs),
        *(attrs.evolve(b, reason=unexplained(a), source=ITS_GRADIENT) for a, b in pairs),
        attrs.evolve(sigmoid_too, source="ours"),
    ]


PAIRS = (("TanH", "ReLU"), ("ReLU", "Sigmoid"), ("TanH", "Sigmoid"))
COMPARED = [(label.format(a), label.format(b)) for label in ("{}", WRONG) for a, b in PAIRS]
RECIPE = study(
    "activations",
    __doc__,
    "figure 6",
    GROUPS,
    claims,
    varied="activation",
    compared=COMPARED,
    first=4,
    quick=2,
    papers=PAPERS | {WRONG.format(name): x for name, x in PAPERS.items()},
)
