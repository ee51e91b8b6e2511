"""Batches of 8 to 256 digits compared (figure 7).

The 784-64-32-10 network with ReLU is trained with Adam at 0.001 for up to 50 epochs. Training stops after five epochs
without a better validation accuracy, and the best epoch is kept. A small batch means more updates in an epoch, and
noisier ones.
"""

from collections.abc import Sequence
from typing import Any

import attrs

from recipes.claims import Claim, alike, better, more_variable
from recipes.classifiers.classifier import Config
from recipes.classifiers.paper_gradient import PAPER_GRADIENT
from recipes.classifiers.study import average, groups_of, study
from recipes.recipe import Finding, Results

__all__ = ["RECIPE"]

CONFIG = Config(hidden=(64, 32), activation="relu", optimizer="adam", rate=1e-3, epochs=50, patience=5)
GROUPS = {f"batch {n}": attrs.evolve(CONFIG, batch_size=n) for n in (8, 16, 32, 64, 128, 256)}
MEDIUM, SMALL = "mean of 64, 128", "mean of 8, 16"


def claims(results: Results, data: Any) -> Sequence[Claim]:
    """Batches of 64 to 128 do best, small ones vary more, and 256 does slightly worse."""
    of_8, of_16, of_32, of_64, of_128, of_256 = groups_of(results).values()
    equal = alike("Batches of 8 and of 64 do alike.", of_8, of_64, "the paper's figure shows 0.953 and 0.972")
    n = len(data.test[1])
    medium, best = average(of_64, of_128), "Medium batch sizes (64-128) achieve the best performance"
    return [
        better(f"{best}: better than small ones (8-16).", medium, average(of_8, of_16), PAPER_GRADIENT),
        better(f"{best}: better than 32.", medium, of_32, PAPER_GRADIENT),
        better("Very large batches (256) slightly reduce accuracy.", medium, of_256, PAPER_GRADIENT),
        better("The batch size of 64 yields the highest accuracy: higher than 128.", of_64, of_128, PAPER_GRADIENT),
        more_variable("Batches of 64 show higher variance than batches of 128.", of_64, of_128, PAPER_GRADIENT, n),
        more_variable("Smaller batches show higher variance: 8 more than 128.", of_8, of_128, PAPER_GRADIENT, n),
        more_variable("Smaller batches show higher variance: 16 more than 128.", of_16, of_128, PAPER_GRADIENT, n),
        attrs.evolve(equal, source="ours"),
    ]


BESIDE = "(accuracy {batch 8} with 8, {batch 16} with 16, {batch 64} with 64, {batch 128} with 128)"
FINDING = Finding(
    "Medium batch sizes (64-128) achieve the best performance: better than small",
    holds=f"Batches of 64 to 128 are better than batches of 8 to 16 {BESIDE}.",
    fails=f"Batches of 8 to 16 are better than batches of 64 to 128 {BESIDE}.",
    alike=f"Small batches are as good as those of 64 to 128 {BESIDE}.",
    undecided=f"Whether batches of 64 to 128 are better than small ones is undecided {BESIDE}.",
)
RECIPE = study(
    "batch_size",
    __doc__,
    "figure 7",
    GROUPS,
    claims,
    varied="examples in a batch",
    compared=[
        (MEDIUM, SMALL),
        (MEDIUM, "batch 32"),
        (MEDIUM, "batch 256"),
        ("batch 64", "batch 128"),
        ("batch 8", "batch 64"),
    ],
    first=2,
    quick=1,
    finding=[FINDING],
    papers={"batch 8": 0.953, "batch 64": 0.972},  # medians
    averages={MEDIUM: ("batch 64", "batch 128"), SMALL: ("batch 8", "batch 16")},
)
