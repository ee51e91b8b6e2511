"""The layers, one family a file.

To write your own, read `linear.py` (a layer with parameters) and `activations.py` (a function and its derivative).
"""

from fnn.layers import activations
from fnn.layers.activations import *
from fnn.layers.attention import attention
from fnn.layers.batch_norm import batch_norm, standardise
from fnn.layers.cells import Cell, elman, gru, lstm
from fnn.layers.convolution import convolution, transposed_convolution
from fnn.layers.declared import layer
from fnn.layers.dropout import dropout
from fnn.layers.embedding import embedding
from fnn.layers.flatten import flatten
from fnn.layers.linear import linear
from fnn.layers.normalisation import group_norm, layer_norm, rms_norm
from fnn.layers.parameterless import elementwise, parameterless
from fnn.layers.pooling import global_mean, max_pool, mean_pool, upsample
from fnn.layers.positions import positions, sinusoidal_positions
from fnn.layers.recurrent import recurrent
from fnn.layers.softmax import log_softmax, softmax

__all__ = ["dropout", "elementwise", "flatten", "layer", "linear", "log_softmax", "parameterless", "softmax"]
__all__ += ["Cell", "attention", "elman", "embedding", "gru", "lstm", "positions", "recurrent", "sinusoidal_positions"]
__all__ += ["batch_norm", "group_norm", "layer_norm", "rms_norm", "standardise"]
__all__ += ["convolution", "global_mean", "max_pool", "mean_pool", "transposed_convolution", "upsample"]
__all__ += activations.__all__  # so that an activation is public by its own file alone
