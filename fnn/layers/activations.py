"""Activations: functions of one number, applied to each element, with their derivatives.

The formulas neither overflow nor cancel for extreme inputs whose value is in range. A derivative is computed from the
value where that is cheaper.
"""

from math import pi, sqrt
from typing import Any

import numpy as np

from fnn.arrays import Array, is_half, method
from fnn.layer import Layer
from fnn.layers.parameterless import elementwise, parameterless
from fnn.values import constructor, number

__all__ = ["elu", "elu_with", "gelu", "identity", "leaky_relu", "relu", "sigmoid", "softplus"]
__all__ += ["softplus_with", "swish", "tanh"]

BEYOND = 800.0  # for x < -BEYOND, eˣ is 0 in every precision
GELU_LINEAR = 2 * sqrt(2 / pi)
GELU_CUBIC = 0.044715 * GELU_LINEAR


def positive(x: Array) -> Array:
    """1 where x > 0, else 0, in x's dtype: the derivative of max(x, 0), with 0 at the kink and at NaN."""
    return method(x > 0, "astype")(x.dtype)


def logistic(xp: Any, x: Array) -> Array:
    """1 / (1 + e⁻ˣ); for x < 0 in the form eˣ / (1 + eˣ), which does not overflow and is precise in both tails."""
    e = xp.exp(-xp.abs(x))
    y = xp.maximum(e, method(x >= 0, "astype")(x.dtype))
    e += 1
    y /= e
    return y


def logistic_and_slope(xp: Any, x: Array) -> tuple[Array, Array]:
    """σ = 1 / (1 + e⁻ˣ) and its derivative e⁻ˣ / (1 + e⁻ˣ)², which unlike σ (1 - σ) does not cancel for great x."""
    e = xp.exp(-xp.abs(x))
    total = 1 + e
    y = xp.maximum(e, method(x >= 0, "astype")(x.dtype)) / total
    total *= total
    e /= total
    return y, e


def soft_maximum(xp: Any, x: Array) -> Array:
    """log(1 + eˣ), a smooth max(x, 0)."""
    return xp.maximum(x, 0.0) + xp.log1p(xp.exp(-xp.abs(x)))


def _swish(xp: Any, x: Array) -> Array:
    return xp.maximum(x, -BEYOND) * logistic(xp, x)  # the bound gives 0 for -inf, not -inf · 0


def _swish_slope(xp: Any, x: Array, y: Array) -> Array:
    gate, slope = logistic_and_slope(xp, x)
    slope *= xp.clip(x, -BEYOND, BEYOND)
    slope += gate
    return slope


def _gelu(xp: Any, x: Array) -> Array:
    """x σ(z) with z = a x + b x³.

    Beyond |x| = 30, σ(z) is 0 or 1 in every precision, so x is clipped there and x³ cannot overflow.
    """
    clipped = xp.clip(x, -30.0, 30.0)
    z = clipped * clipped
    z *= GELU_CUBIC
    z += GELU_LINEAR
    z *= clipped
    return xp.maximum(x, -30.0) * logistic(xp, z)


def _gelu_slope(xp: Any, x: Array, y: Array) -> Array:
    """σ(z) + x σ'(z) (a + 3 b x²)."""
    x = xp.clip(x, -30.0, 30.0)
    square = x * x
    z = GELU_CUBIC * square
    z += GELU_LINEAR
    z *= x
    gate, slope = logistic_and_slope(xp, z)
    square *= 3 * GELU_CUBIC
    square += GELU_LINEAR
    slope *= square
    slope *= x
    slope += gate
    return slope


identity = parameterless("identity", lambda xp, x: (x, lambda dy: dy))
"""y = x: the very same array."""

relu = elementwise("relu", lambda xp, x: xp.maximum(x, 0.0), lambda xp, x, y: positive(x))
"""y = max(x, 0) (Nair & Hinton 2010). For a NaN, y is NaN and the derivative 0."""

sigmoid = elementwise("sigmoid", logistic, lambda xp, x, y: y * (1 - y))
"""y = 1 / (1 + e⁻ˣ)."""

tanh = elementwise("tanh", lambda xp, x: xp.tanh(x), lambda xp, x, y: 1 - y * y)
"""y = (eˣ - e⁻ˣ) / (eˣ + e⁻ˣ)."""

softplus = elementwise("softplus", soft_maximum, lambda xp, x, y: logistic(xp, x))
"""y = log(1 + eˣ) (Dugas et al. 2001)."""

swish = elementwise("swish", _swish, _swish_slope)
"""y = x σ(x), also called SiLU (Ramachandran et al. 2017)."""

gelu = elementwise("gelu", _gelu, _gelu_slope)
"""y = ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))): the tanh form (Hendrycks & Gimpel 2016).

It is within 0.0005 of `gelu_exact` and costs less.
"""

elu = elementwise(
    "elu",
    lambda xp, x: xp.maximum(x, xp.expm1(xp.minimum(x, 0.0))),
    lambda xp, x, y: 1 + xp.minimum(y, 0.0),
)
"""y = x for x > 0, eˣ - 1 below (Clevert et al. 2016, with α = 1)."""


@constructor
def elu_with(alpha: float) -> Layer:
    """y = x for x > 0, α (eˣ - 1) below (Clevert et al. 2016). Raises `ValueError` unless α > 0.

    `elu` is the layer of α = 1.

    >>> elu_with(0.5).apply({}, np.array([-np.inf, 3.0]))
    array([-0.5,  3. ])
    """
    alpha = number("elu_with(alpha)", alpha, 0, above=True)
    return elementwise(
        "elu_with",
        lambda xp, x: xp.where(x > 0, x, alpha * xp.expm1(xp.minimum(x, 0.0))),
        lambda xp, x, y: xp.where(x > 0, xp.ones_like(y), alpha + y),
    )


@constructor
def softplus_with(beta: float) -> Layer:
    """y = log(1 + e^βx) / β, which is closer to max(x, 0) for a greater β. Raises `ValueError` unless β > 0.

    `softplus` is the layer of β = 1.

    >>> softplus_with(2.0).apply({}, np.array([0.0, 3.0])).round(4)
    array([0.3466, 3.0012])
    """
    beta = number("softplus_with(beta)", beta, 0, above=True)

    def within(xp: Any, x: Array) -> float:
        """β, or a number near the greatest one of the dtype of x: an infinite β times 0 would be NaN."""
        return min(beta, 6e4 if is_half(x.dtype) else float(xp.finfo(x.dtype).max))

    @np.errstate(over="ignore")  # where β |x| is beyond all floats, the exponential is 0
    def soft_maximum(xp: Any, x: Array) -> Array:
        b = within(xp, x)
        return xp.maximum(x, 0.0) + xp.log1p(xp.exp(-b * xp.abs(x))) / b

    @np.errstate(over="ignore")
    def slope(xp: Any, x: Array, y: Array) -> Array:
        return logistic(xp, within(xp, x) * x)

    return elementwise("softplus_with", soft_maximum, slope)


@constructor
def leaky_relu(slope: float = 0.01) -> Layer:
    """y = x for x > 0, slope · x below (Maas et al. 2013). Raises `ValueError` unless 0 < slope < 1.

    >>> import numpy as np
    >>> leaky_relu(0.1).apply({}, np.array([-2.0, 3.0]))
    array([-0.2,  3. ])
    """
    slope = number("leaky_relu(slope)", slope, 0, 1, above=True)
    return elementwise(
        "leaky_relu",
        lambda xp, x: xp.maximum(x, slope * x),
        lambda xp, x, y: slope + (1 - slope) * positive(x),
    )
