"""Transformations of a direction, to be composed with rules by `chain_updates`: weight decay and clipping."""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from fnn.arrays import Array
from fnn.optimizers.optimizer import Memory, Optimizer, no_memory
from fnn.tree import Layout, Span
from fnn.values import constructor, number

__all__ = ["clip_by_global_norm", "clip_by_value", "weight_decay"]


def decay_mask(theta: Array, layout: Layout, matrices_only: bool) -> Array:
    """1.0 for parameters that decay, else 0.0: statistics, and with `matrices_only` arrays of less than two axes."""

    def walk(part: Layout) -> Iterator[np.ndarray]:
        for name, below in part.parts:
            if name == "statistics":
                yield np.zeros(prod(below.shape) if isinstance(below, Span) else below.size)
            elif isinstance(below, Span):
                own_axes = len(layout.lead) + len(below.shape) - len(part.lead)
                yield np.full(prod(below.shape), float(own_axes >= 2 or not matrices_only))
            else:
                yield from walk(below)

    xp = theta.__array_namespace__()
    return xp.asarray(np.concatenate([np.zeros(0), *walk(layout)]), dtype=theta.dtype)


@constructor
def weight_decay(decay: float, *, matrices_only: bool = True) -> Optimizer:
    """Adds λ θ to the direction: L2 regularisation in front of an optimizer, decoupled decay of rate λ behind it.

    By default biases do not decay. Raises `ValueError` for a negative λ.
    """
    decay = number("weight_decay(decay)", decay, 0)

    def start(theta: Array, layout: Layout) -> Memory:
        return (decay_mask(theta, layout, matrices_only),)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        (mask,) = memory
        return memory, g + decay * (mask * theta)

    return Optimizer(start, direct, has_rate=False)


@constructor
def clip_by_global_norm(limit: float) -> Optimizer:
    """Scales a direction that is longer than `limit` down to this length (Pascanu et al. 2013), for each network alone.

    g ← g · limit / max(‖g‖, limit). The length is computed of g / s, with s the larger of the limit and the largest
    element, because the square of an element overflows from 10¹⁹ on in float32. A shorter g keeps every bit.
    Raises `ValueError` unless the limit is positive.
    """
    limit = number("clip_by_global_norm(limit)", limit, 0, above=True)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        if 0 in g.shape:
            return memory, g
        xp = g.__array_namespace__()
        h = xp.abs(g)
        s = xp.maximum(xp.max(h, axis=-1, keepdims=True), limit)
        h /= s
        length = xp.sqrt(xp.vecdot(h, h))[..., None]
        longer = (s > limit) | (length > 1.0)
        g = g / xp.where(longer, s, 1.0)  # in two steps, because limit / s may be too small for a float
        g *= xp.where(longer, limit / length, 1.0)
        return memory, g

    return Optimizer(no_memory, direct, has_rate=False)


@constructor
def clip_by_value(limit: float) -> Optimizer:
    """Clips each element of the direction to [-limit, limit]. Raises `ValueError` unless the limit is positive."""
    limit = number("clip_by_value(limit)", limit, 0, above=True)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        return memory, g.__array_namespace__().clip(g, -limit, limit)

    return Optimizer(no_memory, direct, has_rate=False)
