"""A pullback beside central differences: is the derivative that a layer claims the one it has?"""

from typing import Any

import numpy as np

from fnn import tree
from fnn.arrays import Array, Shape
from fnn.layer import Layer
from fnn.random import Key, generator
from fnn.tree import Tree, show

__all__ = ["LawError", "check_vjp", "normal", "require"]

EPS = float(np.finfo(np.float64).eps)
STEP = EPS ** (1 / 3)  # of central differences: where rounding and truncation weigh the same


class LawError(AssertionError):
    """A layer breaks a law; the message says which, where, and by how much."""


def normal(key: Key, shape: Shape) -> np.ndarray:
    """Gaussian numbers in float64, by which layers are probed."""
    return generator(key).standard_normal(shape)


def require(holds: Any, layer: Layer, law: str, detail: str) -> None:
    """Raise a `LawError` unless the law holds."""
    if not holds:
        raise LawError(f"{layer!r} breaks the law “{law}”: {detail}")


def check_vjp(layer: Layer, params: Tree, x: Array, *, key: Key | None = None, rtol: float = 1e-6) -> None:
    """Compare a layer's pullback with central differences, in float64; raises `LawError` where they differ.

    For a random cotangent u and a random direction (t, s), ⟨dparams, t⟩ + ⟨dx, s⟩ must be the derivative of
    ⟨u, f(params + h t, x + h s)⟩ by h: for each leaf on its own, for x, and for all jointly. The tolerance is relative
    to √Σ (gradient · direction)², what such a sum is of the order of. With a key, f is the stochastic pass.
    """
    names = [show(path) for path, _ in tree.items(params)] + ["x"]
    leaves = [np.asarray(leaf, np.float64) for leaf in (*tree.leaves(params), x)]
    places = iter(range(len(leaves)))
    index = tree.map(lambda _: next(places), dict(params))  # each leaf's place in `leaves`, in the tree's own form

    def f(values: list[np.ndarray]) -> tuple[np.ndarray, Any]:
        return layer.vjp(tree.map(lambda i: values[i], index), values[-1], key)

    y, back = f(leaves)
    u = normal(Key(0, (0,)), y.shape)
    dparams, dx = back(u)
    gradients = [g for _, g in sorted(tree.leaves(tree.map(lambda i, g: (i, g), index, dparams)), key=lambda p: p[0])]
    gradients.append(dx)
    directions = [(i, v, max(1.0, float(np.max(np.abs(v), initial=0)))) for i, v in enumerate(leaves)]
    for place in [*range(len(leaves)), None]:
        ts = [normal(Key(0, (1, i)), v.shape) * (scale * (place in (i, None))) for i, v, scale in directions]
        above, below = (
            float(np.sum(u * f([v + sign * STEP * t for v, t in zip(leaves, ts, strict=True)])[0])) for sign in (1, -1)
        )
        expected = (above - below) / (2 * STEP)
        got = sum(float(np.sum(g * t)) for g, t in zip(gradients, ts, strict=True))
        size = sum(float(np.sum(np.square(g * t))) for g, t in zip(gradients, ts, strict=True)) ** 0.5
        noise = 8 * EPS / STEP * float(np.sum(np.abs(u * y)))
        what = "all jointly" if place is None else names[place]
        law = "back is the exact transposed derivative of apply"
        detail = f"for {what}: the pullback gives {got:.12g}, central differences {expected:.12g}"
        require(abs(got - expected) <= rtol * max(size, abs(expected)) + noise, layer, law, detail)
