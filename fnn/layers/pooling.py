"""Layers without parameters that change the size of images: pooling and its opposite."""

from collections.abc import Callable
from functools import reduce
from math import prod
from typing import Any

from fnn.arrays import Array, Shape
from fnn.layer import Layer
from fnn.layers.parameterless import Pull, parameterless
from fnn.layers.windows import AXES, Windows, lengths_of
from fnn.values import constructor

__all__ = ["global_mean", "max_pool", "mean_pool", "upsample"]

Lengths = int | tuple[int, ...]


@constructor
def max_pool(size: Lengths, *, stride: Lengths | None = None) -> Layer:
    """The maximum of each window, channel by channel: images (..., batch, height, width, c) become smaller.

    size     the window's lengths; how many they are is the number of spatial axes, so (2, 2) for images
    stride   the distance between windows, by default their size; a number, or one for each axis

    An axis of length n has ⌊(n - k) / s⌋ + 1 windows; a rest too short for a window is not read, and its gradient is 0.
    Among equal maxima the first one, row by row, gets the whole gradient. A window with a NaN gives NaN.

    Raises `ValueError` for a setting that is not understood, and `LayerError` unless the features are as many axes as
    `size` has numbers and one of channels, and the image is at least as large as a window.
    """
    windows = _settings("max_pool", size, stride)

    def pool(xp: Any, x: Array) -> tuple[Array, Pull]:
        y = reduce(xp.maximum, windows.parts_of(x))

        def pull(dy: Array) -> Array:
            def parts(left: Array = dy) -> Any:
                for part in windows.parts_of(x):
                    lost = part < y  # false for NaN, whose gradient goes to the first element
                    yield xp.where(lost, xp.zeros_like(left), left)
                    left = xp.where(lost, left, xp.zeros_like(left))

            return windows.fold(parts(), windows.spatial(x))

        return y, pull

    return _pooling("max_pool", pool, windows)


@constructor
def mean_pool(size: Lengths, *, stride: Lengths | None = None) -> Layer:
    """The mean of each window, channel by channel. The settings, the rest and the errors are those of `max_pool`."""
    windows = _settings("mean_pool", size, stride)
    n = prod(windows.size)

    def pool(xp: Any, x: Array) -> tuple[Array, Pull]:
        def pull(dy: Array) -> Array:
            return windows.fold([dy / n] * n, windows.spatial(x))

        return sum(windows.parts_of(x)) / n, pull

    return _pooling("mean_pool", pool, windows)


@constructor
def global_mean(axes: int = 2) -> Layer:
    """The mean over all places of an image: (..., batch, height, width, c) become (..., batch, c) (Lin et al. 2014).

    `axes` is the number of spatial axes: 1 for (..., batch, length, c). Raises `ValueError` unless it is 1 or 2.
    """
    if axes not in AXES or isinstance(axes, bool):
        raise ValueError(f"global_mean(axes), the number of spatial axes, must be 1 or 2, got {axes!r}")

    def mean(xp: Any, x: Array) -> tuple[Array, Pull]:
        def pull(dy: Array) -> Array:
            share = dy / prod(x.shape[-axes - 1 : -1])
            return xp.broadcast_to(share[(..., *[None] * axes, slice(None))], x.shape)

        return xp.mean(x, axis=tuple(range(-axes - 1, -1))), pull

    return parameterless("global_mean", mean, x=(*AXES[axes], "channels"), y=lambda shape: shape[-1:])


@constructor
def upsample(factor: Lengths) -> Layer:
    """Each number is repeated `factor` times on each spatial axis: the nearest neighbour in a larger image.

    `factor` is (2, 2) for images (..., batch, height, width, c), one number for (..., batch, length, c). The pullback
    sums over the copies. Raises `ValueError` unless `factor` is one or two positive whole numbers.
    """
    factors = lengths_of("upsample(factor)", factor)
    n_axes = len(factors)

    def repeat(xp: Any, x: Array) -> tuple[Array, Pull]:
        *outer, c = x.shape
        outer, shape = outer[:-n_axes], outer[-n_axes:]
        apart = [each for n, f in zip(shape, factors, strict=True) for each in (n, f)]  # height, 2, width, 2
        thin = [each for n in shape for each in (n, 1)]
        joined = [n * f for n, f in zip(shape, factors, strict=True)]
        y = xp.broadcast_to(xp.reshape(x, (*outer, *thin, c)), (*outer, *apart, c))
        copies = tuple(range(len(outer) + 1, len(outer) + 2 * n_axes, 2))
        return xp.reshape(y, (*outer, *joined, c)), lambda dy: xp.sum(xp.reshape(dy, (*outer, *apart, c)), axis=copies)

    def y(shape: Shape) -> Shape:
        return *(n * f for n, f in zip(shape, factors, strict=False)), shape[-1]

    return parameterless("upsample", repeat, x=(*AXES[n_axes], "channels"), y=y)


def _settings(name: str, size: Any, stride: Any) -> Windows:
    lengths = lengths_of(f"{name}(size)", size)
    steps = lengths if stride is None else lengths_of(f"{name}(stride)", stride, len(lengths))
    return Windows(lengths, steps, (1,) * len(lengths))


def _pooling(name: str, pool: Callable[[Any, Array], tuple[Array, Pull]], windows: Windows) -> Layer:
    def y(shape: Shape) -> Shape:
        return *windows.count(windows.features(shape)), shape[-1]

    return parameterless(name, pool, x=(..., *AXES[len(windows.size)], "channels"), y=y)
