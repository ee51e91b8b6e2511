"""Flatten: images become vectors."""

from collections.abc import Callable
from typing import Any

from fnn.arrays import Array, Shape
from fnn.layers.parameterless import parameterless

__all__ = ["flatten"]


def _joined(shape: Shape) -> Shape:
    *outer, height, width = shape
    return (*outer, height * width)


def _flatten(xp: Any, x: Array) -> tuple[Array, Callable[[Array], Array]]:
    return xp.reshape(x, _joined(x.shape)), lambda dy: xp.reshape(dy, x.shape)


flatten = parameterless("flatten", _flatten, x=(..., "height", "width"), y=_joined)
"""Joins the last two axes: images (..., batch, height, width) become (..., batch, height · width).

All axes in front are free, as in every layer, so flatten cannot know where an example begins: for features of three
axes, use it twice, `chain(flatten, flatten, ...)`. The result is a view of `x` where the array library has views.
"""
