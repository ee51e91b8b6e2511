"""Two hidden layers of 16 to 128 neurons compared (figure 8).

ReLU, Adam 0.001 and batches of 128 for up to 50 epochs, stopped when five bring no better validation accuracy, the best
epoch kept. Each width doubles the one before: what a doubling still brings tells whether returns diminish.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from recipes.claims import Claim, better
from recipes.classifier import Config
from recipes.recipe import Results
from recipes.study import PAPERS_GRADIENT, gain, groups_of, study

__all__ = ["RECIPE"]

GROUPS = {f"width {n}": Config(hidden=(n, n)) for n in (16, 32, 64, 128)}
PAPERS = {"width 16": 0.945, "width 32": 0.963, "width 64": 0.972, "width 128": 0.976}


def claims(results: Results, data: Any) -> Sequence[Claim]:
    """Accuracy grows with the width of the layers, and grows less with each doubling."""
    of_16, of_32, of_64, of_128 = widths = tuple(groups_of(results).values())
    to_32, to_64, to_128 = (gain(narrow, wide) for narrow, wide in pairwise(widths))
    small, diminishing = "Smaller networks (16-32 neurons) underperform", "Larger layers bring diminishing returns"
    return [
        better(f"{small}: 16 does worse than 64.", of_64, of_16, PAPERS_GRADIENT),
        better(f"{small}: 32 does worse than 64.", of_64, of_32, PAPERS_GRADIENT),
        better("A further increase to 128 neurons offers an improvement.", of_128, of_64, PAPERS_GRADIENT),
        better(f"{diminishing}: less from 32 to 64 than from 16 to 32.", to_32, to_64, PAPERS_GRADIENT),
        better(f"{diminishing}: less from 64 to 128 than from 32 to 64.", to_64, to_128, PAPERS_GRADIENT),
    ]


COMPARED = [(wide, narrow) for narrow, wide in pairwise(GROUPS)]
RECIPE = study(
    "hidden_size",
    __doc__,
    "figure 8",
    GROUPS,
    claims,
    varied="neurons in each hidden layer",
    compared=COMPARED,
    first=6,
    quick=2,
    papers=PAPERS,
)
