"""The standard normal distribution: its distribution function Φ and its density φ, in array API operations.

The standard has no erf. Φ(x) = ½ (1 + erf(x / √2)) is computed by the rational approximations of Cody 1969 (Mathematics
of Computation 23, 631-637), with the coefficients of ANORM in Cody 1993 (Algorithm 715, ACM TOMS 19, 22-32).
"""

from collections.abc import Sequence
from math import pi, sqrt
from typing import Any

from fnn.arrays import Array, is_half
from fnn.layers.parameterless import Pull, parameterless

__all__ = ["gelu_exact"]

FAR = 40.0  # for |x| > FAR, φ(x) and Φ(-|x|) are 0 in every precision
NEAR, MIDDLE = 0.66291, sqrt(32)  # where one approximation ends and the next begins
ROOT, LOG_ROOT = sqrt(2 * pi), 0.9189385332046728  # √(2π) and its logarithm
LOG_ROOT_64, LOG_ROOT_32 = -3.8782941580672414e-17, 1.563417713631158e-08  # what LOG_ROOT lacks in each precision

# A line holds the coefficients of one power in the numerator and the denominator, from the highest power down.
# Cody's approximation in the tail is Φ(-x) = e^(-x²/2) P(x) / Q(x). TAIL is k(x) = (Q(x) / √(2π) - x P(x)) / P(x).
CENTRE = (
    (6.5682337918207449113e-2, 1.0),
    (2.2352520354606839287, 47.202581904688241870),
    (161.02823106855587881, 976.09855173777669322),
    (1067.6894854603709582, 10260.932208618978205),
    (18154.981253343561249, 45507.789335026729956),
)
TAIL = (
    (-1.0765576773720192317e-8, 0.0),
    (7.6831329801029994606e-7, 1.0765576773720192317e-8),
    (-2.6488996800188840669e-5, 0.39894151208813466764),
    (0.39953018389102111873, 8.8831497943883759412),
    (8.8736879037041194038, 93.506656132177855979),
    (92.825831896603948323, 597.27027639480026226),
    (578.34815085465869303, 2494.5375852903726711),
    (2320.8142291092131728, 6848.1904505362823326),
    (5680.9284875581136507, 11602.651437647350124),
    (7853.350205968562693, 9842.7148383839780218),
)
FAR_TAIL = (
    (2.307344176494017303e-2, 1.0),
    (0.21589853405795699, 1.28426009614491121),
    (0.1274011611602473639, 0.468238212480865118),
    (2.2235277870649807e-2, 6.59881378689285515e-2),
    (1.421619193227893466e-3, 3.78239633202758244e-3),
    (2.9112874951168792e-5, 7.29751555083966205e-5),
)


def polynomial(x: Array, coefficients: Sequence[float]) -> Array:
    """The polynomial with these coefficients, from the highest power down, by Horner's scheme.

    >>> import numpy as np
    >>> polynomial(np.array([0.0, 10.0]), (1, 2, 3))
    array([  3., 123.])
    """
    first, second, *rest = coefficients
    y = first * x
    y += second
    for coefficient in rest:
        y *= x
        y += coefficient
    return y


def ratio(x: Array, coefficients: Sequence[tuple[float, float]]) -> Array:
    """A quotient of two polynomials."""
    numerator, denominator = zip(*coefficients, strict=True)
    y = polynomial(x, numerator)
    y /= polynomial(x, denominator)
    return y


def density(xp: Any, x: Array) -> tuple[Array, Any]:
    """φ(x) for 0 <= x <= FAR; and r, such that φ(x) (1 - r) is more precise.

    φ(x) = e^-z with z = x²/2 + log √(2π); r is what the rounded z lacks. It is found by sums and products without
    rounding errors (Dekker 1971): x = a + b, where a has so few bits that a² and 2ab are exact. Where float32 can be
    widened to float64, this is not needed.
    """
    wide = xp.asarray(0.0).dtype  # the default: float64, but float32 in JAX without its x64
    if x.dtype != wide:
        x_wide = xp.astype(x, wide)
        return xp.astype(xp.exp(x_wide * x_wide * -0.5 - LOG_ROOT), x.dtype), 0.0
    scale, beyond = (2.0**20, LOG_ROOT_64) if x.dtype == xp.float64 else (2.0**6, LOG_ROOT_32)
    a = xp.trunc(x * scale) / scale
    b = x - a
    half = x * x * 0.5
    z = half + LOG_ROOT
    first = z - LOG_ROOT
    r = ((a * a * 0.5 - half) + a * b) + b * b * 0.5  # of the square
    r += (half - first) + (LOG_ROOT - (z - first)) + beyond  # of the sum (Knuth), and of the constant
    return xp.exp(-z), r


def distribution_and_density(xp: Any, x: Array) -> tuple[Array, Array]:
    """Φ(x) and φ(x) = e^(-x²/2) / √(2π), both precise relative to themselves, also in the tails.

    In the tail, Φ(-x) = φ(x) / (x + k(x)), with a small k, whose rounding errors hardly count.

    >>> import numpy as np
    >>> distribution_and_density(np, np.array([-10.0, 0.0]))
    (array([7.61985302e-24, 5.00000000e-01]), array([7.69459863e-23, 3.98942280e-01]))
    """
    size = xp.minimum(xp.abs(x), FAR)
    phi, r = density(xp, size)
    near, far = xp.minimum(size, NEAR), xp.maximum(size, MIDDLE)
    centre = 0.5 - near * ratio(near * near, CENTRE)
    inverse = 1 / (far * far)
    share = ROOT * inverse * ratio(inverse, FAR_TAIL)
    k = xp.where(size < MIDDLE, ratio(xp.clip(size, NEAR, MIDDLE), TAIL), far * (share / (1 - share)))
    below = xp.where(size < NEAR, centre, phi / (size + (k + (size + k) * r)))  # Φ(-|x|)
    return xp.where(x > 0, 1 - below, below), phi - phi * r


def _gelu_exact(xp: Any, x: Array) -> tuple[Array, Pull]:
    x = xp.astype(x, xp.float32) if is_half(x.dtype) else x  # half precision has no room for the approximations
    gate, density = distribution_and_density(xp, x)
    y = xp.maximum(x, -FAR) * gate
    return y, lambda dy: dy * (gate + xp.clip(x, -FAR, FAR) * density)


gelu_exact = parameterless("gelu_exact", _gelu_exact)
"""y = x Φ(x) = ½ x (1 + erf(x / √2)), with Φ of the normal distribution (Hendrycks & Gimpel 2016).

It is within 3 units in the last place, also in the tail, where 1 + erf(x / √2) would cancel.
"""
