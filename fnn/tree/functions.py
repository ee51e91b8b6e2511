"""Functions of trees. A tree is any nested `Mapping`: a plain dict of gradients goes with its `Params`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fnn.arrays import Array, is_array, read_only
from fnn.tree.params import Params, Path, Tree, TreeError, check_leaf, show

__all__ = ["cast", "check_names", "items", "leaves", "like", "map", "member", "stack"]


def items(tree: Tree) -> Iterator[tuple[Path, Array]]:
    """Every leaf of a tree with its path, in order.

    >>> [path for path, leaf in items({"0": {"weights": 1, "bias": 2}, "1": {}})]
    [('0', 'weights'), ('0', 'bias')]
    """
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from (((name, *path), leaf) for path, leaf in items(value))
        else:
            yield (name,), value


def leaves(tree: Tree) -> list[Array]:
    """The leaves of a tree, in order.

    >>> leaves({"0": {"weights": 1, "bias": 2}, "1": {}})
    [1, 2]
    """
    return [leaf for _, leaf in items(tree)]


def check_names(tree: Tree, other: Tree, path: Path = ()) -> None:
    """Raise a `TreeError` that names `path` unless both are mappings of the same names (in any order)."""
    if not isinstance(other, Mapping):
        raise TreeError(f"trees part at {show(path)}: expected a mapping of {list(tree)}, got {type(other).__name__}")
    if tree.keys() != other.keys():
        missing, extra = [k for k in tree if k not in other], [k for k in other if k not in tree]
        raise TreeError(f"trees part at {show(path)}: missing {missing}, unexpected {extra}")


def map(f: Callable[..., Any], tree: Tree, *rest: Tree) -> Any:
    """`f` of each leaf, and of the leaves at the same place in the trees of `rest`.

    The result is a `Params` if `tree` is one and `f` returns arrays, else a dict of dicts. It has the leading axes
    (`lead`) of `tree` if `f` keeps every shape, else none. Raises `TreeError`, with the path, if the names differ.

    >>> map(lambda w, dw: w - dw, {"0": {"weights": 3}}, {"0": {"weights": 1}})
    {'0': {'weights': 2}}

    A step of an exponential moving average of the parameters, where `mean` begins as the first of them:

    >>> mean, params = {"weights": 1.0}, {"weights": 2.0}  # params are state.params
    >>> map(lambda a, q: 0.99 * a + 0.01 * q, mean, params)
    {'weights': 1.01}
    """

    def walk(path: Path, node: Any, *others: Any) -> Any:
        if not isinstance(node, Mapping):
            if any(isinstance(other, Mapping) for other in others):
                raise TreeError(f"trees part at {show(path)}: expected a leaf, got a mapping")
            return f(node, *others)
        for other in others:
            check_names(node, other, path)
        return {name: walk((*path, name), node[name], *(other[name] for other in others)) for name in node}

    new = walk((), tree, *rest)
    if not isinstance(tree, Params) or not all(is_array(leaf) for leaf in leaves(new)):
        return new
    for path, leaf in items(new):
        check_leaf(path, leaf)  # here, where the path is known
    kept = all(a.shape == b.shape for a, b in zip(leaves(tree), leaves(new), strict=True))
    return _with_leads(tree, new) if kept else Params(new)


def _with_leads(like: Tree, new: Tree, *first: int) -> Params:
    """`new` with leading axes: the axes `first`, then the ones that the same part of `like` has."""
    parts = {k: _with_leads(v, new[k], *first) if isinstance(v, Mapping) else new[k] for k, v in like.items()}
    return Params(parts, lead=(*first, *getattr(like, "lead", ())))


def like(params: Tree, tree: Tree, path: Path = ()) -> Params:
    """A tree of the same names, such as gradients, as `Params` with the order and the leading axes of `params`.

    Its leaves are read-only views, not copies. Raises `TreeError`, with the path, if the names differ.

    >>> import numpy as np
    >>> like(Params({"weights": np.ones(2), "bias": np.ones(1)}), {"bias": np.zeros(1), "weights": np.zeros(2)})
    Params
      weights  (2,) float64
      bias     (1,) float64
    """
    check_names(params, tree, path)
    parts = {
        name: like(part, tree[name], (*path, name)) if isinstance(part, Mapping) else read_only(tree[name])
        for name, part in params.items()
    }
    return Params.trusted(parts, getattr(params, "lead", ()))


def cast(tree: Tree, dtype: Any) -> Any:
    """The tree with every leaf in another dtype, for example `numpy.float64`.

    Raises `TreeError`, with the path, for a dtype that `Params` refuse, such as `numpy.float16`.

    >>> import numpy as np
    >>> cast(Params({"bias": np.zeros(2)}), np.float32)
    Params
      bias  (2,) float32
    """
    new = map(lambda leaf: leaf.__array_namespace__().astype(leaf, dtype), tree)
    for path, leaf in items(new):
        check_leaf(path, leaf)
    return new


def stack(trees: Sequence[Tree]) -> Params:
    """Trees of one shape as one tree of as many networks: each leaf gets a new first axis.

    Raises `TreeError` if there are no trees, and if they differ in their names or in the shape of a leaf.

    >>> import numpy as np
    >>> stack([Params({"bias": np.zeros(2)}), Params({"bias": np.ones(2)})])
    Params of 2 networks
      bias  (2, 2) float64
    """
    if not trees:
        raise TreeError("stack: expected at least one tree, got none")

    def joined(*leaves: Array) -> Array:
        if len(shapes := {leaf.shape for leaf in leaves}) > 1:
            raise TreeError(f"stack: the leaves at one place must have one shape, got {sorted(shapes)}")
        return leaves[0].__array_namespace__().stack(leaves)

    return _with_leads(trees[0], map(joined, dict(trees[0]), *trees[1:]), len(trees))


def member(params: Params, i: int) -> Params:
    """The `i`-th network of an ensemble's parameters: the inverse of `stack`.

    >>> import numpy as np
    >>> member(stack([Params({"bias": np.zeros(2)}), Params({"bias": np.ones(2)})]), 1)["bias"]
    array([1., 1.])
    """
    if not params.lead:
        raise TreeError("member: these parameters are of one network; only an ensemble's can be taken apart")
    parts = {k: member(v, i) if isinstance(v, Params) else v[i, ...] for k, v in params.items()}
    return Params(parts, lead=params.lead[1:])
