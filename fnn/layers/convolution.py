"""Convolution, and its adjoint. Each is the other's pullback."""

from collections.abc import Callable, Iterator
from functools import partial
from math import prod
from typing import Any, Literal

from fnn.arrays import Array, Shape
from fnn.initializers import Initializer, he_normal, zeros
from fnn.layer import Back, Layer
from fnn.layers.declared import layer
from fnn.layers.windows import AXES, Windows, lengths_of
from fnn.tree import Tree
from fnn.values import constructor, whole

__all__ = ["convolution", "transposed_convolution"]

Padding = Literal["valid", "same"]
Lengths = int | tuple[int, ...]


def rows_of(y: Array, n_axes: int) -> Array:
    """Images (..., batch, *shape, c) as one row for each place: (..., batch · places, c)."""
    *outer, c = y.shape
    split = len(outer) - n_axes - 1
    return y.__array_namespace__().reshape(y, (*outer[:split], prod(outer[split:]), c))


def gathered(windows: Windows, x: Array, w: Array) -> Array:
    """The product of each window of x with the weights (..., *size, c_in, c_out)."""
    xp, n_axes, rows = x.__array_namespace__(), len(windows.size), windows.unfold(x)
    y = rows @ xp.reshape(w, (*w.shape[: -n_axes - 2], rows.shape[-1], w.shape[-1]))
    return xp.reshape(y, (*y.shape[:-2], x.shape[-n_axes - 2], *windows.count(windows.spatial(x)), w.shape[-1]))


def scattered(windows: Windows, y: Array, w: Array, shape: Shape) -> Array:
    """The adjoint of `gathered` under the same weights: y (..., c_out) is spread over images of this shape."""
    xp, n_axes, rows = y.__array_namespace__(), len(windows.size), rows_of(y, len(windows.size))
    matrices = xp.reshape(w, (*w.shape[: -n_axes - 2], prod(windows.size), *w.shape[-2:]))

    def parts() -> Iterator[Array]:
        for i in range(prod(windows.size)):
            part = rows @ matrices[..., i, :, :].mT
            yield xp.reshape(part, (*part.shape[:-2], *y.shape[-n_axes - 2 : -1], part.shape[-1]))

    return windows.fold(parts(), shape)


def correlated(windows: Windows, x: Array, dy: Array) -> Array:
    """The gradient of the weights of `gathered`: the windows of x, transposed, times dy."""
    dw = windows.unfold(x).mT @ rows_of(dy, len(windows.size))
    return x.__array_namespace__().reshape(dw, (*dw.shape[:-2], *windows.size, x.shape[-1], dy.shape[-1]))


def _windows(name: str, size: Any, stride: Any, padding: Any, dilation: Any) -> Windows:
    """The settings of both layers, checked."""
    if padding not in ("valid", "same"):
        raise ValueError(f'{name}(padding) must be "valid" or "same", got {padding!r}')
    lengths = lengths_of(f"{name}(size)", size)
    stride, dilation = (
        lengths_of(f"{name}({what})", n, len(lengths)) for what, n in (("stride", stride), ("dilation", dilation))
    )
    return Windows(lengths, stride, dilation, padding == "same")


def _with_bias(
    size: Shape,
    n_out: int,
    weights: Initializer,
    bias: Initializer | None,
    out: Callable[[Shape], Shape],
    forward: Callable[[Array, Array], Array],
    dweights: Callable[[Array, Array], Array],
    dx: Callable[[Array, Array, Shape], Array],
) -> Layer:
    """The layer of forward(x, w) and a bias; dweights(x, dy) and dx(dy, w, shape of x) are its pullback."""
    n_axes = len(size)

    def apply(params: Tree, x: Array) -> Array:
        y = forward(x, params["weights"])
        if bias is not None:
            y += params["bias"][(..., *[None] * (n_axes + 1), slice(None))]
        return y

    def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
        def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Array | None]:
            dparams = {"weights": dweights(x, dy), "bias": rows_of(dy, n_axes)}
            return dparams, dx(dy, params["weights"], x.shape[-n_axes - 1 : -1]) if need_dx else None

        return apply(params, x), back

    return layer(
        apply,
        vjp,
        x=(..., *AXES[n_axes], "c_in"),
        y=lambda shape: (*out(shape), n_out),
        weights=(weights, (*size, "c_in", n_out)),
        bias=(bias, (n_out,)),
    )


@constructor
def convolution(
    n_out: int,
    size: Lengths,
    *,
    stride: Lengths = 1,
    padding: Padding = "valid",
    dilation: Lengths = 1,
    weights: Initializer = he_normal,
    bias: Initializer | None = zeros,
) -> Layer:
    """Convolution of images, or of signals, in the sense of neural networks: the kernel is not flipped.

        y[p, q] = b + Σᵢⱼ x[s p + d i, s q + d j] W[i, j]        s: stride, d: dilation

    x (..., batch, height, width, c_in), weights W (..., kh, kw, c_in, n_out) and bias b (..., n_out) give
    y (..., batch, out_h, out_w, n_out). With one number as `size`, there is one spatial axis: x (..., batch, length,
    c_in), W (..., k, c_in, n_out).

    n_out      the number of output channels
    size       the kernel's lengths; how many they are is the number of spatial axes, so (3, 3) for images
    stride     the distance between windows; a number, or one for each axis
    padding    "valid": windows lie inside the image; there are ⌊(n - (k - 1) d - 1) / s⌋ + 1 of them on an axis of
               length n. "same": zeros around the image make them ⌈n / s⌉; of an odd number of zeros, one more stands at
               the end, as in TensorFlow and XLA. (PyTorch's padding="same" refuses a stride; its padding=1 puts the
               same number on both sides, which differs for a stride of 2 and an even n.)
    dilation   the distance between a kernel's elements in the image; a number, or one for each axis
    weights    the initializer of W; its fan-in is kh · kw · c_in
    bias       the initializer of b; None for a layer without

    Memory: the windows of a whole batch are copied into one array of batch · out_h · out_w · kh · kw · c_in numbers, in
    the forward pass and again in the backward pass; it is not kept between them.

    Raises `ValueError` for a setting that is not understood, and `LayerError` unless the features are as many axes as
    `size` has numbers and one of channels, and, with "valid", the image is at least as large as the kernel.
    Source: LeCun et al. 1998, section II.
    """
    windows = _windows("convolution", size, stride, padding, dilation)
    return _with_bias(
        windows.size,
        whole("convolution(n_out)", n_out),
        weights,
        bias,
        out=lambda shape: windows.count(windows.features(shape)),
        forward=partial(gathered, windows),
        dweights=partial(correlated, windows),
        dx=partial(scattered, windows),
    )


@constructor
def transposed_convolution(
    n_out: int,
    size: Lengths,
    *,
    stride: Lengths = 1,
    padding: Padding = "valid",
    dilation: Lengths = 1,
    weights: Initializer = he_normal,
    bias: Initializer | None = zeros,
) -> Layer:
    """The adjoint of a convolution: with a stride of s it makes images s times as large, as decoders do.

    Each number of x adds its multiple of the kernel to y. x (..., batch, height, width, c_in), weights W (..., kh, kw,
    c_in, n_out) and bias b (..., n_out) give y (..., batch, out_h, out_w, n_out), and an axis of length n becomes
    n s with "same" and (n - 1) s + (k - 1) d + 1 with "valid".

    With V[i, j] = W[i, j]ᵀ as the weights of `convolution(c_in, ...)` under the same settings, both without bias,
    <convolution(y), x> = <y, transposed_convolution(x)> for all images x and y. PyTorch's
    `conv_transpose2d` has the weights (c_in, n_out, kh, kw).

    The settings, the memory and the errors are those of `convolution`. Source: Dumoulin & Visin 2016, section 4.
    """
    windows = _windows("transposed_convolution", size, stride, padding, dilation)
    return _with_bias(
        windows.size,
        whole("transposed_convolution(n_out)", n_out),
        weights,
        bias,
        out=lambda shape: windows.covered(windows.features(shape)),
        forward=lambda x, w: scattered(windows, x, w.mT, windows.covered(windows.spatial(x))),
        dweights=lambda x, dy: correlated(windows, dy, x).mT,
        dx=lambda dy, w, shape: gathered(windows, dy, w.mT),
    )
