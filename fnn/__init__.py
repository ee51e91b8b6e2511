"""fnn: neural networks as pure functions of their parameters.

A layer is a triple (init, apply, vjp) over immutable parameter trees, a model a composition of layers, an optimizer a
pure function (state, gradients) -> state, and training a fold. `fnn.plot` and `fnn.interop` are imported by name.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fnn import initializers, losses, optimizers, tree
from fnn.batching import batches
from fnn.compose import chain, concat, ensemble, residual
from fnn.initializers import (
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    normal,
    orthogonal,
    uniform,
    zeros,
)
from fnn.layer import Layer, LayerError, LayerTypeError
from fnn.layers import (
    dropout,
    elementwise,
    elu,
    flatten,
    gelu,
    identity,
    leaky_relu,
    linear,
    log_softmax,
    parameterless,
    relu,
    sigmoid,
    softmax,
    softplus,
    swish,
    tanh,
)
from fnn.losses import binary_cross_entropy, cross_entropy, huber, mse
from fnn.optimizers import (
    adagrad,
    adam,
    adamw,
    clip_by_global_norm,
    clip_by_value,
    momentum,
    rmsprop,
    schedules,
    sgd,
    weight_decay,
)
from fnn.optimizers.diverged import DivergedError
from fnn.optimizers.optimizer import Optimizer, State, chain_updates
from fnn.optimizers.schedules import constant, cosine, exponential, step_decay, warmup_cosine
from fnn.random import Key, fold_in, generator, split
from fnn.training import Progress, early_stopping, epochs, evaluate, predict, train_step, value_and_grad
from fnn.tree import Params, TreeError
from fnn.tree.flat import ravel

if TYPE_CHECKING:
    from fnn import checks, data, metrics
    from fnn.checks import check_layer, check_vjp, summary

__version__ = "0.1.0"

__all__ = [
    "DivergedError",
    "Key",
    "Layer",
    "LayerError",
    "LayerTypeError",
    "Optimizer",
    "Params",
    "Progress",
    "State",
    "TreeError",
    "adagrad",
    "adam",
    "adamw",
    "batches",
    "binary_cross_entropy",
    "chain",
    "chain_updates",
    "check_layer",
    "check_vjp",
    "checks",
    "clip_by_global_norm",
    "clip_by_value",
    "concat",
    "constant",
    "cosine",
    "cross_entropy",
    "data",
    "dropout",
    "early_stopping",
    "elementwise",
    "elu",
    "ensemble",
    "epochs",
    "evaluate",
    "exponential",
    "flatten",
    "fold_in",
    "gelu",
    "generator",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "huber",
    "identity",
    "initializers",
    "leaky_relu",
    "lecun_normal",
    "linear",
    "log_softmax",
    "losses",
    "metrics",
    "momentum",
    "mse",
    "normal",
    "optimizers",
    "orthogonal",
    "parameterless",
    "predict",
    "ravel",
    "relu",
    "residual",
    "rmsprop",
    "schedules",
    "sgd",
    "sigmoid",
    "softmax",
    "softplus",
    "split",
    "step_decay",
    "summary",
    "swish",
    "tanh",
    "train_step",
    "tree",
    "uniform",
    "value_and_grad",
    "warmup_cosine",
    "weight_decay",
    "zeros",
]


def __getattr__(name: str) -> Any:
    """What training does not need is loaded for those who ask: each of these takes milliseconds."""
    if name in ("checks", "data", "metrics"):
        return import_module(f"fnn.{name}")
    if name in ("check_layer", "check_vjp", "summary"):
        return getattr(import_module("fnn.checks"), name)
    raise AttributeError(f"module 'fnn' has no attribute {name!r}")
