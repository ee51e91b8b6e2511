"""Flatten: images become vectors."""

from typing import Any

from fnn.layer import LayerError, Shape
from fnn.layers.parameterless import parameterless
from fnn.tree import Array

__all__ = ["flatten"]


def _joined(shape: Shape) -> Shape:
    if len(shape) < 2:
        raise LayerError("flatten", f"expected features of at least two axes, got {shape}; leave flatten out")
    *outer, height, width = shape
    return (*outer, height * width)


def _flatten(xp: Any, x: Array) -> Array:
    return xp.reshape(x, _joined(x.shape))


flatten = parameterless("flatten", _flatten, lambda xp, x, y, dy: xp.reshape(dy, x.shape), axes=2, out_shape=_joined)
"""Joins the last two axes: images (..., batch, height, width) become (..., batch, height · width).

All axes in front are free, as in every layer, so that it cannot know where an example begins; features of three axes
take it twice: `chain(flatten, flatten, ...)`. The result is a view of `x` where the array library has views.
"""
