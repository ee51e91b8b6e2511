"""The standard normal distribution: its distribution function Φ and its density φ, in array API operations.

The standard has no erf. Φ(x) = ½ (1 + erf(x / √2)) is computed by the rational approximations of Cody 1969, "Rational
Chebyshev approximations for the error function", Mathematics of Computation 23, 631-637, with the coefficients for Φ
that his function ANORM has in Cody 1993, "Algorithm 715: SPECFUN", ACM Transactions on Mathematical Software 19, 22-32.
"""

from collections.abc import Sequence
from math import pi, sqrt
from typing import Any

from fnn.arrays import Array, is_half
from fnn.layers.parameterless import Pull, parameterless

__all__ = ["gelu_exact"]

FAR = 40.0  # for |x| > FAR, φ(x) and Φ(-|x|) are 0 in every precision
NEAR, MIDDLE = 0.66291, sqrt(32)  # where one approximation ends and the next begins
DENSITY_AT_0 = 1 / sqrt(2 * pi)

# A line holds the coefficients of one power in the numerator and the denominator, from the highest power down.
CENTRE = (
    (6.5682337918207449113e-2, 1.0),
    (2.2352520354606839287, 47.202581904688241870),
    (161.02823106855587881, 976.09855173777669322),
    (1067.6894854603709582, 10260.932208618978205),
    (18154.981253343561249, 45507.789335026729956),
)
TAIL = (
    (1.0765576773720192317e-8, 1.0),
    (0.39894151208813466764, 22.266688044328115691),
    (8.8831497943883759412, 235.38790178262499861),
    (93.506656132177855979, 1519.3775994075548050),
    (597.27027639480026226, 6485.5582982667607550),
    (2494.5375852903726711, 18615.571640885098091),
    (6848.1904505362823326, 34900.952721145977266),
    (11602.651437647350124, 38912.003286093271411),
    (9842.7148383839780218, 19685.429676859990727),
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


def distribution_and_density(xp: Any, x: Array) -> tuple[Array, Array]:
    """Φ(x) and φ(x) = e^(-x²/2) / √(2π), both precise relative to themselves, also in the tails.

    The rounding of x² would grow in the exponent. So x² is written as c² + (x - c) (x + c), with Cody's c, the multiple
    of 1/16 before x, whose square is exact; and e^(-x²/2) is a product of two.

    >>> import numpy as np
    >>> distribution_and_density(np, np.array([-10.0, 0.0]))
    (array([7.61985302e-24, 5.00000000e-01]), array([7.69459863e-23, 3.98942280e-01]))
    """
    size = xp.minimum(xp.abs(x), FAR)
    coarse = xp.trunc(size * 16) / 16
    e = xp.exp(coarse * coarse * -0.5)
    e *= xp.exp((size - coarse) * (size + coarse) * -0.5)

    near, far = xp.minimum(size, NEAR), xp.maximum(size, MIDDLE)
    inverse = 1 / (far * far)
    centre = 0.5 - near * ratio(near * near, CENTRE)
    tail = e * ratio(xp.clip(size, NEAR, MIDDLE), TAIL)
    far_tail = e * ((DENSITY_AT_0 - inverse * ratio(inverse, FAR_TAIL)) / far)
    below = xp.where(size < NEAR, centre, xp.where(size < MIDDLE, tail, far_tail))  # Φ(-|x|)
    return xp.where(x > 0, 1 - below, below), e * DENSITY_AT_0


def _gelu_exact(xp: Any, x: Array) -> tuple[Array, Pull]:
    x = xp.astype(x, xp.float32) if is_half(x.dtype) else x  # half precision has no room for the approximations
    gate, density = distribution_and_density(xp, x)
    y = xp.maximum(x, -FAR) * gate
    return y, lambda dy: dy * (gate + xp.clip(x, -FAR, FAR) * density)


gelu_exact = parameterless("gelu_exact", _gelu_exact)
"""y = x Φ(x) = ½ x (1 + erf(x / √2)), with Φ of the normal distribution (Hendrycks & Gimpel 2016).

It is precise to a few units in the last place, also in the tail, where 1 + erf(x / √2) would cancel.
"""
