"""Normalisation within each example: the features of a group with a mean of 0 and a variance of 1."""

from math import prod
from typing import Any

from fnn.arrays import Array, Shape
from fnn.initializers import constant, zeros
from fnn.layer import Back, Layer, LayerError
from fnn.layers.declared import layer
from fnn.tree import Tree
from fnn.values import constructor, number, whole

__all__ = ["group_norm", "layer_norm", "rms_norm"]


@constructor
def layer_norm(*, eps: float = 1e-5) -> Layer:
    """Layer normalisation: y = γ (x - μ) / √(σ² + ε) + β, μ and σ² over an example's features (Ba et al. 2016, eq. 3).

    x (..., batch, n), scale γ and bias β (..., n) give y (..., batch, n). Sequences take `each(layer_norm())`.
    Raises `ValueError` unless ε is positive.
    """
    return _within(1, 1, number("layer_norm(eps)", eps, 0, above=True), centre=True)


@constructor
def rms_norm(*, eps: float = 1e-5) -> Layer:
    """Root-mean-square normalisation: y = γ x / √(mean(x²) + ε), over an example's features (Zhang & Sennrich 2019).

    x (..., batch, n) and scale γ (..., n) give y (..., batch, n). Raises `ValueError` unless ε is positive.
    """
    return _within(1, 1, number("rms_norm(eps)", eps, 0, above=True), centre=False)


@constructor
def group_norm(groups: int, axes: int = 1, *, eps: float = 1e-5) -> Layer:
    """Layer normalisation of each group of features by itself (Wu & He 2018, equation 2).

    groups   in how many groups the last axis of features is divided
    axes     the number of feature axes: 1 for vectors, 3 for images (height, width, channels), over all of whose
             places μ and σ² are taken

    With as many groups as channels it is the instance normalisation of images.
    Raises `ValueError` for settings out of range, and `LayerError` unless the groups divide the features.
    """
    groups, axes = whole("group_norm(groups)", groups), whole("group_norm(axes)", axes)
    return _within(groups, axes, number("group_norm(eps)", eps, 0, above=True), centre=True)


def _within(groups: int, axes: int, eps: float, *, centre: bool) -> Layer:
    """The layer that normalises each group; without `centre`, by the mean square, without a mean and a bias."""
    over = (-3, -1)  # of (..., batch, places, groups, features of a group)
    names = (*(f"n{i}" for i in range(axes - 1)), "n")

    def same(shape: Shape) -> Shape:
        if shape[-1] % groups:
            raise LayerError("", f"{groups} groups do not divide {shape[-1]} features; choose a number that does")
        return shape

    def grouped(x: Array) -> Array:
        outer, places, n = x.shape[:-axes], prod(x.shape[-axes:-1]), x.shape[-1]
        return x.__array_namespace__().reshape(x, (*outer, places, groups, n // groups))

    def mean(x: Array) -> Array:
        return x.__array_namespace__().mean(x, axis=over, keepdims=True)

    def spread(parameter: Array) -> Array:
        return parameter[(..., *(None,) * axes, slice(None))]  # over the batch and all places

    def normalised(x: Array) -> tuple[Array, Array]:
        """x̂, and what x without its mean is multiplied by."""
        rest = grouped(x)
        rest = rest - mean(rest) if centre else rest
        factor = (mean(rest * rest) + eps) ** -0.5
        return x.__array_namespace__().reshape(rest * factor, x.shape), factor

    def scaled(params: Tree, unit: Array) -> Array:
        y = unit * spread(params["scale"])
        if centre:
            y += spread(params["bias"])
        return y

    def apply(params: Tree, x: Array) -> Array:
        return scaled(params, normalised(x)[0])

    def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
        unit, factor = normalised(x)

        def back(dy: Array, need_dx: bool = True) -> tuple[Tree, Any]:
            grads = {"scale": dy * unit, "bias": dy}
            if not need_dx:
                return grads, None
            dunit, u = grouped(dy * spread(params["scale"])), grouped(unit)
            dx = dunit - u * mean(dunit * u)
            if centre:
                dx -= mean(dunit)
            dx *= factor
            return grads, dx.__array_namespace__().reshape(dx, dy.shape)

        return scaled(params, unit), back

    bias = zeros if centre else None
    return layer(apply, vjp, x=names, y=same, scale=(constant(1.0), names[-1:]), bias=(bias, names[-1:]))
