"""Layers without parameters that change the shape of images: pooling, its opposite, and flatten."""

from collections.abc import Callable, Iterator
from functools import reduce
from math import prod
from typing import Any

from fnn.arrays import Array, Shape
from fnn.layer import Layer
from fnn.layers.parameterless import Pull, parameterless
from fnn.layers.windows import AXES, Windows, lengths_of
from fnn.values import constructor, whole

__all__ = ["flatten", "global_mean", "max_pool", "mean_pool", "upsample"]

Lengths = int | tuple[int, ...]


@constructor
def max_pool(size: Lengths, *, stride: Lengths | None = None) -> Layer:
    """The maximum of each window, channel by channel: images (..., batch, height, width, c) become smaller.

    size     the window's lengths; how many they are is the number of spatial axes, so (2, 2) for images
    stride   the distance between windows, by default their size; a number, or one for each axis

    An axis of length n has ⌊(n - k) / s⌋ + 1 windows; a rest too short for a window is not read, and its gradient is 0.
    Among equal maxima the first one, row by row, gets the whole gradient. A window with a NaN gives NaN.

    Raises `ValueError` for a wrong setting, and `LayerError` unless the features are as many axes as `size` has numbers
    and one of channels, and the image is at least as large as a window.
    """

    def maximum(windows: Windows, xp: Any, x: Array) -> tuple[Array, Pull]:
        y = reduce(xp.maximum, windows.parts_of(x))

        def pull(dy: Array) -> Array:
            def parts(left: Array = dy) -> Iterator[Array]:
                *earlier, _ = windows.parts_of(x)
                for part in earlier:
                    rest = left * xp.astype(part < y, dy.dtype)  # for the maxima behind this part
                    yield left - rest
                    left = rest
                yield left

            return windows.fold(parts(), windows.spatial(x))

        return y, pull

    return _pooling("max_pool", size, stride, maximum)


@constructor
def mean_pool(size: Lengths, *, stride: Lengths | None = None) -> Layer:
    """The mean of each window, channel by channel. The settings, the rest and the errors are those of `max_pool`."""

    def mean(windows: Windows, xp: Any, x: Array) -> tuple[Array, Pull]:
        n = prod(windows.size)
        return sum(windows.parts_of(x)) / n, lambda dy: windows.fold([dy / n] * n, windows.spatial(x))

    return _pooling("mean_pool", size, stride, mean)


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
        return *(n * f for n, f in zip(shape[:-1], factors, strict=True)), shape[-1]

    return parameterless("upsample", repeat, x=(*AXES[n_axes], "channels"), y=y)


@constructor
def flatten(axes: int = 2) -> Layer:
    """Joins the last `axes` axes: images (..., batch, height, width) become (..., batch, height · width).

    Images with channels, (..., batch, height, width, channels), take `flatten(3)`. The result is a view of x where the
    array library has views. Raises `ValueError` unless `axes` is a positive integer, and `LayerError` for features of
    fewer axes.
    """
    axes = whole("flatten(axes)", axes)

    def joined(shape: Shape) -> Shape:
        return (*shape[:-axes], prod(shape[-axes:]))

    def flat(xp: Any, x: Array) -> tuple[Array, Pull]:
        return xp.reshape(x, joined(x.shape)), lambda dy: xp.reshape(dy, x.shape)

    names = ("height", "width", "channels")[:axes] if axes <= 3 else tuple(f"n{i}" for i in range(axes))
    return parameterless("flatten", flat, x=(..., *names), y=joined)


def _pooling(name: str, size: Any, stride: Any, pool: Callable[[Windows, Any, Array], tuple[Array, Pull]]) -> Layer:
    """The layer of pool(windows, xp, x) -> (y, pull), which pools along one axis at a time, the last first: less work.

    The first maximum of the rows' first maxima is the first one row by row.
    """
    lengths = lengths_of(f"{name}(size)", size)
    steps = lengths if stride is None else lengths_of(f"{name}(stride)", stride, len(lengths))
    ones = (1,) * len(lengths)
    windows = Windows(lengths, steps, ones)

    def only(axis: int) -> Windows:
        size, stride = ((*ones[:axis], n[axis], *ones[axis + 1 :]) for n in (lengths, steps))
        return Windows(size, stride, ones)

    along = [only(axis) for axis in reversed(range(len(lengths)))]

    def pool_all(xp: Any, x: Array) -> tuple[Array, Pull]:
        windows.count(windows.spatial(x))  # raises for an image that is too small
        pulls = list[Pull]()
        for each in along:
            x, pull = pool(each, xp, x)
            pulls.append(pull)
        return x, lambda dy: reduce(lambda dy, pull: pull(dy), reversed(pulls), dy)

    def y(shape: Shape) -> Shape:
        return *windows.count(windows.features(shape)), shape[-1]

    return parameterless(name, pool_all, x=(..., *AXES[len(lengths)], "channels"), y=y)
