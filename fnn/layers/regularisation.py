"""Layers that behave otherwise with a key: dropout, and those that keep statistics of the data."""

from typing import Any

import numpy as np

from fnn.arrays import Array
from fnn.initializers import constant, zeros
from fnn.layer import Back, Layer, LayerError
from fnn.layers.declared import layer
from fnn.layers.sums import over_batch
from fnn.random import Key, draw
from fnn.tree import Tree
from fnn.values import constructor, number

__all__ = ["batch_norm", "dropout", "standardise"]


@constructor
def dropout(rate: float) -> Layer:
    """In training, with a key: drops each element with probability `rate` and multiplies the others by 1 / (1 - rate).

    Without a key, and in `apply`, the identity (Srivastava et al. 2014, in the inverted form).
    Raises `ValueError` unless 0 <= rate < 1.
    """
    rate = number("dropout(rate), the probability to drop an element,", rate, 0, 1)

    def apply(params: Tree, x: Array) -> Array:
        return x

    def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
        if key is None:
            return x, lambda dy, need_dx=True: ({}, dy)
        xp = x.__array_namespace__()
        mask = xp.astype(xp.asarray(draw(key, x.shape)) >= rate, x.dtype)
        mask /= 1 - rate
        return x * mask, lambda dy, need_dx=True: ({}, dy * mask)

    return layer(apply, vjp, needs_key=rate > 0)


def unit(key: Key, shape: tuple[int, ...]) -> np.ndarray:
    """The initial statistics (2, n): means of 0 and variances of 1."""
    return np.stack([np.zeros(shape[1:], np.float32), np.ones(shape[1:], np.float32)])


def centred(x: Array, mean: Array) -> Array:
    """x (..., batch, n) minus a mean (..., n)."""
    return x - mean[..., None, :]


def statistics_of(x: Array) -> tuple[Array, Array, Array]:
    """The mean and the variance (..., n) of x (..., batch, n) over the batch, and x without its mean."""
    n = max(1, x.shape[-2])  # a batch of no examples has mean 0 and variance 0
    mean = over_batch(x) / n
    rest = centred(x, mean)
    return mean, over_batch(rest * rest) / n, rest


def estimated(x: Array) -> tuple[Array, Array]:
    """The mean and the variance (..., n) of x (..., batch, n), as precise as its dtype: in two passes.

    The first mean of many large numbers is rounded. The mean of what is left of them says by how much.
    """
    mean, _, rest = statistics_of(x)
    error, variance, _ = statistics_of(rest)
    return mean + error, variance


def with_statistics(params: Tree, mean: Array, variance: Array) -> Tree:
    """The parameters with these statistics. Raises `LayerError` if they have leading axes that the parameters lack."""
    xp, old = mean.__array_namespace__(), params["statistics"]
    new = xp.astype(xp.stack([mean, variance], axis=-2), old.dtype)
    if new.ndim > old.ndim:
        problem = f"x has the leading axes {new.shape[:-2]}, the parameters have {old.shape[:-2]}"
        raise LayerError("", f"tune: {problem}; join the leading axes with the batch")
    return {**params, "statistics": xp.broadcast_to(new, old.shape)}


@constructor
def batch_norm(*, eps: float = 1e-5) -> Layer:
    """Batch normalisation: y = γ (x - μ) / √(σ² + ε) + β, for each feature (Ioffe & Szegedy 2015, Algorithm 1).

    In training, with a key, μ and σ² are the mean and the variance over the batch. Without a key, and in `apply`, they
    are the `"statistics"` (..., 2, n) among the parameters, which begin at 0 and 1: estimate them with
    `fnn.tune(model, params, x)`, from some thousand examples, before a validation and before saving (Wu & Johnson
    2021). The variance is divided by the number of examples, not by one less.

    x (..., batch, n), scale γ and bias β (..., n) give y (..., batch, n). Sequences take `each(batch_norm())`, and
    images `each(batch_norm(), axes=2)`. The pullback with a key, where x̂ = (x - μ) / √(σ² + ε), is
    dx = γ / √(σ² + ε) · (dy - mean(dy) - x̂ mean(dy x̂)). Raises `ValueError` unless ε is positive.
    """
    eps = number("batch_norm(eps)", eps, 0, above=True)

    def normalised(params: Tree, rest: Array, variance: Array) -> tuple[Array, Array]:
        """y, and what x is multiplied by; `rest` is overwritten."""
        factor = params["scale"] / (variance + eps) ** 0.5
        y = rest * factor[..., None, :]
        y += params["bias"][..., None, :]
        return y, factor

    def apply(params: Tree, x: Array) -> Array:
        mean, variance = params["statistics"][..., 0, :], params["statistics"][..., 1, :]
        return normalised(params, centred(x, mean), variance)[0]

    def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
        xp = x.__array_namespace__()
        if key is None:
            variance = params["statistics"][..., 1, :]
            rest = centred(x, params["statistics"][..., 0, :])
        else:
            _, variance, rest = statistics_of(x)
        y, factor = normalised(params, rest, variance)

        def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Any]:
            dbias, drest = over_batch(dy), over_batch(dy * rest)  # (..., n)
            inverse = 1 / (variance + eps)
            grads = {"scale": drest * inverse**0.5, "bias": dbias}
            if key is None:
                dmean, dvariance = -factor * dbias, factor * inverse * drest * -0.5
                return {**grads, "statistics": xp.stack([dmean, dvariance], axis=-2)}, dy * factor[..., None, :]
            grads["statistics"] = xp.zeros_like(params["statistics"])
            if not need_dx:
                return grads, None
            n = max(1, x.shape[-2])
            dx = dy - (dbias / n)[..., None, :]
            dx -= rest * (drest * inverse / n)[..., None, :]
            dx *= factor[..., None, :]
            return grads, dx

        return y, back

    def tune(params: Tree, x: Array) -> Tree:
        return with_statistics(params, *estimated(x))

    n = ("n",)
    statistics = (unit, (2, "n"))
    return layer(
        apply, vjp, x=n, needs_key=True, tune=tune, scale=(constant(1.0), n), bias=(zeros, n), statistics=statistics
    )


@constructor
def standardise() -> Layer:
    """Inputs standardised: y = (x - μ) / σ, for each feature. Its only parameters are the statistics μ and σ².

    The `"statistics"` (..., 2, n) are 0 and 1 until `fnn.tune(model, params, x)` estimates them: tune once, before the
    training. With a key, their gradient is 0. A feature that never varies, or by no more than the rounding of its mean,
    gets a variance of 0 and is only centred.
    """

    def scale(params: Tree) -> Array:
        variance = params["statistics"][..., 1, :]
        xp = variance.__array_namespace__()
        return 1 / xp.sqrt(xp.where(variance > 0, variance, 1.0))

    def apply(params: Tree, x: Array) -> Array:
        return centred(x, params["statistics"][..., 0, :]) * scale(params)[..., None, :]

    def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
        xp, y, factor = x.__array_namespace__(), apply(params, x), scale(params)

        def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Array]:
            dx = dy * factor[..., None, :]
            if key is not None:
                return {"statistics": xp.zeros_like(params["statistics"])}, dx
            varies = params["statistics"][..., 1, :] > 0
            dvariance = xp.where(varies, over_batch(dx * y) * factor * -0.5, 0.0)
            return {"statistics": xp.stack([-over_batch(dx), dvariance], axis=-2)}, dx

        return y, back

    def tune(params: Tree, x: Array) -> Tree:
        mean, variance = estimated(x)
        xp = x.__array_namespace__()
        varies = mean + xp.sqrt(variance) != mean  # else the variance is rounding alone
        return with_statistics(params, mean, xp.where(varies, variance, 0.0))

    return layer(apply, vjp, x=("n",), needs_key=True, tune=tune, statistics=(unit, (2, "n")))
