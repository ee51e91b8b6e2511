"""Parameters are a tree: an immutable nested mapping of names, with read-only arrays for leaves.

The functions here accept any nested `Mapping`, so that a plain dict of gradients zips with the `Params` it belongs to.
"""

import builtins
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any, NoReturn

import numpy as np

__all__ = ["Array", "Params", "Tree", "TreeError", "cast", "items", "leaves", "map", "member", "stack"]

Array = Any  # any array of the array API standard: NumPy's, JAX's, a tracer
Tree = Mapping[str, Any]
Path = tuple[str, ...]


class TreeError(ValueError):
    """Two trees do not match, or a tree holds what it must not; the message names the path."""


def show(path: Path) -> str:
    """A path as one would type it behind a tree.

    >>> show(("encoder", "0", "weights"))
    "['encoder']['0']['weights']"
    """
    return "".join(f"[{name!r}]" for name in path) or "its root"


def is_array(leaf: object) -> bool:
    """Whether `leaf` is an array by the standard's own test."""
    return hasattr(leaf, "__array_namespace__")


class Params(Mapping[str, Any]):
    """An immutable tree of parameters: names over further `Params`, read-only arrays at the leaves.

    Arrays that somebody could still write into are copied. `lead` are leading axes that all leaves share because the
    tree holds that many networks side by side (see `ensemble`); `()` for one network. Two trees are equal when their
    names, shapes, dtypes and values are. A slice takes a part by position: `params[1:3]`.

    Raises `TreeError`, with the path, for a leaf that is no array of numbers, a name that is no string, and a leaf
    that lacks the leading axes.

    >>> Params({"weights": np.zeros((2, 3)), "bias": np.zeros(3)})
    Params
      weights  (2, 3) float64
      bias     (3,) float64
    """

    __slots__ = ("_items", "lead")
    _items: dict[str, Any]
    lead: tuple[int, ...]

    def __init__(self, tree: Tree | None = None, *, lead: tuple[int, ...] | None = None) -> None:
        tree = {} if tree is None else tree
        if not isinstance(tree, Mapping):
            raise TreeError(f"Params: expected a mapping of names to arrays, got {type(tree).__name__}")
        axes: tuple[int, ...] = getattr(tree, "lead", ()) if lead is None else tuple(lead)
        object.__setattr__(self, "_items", {name: _freeze(tree[name], axes, (name,)) for name in tree})
        object.__setattr__(self, "lead", axes)

    @classmethod
    def trusted(cls, frozen: dict[str, Any], lead: tuple[int, ...] = ()) -> "Params":
        """`Params` around a dict that is already frozen through and through: no check, no copy."""
        params = object.__new__(cls)
        object.__setattr__(params, "_items", frozen)
        object.__setattr__(params, "lead", lead)
        return params

    def __getitem__(self, name: Any) -> Any:
        try:
            return self._items[name]
        except (KeyError, TypeError):  # a slice has no hash before Python 3.12
            if isinstance(name, slice):
                return Params.trusted(dict(list(self._items.items())[name]), self.lead)
            raise KeyError(f"no {name!r} among {list(self._items)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def keys(self) -> KeysView[str]:
        """The names, in order."""
        return self._items.keys()

    def values(self) -> ValuesView[Any]:
        """The parts, in order."""
        return self._items.values()

    def items(self) -> ItemsView[str, Any]:
        """Names and parts, in order."""
        return self._items.items()

    def __setitem__(self, name: str, value: object) -> NoReturn:
        raise TypeError(
            f"Params are immutable: cannot set [{name!r}]; make new ones with tree.map or Params({{**params, ...}})"
        )

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"Params are immutable: cannot set .{name}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Params):
            return NotImplemented
        same = self.lead == other.lead and list(self) == list(other)
        return same and all(_equal(self[name], other[name]) for name in self)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (dict(self._items), self.lead)

    def __copy__(self) -> "Params":
        return self

    def __deepcopy__(self, memo: object) -> "Params":
        return self

    def __repr__(self) -> str:
        networks = f" of {'x'.join(builtins.map(str, self.lead))} networks" if self.lead else ""
        return "\n".join([f"Params{networks}", *_lines(self, "  ")])


def _freeze(value: Any, lead: tuple[int, ...], path: Path) -> Any:
    """A part of a tree made immutable: mappings become `Params`, writable arrays read-only copies."""
    if not isinstance(path[-1], str):
        raise TreeError(f"Params: names are strings, got {path[-1]!r} below {show(path[:-1])}")
    if isinstance(value, Mapping):
        below = lead if lead else getattr(value, "lead", ())
        return Params.trusted({name: _freeze(value[name], below, (*path, name)) for name in value}, below)
    leaf = np.asarray(value) if isinstance(value, np.generic) else value
    if not is_array(leaf) or (isinstance(leaf, np.ndarray) and leaf.dtype.kind not in "fiubc"):
        kind = f"an array of {leaf.dtype}" if is_array(leaf) else type(leaf).__name__
        raise TreeError(f"Params{show(path)}: expected an array of numbers or a mapping, got {kind}")
    if tuple(leaf.shape[: len(lead)]) != lead:
        raise TreeError(f"Params{show(path)}: expected leading axes {lead}, got an array of shape {leaf.shape}")
    return read_only(leaf) if isinstance(leaf, np.ndarray) else leaf


def read_only(array: np.ndarray) -> np.ndarray:
    """`array` itself where nobody can write into its memory any more, a read-only copy otherwise."""
    base: Any = array
    while isinstance(base, np.ndarray) and not base.flags.writeable:
        base = base.base
    if base is not None:
        array = array.copy()
        array.flags.writeable = False
    return array


def _rebuild(frozen: dict[str, Any], lead: tuple[int, ...]) -> Params:
    """What unpickling calls: NumPy unpickles arrays writable, so they are frozen anew."""
    return Params(frozen, lead=lead)


def _equal(a: Any, b: Any) -> bool:
    """Equality of two parts by value: NaN equals NaN, float32 does not equal float64."""
    if isinstance(a, Params) or isinstance(b, Params):
        return bool(a == b)
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


def _lines(tree: Tree, indent: str) -> Iterator[str]:
    """The lines of a tree's repr: a name and an array a line, with the arrays of one mapping aligned."""
    width = max((len(name) for name in tree if is_array(tree[name])), default=0)
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield f"{indent}{name}" + ("" if value else "  (none)")
            yield from _lines(value, indent + "  ")
        else:
            yield f"{indent}{name:{width}}  {tuple(value.shape)} {value.dtype}"


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

    A `Params` gives a `Params` where `f` returns arrays; otherwise the result is a dict of dicts. It holds as many
    networks as `tree` (`lead`) where `f` keeps every shape, and else counts as one.
    Raises `TreeError` where the trees part.

    >>> map(lambda w, dw: w - dw, {"0": {"weights": 3}}, {"0": {"weights": 1}})
    {'0': {'weights': 2}}
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
    kept = all(a.shape == b.shape for a, b in zip(leaves(tree), leaves(new), strict=True))
    return _with_leads(tree, new) if kept else Params(new)


def _with_leads(params: Params, new: Tree) -> Params:
    """`new` with the leading axes that the parts of `params` have."""
    parts = {k: _with_leads(v, new[k]) if isinstance(v, Params) else new[k] for k, v in params.items()}
    return Params(parts, lead=params.lead)


def cast(tree: Tree, dtype: Any) -> Any:
    """The tree with every leaf in another dtype, for example `numpy.float64`.

    >>> cast(Params({"bias": np.zeros(2)}), np.float32)
    Params
      bias  (2,) float32
    """
    return map(lambda leaf: leaf.__array_namespace__().astype(leaf, dtype), tree)


def stack(trees: list[Any]) -> Any:
    """Trees of one shape as one tree of as many networks: each leaf gets a new first axis.

    >>> stack([Params({"bias": np.zeros(2)}), Params({"bias": np.ones(2)})])
    Params of 2 networks
      bias  (2, 2) float64
    """
    first, *rest = trees
    if not isinstance(first, Mapping):
        return first.__array_namespace__().stack(trees)
    for other in rest:
        check_names(first, other)
    lead = (len(trees), *getattr(first, "lead", ()))
    return Params({name: stack([each[name] for each in trees]) for name in first}, lead=lead)


def member(params: Params, i: int) -> Params:
    """The `i`-th network of an ensemble's parameters: the inverse of `stack`.

    >>> member(stack([Params({"bias": np.zeros(2)}), Params({"bias": np.ones(2)})]), 1)["bias"]
    array([1., 1.])
    """
    if not params.lead:
        raise TreeError("member: these parameters are of one network; only an ensemble's can be taken apart")
    parts = {k: member(v, i) if isinstance(v, Params) else v[i, ...] for k, v in params.items()}
    return Params(parts, lead=params.lead[1:])
