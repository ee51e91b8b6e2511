"""Update rules, as vector arithmetic that reads like the papers' algorithms.

An ensemble's parameters are a matrix (R, N), one row a network: norms are each network's own, and a rate may be an
array of R. All rules raise `ValueError` for settings out of range when they are built.
"""

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np

from fnn.arrays import Array
from fnn.optimizers.optimizer import Memory, Optimizer
from fnn.tree import Layout, Span
from fnn.values import constructor, number

__all__ = [
    "adagrad",
    "adam",
    "adamw",
    "clip_by_global_norm",
    "clip_by_value",
    "momentum",
    "rmsprop",
    "sgd",
    "weight_decay",
]

Rate = float | Callable[[Any], Any] | np.ndarray  # a number, a schedule, or a number for each network


def _rate(name: str, rate: Any) -> Callable[[Any, Array], Any]:
    """(step, theta) -> the rate at this step: a number, or a column of one number a network."""
    if callable(rate):

        def scheduled(step: Any, theta: Array) -> Any:
            now = rate(step)
            if isinstance(now, (int, float)) and not now >= 0:
                raise ValueError(f"{name}: the schedule gives {now} at step {step}; rates are from 0 up")
            return float(now) if isinstance(now, np.generic) else now  # NumPy's scalars would widen float32

        return scheduled
    if isinstance(rate, np.ndarray):
        if rate.size == 0 or rate.dtype.kind != "f" or not (np.isfinite(rate).all() and (rate >= 0).all()):
            raise ValueError(f"{name} must hold finite rates from 0 up, one a network, got {rate!r}")
        rates = rate.copy()  # later writes of the caller to its array change nothing

        def column(step: Any, theta: Array) -> Array:
            if theta.shape[:-1] != rates.shape:
                raise ValueError(f"{name} holds {rates.shape} rates, the parameters are of {theta.shape[:-1]} networks")
            return theta.__array_namespace__().asarray(rates[..., None], dtype=theta.dtype)

        return column
    fixed = number(name, rate, 0)
    return lambda step, theta: fixed


def _no_memory(theta: Array, layout: Layout) -> Memory:
    return ()


def _zeros(n: int) -> Callable[[Array, Layout], Memory]:
    """The start of `n` moments at zero."""
    return lambda theta, layout: tuple(theta.__array_namespace__().zeros_like(theta) for _ in range(n))


@constructor
def sgd(lr: Rate) -> Optimizer:
    """Gradient descent: θ ← θ - η g (Robbins & Monro 1951). `lr` η: a number, a schedule, or one number a network."""
    rate = _rate("sgd(lr)", lr)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        return memory, rate(step, theta) * g

    return Optimizer(_no_memory, direct)


@constructor
def momentum(lr: Rate, mu: float = 0.9, nesterov: bool = False) -> Optimizer:
    """Gradient descent with momentum: v ← μ v + g, θ ← θ - η v (Polyak 1964; Sutskever et al. 2013).

    Nesterov's form looks one step ahead: θ ← θ - η (g + μ v). Raises `ValueError` unless 0 <= μ < 1.
    """
    rate, mu = _rate("momentum(lr)", lr), number("momentum(mu)", mu, 0, 1)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        (v,) = memory
        v = mu * v
        v += g
        return (v,), rate(step, theta) * (g + mu * v if nesterov else v)

    return Optimizer(_zeros(1), direct)


@constructor
def rmsprop(lr: Rate = 1e-2, decay: float = 0.99, eps: float = 1e-8) -> Optimizer:
    """A rate for each parameter by its gradients' size: v ← ρ v + (1 - ρ) g², θ ← θ - η g / (√v + ε) (Hinton 2012)."""
    rate, decay = _rate("rmsprop(lr)", lr), number("rmsprop(decay)", decay, 0, 1)
    eps = number("rmsprop(eps)", eps, 0, above=True)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        (v,) = memory
        v = decay * v
        v += (1 - decay) * (g * g)
        return (v,), rate(step, theta) * g / (theta.__array_namespace__().sqrt(v) + eps)

    return Optimizer(_zeros(1), direct)


@constructor
def adagrad(lr: Rate = 1e-2, eps: float = 1e-10) -> Optimizer:
    """Rates that fall with all gradients seen: s ← s + g², θ ← θ - η g / (√s + ε) (Duchi et al. 2011)."""
    rate, eps = _rate("adagrad(lr)", lr), number("adagrad(eps)", eps, 0, above=True)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        (s,) = memory
        s = s + g * g
        return (s,), rate(step, theta) * g / (theta.__array_namespace__().sqrt(s) + eps)

    return Optimizer(_zeros(1), direct)


@constructor
def adam(lr: Rate = 1e-3, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Optimizer:
    """Adam (Kingma & Ba 2015, Algorithm 1): the mean of the gradients over the root of their mean square.

    m ← β₁ m + (1 - β₁) g,  v ← β₂ v + (1 - β₂) g²,  θ ← θ - η m̂ / (√v̂ + ε),  m̂ = m / (1 - β₁ᵗ),  v̂ = v / (1 - β₂ᵗ).

    Kept are the bare sums M = m / (1 - β₁) and V = v / (1 - β₂): M ← β₁ M + g, V ← β₂ V + g². All other factors are
    numbers and go into η and ε, which saves four passes over the vectors: with r = √((1 - β₂ᵗ) / (1 - β₂)),
    θ ← θ - η' M / (√V + ε r),  η' = η r (1 - β₁) / (1 - β₁ᵗ).
    Raises `ValueError` for a rate below 0, betas outside [0, 1) and an ε that is not positive.
    """
    rate = _rate("adam(lr)", lr)
    b1, b2 = number("adam(b1)", b1, 0, 1), number("adam(b2)", b2, 0, 1)
    eps = number("adam(eps)", eps, 0, above=True)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        (m, v), t = memory, step + 1
        m = b1 * m
        m += g
        v = b2 * v
        v += g * g
        root = ((1 - b2**t) / (1 - b2)) ** 0.5
        scale = theta.__array_namespace__().sqrt(v)
        scale += eps * root
        direction = m / scale
        direction *= rate(step, theta) * (root * (1 - b1) / (1 - b1**t))
        return (m, v), direction

    return Optimizer(_zeros(2), direct)


def _decayed(theta: Array, layout: Layout, matrices_only: bool) -> Array:
    """1.0 for the elements that decay, 0.0 for the others: with `matrices_only`, those of less than two axes."""

    def walk(part: Layout) -> Iterator[np.ndarray]:
        for _, below in part.parts:
            if isinstance(below, Span):
                own_axes = len(layout.lead) + len(below.shape) - len(part.lead)
                yield np.full(prod(below.shape), float(own_axes >= 2 or not matrices_only))
            else:
                yield from walk(below)

    xp = theta.__array_namespace__()
    return xp.asarray(np.concatenate([np.zeros(0), *walk(layout)]), dtype=theta.dtype)


@constructor
def weight_decay(decay: float, *, matrices_only: bool = True) -> Optimizer:
    """Adds λ θ to the direction: in front of an optimizer it is L2 regularisation, behind it decoupled decay of rate λ.

    By default it leaves biases alone. Raises `ValueError` for a negative λ.
    """
    decay = number("weight_decay(decay)", decay, 0)

    def start(theta: Array, layout: Layout) -> Memory:
        return (_decayed(theta, layout, matrices_only),)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        (mask,) = memory
        return memory, g + decay * (mask * theta)

    return Optimizer(start, direct)


@constructor
def adamw(
    lr: Rate = 1e-3,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    decay: float = 1e-2,
    *,
    matrices_only: bool = True,
) -> Optimizer:
    """Adam with decoupled weight decay: θ ← θ - η (m̂ / (√v̂ + ε) + λ θ) (Loshchilov & Hutter 2019, Algorithm 2).

    By default the decay leaves biases alone. Raises `ValueError` as `adam` does, and for a negative λ.
    """
    rate, decay, plain = _rate("adamw(lr)", lr), number("adamw(decay)", decay, 0), adam(lr, b1, b2, eps)

    def start(theta: Array, layout: Layout) -> Memory:
        return plain.start(theta, layout), _decayed(theta, layout, matrices_only)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        moments, mask = memory
        moments, direction = plain.direct(moments, g, theta, step)
        return (moments, mask), direction + rate(step, theta) * (decay * (mask * theta))

    return Optimizer(start, direct)


@constructor
def clip_by_global_norm(limit: float) -> Optimizer:
    """Scales the direction down to the length `limit` where it is longer (Pascanu et al. 2013), each network's its own.

    g ← g · limit / max(‖g‖, limit), the length taken of g / s with s the greater of the limit and the largest element,
    since squares of a long gradient are beyond all floats (in float32 from 10¹⁹ on).
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
        return memory, g * (limit / s / xp.maximum(length, 1.0))

    return Optimizer(_no_memory, direct)


@constructor
def clip_by_value(limit: float) -> Optimizer:
    """Clips each element of the direction to [-limit, limit]. Raises `ValueError` unless the limit is positive."""
    limit = number("clip_by_value(limit)", limit, 0, above=True)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        return memory, g.__array_namespace__().clip(g, -limit, limit)

    return Optimizer(_no_memory, direct)
