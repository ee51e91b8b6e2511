"""Arithmetic in 50 digits, for the exact values that floating-point results are compared with."""

import mpmath
import numpy as np

MP = mpmath.MPContext()
MP.dps = 50
INF, NAN = np.inf, np.nan


def logistic(x):
    """1 / (1 + e⁻ˣ)."""
    return 1 / (1 + MP.exp(-x)) if x > 0 else MP.exp(x) / (1 + MP.exp(x))


def logistic_slope(x):
    """The derivative of `logistic`."""
    return MP.exp(-abs(x)) / (1 + MP.exp(-abs(x))) ** 2


def log_softmax(row):
    """The logarithms of a row's probabilities."""
    z = [MP.mpf(float(x)) - MP.mpf(float(row.max())) for x in row]
    total = MP.log(sum(MP.exp(each) for each in z))
    return [each - total for each in z]
