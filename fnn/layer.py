"""The layer: a triple of pure functions.

    init(key, shape)            -> (params, out_shape)     shape: the features of one example, without batch axes
    apply(params, x)            -> y                       inference: deterministic, no key, no flag
    vjp(params, x, key=None)    -> (y, back)               training: with a key, the stochastic pass
    back(dy, need_dx=True)      -> (dparams, dx)           the pullback; with need_dx=False it may leave dx out as None

The laws that every layer and every combinator of layers keeps (`fnn.checks.check_layer` tests them):

- `vjp(params, x)[0] == apply(params, x)`, and without a key `back` is the exact transposed derivative of `apply`.
- `apply` returns features of the shape that `init` predicts, in the dtype that `x` and `params` have in common.
- `dparams` has the names, shapes and dtypes of `params`, `dx` those of `x`; `back` is linear and may be called twice.
- Axes in front of the last two, (batch, features), are free: stacking commutes with the layer.
- Inputs are never written to, and equal inputs give equal bits.
"""

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from numbers import Integral
from types import FunctionType, MappingProxyType
from typing import Any

import attrs

from fnn.tree import Array, Params, Tree

__all__ = ["Layer", "LayerError", "LayerTypeError", "Shape"]

Shape = tuple[int, ...]
Back = Callable[..., tuple[Tree, Any]]


class LayerError(ValueError):
    """A layer was given what it cannot take: says the layer and its path, what it expected, what came, and the remedy.

    >>> print(LayerError("linear(64)", "expected 784 features, got 783").within("chain['0']"))
    linear(64) in chain['0']: expected 784 features, got 783
    """

    def __init__(self, layer: str, problem: str, path: str = "") -> None:
        super().__init__(layer, problem, path)
        self.layer, self.problem, self.path = layer, problem, path

    def within(self, place: str) -> "LayerError":
        """The same error seen from one combinator further out: ['0'] within chain['encoder']."""
        _, bracket, below = self.path.partition("[")
        return type(self)(self.layer, self.problem, place + bracket + below).with_traceback(self.__traceback__)

    def __str__(self) -> str:
        return f"{self.layer}{' in ' + self.path if self.path else ''}: {self.problem}"


class LayerTypeError(LayerError, TypeError):
    """A layer was given something that is no array of floating-point numbers."""


def _read_only(parts: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(parts))


def _named(function: Any, name: str) -> Any:
    """A copy of `function` whose tracebacks and repr say `name` instead of `<locals>`."""
    if not isinstance(function, FunctionType):
        return function
    code = function.__code__.replace(co_name=name, co_qualname=name)
    copy = FunctionType(code, function.__globals__, name, function.__defaults__, function.__closure__)
    copy.__kwdefaults__, copy.__doc__, copy.__module__ = function.__kwdefaults__, function.__doc__, function.__module__
    return copy


@attrs.frozen(eq=False, repr=False)
class Layer:
    """Three pure functions and a name; see the module's docstring for their contract.

    `parts` are a combinator's layers by name, and `combine(**parts)` makes the same combinator of others: that is what
    slicing, `summary` and other walks over a model need. A part of a model is a model: `model["encoder"]`, `model[0]`,
    `model[1:]`.
    """

    init: Callable[[Any, Shape], tuple[Params, Shape]] = attrs.field(validator=attrs.validators.is_callable())
    apply: Callable[[Tree, Array], Array] = attrs.field(validator=attrs.validators.is_callable())
    vjp: Callable[..., tuple[Array, Back]] = attrs.field(validator=attrs.validators.is_callable())
    name: str = attrs.field(default="layer", validator=attrs.validators.instance_of(str))
    parts: Mapping[str, "Layer"] = attrs.field(factory=dict, kw_only=True, converter=_read_only)
    combine: Callable[..., "Layer"] | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        for field in ("init", "apply", "vjp"):
            name = f"{self.name.partition('(')[0]}.{field}"
            object.__setattr__(self, field, _named(getattr(self, field), name))

    def __getitem__(self, which: Any) -> "Layer":
        if isinstance(which, slice) and self.combine is not None:
            return self.combine(**dict(list(self.parts.items())[which]))
        names = list(self.parts)
        try:
            return self.parts[names[which] if isinstance(which, int) else which]
        except (KeyError, IndexError, TypeError):  # a slice has no hash before Python 3.12
            raise KeyError(f"{self.name}: no part {which!r} among {names}") from None

    def __repr__(self) -> str:
        return self.name


def kind(dtype: Any) -> str:
    """What a dtype of any array library holds: "float", "int" (signed or not), or its own name.

    >>> import numpy as np
    >>> kind(np.dtype("float32")), kind(np.dtype("uint8")), kind(np.dtype("bool"))
    ('float', 'int', 'bool')
    """
    return _kind(dtype.__class__, dtype)


@lru_cache
def _kind(library: Any, dtype: Any) -> str:
    # The standard's isdtype takes microseconds. The library stands in the cache's key because its dtype need not
    # be comparable with another's.
    return next((word for word in ("float", "int") if word in str(dtype)), str(dtype))


def check_is_layer(where: str, layer: Any) -> None:
    """Raise a `LayerTypeError` unless `layer` is one."""
    if not isinstance(layer, Layer):
        hint = "; call it to make the layer" if callable(layer) else ""
        raise LayerTypeError(where, f"expected a Layer, got {type(layer).__name__}{hint}")


def check_shape(name: str, shape: Any) -> None:
    """Raise a `LayerError` unless `shape` is a tuple of positive integers."""
    sizes = shape if isinstance(shape, tuple) else (None,)
    if not all(isinstance(n, Integral) and not isinstance(n, bool) and int(n) > 0 for n in sizes):
        raise LayerError(name, f"expected the shape of one example's features, such as (784,), got {shape!r}")


def check_input(name: str, params: Any, x: Array, names: Collection[str] = (), axes: int = -1) -> None:
    """Raise a `LayerError` unless `params` has just these `names` and `x` is a floating-point array that fits.

    `axes` is the number of feature axes behind (..., batch); -1 for a layer that takes arrays of any shape.
    """
    if not isinstance(params, Mapping):
        raise LayerTypeError(name, f"expected params as a mapping, got {type(params).__name__}; call f(params, x)")
    if params.keys() != set(names):
        raise LayerError(
            name,
            f"expected parameters {sorted(names)}, got {sorted(params)}; are these the parameters of another model?",
        )
    if not hasattr(x, "__array_namespace__"):
        raise LayerTypeError(name, f"expected x as an array, got {type(x).__name__}; convert it: np.asarray(x)")
    if kind(x.dtype) != "float":
        raise LayerTypeError(
            name, f"expected floating-point x, got {x.dtype}; scale and convert it: (x / 255).astype(np.float32)"
        )
    if x.ndim <= axes:
        raise LayerError(
            name, f"expected x of at least {axes + 1} axes, got shape {x.shape}; add a batch axis: x[None]"
        )


def check_cotangent(name: str, dy: Array, shape: Shape) -> None:
    """Raise a `LayerError` unless `dy` has the shape of the layer's output."""
    if getattr(dy, "shape", None) != shape:
        came = getattr(dy, "shape", type(dy).__name__)
        raise LayerError(name, f"the pullback expects dy in the shape of its output, {shape}, got {came}")


def unbroadcast(dx: Array, x: Array) -> Array:
    """The gradient of `x` from that of `x` broadcast: summed over the axes that broadcasting gave it, in `x`'s dtype.

    >>> import numpy as np
    >>> unbroadcast(np.ones((3, 2, 4)), np.zeros((1, 4), np.float32))
    array([[6., 6., 6., 6.]], dtype=float32)
    """
    if dx.shape == x.shape and dx.dtype == x.dtype:
        return dx
    xp, new = dx.__array_namespace__(), dx.ndim - x.ndim
    dx = xp.sum(dx, axis=tuple(range(new)))
    ones = tuple(axis for axis, n in enumerate(x.shape) if n == 1)
    return xp.astype(xp.sum(dx, axis=ones, keepdims=True), x.dtype)
