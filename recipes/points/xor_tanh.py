"""The network that learns XOR, with tanh units and Adam.

A variant that the paper's code has and the paper does not show. All is as in `xor`, with the same points and the same
initial values, but for the hidden units and for Adam at 0.01. Adam divides by the size of the gradient, so that a mean
over the batch is as good as a sum. The claims that the paper makes of the sigmoid network are tested on this one.
"""

import attrs

from recipes.points.xor import CONFIG, experiment

__all__ = ["RECIPE"]

TANH = attrs.evolve(CONFIG, activation="tanh", optimizer="adam", rate=0.01, reduction="mean")
RECIPE = experiment("xor_tanh", __doc__, "", TANH, source="ours")
