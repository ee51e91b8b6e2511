"""Two hidden layers of 16 to 128 neurons compared (figure 8).

The network has ReLU units and is trained with Adam at 0.001, in batches of 128 for up to 50 epochs. Training stops
after five epochs without a better validation accuracy, and the best epoch is kept. Each width doubles the one before:
the gain of each doubling tells whether returns diminish.
"""

from collections.abc import Sequence
from itertools import pairwise

import attrs

import fnn
from recipes.claims import ACCURACY, ANEW, Claim, Group, better, concluded, difference, judged, of_digits
from recipes.classifiers.classifier import Config, network
from recipes.classifiers.paper_gradient import PAPER_GRADIENT
from recipes.classifiers.study import gain, groups_of, study
from recipes.data.digits import Digits
from recipes.recipe import Finding, Results

__all__ = ["RECIPE"]

CONFIG = Config(activation="relu", optimizer="adam", rate=1e-3, batch_size=128, epochs=50, patience=5)
GROUPS = {f"width {n}": attrs.evolve(CONFIG, hidden=(n, n)) for n in (16, 32, 64, 128)}
MARGINAL = 0.005  # the most that counts as a marginal gain of accuracy: the paper calls 0.004 one


def marginal(statement: str, wide: Group, narrow: Group, data: Digits) -> Claim:
    """The claim that the wide network does better than the narrow one, by less than `MARGINAL`."""
    compared = (*wide.of, *narrow.of)
    found, shape = difference(wide.values, narrow.values), data.train[0].shape[1:]
    models = (network(GROUPS[name], data.n_classes) for name in compared)
    more, less = (fnn.summary(model, shape).n_params for model in models)
    gained = f"{wide.name} − {narrow.name}: {found.said('{:+.4f}')}, to lie between 0 and {MARGINAL}"
    measured = f"{gained}; {more:,} parameters instead of {less:,}"
    verdict = judged(found, above=0, below=MARGINAL, measure=ACCURACY)
    return concluded(Claim(statement, measured, verdict, PAPER_GRADIENT, compares=compared, bar=ANEW), found)


def claims(results: Results, data: Digits) -> Sequence[Claim]:
    """Accuracy grows with the width of the layers, and grows less with each doubling."""
    of_16, of_32, of_64, of_128 = widths = tuple(groups_of(results).values())
    to_32, to_64, to_128 = (gain(narrow, wide) for narrow, wide in pairwise(widths))
    small, diminishing = "Smaller networks (16-32 neurons) underperform", "Larger layers bring diminishing returns"
    to_128_neurons = "A further increase to 128 neurons offers marginal improvement, at the cost of more parameters."
    return [
        better(f"{small}: 16 does worse than 64.", of_64, of_16, PAPER_GRADIENT),
        better(f"{small}: 32 does worse than 64.", of_64, of_32, PAPER_GRADIENT),
        better("The optimum has layers of 64+ neurons: 128 do better than 32.", of_128, of_32, PAPER_GRADIENT),
        *of_digits(marginal(to_128_neurons, of_128, of_64, data)),
        better(f"{diminishing}: less from 32 to 64 than from 16 to 32.", to_32, to_64, PAPER_GRADIENT),
        better(f"{diminishing}: less from 64 to 128 than from 32 to 64.", to_64, to_128, PAPER_GRADIENT),
    ]


FINDING = (
    Finding(
        "Smaller networks (16-32 neurons) underperform: 32",
        holds="Wider layers read better (accuracy {width 16} with 16 neurons, {width 32} with 32, {width 64} with 64, "
        "{width 128} with 128).",
        fails="64 neurons do worse than 32 ({width 64} and {width 32}).",
        alike="64 neurons do no better than 32 ({width 64} and {width 32}).",
        undecided="Whether 64 neurons do better than 32 is undecided ({width 64} and {width 32}).",
    ),
    Finding(
        "Larger layers bring diminishing returns: less from 64",
        holds="The last doubling gains less than the one before.",
        fails="The last doubling gains more than the one before.",
        alike="The last two doublings gain as much as each other.",
    ),
)
RECIPE = study(
    "hidden_size",
    __doc__,
    "figure 8",
    GROUPS,
    claims,
    varied="neurons in each hidden layer",
    compared=[
        ("width 64", "width 16"),
        ("width 128", "width 32"),
        *((wide, narrow) for narrow, wide in pairwise(GROUPS)),
    ],
    first=6,
    quick=2,
    finding=FINDING,
    papers={"width 16": 0.945, "width 32": 0.963, "width 64": 0.972, "width 128": 0.976},
)
