"""Declared shapes: what a layer takes, as data; one test of it, and one explanation where the test fails."""

from collections.abc import Mapping
from typing import Any

from fnn.arrays import Array, Shape, dtype_kind, is_array
from fnn.initializers import Initializer
from fnn.layer import LayerError, LayerTypeError
from fnn.tree import Tree

__all__ = ["Declared", "Sizes"]

Sizes = tuple[Any, ...]  # of a declared shape: integers, and names of lengths


class Declared:
    """The features of one example, and the initializer and shape of each parameter.

    `features` and shapes hold integers, and names for lengths that x and the parameters must agree on. With `more`,
    any axes may stand in front of the features; without, they are all the axes behind the batch's.
    """

    def __init__(self, features: Sizes, more: bool, parameters: Mapping[str, tuple[Initializer, Sizes]]) -> None:
        self.features, self.more, self.parameters = features, more, parameters
        # For the test of every call, a name is the (negative) axis of x that has this length.
        axes: dict[Any, int] = {name: i - len(features) for i, name in enumerate(features)}
        self._fixed = [(axis, n) for n, axis in axes.items() if not isinstance(n, str)]
        self._own: list[tuple[str, int, Sizes]] = [
            (what, len(own), tuple(axes.get(n, n) for n in own)) for what, (_, own) in parameters.items()
        ]

    def sizes(self, shape: Shape) -> dict[Any, int] | None:
        """The lengths by name in the shape of one example, or None if it is not of the declared features."""
        n = len(self.features)
        if len(shape) < n or (len(shape) > n and not self.more):
            return None
        pairs = list(zip(self.features, shape[len(shape) - n :], strict=True))
        same = all(isinstance(name, str) or name == length for name, length in pairs)
        return dict(pairs) if same else None

    def unlike(self, shape: Shape, name: str) -> str:
        """What `init` says of the shape of one example that is not of the declared features."""
        n = len(self.features)
        least, of = ("at least " if self.more else ""), ", ".join(map(str, self.features))
        count = {1: "one axis", 2: "two axes"}.get(n, f"{n} axes")
        remedy = "put flatten in front of it" if len(shape) > n else f"leave {name} out, or reshape the examples"
        return f"expected {least}{count} of features ({of}), got {shape}; {remedy}"

    def fits(self, params: Tree, x: Array) -> bool:
        """Whether `params` and `x` have the declared shapes and one floating-point dtype: the test before every call.

        A False may be harmless: `explain` looks closer.
        """
        try:
            shape, dtype, lead = x.shape, x.dtype, None
            if len(params.keys()) != len(self._own) or dtype_kind(dtype) != "float":
                return False
            if self.features and len(shape) <= len(self.features):
                return False
            for axis, n in self._fixed:
                if shape[axis] != n:
                    return False
            for name, n_axes, own in self._own:
                leaf = params[name]
                its_shape = leaf.shape
                outer = len(its_shape) - n_axes
                for axis, n in enumerate(own, outer):
                    if its_shape[axis] != (n if n > 0 else shape[n]):
                        return False
                its_lead = its_shape[:outer] if outer else ()
                if leaf.dtype != dtype or its_lead != (its_lead if lead is None else lead):
                    return False
                lead = its_lead
        except (AttributeError, IndexError, KeyError, TypeError):
            return False
        return True

    def explain(self, params: Any, x: Any, name: str, path: str) -> None:
        """Raise a `LayerError` that says what does not fit. Returns if `params` and `x` only differ in precision."""

        def refuse(problem: str, error: type[LayerError] = LayerError) -> None:
            raise error(name, problem, path)

        if not isinstance(params, Mapping):
            refuse(f"expected params as a mapping, got {type(params).__name__}; call f(params, x)", LayerTypeError)
        if params.keys() != self.parameters.keys():
            problem = f"expected parameters {sorted(self.parameters)}, got {sorted(params)}"
            refuse(f"{problem}; are these the parameters of another model?")
        if not is_array(x):
            refuse(f"expected x as an array, got {type(x).__name__}; convert it: np.asarray(x)", LayerTypeError)
        if dtype_kind(x.dtype) != "float":
            remedy = "scale and convert it: (x / 255).astype(np.float32)"
            refuse(f"expected floating-point x, got {x.dtype}; {remedy}", LayerTypeError)
        if self.features and x.ndim <= len(self.features):
            least = len(self.features) + 1
            refuse(f"expected x of at least {least} axes, got shape {x.shape}; add a batch axis: x[None]")
        for what, leaf in params.items():
            if not is_array(leaf) or dtype_kind(leaf.dtype) != "float":
                came = leaf.dtype if is_array(leaf) else type(leaf).__name__
                remedy = "use the params of init"
                refuse(f"expected {what} as a floating-point array, got {came}; {remedy}", LayerTypeError)
        lengths = self._lengths(params)
        if lengths is None:
            shapes = {what: tuple(leaf.shape) for what, leaf in params.items()}
            refuse(f"got parameters of shapes {shapes}; are these the parameters of another model?")
            return
        wanted = tuple(lengths.get(n, n) for n in self.features)
        came = tuple(x.shape[x.ndim - len(wanted) :])
        if any(n != m and not isinstance(n, str) for n, m in zip(wanted, came, strict=True)):
            a, b = (came[0], wanted[0]) if len(came) == 1 else (came, wanted)
            remedy = f"give x of {b} features, or init the model for {a}"
            refuse(f"x has {a} features, the parameters were initialised for {b}; {remedy}")

    def _lengths(self, params: Tree) -> dict[Any, int] | None:
        """The lengths that the parameters agree on, by name; None if their shapes contradict the declaration."""
        lengths: dict[Any, int] = {}
        leads = set()
        for what, (_, own) in self.parameters.items():
            shape = tuple(params[what].shape)
            outer = len(shape) - len(own)
            leads.add(shape[: max(outer, 0)])
            pairs = zip(own, shape[outer:], strict=True) if outer >= 0 else [(0, 1)]
            if any(lengths.setdefault(n, m if isinstance(n, str) else n) != m for n, m in pairs):
                return None
        return lengths if len(leads) < 2 else None
