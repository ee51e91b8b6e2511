"""The layers, one family a file.

To write your own, read `linear.py` (a layer with parameters) and `activations.py` (a function and its derivative).
A family that many networks do without is in `LATE`: its file is imported when one of its names is first asked for.
"""

from typing import TYPE_CHECKING

from fnn.late import late
from fnn.layers import activations
from fnn.layers.activations import *
from fnn.layers.declared import layer
from fnn.layers.linear import linear
from fnn.layers.parameterless import elementwise, parameterless
from fnn.layers.softmax import log_softmax, softmax

if TYPE_CHECKING:
    from fnn.layers.attention import attention
    from fnn.layers.cells import Cell, elman, gru, lstm
    from fnn.layers.convolution import convolution, transposed_convolution
    from fnn.layers.gaussian import gelu_exact
    from fnn.layers.normalisation import group_norm, layer_norm, rms_norm
    from fnn.layers.pooling import flatten, global_mean, max_pool, mean_pool, upsample
    from fnn.layers.recurrent import recurrent
    from fnn.layers.regularisation import batch_norm, dropout, standardise
    from fnn.layers.tokens import embedding, positions, sinusoidal_positions

LATE = {
    "fnn.layers.attention": ["attention"],
    "fnn.layers.cells": ["Cell", "elman", "gru", "lstm"],
    "fnn.layers.convolution": ["convolution", "transposed_convolution"],
    "fnn.layers.gaussian": ["gelu_exact"],
    "fnn.layers.regularisation": ["batch_norm", "dropout", "standardise"],
    "fnn.layers.normalisation": ["group_norm", "layer_norm", "rms_norm"],
    "fnn.layers.pooling": ["flatten", "global_mean", "max_pool", "mean_pool", "upsample"],
    "fnn.layers.recurrent": ["recurrent"],
    "fnn.layers.tokens": ["embedding", "positions", "sinusoidal_positions"],
}

__all__ = ["elementwise", "layer", "linear", "log_softmax", "parameterless", "softmax"]
__all__ += ["Cell", "attention", "batch_norm", "convolution", "dropout", "elman", "embedding", "flatten", "gelu_exact"]
__all__ += ["global_mean", "group_norm", "gru", "layer_norm", "lstm", "max_pool", "mean_pool", "positions", "recurrent"]
__all__ += ["rms_norm", "sinusoidal_positions", "standardise", "transposed_convolution", "upsample"]
__all__ += activations.__all__  # so that an activation is public by its own file alone

late(__name__, LATE)
