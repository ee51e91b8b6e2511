"""What layers are checked with: parameters, inputs, and the derivative beside central differences."""

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np

from fnn import tree
from fnn.arrays import Array, Shape
from fnn.layer import Back, Layer
from fnn.random import Key, fold_in, generator
from fnn.tree import Layout, Params, Tree, show

__all__ = ["Case", "LawError", "Verdicts", "check_vjp", "derivative", "normal", "on_rounded", "require"]

Verdicts = Iterator[tuple[Any, str]]  # whether a law holds in one point, and what came instead

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
    to √Σ (gradient · direction)². With a key, f is the stochastic pass.
    """
    for holds, detail in derivative(layer, params, x, key, rtol):
        require(holds, layer, "back is the exact transposed derivative of apply", detail)


def derivative(layer: Layer, params: Tree, x: Array, key: Key | None = None, rtol: float = 1e-6) -> Verdicts:
    """The verdicts of `check_vjp`: on each leaf, on x, and on all jointly."""
    start = tree.map(lambda leaf: np.asarray(leaf, np.float64), {"params": dict(params), "x": x})
    layout = Layout.of(start)

    def f(vector: np.ndarray) -> tuple[np.ndarray, Any]:
        point = tree.map(np.asarray, dict(layout.unravel(vector)))  # plain dicts, which hold any number of networks
        return layer.vjp(point["params"], point["x"], key)

    theta = layout.ravel(start)
    y, back = f(theta)
    u = normal(Key(0, (0,)), y.shape)
    gradient = layout.ravel(dict(zip(("params", "x"), back(u), strict=True)))
    noise = 8 * EPS / STEP * float(np.sum(np.abs(u * y)))
    leaves = dict(zip([*(show(path) for path, _ in tree.items(params)), "x"], tree.leaves(start), strict=True))
    sizes = [max(1.0, np.max(np.abs(leaf), initial=0)) for leaf in leaves.values()]
    if key is not None:  # statistics are not learnt: in training, the pullback holds them fixed
        sizes = [0.0 if "['statistics']" in what else size for what, size in zip(leaves, sizes, strict=True)]
    draws = [normal(Key(0, (1, i)), (leaf.size,)) * sizes[i] for i, leaf in enumerate(leaves.values())]
    owners = np.repeat(list(leaves), list(map(len, draws)))  # to which leaf each number of theta belongs
    direction = np.concatenate(draws)
    for what in [*leaves, "all jointly"]:
        t = direction * ((owners == what) | (what == "all jointly"))
        above, below = (float(np.sum(u * f(theta + h * t)[0])) for h in (STEP, -STEP))
        expected, terms = (above - below) / (2 * STEP), gradient * t
        got, size = float(np.sum(terms)), float(np.linalg.norm(terms))
        holds = abs(got - expected) <= rtol * max(size, abs(expected)) + noise
        yield holds, f"for {what}: the pullback gives {got:.12g}, central differences {expected:.12g}"


def on_rounded(layer: Layer) -> Layer:
    """A layer of integers as a layer of floating-point numbers, which it rounds, with a dx of 0; others as they are."""
    if not layer.integers:
        return layer

    def tokens(x: Any) -> Any:
        xp = x.__array_namespace__()
        return xp.astype(xp.floor(8 * x), xp.int32) % layer.integers

    def vjp(params: Tree, x: Any, key: Any = None) -> tuple[Any, Back]:
        y, back = layer.vjp(params, tokens(x), key)
        return y, lambda dy, need_dx=True: (back(dy)[0], x.__array_namespace__().zeros_like(x))

    return attrs.evolve(layer, apply=lambda params, x: layer.apply(params, tokens(x)), vjp=vjp, integers=0)


@attrs.frozen(eq=False)
class Case:
    """A layer, parameters for it, and inputs with any leading axes."""

    layer: Layer
    shape: Shape
    key: Key

    def params(self, i: int = 0, dtype: Any = np.float64) -> Params:
        """The `i`-th parameters."""
        return tree.cast(self.layer.init(fold_in(self.key, i), self.shape)[0], dtype)

    def x(self, lead: Shape = (), batch: int = 5, dtype: Any = np.float64) -> np.ndarray:
        """An input with these leading axes."""
        return normal(fold_in(self.key, 99), (*lead, batch, *self.shape)).astype(dtype)

    def leads(self) -> tuple[Shape, ...]:
        """Leading axes to try: (), (3,) and (2, 3), where 3 is the number of networks for an ensemble."""
        own = self.networks() or (3,)
        return (), own, (2, *own)

    def networks(self) -> Shape:
        """The leading axes that an ensemble anywhere in the layer gives its output."""

        def lead(node: Params) -> Shape:
            inner = [lead(part) for part in node.values() if isinstance(part, Params)]
            return max([node.lead if tree.leaves(node) else (), *inner], key=len)

        return lead(self.params())

    def variations(self, dtype: Any = np.float64) -> Iterator[np.ndarray]:
        """Inputs with several leading axes, and batches of 5, 1 and 0 examples."""
        return (self.x(lead, batch, dtype) for lead in self.leads() for batch in (5, 1, 0))
