"""Randomness as a value.

A `Key` names a stream of random numbers; it does not hold one. Folding integers into a key names further streams, so
that every initial weight, batch order and dropout mask is a pure function of (seed, path) and nothing else.
"""

from collections.abc import Iterable
from functools import singledispatch
from typing import Any

import attrs
import numpy as np

from fnn.values import whole

__all__ = ["Key", "draw", "fold_in", "generator", "split"]


def _is_word(i: object, bits: int) -> bool:
    """Whether `i` is a true integer in [0, 2**bits)."""
    return isinstance(i, (int, np.integer)) and not isinstance(i, bool) and 0 <= int(i) < 2**bits


def _to_int(i: Any) -> Any:
    """A NumPy integer as Python's own, so that equal keys have equal reprs; everything else as it is."""
    return int(i) if isinstance(i, np.integer) else i


def _to_path(path: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(map(_to_int, path))


@attrs.frozen
class Key:
    """The name of a stream of random numbers: a seed, and a path of integers below it.

    The seed is an integer in [0, 2**128), each part of the path one in [0, 2**32): these are the bounds within which
    `numpy.random.SeedSequence` maps different keys to different streams.

    >>> Key(42)
    Key(seed=42, path=())
    """

    seed: int = attrs.field(converter=_to_int)
    path: tuple[int, ...] = attrs.field(default=(), converter=_to_path)

    @seed.validator
    def _check_seed(self, _: Any, seed: object) -> None:
        if not _is_word(seed, 128):
            raise ValueError(f"Key: the seed must be an integer from 0 to 2**128 - 1, got {seed!r}")

    @path.validator
    def _check_path(self, _: Any, path: tuple[object, ...]) -> None:
        for i in path:
            if not _is_word(i, 32):
                hint = "; under jax.jit, give a jax.random.key" if hasattr(i, "aval") else ""
                raise ValueError(f"Key: only integers from 0 to 2**32 - 1 can be folded in, got {i!r}{hint}")


@singledispatch
def fold_in(key: Any, i: int) -> Any:
    """The key below `key` that the integer `i` names.

    Raises `ValueError` for anything but an integer in [0, 2**32). Key types of other libraries take part by
    `fold_in.register`.

    >>> fold_in(fold_in(Key(42), 3), 1)
    Key(seed=42, path=(3, 1))
    """
    raise TypeError(f"fold: expected a Key, got {type(key).__name__}; make one with Key(seed)")


@fold_in.register
def _(key: Key, i: int) -> Key:
    return Key(key.seed, (*key.path, i))


def split(key: Any, n: int) -> tuple[Any, ...]:
    """The `n` keys `fold_in(key, 0)` ... `fold_in(key, n - 1)`.

    >>> split(Key(42), 2)
    (Key(seed=42, path=(0,)), Key(seed=42, path=(1,)))
    """
    return tuple(fold_in(key, i) for i in range(whole("split(n)", n, low=0)))


def generator(key: Key) -> "np.random.Generator":  # quoted: NumPy loads its random module when first asked for it
    """A fresh NumPy generator at the start of the stream that `key` names: to be used once and dropped.

    The stream is that of `SeedSequence(seed, spawn_key=path)`, which `SeedSequence.spawn` would reach by counting.

    >>> generator(Key(42)).integers(10, size=3) == generator(Key(42)).integers(10, size=3)
    array([ True,  True,  True])
    """
    if not isinstance(key, Key):
        raise TypeError(f"generator: expected a Key, got {type(key).__name__}; make one with Key(seed)")
    return np.random.default_rng(np.random.SeedSequence(key.seed, spawn_key=key.path))


@singledispatch
def draw(key: Any, shape: tuple[int, ...]) -> Any:
    """Uniform numbers in [0, 1) of this shape, float32: the randomness of a layer in training.

    >>> draw(Key(42), (2,)) == draw(Key(42), (2,))
    array([ True,  True])
    """
    raise TypeError(f"draw: expected a Key, got {type(key).__name__}; make one with Key(seed)")


@draw.register
def _(key: Key, shape: tuple[int, ...]) -> np.ndarray:
    return generator(key).random(shape, dtype=np.float32)
