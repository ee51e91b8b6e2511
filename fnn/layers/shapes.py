"""The shapes that a layer declares: a fast check of its arguments, and the error message if the check fails."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fnn.arrays import Array, Shape, dtype_kind, is_array, misfit
from fnn.initializers import Initializer
from fnn.layer import LayerError, LayerTypeError, not_params
from fnn.tree import Tree

__all__ = ["Declared", "Sizes"]

Sizes = tuple[Any, ...]  # of a declared shape: integers, and names of lengths


def bind(lengths: dict[str, int], declared: Sizes, shape: Shape) -> bool:
    """Whether a shape is the declared one. Learns the lengths of names, which must be the same everywhere.

    >>> lengths = {}
    >>> bind(lengths, ("n_in", 64), (784, 64)), lengths
    (True, {'n_in': 784})
    """
    return len(declared) == len(shape) and all(
        lengths.setdefault(n, m) == m if isinstance(n, str) else n == m for n, m in zip(declared, shape, strict=True)
    )


class Declared:
    """The features of one example, and the initializer and shape of each parameter.

    Shapes hold integers, and names for lengths that x and the parameters must agree on. With `more`, any axes may stand
    in front of the features. x holds floating-point numbers, or integers below `integers` if that is not 0.
    """

    def __init__(
        self,
        features: Sizes,
        more: bool,
        parameters: Mapping[str, tuple[Initializer, Sizes]],
        integers: int = 0,
    ) -> None:
        self.features, self.more, self.parameters, self.integers = features, more, parameters, integers
        # For the check before every call, each name is replaced by the negative index of x's axis with that length.
        axis_of = {n: i - len(features) for i, n in enumerate(features) if isinstance(n, str)}
        self._features = [(i - len(features), axis_of.get(n, n)) for i, n in enumerate(features)]
        self._features = [(axis, n) for axis, n in self._features if axis != n]
        self._own: list[tuple[str, int, Sizes]] = [
            (name, len(own), tuple(axis_of.get(n, n) for n in own)) for name, (_, own) in parameters.items()
        ]

    def lengths(self, shape: Shape) -> dict[str, int] | None:
        """The lengths by name in the shape of one example, or None if it is not of the declared features."""
        lengths: dict[str, int] = {}
        start = max(len(shape) - len(self.features), 0) if self.more else 0
        return lengths if bind(lengths, self.features, shape[start:]) else None

    def message(self, shape: Shape, name: str) -> str:
        """The error message of `init` for the shape of one example that does not match."""
        n = len(self.features)
        least, of = ("at least " if self.more else ""), ", ".join(map(str, self.features))
        count = {1: "one axis", 2: "two axes"}.get(n, f"{n} axes")
        joined = len(shape) - n + 1  # axes
        remedy = f"put flatten({joined if joined > 2 else ''}) in front of it"
        if n == 1 and len(shape) > 1:
            axes = f", axes={joined - 1}" if joined > 2 else ""
            remedy += f", or write each({name}{axes}) to apply it at every place"
        elif len(shape) == n - 1 and self.features[-1] in ("c_in", "channels"):
            remedy = "give them an axis of channels: x[..., None]"
        elif len(shape) <= n:
            remedy = f"leave {name} out, or reshape the examples"
        return f"expected {least}{count} of features ({of}), got {shape}; {remedy}"

    def fits(self, params: Tree, x: Array) -> bool:
        """Whether `params` and `x` have the declared shapes and one floating-point dtype: the check before every call.

        It may be False for a difference in precision, which is no error: `explain` looks closer.
        """
        try:
            if type(x) is not np.ndarray and misfit(x):
                return False
            shape, dtype, lead = x.shape, x.dtype, None
            if len(params.keys()) != len(self._own) or dtype_kind(dtype) != ("int" if self.integers else "float"):
                return False
            if self.integers:
                if self._outside(x):
                    return False
                dtype = None
            if self.features and len(shape) <= len(self.features):
                return False
            for axis, n in self._features:
                if shape[axis] != (n if n > 0 else shape[n]):
                    return False
            for name, n_axes, own in self._own:
                leaf = params[name]
                its_shape = leaf.shape
                outer = len(its_shape) - n_axes
                if outer < 0:
                    return False
                for axis, n in enumerate(own, outer):
                    if its_shape[axis] != (n if n > 0 else shape[n]):
                        return False
                its_lead = its_shape[:outer] if outer else ()
                if dtype is None and dtype_kind(leaf.dtype) == "float":
                    dtype = leaf.dtype
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
            refuse(not_params(params), LayerTypeError)
        if params.keys() != self.parameters.keys():
            problem = f"expected parameters {sorted(self.parameters)}, got {sorted(params)}"
            refuse(f"{problem}; are these the parameters of another model?")
        if problem := misfit(x):
            refuse(f"expected x as an array of numbers, got {problem}", LayerTypeError)
        if self.integers:
            whole = f"integers from 0 to {self.integers - 1}"
            if dtype_kind(x.dtype) != "int":
                refuse(f"expected x of {whole}, got {x.dtype}; convert it: x.astype(np.int64)", LayerTypeError)
            if outside := self._outside(x):
                refuse(f"expected x of {whole}, got {outside[0]}; number the tokens from 0, or make the layer for more")
        elif dtype_kind(x.dtype) != "float":
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
        lengths: dict[str, int] = {}
        outer = {name: leaf.ndim - len(self.parameters[name][1]) for name, leaf in params.items()}
        same = all(bind(lengths, own, params[name].shape[outer[name] :]) for name, (_, own) in self.parameters.items())
        if not same or len({tuple(leaf.shape[: outer[name]]) for name, leaf in params.items()}) > 1:
            shapes = {name: tuple(leaf.shape) for name, leaf in params.items()}
            refuse(f"got parameters of shapes {shapes}; are these the parameters of another model?")
        wanted = tuple(lengths.get(n, n) for n in self.features)
        came = tuple(x.shape[x.ndim - len(wanted) :])
        if not bind({}, wanted, came):
            a, b = (came[0], wanted[0]) if len(came) == 1 else (came, wanted)
            remedy = f"give x of {b} features, or init the model for {a}"
            refuse(f"x has {a} feature{'s' * (a != 1)}, the parameters were initialised for {b}; {remedy}")

    def _outside(self, x: Array) -> list[int]:
        """The integers that are out of range among the least and the greatest. Others than NumPy's may be traced."""
        if not isinstance(x, np.ndarray) or not x.size:
            return []
        low, high = int(x.min()), int(x.max())
        return [each for each in (low, high) if not 0 <= each < self.integers]
