"""Randomness as a value.

A `Key` names a stream of random numbers; it holds no generator. Folding an integer into a key names a further stream.
So every initial weight, batch order and dropout mask is a pure function of (seed, path).
"""

from collections.abc import Iterable
from functools import singledispatch
from typing import Any

import attrs
import numpy as np

from fnn.values import is_integer, record, whole

__all__ = ["Key", "draw", "fold_in", "folded", "generator", "split"]


def _below(value: object, bits: int) -> bool:
    """Whether `value` is an integer in [0, 2**bits)."""
    return is_integer(value) and 0 <= int(value) < 2**bits  # type: ignore[call-overload]


def _python_int(value: Any) -> Any:
    """Any integer as Python's own, so that equal keys have equal reprs; everything else as it is."""
    return int(value) if is_integer(value) else value


def _part(i: Any) -> int:
    """A part of a path as Python's own integer. Raises `ValueError` unless it is an integer in [0, 2**32)."""
    if not _below(i, 32):
        hint = "; under jax.jit, give a jax.random.key" if hasattr(i, "aval") else ""
        raise ValueError(f"Key: only integers from 0 to 2**32 - 1 can be folded in, got {i!r}{hint}")
    return int(i)


def _path(path: Iterable[Any]) -> tuple[int, ...]:
    return tuple(map(_part, path))


@record
@attrs.frozen(eq=False, repr=False)
class Key:
    """The name of a stream of random numbers: a seed, and a path of integers below it.

    The seed is an integer in [0, 2**128), each part of the path one in [0, 2**32): within these bounds
    `numpy.random.SeedSequence` maps different keys to different streams.

    >>> Key(42)
    Key(seed=42, path=())
    """

    seed: int = attrs.field(converter=_python_int)
    path: tuple[int, ...] = attrs.field(default=(), converter=_path)

    @seed.validator
    def _check_seed(self, _: Any, seed: object) -> None:
        if not _below(seed, 128):
            raise ValueError(f"Key: the seed must be an integer from 0 to 2**128 - 1, got {seed!r}")


def fold_in(key: Any, i: Any) -> Any:
    """The key below `key` that the integer `i` names; for a tuple of keys, of each. Returns None if `key` is None.

    For many keys, fold a counter into one key: `fold_in(key, i)` for i = 0, 1, 2, ... In a chain such as
    `key, sub = split(key, 2)`, the path grows by one at each link, and the stream of a key takes a time that is
    proportional to its path.

    Raises `ValueError` unless `i` is an integer in [0, 2**32).

    >>> fold_in(fold_in(Key(42), 3), 1)
    Key(seed=42, path=(3, 1))
    """
    return None if key is None else folded(key, i)


@singledispatch
def folded(key: Any, i: Any) -> Any:
    """What `fold_in` does with a key; `folded.register` adds the key types of another library."""
    raise TypeError(f"fold_in: expected a Key, got {type(key).__name__}; make one with Key(seed)")


@folded.register(Key)
def _(key: Key, i: Any) -> Key:
    below = object.__new__(Key)  # only the new part is checked: the path may be long
    for name, value in (("seed", key.seed), ("path", (*key.path, _part(i)))):
        object.__setattr__(below, name, value)
    return below


def split(key: Any, n: int) -> tuple[Any, ...]:
    """The `n` keys `fold_in(key, 0)` ... `fold_in(key, n - 1)`. For many keys see `fold_in`: do not chain splits.

    >>> split(Key(42), 2)
    (Key(seed=42, path=(0,)), Key(seed=42, path=(1,)))
    """
    return tuple(fold_in(key, i) for i in range(whole("split(n)", n, low=0)))


def generator(key: Key) -> "np.random.Generator":  # quoted: NumPy loads its random module when first asked for it
    """A new NumPy generator at the start of the stream that `key` names. Use it once, and drop it.

    The stream is that of `SeedSequence(seed, spawn_key=path)`. Raises `TypeError` unless `key` is a `Key`.

    >>> generator(Key(42)).integers(10, size=3) == generator(Key(42)).integers(10, size=3)
    array([ True,  True,  True])
    """
    if not isinstance(key, Key):
        raise TypeError(f"generator: expected a Key, got {type(key).__name__}; make one with Key(seed)")
    return np.random.default_rng(np.random.SeedSequence(key.seed, spawn_key=key.path))


@folded.register(tuple)
def _(keys: tuple[Any, ...], i: Any) -> tuple[Any, ...]:  # of the networks of an ensemble
    if not keys:
        raise ValueError("fold_in: got no keys; give one for each network")
    return tuple(folded(key, i) for key in keys)


@singledispatch
def draw(key: Any, shape: tuple[int, ...], *, normal: bool = False) -> Any:
    """Uniform numbers in [0, 1) of this shape, float32, or standard normal ones: what a layer draws in training.

    Of R keys, the first axis of the shape has R parts, and part i is drawn from key i alone. `draw.register` adds the
    key types of another library.

    >>> draw(Key(42), (2,)) == draw(Key(42), (2,))
    array([ True,  True])
    """
    raise TypeError(f"draw: expected a Key, got {type(key).__name__}; make one with Key(seed)")


def check_keys(n: int, shape: tuple[int, ...]) -> None:
    """Raise `ValueError` unless `n` keys can draw for arrays of this shape."""
    if shape[:1] != (n,) or len(shape) < 3:
        must = f"the {n} keys of an ensemble draw for arrays ({n}, batch, ...)"
        raise ValueError(f"draw: {must}, got shape {shape}; give `batches` as many keys, or the step one key")


@draw.register(Key)
def _(key: Key, shape: tuple[int, ...], *, normal: bool = False) -> np.ndarray:
    stream = generator(key)
    return (stream.standard_normal if normal else stream.random)(shape, dtype=np.float32)


@draw.register(tuple)
def _(keys: tuple[Any, ...], shape: tuple[int, ...], *, normal: bool = False) -> Any:
    check_keys(len(keys), shape)
    parts = [draw(key, shape[1:], normal=normal) for key in keys]
    return parts[0].__array_namespace__().stack(parts)
