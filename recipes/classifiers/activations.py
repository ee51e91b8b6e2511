"""ReLU, Sigmoid and TanH compared, under the right gradient and under the paper's own (figure 6).

Each activation is used in both hidden layers of the 784-64-32-10 network, which is trained with Adam at 0.001, in
batches of 128 for up to 50 epochs. Training stops after five epochs without a better validation accuracy, and the best
epoch is kept. The paper's code trains with a gradient that is not the derivative of its loss. The study is done with
both gradients, to tell what follows from the activations and what follows from that gradient.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from recipes.claims import Claim, Group, alike, better
from recipes.classifiers.classifier import Config
from recipes.classifiers.study import groups_of, study
from recipes.recipe import Finding, Results

__all__ = ["RECIPE"]

ACTIVATIONS = {"ReLU": "relu", "Sigmoid": "sigmoid", "TanH": "tanh"}
WRONG = "{}, wrong gradient"
LOSSES = {"{}": "cross_entropy", WRONG: "cross_entropy_with_paper_gradient"}
CONFIG = Config(hidden=(64, 32), optimizer="adam", rate=1e-3, batch_size=128, epochs=50, patience=5)
GROUPS = {
    label.format(name): attrs.evolve(CONFIG, activation=activation, loss=loss)
    for label, loss in LOSSES.items()
    for name, activation in ACTIVATIONS.items()
}
PAPERS = {"ReLU": 0.971, "TanH": 0.971, "Sigmoid": 0.960}  # medians, under the paper's gradient
ITS_GRADIENT = "the paper, with its code's gradient"


def verdicts(groups: Mapping[str, Group], label: str, under: str) -> Sequence[Claim]:
    """The paper's claims on three activations, for the groups that `label` names; `under` ends each statement."""
    relu, sigmoid, tanh = (groups[label.format(name)] for name in ACTIVATIONS)
    return [
        alike(f"TanH and ReLU demonstrate similar performance{under}.", tanh, relu),
        better(f"TanH shows slightly higher accuracy than ReLU{under}.", tanh, relu),
        better(f"ReLU significantly outperforms Sigmoid{under}.", relu, sigmoid),
        better(f"TanH significantly outperforms Sigmoid{under}.", tanh, sigmoid),
    ]


def explained(wrong: Claim) -> str:
    """Whether the wrong gradient explains a claim that fails under the right one: it does if the claim holds under it.

    >>> explained(Claim("", "A − B: +0.01", "holds"))
    "the wrong gradient of the paper's code explains it: under that the claim holds, A − B: +0.01"
    """
    words = {
        "holds": "explains it: under that the claim holds",
        "fails": "does not explain it: under that the claim fails too",
        "no difference that matters": "does not explain it: under that there is no difference that matters, either",
        "undecided": "may or may not explain it: under that the claim is undecided",
        "not judged": "may or may not explain it: under that there is no verdict",
    }
    return f"the wrong gradient of the paper's code {words[wrong.verdict]}, {wrong.measured}"


def unexplained(right: Claim) -> str:
    """The reason for a claim that fails even under the gradient of the paper's code."""
    words = {
        "holds": "the claim holds",
        "fails": "the claim fails too",
        "no difference that matters": "there is no difference that matters",
        "undecided": "the claim is undecided",
        "not judged": "there is no verdict",
    }
    return f"not established; under the right gradient {words[right.verdict]}, {right.measured}"


def claims(results: Results, data: Any) -> Sequence[Claim]:
    """TanH and ReLU alike, both above Sigmoid: once as the loss says, once as the paper's code trains."""
    groups = groups_of(results)
    right, wrong = verdicts(groups, "{}", ""), verdicts(groups, WRONG, " (under the paper's own gradient)")
    pairs = list(zip(right, wrong, strict=True))
    sigmoid_too = alike(
        "Under the right gradient, Sigmoid and ReLU demonstrate similar performance.",
        groups["ReLU"],
        groups["Sigmoid"],
        f"under the wrong gradient, {wrong[2].measured}",
    )
    return [
        *(attrs.evolve(a, reason=explained(b)) for a, b in pairs),
        *(attrs.evolve(b, reason=unexplained(a), source=ITS_GRADIENT) for a, b in pairs),
        attrs.evolve(sigmoid_too, source="ours"),
    ]


BESIDE = "(accuracy {Sigmoid} and {ReLU})"
BESIDE_WRONG = "({Sigmoid, wrong gradient} and {ReLU, wrong gradient})"
FINDING = (
    Finding(
        "ReLU significantly outperforms Sigmoid.",
        holds=f"Sigmoid units do worse than ReLU {BESIDE}.",
        fails=f"Sigmoid units do better than ReLU {BESIDE}.",
        alike=f"Sigmoid units do as well as ReLU {BESIDE}.",
        undecided=f"Whether sigmoid units do worse than ReLU is undecided {BESIDE}.",
    ),
    Finding(
        "ReLU significantly outperforms Sigmoid (under",
        holds=f"With the wrong gradient of the paper's code, they do worse {BESIDE_WRONG}, as in the paper.",
        fails=f"With the wrong gradient of the paper's code, they do better {BESIDE_WRONG}.",
        alike=f"With the wrong gradient of the paper's code, they do as well {BESIDE_WRONG}.",
        undecided=f"With the wrong gradient of the paper's code, it is undecided {BESIDE_WRONG}.",
    ),
)
PAIRS = (("TanH", "ReLU"), ("ReLU", "Sigmoid"), ("TanH", "Sigmoid"))
RECIPE = study(
    "activations",
    __doc__,
    "figure 6",
    GROUPS,
    claims,
    varied="activation",
    compared=[(label.format(a), label.format(b)) for label in ("{}", WRONG) for a, b in PAIRS],
    first=4,
    quick=2,
    finding=FINDING,
    papers=PAPERS | {WRONG.format(name): x for name, x in PAPERS.items()},
)
