"""The layer: a triple of pure functions.

    init(key, shape)            -> (params, out_shape)     shape: the features of one example, without batch axes
    apply(params, x)            -> y                       inference: deterministic, no key, no flag
    vjp(params, x, key=None)    -> (y, back)               training: with a key, the stochastic pass
    back(dy, need_dx=True)      -> (dparams, dx)           the pullback; with need_dx=False it may leave dx out as None

A layer that keeps statistics of the data among its parameters, under the name "statistics", has a fourth function:

    tune(params, x)             -> params                  with the statistics of x; all other layers leave params alone

`vjp` stands for vector-Jacobian product: `back`, the pullback, turns the gradient of the loss with respect to y (dy,
the cotangent) into the gradients with respect to the parameters and x.

The laws that every layer and every combinator of layers keeps (`fnn.checks.check_layer` tests them):

- `vjp(params, x)[0] == apply(params, x)`, and without a key `back` is the exact transposed derivative of `apply`.
- `apply` returns features of the shape that `init` predicts, in the common dtype of `x` and `params`.
- `dparams` has the names, shapes and dtypes of `params`, `dx` those of `x`; `back` is linear and may be called twice.
- Axes in front of the last two, (batch, features), are free: stacking commutes with the layer.
- Inputs are never written to, and equal inputs give equal bits.
- A layer that behaves otherwise with a key than without says so: `needs_key` is True, of it and of what it is part of.
- `tune` changes nothing but statistics, and with a key their gradient is zero.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import FunctionType, MappingProxyType
from typing import Any

import attrs

from fnn.arrays import Array, Shape
from fnn.tree import Params, Tree
from fnn.values import Call, is_integer, value

__all__ = ["Back", "Functions", "Layer", "LayerError", "LayerTypeError", "check_is_layer", "check_shape", "unchanged"]

Back = Callable[..., tuple[Tree, Any]]
Functions = tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any], Callable[..., Any]]  # with tune


def _frozen_mapping(parts: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(parts))


class LayerError(ValueError):
    """A layer was given something that it cannot take: the message says where, what was expected, and a remedy.

    >>> print(LayerError("linear(64)", "expected 784 features, got 783", "chain['0']"))
    linear(64) in chain['0']: expected 784 features, got 783
    """

    def __init__(self, layer: str, problem: str, path: str = "") -> None:
        super().__init__(layer, problem, path)
        self.layer, self.problem, self.path = layer, problem, path

    def __str__(self) -> str:
        return f"{self.layer}{' in ' + self.path if self.path else ''}: {self.problem}"


class LayerTypeError(LayerError, TypeError):
    """A layer was given something other than an array of floating-point numbers."""


def unchanged(params: Tree, x: Array) -> Tree:
    """The `tune` of a layer without statistics."""
    return params


@value
@attrs.frozen(eq=False, repr=False)
class Layer:
    """A layer: its functions, whose contract stands at the top of this file, and its parts if it is a combinator.

    `parts` are a combinator's layers by name, and `combine(**parts)` makes the same combinator of others. A part of a
    model is a model: `model["encoder"]`, `model[0]`, `model[1:]`.
    `integers` is 0, or the number of different integers that the layer's input may hold: of these there is no dx.
    `depth` counts the combinators inside one another.
    `call` is the call that made the layer (see `fnn.constructor`). `located(name, path)` makes its four functions,
    with errors that say which layer stands where: once when the layer is made, and once when a combinator takes it. A
    layer made by `attrs.evolve(layer, vjp=...)` has neither.
    """

    init: Callable[[Any, Shape], tuple[Params, Shape]] = attrs.field(validator=attrs.validators.is_callable())
    apply: Callable[[Tree, Array], Array] = attrs.field(validator=attrs.validators.is_callable())
    vjp: Callable[..., tuple[Array, Back]] = attrs.field(validator=attrs.validators.is_callable())
    name: str = attrs.field(default="layer", validator=attrs.validators.instance_of(str))
    tune: Callable[[Tree, Array], Tree] = attrs.field(
        default=unchanged, kw_only=True, validator=attrs.validators.is_callable()
    )
    parts: Mapping[str, "Layer"] = attrs.field(factory=dict, kw_only=True, converter=_frozen_mapping)
    combine: Callable[..., "Layer"] | None = attrs.field(default=None, kw_only=True)
    needs_key: bool = attrs.field(default=False, kw_only=True, validator=attrs.validators.instance_of(bool))
    integers: int = attrs.field(default=0, kw_only=True)
    depth: int = attrs.field(default=0, kw_only=True)
    call: Call | None = attrs.field(default=None, init=False)
    located: Callable[[str, str], Functions] | None = attrs.field(default=None, init=False)

    @classmethod
    def of(
        cls,
        located: Callable[[str, str], Functions],
        name: str = "layer",
        path: str = "",
        call: Call | None = None,
        **fields: Any,
    ) -> "Layer":
        """The layer of `located(name, path)`, which makes its four functions."""
        init, apply, vjp, tune = located(name, path)
        layer = cls(init, apply, vjp, name, tune=tune, **fields)
        object.__setattr__(layer, "located", located)
        object.__setattr__(layer, "call", call)
        return layer

    def __attrs_post_init__(self) -> None:
        short = self.name.partition("(")[0]
        for field, function in zip(("init", "apply", "vjp", "tune"), (*self.functions(), self.tune), strict=True):
            if function is not unchanged:
                object.__setattr__(self, field, renamed(function, f"{short}.{field}"))

    def functions(self) -> tuple[Callable[..., Any], ...]:
        """What it is made of, in the order of the fields."""
        return self.init, self.apply, self.vjp

    def at(self, path: str) -> "Layer":
        """The same layer, with errors that say that it stands at this path of a model."""
        return self._again(self.name, path, self.call)

    def remember(self, call: Call) -> "Layer":
        """The same layer, shown, compared and pickled by the call that made it."""
        return self._again(repr(call), "", call)

    def _again(self, name: str, path: str, call: Call | None) -> "Layer":
        located = self.located or partial(_located, self)
        same = {field: getattr(self, field) for field in ("parts", "combine", "needs_key", "integers", "depth")}
        return Layer.of(located, name, path, call, **same)

    def __getitem__(self, which: Any) -> "Layer":
        if isinstance(which, slice) and self.combine is not None:
            parts = list(self.parts.items())[which]
            unnamed = [part for i, (name, part) in enumerate(parts) if name == str(i)]
            return self.combine(*unnamed, **dict(parts[len(unnamed) :]))
        names = list(self.parts)
        try:
            return self.parts[names[which] if isinstance(which, int) else which]
        except (KeyError, IndexError, TypeError):  # a slice has no hash before Python 3.12
            raise KeyError(f"{self!r}: no part {which!r} among {names}") from None


def renamed(function: Any, name: str) -> Any:
    """A copy of `function` whose tracebacks and repr say `name`, "linear.vjp", instead of "<locals>.vjp"."""
    if not isinstance(function, FunctionType):
        return function
    code = function.__code__.replace(co_name=name, co_qualname=name)
    copy = FunctionType(code, function.__globals__, name, function.__defaults__, function.__closure__)
    copy.__kwdefaults__, copy.__doc__, copy.__module__ = function.__kwdefaults__, function.__doc__, function.__module__
    return copy


def _located(layer: Layer, name: str, path: str) -> Functions:
    """The functions of a layer without declared shapes, wrapped so that their errors name the path."""

    def within(f: Callable[..., Any]) -> Callable[..., Any]:
        def g(*args: Any, **kwargs: Any) -> Any:
            try:
                return f(*args, **kwargs)
            except LayerError as error:
                _, bracket, below = error.path.partition("[")
                raise type(error)(error.layer, error.problem, path + bracket + below) from None

        return g

    def vjp(params: Tree, x: Array, key: Any = None) -> tuple[Array, Back]:
        y, back = within(layer.vjp)(params, x, key)
        return y, within(back)

    if not path:
        return layer.init, layer.apply, layer.vjp, layer.tune
    return within(layer.init), within(layer.apply), vjp, layer.tune if layer.tune is unchanged else within(layer.tune)


def check_is_layer(where: str, layer: Any) -> None:
    """Raise a `LayerTypeError` unless `layer` is a `Layer`."""
    if not isinstance(layer, Layer):
        hint = "; call it to make the layer" if callable(layer) else ""
        raise LayerTypeError(where, f"expected a Layer, got {type(layer).__name__}{hint}")


def not_params(given: Any) -> str:
    """The error message for what is given in the place of a mapping of parameters."""
    remedy = "give state.params" if hasattr(given, "params") else "call f(params, x)"
    return f"expected params as a mapping, got {type(given).__name__}; {remedy}"


def check_shape(name: str, path: str, shape: Any) -> None:
    """Raise a `LayerError` unless `shape` is a tuple of positive integers."""
    if not (isinstance(shape, tuple) and all(is_integer(n) and n > 0 for n in shape)):
        raise LayerError(name, f"expected the shape of one example's features, such as (784,), got {shape!r}", path)
