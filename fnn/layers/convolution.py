"""Convolution, and its adjoint. Each is the other's pullback."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from fnn.arrays import Array, Shape
from fnn.initializers import Initializer, he_normal, zeros
from fnn.layer import Back, Layer
from fnn.layers.declared import layer
from fnn.layers.products import correlated, gathered, rows_of, scattered
from fnn.layers.windows import AXES, Windows, lengths_of
from fnn.tree import Tree
from fnn.values import constructor, whole

__all__ = ["convolution", "transposed_convolution"]

Padding = Literal["valid", "same"]
Lengths = int | tuple[int, ...]


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
    y (..., batch, out_h, out_w, n_out). With one number as `size`, x is (..., batch, length, c_in).

    n_out      the number of output channels
    size       the kernel's lengths; how many they are is the number of spatial axes, so (3, 3) for images
    stride     the distance between windows; a number, or one for each axis
    padding    "valid": windows lie inside the image; there are ⌊(n - (k - 1) d - 1) / s⌋ + 1 of them on an axis of
               length n. "same": zeros around the image make them ⌈n / s⌉; of an odd number of zeros, one more stands at
               the end, as in TensorFlow and XLA
    dilation   the distance between a kernel's elements in the image; a number, or one for each axis
    weights    the initializer of W; its fan-in is kh · kw · c_in
    bias       the initializer of b; None for a layer without

    Memory: NumPy copies the windows of a few examples at a time: at most 2^19 numbers, or the windows of one example
    (out_h · out_w · kh · kw · c_in). Only x is kept for the backward pass.

    Raises `ValueError` for a wrong setting, and `LayerError` unless the features are as many axes as `size` has numbers
    and one of channels, and, with "valid", the image is at least as large as the kernel.
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
    <convolution(y), x> = <y, transposed_convolution(x)> for all images x and y.

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
