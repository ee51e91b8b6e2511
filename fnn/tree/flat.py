"""A parameter tree and one flat vector are two views of the same thing.

Optimizers work on the vector: there, their arithmetic reads as in the papers and takes few passes over memory.
"""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, NamedTuple

import attrs
import numpy as np

from fnn.arrays import Array, is_array, misfit, namespace, read_only
from fnn.tree.functions import check_names, items, leaves
from fnn.tree.params import Params, Path, Tree, TreeError, check_leaf, show
from fnn.values import record

__all__ = ["Layout", "ravel"]


class Views(dict[str, Any]):
    """Views of a vector as a tree that one step builds and drops: a dict, read by name or position as `Params`."""

    __slots__ = ("lead",)
    lead: tuple[int, ...]

    def __missing__(self, name: Any) -> Any:
        return Params.trusted(dict(self), self.lead)[name]


class Span(NamedTuple):
    """Where one leaf lies in the vector, and its shape without the ensemble's leading axes."""

    start: int
    stop: int
    shape: tuple[int, ...]


@record
@attrs.frozen(eq=False, repr=False)
class Layout:
    """Where every leaf of a tree lies in the flat vector. It holds shapes and no arrays.

    `lead` are the leading axes of the leaves, and of the vector: (R,) for R networks, whose vector is a matrix (R, N).
    """

    parts: tuple[tuple[str, Any], ...]
    lead: tuple[int, ...]
    size: int

    @classmethod
    def of(cls, tree: Tree) -> "Layout":
        """The layout of a tree, with the leaves in the tree's order.

        Raises `TreeError` for leaves that `Params` refuses, and if leaves differ in dtype: a vector has one.
        """
        if not isinstance(tree, Mapping):
            pair = "; init returns a pair: params, out_shape = model.init(key, shape)"
            hint = pair if isinstance(tree, tuple) else "; give a mapping of names to arrays"
            raise TreeError(f"expected a tree of parameters, got {type(tree).__name__}{hint}")
        for path, leaf in items(tree):
            check_leaf(path, leaf)
        if len(dtypes := {str(leaf.dtype) for leaf in leaves(tree)}) > 1:
            raise TreeError(f"one flat vector has one dtype, the tree has {sorted(dtypes)}; convert it with tree.cast")
        lead = getattr(tree, "lead", ())

        def walk(node: Tree, start: int) -> Layout:
            parts: list[tuple[str, Any]] = []
            stop = start
            for name, value in node.items():
                if isinstance(value, Mapping):
                    parts.append((name, walk(value, stop)))
                    stop += parts[-1][1].size
                else:
                    shape = tuple(value.shape[len(lead) :])
                    parts.append((name, Span(stop, stop + prod(shape), shape)))
                    stop += prod(shape)
            return cls(tuple(parts), getattr(node, "lead", ()), stop - start)

        return walk(tree, 0)

    def ravel(self, tree: Tree) -> Array:
        """The leaves of a tree as one vector (..., N). Raises `TreeError`, with the path, for another layout."""
        leaves = _leaves(self, tree, self.lead, ())
        if not leaves:
            return np.zeros((*self.lead, 0), np.float32)
        if not is_array(leaves[0]):
            raise TreeError(f"expected a tree of arrays, got {misfit(leaves[0])}")
        xp = namespace(leaves[0])
        if not self.lead:
            return xp.concat(leaves, axis=None)
        return xp.concat([xp.reshape(x, (*self.lead, -1 if x.size else 0)) for x in leaves], axis=-1)

    def unravel(self, vector: Array) -> Params:
        """The tree of a vector. Its leaves are views of the vector, or of a copy if the vector is writable."""
        if vector.shape != (*self.lead, self.size):
            raise TreeError(f"unravel: expected a vector of shape {(*self.lead, self.size)}, got {vector.shape}")
        if isinstance(vector, np.ndarray) and vector.flags.writeable:
            vector = read_only(vector.copy())
        return _params(self.views(vector))

    def views(self, vector: Array) -> Views:
        """The same tree as dicts, which take half the time: for a step. The vector must have the layout's shape."""
        reshape = np.ndarray.reshape if isinstance(vector, np.ndarray) else vector.__array_namespace__().reshape
        return _views(self, vector, self.lead, reshape)


def _leaves(layout: Layout, tree: Tree, lead: tuple[int, ...], path: Path) -> list[Array]:
    """The leaves of `tree`. Raises `TreeError`, with the path, if one is missing or has another shape than expected."""
    found: list[Array] = []
    try:
        if len(tree) == len(layout.parts):
            for name, part in layout.parts:
                leaf = tree[name]
                if isinstance(part, Layout):
                    found += _leaves(part, leaf, lead, (*path, name))
                elif leaf.shape == lead + part.shape:
                    found.append(leaf)
                else:
                    break
            else:
                return found
    except (AttributeError, IndexError, KeyError, TypeError):
        pass
    check_names(dict(layout.parts), tree, path)
    wrong = (
        (name, part.shape)
        for name, part in layout.parts
        if not isinstance(part, Layout) and getattr(tree[name], "shape", None) != lead + part.shape
    )
    name, shape = next(wrong)
    at, came = show((*path, name)), getattr(tree[name], "shape", None)
    came = misfit(tree[name]) if came is None else came
    raise TreeError(f"trees part at {at}: expected an array of shape {lead + shape}, got {came}")


def _views(layout: Layout, vector: Array, lead: tuple[int, ...], reshape: Callable[..., Array]) -> Views:
    """The part of the tree that `layout` describes."""
    parts = Views()
    parts.lead = layout.lead
    for name, part in layout.parts:
        if isinstance(part, Layout):
            parts[name] = _views(part, vector, lead, reshape)
        else:
            start, stop, shape = part
            leaf = vector[..., start:stop]
            parts[name] = leaf if len(shape) == 1 else reshape(leaf, lead + shape)
    return parts


def _params(views: Views) -> Params:
    """The same tree as `Params`."""
    parts = {name: _params(part) if isinstance(part, Views) else part for name, part in views.items()}
    return Params.trusted(parts, views.lead)


def ravel(params: Tree) -> tuple[Array, Callable[[Array], Params]]:
    """A tree as one flat vector (N,), of R networks a matrix (R, N), and the function that makes a tree of it again.

    Raises `TreeError` if leaves differ in dtype.

    >>> vector, unravel = ravel(Params({"weights": np.ones((2, 2)), "bias": np.zeros(2)}))
    >>> vector
    array([1., 1., 1., 1., 0., 0.])
    >>> unravel(vector)
    Params
      weights  (2, 2) float64
      bias     (2,) float64
    """
    layout = Layout.of(params)
    return layout.ravel(params), layout.unravel
