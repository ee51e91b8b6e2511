"""A layer to be checked, with the parameters and inputs to check it on."""

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np

from fnn import tree
from fnn.arrays import Shape
from fnn.checks.derivative import normal
from fnn.layer import Back, Layer
from fnn.random import Key, fold_in
from fnn.tree import Params, Tree

__all__ = ["Case", "on_rounded"]


def on_rounded(layer: Layer) -> Layer:
    """A layer of integers as a layer of floating-point numbers, which it rounds; any other layer as it is.

    So that one set of laws holds for both: y does not change with x, and dx is zero.
    """
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
