"""Parameters are values: an immutable nested mapping of names, with read-only arrays for leaves."""

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from functools import partial
from typing import Any, NoReturn

import numpy as np

from fnn.arrays import is_half, misfit, read_only

__all__ = ["Params", "Path", "Tree", "TreeError", "check_leaf", "show"]

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


def check_leaf(path: Path, leaf: Any) -> None:
    """Raise a `TreeError` with the path unless `leaf` is an array of numbers that training can compute with."""
    problem = "None; give an array, or leave the name out" if leaf is None else misfit(leaf)
    if is_half(getattr(leaf, "dtype", None)):
        problem = (
            f"an array of {leaf.dtype}, which has too few bits for sums, squares and Adam's epsilon; "
            "convert it with astype('float32') or tree.cast"
        )
    if problem:
        raise TreeError(f"Params{show(path)}: expected an array of numbers or a mapping, got {problem}")


class Params(Mapping[str, Any]):
    """An immutable tree of parameters: names over further `Params`, read-only arrays at the leaves.

    The constructor copies arrays. `lead` are the leading axes that all leaves share where the tree holds several
    networks side by side (see `ensemble`); it is () for one network. Two trees are equal if their names, shapes, dtypes
    and values are. A part is taken by name or by position: `params["encoder"]`, `params[0]`, `params[1:]`.

    Raises `TreeError`, with the path, for a leaf that is not an array of numbers or is of half precision, a name that
    is not a string, and a leaf without the leading axes.

    >>> Params({"weights": np.zeros((2, 3)), "bias": np.zeros(3)})
    Params
      weights  (2, 3) float64
      bias     (3,) float64
    """

    __slots__ = ("_items", "lead")
    __array_ufunc__ = None  # NumPy's operators leave comparison to ours
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
        """`Params` of a dict whose parts are `Params` and read-only arrays already: nothing is checked or copied."""
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
            if isinstance(name, int) and -len(self) <= name < len(self):
                return list(self._items.values())[name]
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
            f"Params are immutable: cannot set [{name!r}]; make new ones with tree.map "
            "or Params({**params, name: new}, lead=params.lead)"
        )

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"Params are immutable: cannot set .{name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"Params are immutable: cannot delete .{name}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Params):
            return NotImplemented
        same = self.lead == other.lead and list(self) == list(other)
        return same and all(_equal(self[name], other[name]) for name in self)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(Params, lead=self.lead), (dict(self._items),)  # NumPy unpickles arrays as writable: freeze them

    def __copy__(self) -> "Params":
        return self

    def __deepcopy__(self, memo: object) -> "Params":
        return self

    def __repr__(self) -> str:
        from fnn.tree.display import text_lines  # here, since training shows nothing

        return "\n".join([self._title(), *text_lines(self, "  ")])

    def _repr_html_(self) -> str:
        from fnn.tree.display import html_table, leaf_rows

        return html_table([("path", "shape", "dtype"), (), *leaf_rows(self)], "<<<", self._title())

    def _title(self) -> str:
        return "Params" + (f" of {'x'.join(map(str, self.lead))} networks" if self.lead else "")


def _freeze(value: Any, lead: tuple[int, ...], path: Path) -> Any:
    """An immutable copy of a part of a tree: `Params` for a mapping, a read-only copy for a NumPy array."""
    if not isinstance(path[-1], str):
        raise TreeError(f"Params: names are strings, got {path[-1]!r} below {show(path[:-1])}")
    if isinstance(value, Mapping):
        own = getattr(value, "lead", ())
        below = own if own[: len(lead)] == lead else lead  # a part may be an ensemble itself, with further axes
        if isinstance(value, Params) and own == below:
            return value
        return Params.trusted({name: _freeze(value[name], below, (*path, name)) for name in value}, below)
    leaf = np.asarray(value) if isinstance(value, np.generic) else value
    swapped = isinstance(leaf, np.ndarray) and not leaf.dtype.isnative  # Layout.of refuses it
    check_leaf(path, leaf.view(leaf.dtype.newbyteorder()) if swapped else leaf)
    if tuple(leaf.shape[: len(lead)]) != lead:
        raise TreeError(f"Params{show(path)}: expected leading axes {lead}, got an array of shape {leaf.shape}")
    return read_only(leaf.copy()) if isinstance(leaf, np.ndarray) else leaf


def _equal(a: Any, b: Any) -> bool:
    """Equality of two parts by value: NaN equals NaN, float32 does not equal float64."""
    if isinstance(a, Params) or isinstance(b, Params):
        return isinstance(a, Params) and isinstance(b, Params) and a == b
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
