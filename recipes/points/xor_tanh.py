"""The network that learns XOR, with tanh units and Adam.

A variant that the paper's code has and the paper does not show. All is as in `xor`, with the same points and the same
initial values, but for the hidden units and for Adam at 0.01, to which a sum over the batch is as good as a mean. What
the paper says of the sigmoid network is asked of this one.
"""

from recipes.points.synthetic import Config
from recipes.points.xor import experiment

__all__ = ["RECIPE"]

CONFIG = Config(hidden=(8,), activation="tanh", optimizer="adam", reduction="mean")
RECIPE = experiment("xor_tanh", __doc__, "", CONFIG, source="ours")
