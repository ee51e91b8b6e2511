"""Nested values, compared to the last bit: the arrays in a value, its content as plain Python, and a digest of it."""

from collections.abc import Mapping
from hashlib import sha256

import attrs
import numpy as np

import fnn


def arrays(value):
    """Every NumPy array in a nested value, with its path."""
    if isinstance(value, np.ndarray):
        yield "", value
    elif isinstance(value, Mapping):
        yield from ((f"[{name!r}]{path}", leaf) for name in value for path, leaf in arrays(value[name]))
    elif isinstance(value, (tuple, list)):
        yield from ((f"[{i}]{path}", leaf) for i, part in enumerate(value) for path, leaf in arrays(part))
    elif attrs.has(type(value)):
        fields = [field.name for field in attrs.fields(type(value))]
        yield from ((f".{name}{path}", leaf) for name in fields for path, leaf in arrays(getattr(value, name)))


def content(value):
    """A nested value as plain Python values and bytes: equal exactly where two values are equal to the last bit."""
    if isinstance(value, (np.ndarray, np.generic)):
        return type(value).__name__, str(value.dtype), value.shape, value.tobytes()
    if isinstance(value, Mapping):
        return type(value).__name__, getattr(value, "lead", ()), [(name, content(value[name])) for name in value]
    if isinstance(value, (tuple, list)):
        return type(value).__name__, [content(part) for part in value]
    if isinstance(value, np.random.Generator):
        return content(value.random(3))
    if attrs.has(type(value)) and not isinstance(value, (fnn.Layer, fnn.Optimizer)):
        fields = attrs.fields(type(value))
        return type(value).__name__, [(field.name, content(getattr(value, field.name))) for field in fields]
    if callable(value):
        return getattr(value, "__qualname__", repr(value))
    return repr(value)


def digest(row):
    """The SHA-256 of the content of what a sample call returns."""
    f, *inputs = row()
    return sha256(repr(content(f(*inputs))).encode()).hexdigest()
