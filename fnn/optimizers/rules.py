"""Update rules, as vector arithmetic that reads like the papers' algorithms.

An ensemble's parameters are a matrix (R, N), one row for each network: norms are each network's own, and a rate
may be an array of R numbers. All rules raise `ValueError`, when they are built, for settings out of range.

>>> from functools import reduce
>>> import numpy as np, fnn
>>> x, model = np.linspace(-1, 1, 32)[:, None], fnn.linear(1)
>>> def losses(optimizer):  # of a fit to the line y = 1 - 2 x, before and after 100 steps
...     step, batch = fnn.train_step(model, fnn.mse, optimizer), (x, 1 - 2 * x)
...     first = step(optimizer.init(model.init(fnn.Key(0), (1,))[0]), batch)
...     last = reduce(step, [batch] * 100, first)
...     return round(float(first.loss), 3), round(float(last.loss), 3)
>>> for rule in (sgd(0.1), momentum(0.1), rmsprop(0.1), adagrad(0.5), adam(0.1), adamw(0.1), lion(0.04)):
...     print(rule, losses(rule))
sgd(0.1) (9.919, 0.0)
momentum(0.1) (9.919, 0.0)
rmsprop(0.1) (9.919, 0.0)
adagrad(0.5) (9.919, 0.007)
adam(0.1) (9.919, 0.001)
adamw(0.1) (9.919, 0.0)
lion(0.04) (9.919, 0.366)
"""

from collections.abc import Callable
from math import log
from typing import Any

from fnn.arrays import Array, is_array, namespace
from fnn.optimizers.optimizer import Memory, Optimizer, no_memory
from fnn.optimizers.rates import Rate, rate_of
from fnn.optimizers.transformations import decay_mask
from fnn.tree import Layout
from fnn.values import constructor, number

__all__ = ["adagrad", "adam", "adamw", "lion", "momentum", "rmsprop", "sgd"]


def _complement(b: float, t: Any) -> Any:
    """1 - bᵗ, for t from 1 up. The logarithm keeps the precision of a b near 1, which float32 arrays would round."""
    return -namespace(t).expm1(t * log(b)) if is_array(t) and b else 1 - b**t


def _zeros(n: int) -> Callable[[Array, Layout], Memory]:
    """The start of `n` moments at zero."""
    return lambda theta, layout: tuple(namespace(theta).zeros_like(theta) for _ in range(n))


@constructor
def sgd(lr: Rate) -> Optimizer:
    """Gradient descent: θ ← θ - η g (Robbins & Monro 1951).

    The rate `lr` η is a number, a schedule, or an array with one number for each network of an ensemble.
    """
    rate = rate_of("sgd(lr)", lr)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        return memory, rate(step, theta) * g

    return Optimizer(no_memory, direct, by_element=True)


@constructor
def momentum(lr: Rate, mu: float = 0.9, nesterov: bool = False) -> Optimizer:
    """Gradient descent with momentum: v ← μ v + g, θ ← θ - η v (Polyak 1964; Sutskever et al. 2013).

    Nesterov's form looks one step ahead: θ ← θ - η (g + μ v). Raises `ValueError` unless 0 <= μ < 1.
    """
    rate, mu = rate_of("momentum(lr)", lr), number("momentum(mu)", mu, 0, 1)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        (v,) = memory
        v = mu * v
        v += g
        return (v,), rate(step, theta) * (g + mu * v if nesterov else v)

    return Optimizer(_zeros(1), direct, by_element=True)


@constructor
def rmsprop(lr: Rate = 1e-2, decay: float = 0.99, eps: float = 1e-8) -> Optimizer:
    """Divides each rate by the size of recent gradients: v ← ρ v + (1 - ρ) g², θ ← θ - η g / (√v + ε) (Hinton 2012)."""
    rate, decay = rate_of("rmsprop(lr)", lr), number("rmsprop(decay)", decay, 0, 1)
    eps = number("rmsprop(eps)", eps, 0, above=True)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        (v,) = memory
        v = decay * v
        v += (1 - decay) * (g * g)
        return (v,), rate(step, theta) * g / (namespace(theta).sqrt(v) + eps)

    return Optimizer(_zeros(1), direct, by_element=True)


@constructor
def adagrad(lr: Rate = 1e-2, eps: float = 1e-10) -> Optimizer:
    """Divides each rate by the size of all gradients so far: s ← s + g², θ ← θ - η g / (√s + ε) (Duchi et al. 2011)."""
    rate, eps = rate_of("adagrad(lr)", lr), number("adagrad(eps)", eps, 0, above=True)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        (s,) = memory
        s = s + g * g
        return (s,), rate(step, theta) * g / (namespace(theta).sqrt(s) + eps)

    return Optimizer(_zeros(1), direct, by_element=True)


@constructor
def adam(lr: Rate = 1e-3, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8, *, amsgrad: bool = False) -> Optimizer:
    """Adam (Kingma & Ba 2015, Algorithm 1): the mean of the gradients over the root of their mean square.

    m ← β₁ m + (1 - β₁) g,  v ← β₂ v + (1 - β₂) g²,  θ ← θ - η m̂ / (√v̂ + ε),  m̂ = m / (1 - β₁ᵗ),  v̂ = v / (1 - β₂ᵗ).

    lr        the rate η: a number, a schedule, or an array with one number for each network of an ensemble
    b1, b2    the decay rates β₁ of the mean and β₂ of the mean square
    eps       ε, which bounds the step where gradients are tiny
    amsgrad   whether the greatest v so far takes the place of v in the step (Reddi et al. 2018, Algorithm 2)

    The memory holds the bare sums M = m / (1 - β₁) and V = v / (1 - β₂): M ← β₁ M + g, V ← β₂ V + g². All other factors
    are numbers, and go into η and ε, which saves four passes over the vectors: with r = √((1 - β₂ᵗ) / (1 - β₂)),
    θ ← θ - η' M / (√V + ε r),  η' = η r (1 - β₁) / (1 - β₁ᵗ).
    Raises `ValueError` for a rate below 0, for betas outside [0, 1), and unless ε is positive.
    """
    rate = rate_of("adam(lr)", lr)
    b1, b2 = number("adam(b1)", b1, 0, 1), number("adam(b2)", b2, 0, 1)
    eps = number("adam(eps)", eps, 0, above=True)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        (m, v, *greatest), t = memory, step + 1
        m = b1 * m
        m += g
        v = b2 * v
        v += g * g
        greatest = [namespace(theta).maximum(each, v) for each in greatest]
        root = (_complement(b2, t) / (1 - b2)) ** 0.5
        scale = namespace(theta).sqrt(greatest[0] if amsgrad else v)
        scale += eps * root
        direction = m / scale
        direction *= rate(step, theta) * (root * (1 - b1) / _complement(b1, t))
        return (m, v, *greatest), direction

    return Optimizer(_zeros(2 + amsgrad), direct, rule="amsgrad" if amsgrad else "", by_element=True)


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

    lr, b1, b2, eps   as in `adam`
    decay             λ
    matrices_only     whether arrays of fewer than two axes, such as biases, do not decay

    Raises `ValueError` as `adam` does, and for a negative λ.
    """
    rate, decay, plain = rate_of("adamw(lr)", lr), number("adamw(decay)", decay, 0), adam(lr, b1, b2, eps)

    def start(theta: Array, layout: Layout) -> Memory:
        return plain.start(theta, layout), decay_mask(theta, layout, matrices_only)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        moments, mask = memory
        moments, direction = plain.direct(moments, g, theta, step)
        return (moments, mask), direction + rate(step, theta) * (decay * (mask * theta))

    return Optimizer(start, direct, by_element=True)


@constructor
def lion(lr: Rate = 1e-4, b1: float = 0.9, b2: float = 0.99) -> Optimizer:
    """The sign of a mean of gradients: θ ← θ - η sign(β₁ m + (1 - β₁) g), m ← β₂ m + (1 - β₂) g (Chen et al. 2023).

    Every parameter moves by η, so that a good rate is 3 to 10 times smaller than Adam's.
    """
    rate, b1, b2 = rate_of("lion(lr)", lr), number("lion(b1)", b1, 0, 1), number("lion(b2)", b2, 0, 1)

    def direct(memory: Memory, g: Array, theta: Array, step: Any) -> tuple[Memory, Array]:
        (m,) = memory
        sign = namespace(theta).sign(b1 * m + (1 - b1) * g)
        return (b2 * m + (1 - b2) * g,), rate(step, theta) * sign

    return Optimizer(_zeros(1), direct, by_element=True)
