"""The rows of the optimizers and schedules: a new one is a new row here, and no other table needs it."""

import math
from collections.abc import Callable
from typing import Any

import attrs

import fnn


@attrs.frozen(kw_only=True)
class OptimizerRow:
    """An optimizer, and its counterpart in PyTorch."""

    optimizer: fnn.Optimizer
    torch: str | None = None  # its class in torch.optim, or None
    torch_settings: dict[str, Any] = attrs.field(factory=dict)
    torch_decays_bias: bool = True  # PyTorch decays all parameters, unless biases are a group of their own


def not_bias(path):
    """Whether a path leads to another array than a bias."""
    return path[-1] != "bias"


def plain(optimizer):
    """The row of an optimizer that is not compared with PyTorch."""
    return OptimizerRow(optimizer=optimizer)


OPTIMIZERS = {
    "sgd": OptimizerRow(optimizer=fnn.sgd(0.05), torch="SGD", torch_settings={"lr": 0.05}),
    "sgd, cosine": plain(fnn.sgd(fnn.cosine(0.1, 20))),
    "sgd, step_decay": plain(fnn.sgd(fnn.step_decay(0.1, 0.5, every=3))),
    "sgd, exponential": plain(fnn.sgd(fnn.exponential(0.1, 0.9))),
    "sgd, constant": plain(fnn.sgd(fnn.constant(0.1))),
    "momentum": OptimizerRow(
        optimizer=fnn.momentum(0.02, 0.9), torch="SGD", torch_settings={"lr": 0.02, "momentum": 0.9}
    ),
    "momentum, nesterov": OptimizerRow(
        optimizer=fnn.momentum(0.02, 0.9, nesterov=True),
        torch="SGD",
        torch_settings={"lr": 0.02, "momentum": 0.9, "nesterov": True},
    ),
    "rmsprop": OptimizerRow(
        optimizer=fnn.rmsprop(0.01, 0.99, eps=1e-8),
        torch="RMSprop",
        torch_settings={"lr": 0.01, "alpha": 0.99, "eps": 1e-8},
    ),
    "adagrad": OptimizerRow(
        optimizer=fnn.adagrad(0.1, eps=1e-10), torch="Adagrad", torch_settings={"lr": 0.1, "eps": 1e-10}
    ),
    "adam": OptimizerRow(
        optimizer=fnn.adam(0.02),
        torch="Adam",
        torch_settings={"lr": 0.02, "betas": (0.9, 0.999), "eps": 1e-8},
    ),
    "adam, other betas": OptimizerRow(
        optimizer=fnn.adam(0.02, 0.8, 0.99, eps=1e-3),
        torch="Adam",
        torch_settings={"lr": 0.02, "betas": (0.8, 0.99), "eps": 1e-3},
    ),
    "adam, amsgrad": OptimizerRow(
        optimizer=fnn.adam(0.02, amsgrad=True),
        torch="Adam",
        torch_settings={"lr": 0.02, "betas": (0.9, 0.999), "eps": 1e-8, "amsgrad": True},
    ),
    "adam, warmup_cosine": plain(fnn.adam(fnn.warmup_cosine(0.01, 3, 20))),
    "adamw": OptimizerRow(
        optimizer=fnn.adamw(0.02, decay=0.1),
        torch="AdamW",
        torch_settings={"lr": 0.02, "weight_decay": 0.1},
        torch_decays_bias=False,
    ),
    "adamw, on all": OptimizerRow(
        optimizer=fnn.adamw(0.02, decay=0.1, matrices_only=False),
        torch="AdamW",
        torch_settings={"lr": 0.02, "weight_decay": 0.1},
    ),
    "lion": plain(fnn.lion(0.01)),
    "weight_decay": plain(fnn.weight_decay(0.1)),
    "clip_by_value": plain(fnn.clip_by_value(0.05)),
    "clip_by_global_norm": plain(fnn.clip_by_global_norm(0.1)),
    "chain_updates": plain(
        fnn.chain_updates(fnn.clip_by_global_norm(0.5), fnn.weight_decay(0.01), fnn.adam(0.01)),
    ),
    "only": plain(fnn.only(fnn.chain_updates(fnn.clip_by_global_norm(0.5), fnn.adamw(0.01)), not_bias)),
    "only, in a chain": plain(
        fnn.chain_updates(fnn.clip_by_global_norm(0.5), fnn.only(fnn.adam(0.01), not_bias), fnn.weight_decay(0.1))
    ),
    "chain_updates, coupled decay with sgd": OptimizerRow(
        optimizer=fnn.chain_updates(fnn.weight_decay(0.1, matrices_only=False), fnn.sgd(0.05)),
        torch="SGD",
        torch_settings={"lr": 0.05, "weight_decay": 0.1},
    ),
    "chain_updates, coupled decay with adam": OptimizerRow(
        optimizer=fnn.chain_updates(fnn.weight_decay(0.1, matrices_only=False), fnn.adam(0.02)),
        torch="Adam",
        torch_settings={"lr": 0.02, "weight_decay": 0.1},
    ),
}


@attrs.frozen
class ScheduleRow:
    """A schedule, and the rate after s updates in plain Python."""

    schedule: Callable[[Any], Any]
    formula: Callable[[int], float]


def restarted(s, length, factor):
    """1 + cos over cycles, each `factor` times as long as the one before it."""
    while s >= length:
        s, length = s - length, length * factor
    return half_cosine(s, length)


def half_cosine(s, steps):
    """1 + cos, which goes from 2 to 0 over `steps` updates and stays there."""
    return 1 + math.cos(math.pi * min(s, steps) / steps)


SCHEDULES = {
    "constant": ScheduleRow(fnn.constant(0.3), lambda s: 0.3),
    "step_decay": ScheduleRow(fnn.step_decay(0.3, 0.5, every=10), lambda s: 0.3 * 0.5 ** (s // 10)),
    "exponential": ScheduleRow(fnn.exponential(0.3, 0.5, every=10), lambda s: 0.3 * 0.5 ** (s / 10)),
    "exponential, each step": ScheduleRow(fnn.exponential(0.3, 0.99), lambda s: 0.3 * 0.99**s),
    "cosine": ScheduleRow(fnn.cosine(0.3, 50), lambda s: 0.15 * half_cosine(s, 50)),
    "cosine, final": ScheduleRow(fnn.cosine(0.3, 50, 0.1), lambda s: 0.1 + 0.1 * half_cosine(s, 50)),
    "warmup_cosine": ScheduleRow(
        fnn.warmup_cosine(0.3, 10, 60),
        lambda s: 0.03 * s if s < 10 else 0.15 * half_cosine(s - 10, 50),
    ),
    "warmup_cosine, final": ScheduleRow(
        fnn.warmup_cosine(0.3, 10, 60, 0.1),
        lambda s: 0.03 * s if s < 10 else 0.1 + 0.1 * half_cosine(s - 10, 50),
    ),
    "warmup_cosine, start": ScheduleRow(
        fnn.warmup_cosine(0.3, 10, 60, start=0.1),
        lambda s: 0.1 + 0.02 * s if s < 10 else 0.15 * half_cosine(s - 10, 50),
    ),
    "warmup": ScheduleRow(fnn.warmup(0.3, 50, 0.1), lambda s: 0.1 + 0.2 * min(s, 50) / 50),
    "warmup, downward": ScheduleRow(fnn.warmup(0.1, 50, start=0.3), lambda s: 0.3 - 0.2 * min(s, 50) / 50),
    "cosine_restarts": ScheduleRow(fnn.cosine_restarts(0.3, 30), lambda s: 0.15 * half_cosine(s % 30, 30)),
    "cosine_restarts, growing": ScheduleRow(
        fnn.cosine_restarts(0.3, 10, 2, 0.1), lambda s: 0.1 + 0.1 * restarted(s, 10, 2)
    ),
    "one_cycle": ScheduleRow(
        fnn.one_cycle(0.5, 80),
        lambda s: 0.5 - 0.24 * half_cosine(s, 24) if s < 24 else 2e-6 + 0.249999 * half_cosine(s - 24, 56),
    ),
    "join": ScheduleRow(
        fnn.join([fnn.warmup(0.3, 10), fnn.constant(0.3), fnn.cosine(0.3, 50)], [10, 40]),
        lambda s: 0.03 * s if s < 10 else 0.3 if s < 40 else 0.15 * half_cosine(s - 40, 50),
    ),
}
