"""Trees of parameters: the immutable mapping `Params`, functions of trees, and a tree as one flat vector."""

from fnn.tree.flat import Layout, ravel
from fnn.tree.functions import cast, items, leaves, map, member, stack
from fnn.tree.params import Array, Params, Path, Tree, TreeError, is_array, read_only, show

__all__ = [
    "Array",
    "Layout",
    "Params",
    "Path",
    "Tree",
    "TreeError",
    "cast",
    "is_array",
    "items",
    "leaves",
    "map",
    "member",
    "ravel",
    "read_only",
    "show",
    "stack",
]
