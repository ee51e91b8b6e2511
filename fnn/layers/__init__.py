"""The layers, one family a file."""

from fnn.layers.activations import elu, gelu, identity, leaky_relu, relu, sigmoid, softplus, swish, tanh
from fnn.layers.dropout import dropout
from fnn.layers.flatten import flatten
from fnn.layers.linear import linear
from fnn.layers.parameterless import elementwise, parameterless
from fnn.layers.softmax import log_softmax, softmax

__all__ = [
    "dropout",
    "elementwise",
    "elu",
    "flatten",
    "gelu",
    "identity",
    "leaky_relu",
    "linear",
    "log_softmax",
    "parameterless",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "swish",
    "tanh",
]
