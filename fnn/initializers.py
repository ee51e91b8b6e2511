"""Initializers: functions (key, shape) -> float32 array.

The trailing two axes of `shape` are (n_in, n_out), axes in front of them a receptive field.
"""

from collections.abc import Callable
from math import prod, sqrt

import numpy as np

from fnn.random import Key, generator
from fnn.values import constructor, number

__all__ = [
    "Initializer",
    "constant",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "normal",
    "orthogonal",
    "uniform",
    "zeros",
]

Initializer = Callable[[Key, tuple[int, ...]], np.ndarray]


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Fan-in and fan-out of weights (..., n_in, n_out).

    >>> _fans((784, 64)), _fans((3, 3, 8, 16))
    ((784, 64), (72, 144))
    """
    if len(shape) < 2:
        must = "fans need weights of at least two axes (n_in, n_out)"
        raise ValueError(f"{must}, got shape {shape}; use zeros or normal")
    field = prod(shape[:-2])
    return max(1, shape[-2] * field), max(1, shape[-1] * field)


@constructor
def normal(std: float = 0.01) -> Initializer:
    """Gaussian N(0, std²). Raises `ValueError` for a negative or non-finite `std`."""
    scale = number("normal(std)", std, 0)
    return lambda key, shape: generator(key).standard_normal(shape, dtype=np.float32) * scale


@constructor
def uniform(limit: float = 0.05) -> Initializer:
    """Uniform U(-limit, limit). Raises `ValueError` for a negative or non-finite `limit`."""
    scale = number("uniform(limit)", limit, 0)
    return lambda key, shape: (generator(key).random(shape, dtype=np.float32) * 2 - 1) * scale


@constructor
def constant(value: float) -> Initializer:
    """Every element `value`. Raises `ValueError` for a non-finite `value`."""
    level = number("constant(value)", value)
    return lambda key, shape: np.full(shape, level, dtype=np.float32)


def zeros(key: Key, shape: tuple[int, ...]) -> np.ndarray:
    """Every element 0, the usual initial value of a bias."""
    return np.zeros(shape, dtype=np.float32)


def he_normal(key: Key, shape: tuple[int, ...]) -> np.ndarray:
    """N(0, 2 / n_in): ReLU halves the variance (He et al. 2015, equation 10)."""
    n_in, _ = _fans(shape)
    return normal(sqrt(2 / n_in))(key, shape)


def he_uniform(key: Key, shape: tuple[int, ...]) -> np.ndarray:
    """U(-a, a) with a = √(6 / n_in): the variance of `he_normal` (He et al. 2015, equation 10)."""
    n_in, _ = _fans(shape)
    return uniform(sqrt(6 / n_in))(key, shape)


def glorot_normal(key: Key, shape: tuple[int, ...]) -> np.ndarray:
    """N(0, 2 / (n_in + n_out)) (Glorot & Bengio 2010, equation 12)."""
    return normal(sqrt(2 / sum(_fans(shape))))(key, shape)


def glorot_uniform(key: Key, shape: tuple[int, ...]) -> np.ndarray:
    """U(-a, a) with a = √(6 / (n_in + n_out)) (Glorot & Bengio 2010, equation 16)."""
    return uniform(sqrt(6 / sum(_fans(shape))))(key, shape)


def lecun_normal(key: Key, shape: tuple[int, ...]) -> np.ndarray:
    """N(0, 1 / n_in): unit variance out for unit variance in (LeCun et al. 1998, equation 16)."""
    n_in, _ = _fans(shape)
    return normal(sqrt(1 / n_in))(key, shape)


def orthogonal(key: Key, shape: tuple[int, ...]) -> np.ndarray:
    """A random matrix with orthonormal rows or columns, whichever are fewer (Saxe et al. 2014).

    The Q of a Gaussian matrix, signed by R's diagonal, is uniform over the orthogonal group (Mezzadri 2007). A
    receptive field gets a matrix at each place.
    """
    _fans(shape)
    *lead, n_in, n_out = shape
    tall = generator(key).standard_normal((*lead, max(n_in, n_out), min(n_in, n_out)))
    q, r = np.linalg.qr(tall)
    q = q * np.where(np.diagonal(r, axis1=-2, axis2=-1) < 0, -1.0, 1.0)[..., None, :]
    return np.ascontiguousarray(q if n_in >= n_out else q.mT, dtype=np.float32)
