"""What is public, and what a call of it amounts to: the arrays in a nested value, and its content to the last bit."""

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from hashlib import sha256

import attrs
import numpy as np
from matplotlib.text import Text

import fnn

BEHIND_CHECKPOINT = (
    "fnn.checkpoint.description",
    "fnn.checkpoint.encode",
    "fnn.checkpoint.npz",
    "fnn.checkpoint.decode",
)  # which its own rows run: they hand views to one another


def public():
    """Every public function, class and layer, with all the names by which it can be had."""
    apart = (*BEHIND_CHECKPOINT, "fnn.interop.jax")
    modules = [info.name for info in pkgutil.walk_packages(fnn.__path__, "fnn.") if info.name not in apart]
    found = {}
    for module in map(importlib.import_module, ["fnn", *modules]):
        for name in getattr(module, "__all__", []):
            thing = getattr(module, name)
            record = inspect.isclass(thing) and not issubclass(thing, BaseException) and thing.__module__[:3] == "fnn"
            if record or inspect.isfunction(thing) or isinstance(thing, fnn.Layer):
                found.setdefault(id(thing), []).append(f"{module.__name__}.{name}")
    return list(found.values())


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
    """A nested value in plain words and bytes: what two equal outcomes have in common to the last bit."""
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
    """The SHA-256 of a row's outcome."""
    f, *inputs = row()
    return sha256(repr(content(f(*inputs))).encode()).hexdigest()


def drawn(f):
    """`f`, with the picture it draws told as numbers: lines, places, colours, texts."""

    def described(*inputs):
        told = []
        for artist in f(*inputs).findobj():
            told.append((type(artist).__name__, artist.get_text() if isinstance(artist, Text) else ""))
            for what in ("get_xydata", "get_offsets", "get_array", "get_facecolor", "get_extent"):
                told.append(np.asarray(getattr(artist, what, lambda: None)(), float))
        return told

    return described
