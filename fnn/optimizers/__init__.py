"""Optimizers: what an optimizer is, the rules, the schedules of rates, and the error of a training that diverges."""

from fnn.optimizers.diverged import DivergedError
from fnn.optimizers.optimizer import Optimizer, State, chain_updates
from fnn.optimizers.rules import (
    adagrad,
    adam,
    adamw,
    clip_by_global_norm,
    clip_by_value,
    momentum,
    rmsprop,
    sgd,
    weight_decay,
)
from fnn.optimizers.schedules import constant, cosine, exponential, step_decay, warmup_cosine

__all__ = [
    "DivergedError",
    "Optimizer",
    "State",
    "adagrad",
    "adam",
    "adamw",
    "chain_updates",
    "clip_by_global_norm",
    "clip_by_value",
    "constant",
    "cosine",
    "exponential",
    "momentum",
    "rmsprop",
    "sgd",
    "step_decay",
    "warmup_cosine",
    "weight_decay",
]
