"""fnn: neural networks as pure functions of their parameters.

A layer is a triple of functions (init, apply, vjp) over immutable parameter trees, and a model is a composition of
layers. An optimizer is a pure function (state, gradients) -> state, and training is a fold. `fnn.plot` and
`fnn.interop` are imported by name.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fnn import initializers, layers, losses, optimizers, tree
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
from fnn.layers import *
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
from fnn.tree import Params, TreeError, ravel
from fnn.values import constructor

if TYPE_CHECKING:
    from fnn import checks, data, metrics
    from fnn.checks import check_layer, check_vjp
    from fnn.checks.summary import summary

__version__ = "0.2.0"

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
    "constructor",
    "cosine",
    "cross_entropy",
    "data",
    "early_stopping",
    "ensemble",
    "epochs",
    "evaluate",
    "exponential",
    "fold_in",
    "generator",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "huber",
    "initializers",
    "lecun_normal",
    "losses",
    "metrics",
    "momentum",
    "mse",
    "normal",
    "optimizers",
    "orthogonal",
    "predict",
    "ravel",
    "residual",
    "rmsprop",
    "schedules",
    "sgd",
    "split",
    "step_decay",
    "summary",
    "train_step",
    "tree",
    "uniform",
    "value_and_grad",
    "warmup_cosine",
    "weight_decay",
    "zeros",
]
__all__ += layers.__all__


def __getattr__(name: str) -> Any:
    """Load what training does not need only when it is asked for: each of these modules takes milliseconds."""
    if name in ("checks", "data", "metrics"):
        return import_module(f"fnn.{name}")
    if name in ("check_layer", "check_vjp", "summary"):
        return getattr(import_module("fnn.checks"), name)
    raise AttributeError(f"module 'fnn' has no attribute {name!r}")
