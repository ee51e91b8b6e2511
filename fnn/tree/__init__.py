"""Trees of parameters: the immutable mapping `Params`, functions of trees, and a tree as one flat vector."""

from fnn.tree.flat import Layout, Span, ravel
from fnn.tree.functions import cast, items, leaves, like, map, member, stack
from fnn.tree.params import Params, Path, Tree, TreeError, show

__all__ = [
    "Layout",
    "Params",
    "Path",
    "Span",
    "Tree",
    "TreeError",
    "cast",
    "items",
    "leaves",
    "like",
    "map",
    "member",
    "ravel",
    "show",
    "stack",
]
