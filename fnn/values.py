"""Values remember the call that made them, as `linear(64)` does; and checks of the settings that a call is given."""

import os
import sys
from collections.abc import Callable, Mapping
from functools import partial, wraps
from importlib import import_module
from inspect import Parameter, signature
from keyword import iskeyword
from math import inf
from numbers import Real
from pickle import PicklingError
from types import FunctionType
from typing import Any, NoReturn, ParamSpec, TypeVar

import attrs
import numpy as np

from fnn.arrays import bits, read_only

__all__ = ["Call", "FilePath", "Function", "constructor", "is_integer", "number", "record", "value", "whole"]

FilePath = str | os.PathLike[str]
P = ParamSpec("P")
Made = TypeVar("Made")


def is_integer(value: Any) -> bool:
    """True for Python and NumPy integers, False for bools, time spans and everything else.

    >>> is_integer(np.int64(3)), is_integer(3.0), is_integer(True), is_integer(np.timedelta64(3))
    (True, False, False, False)
    """
    return isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.timedelta64))


def number(what: str, value: Any, low: float = -inf, high: float = inf, *, above: bool = False) -> float:
    """`value` as a Python float, which widens no float32 array, in [low, high), or in (low, high) with `above`.

    Raises `ValueError` for anything else; `what` names the setting in its message.

    >>> number("mu", 0.9, 0, 1)
    0.9
    """
    real = isinstance(value, Real) and not isinstance(value, (bool, np.timedelta64))
    if real and -inf < value < high and (low < value if above else low <= value):
        return float(value)
    bounds = "finite number" if low == -inf else f"number in {'(' if above else '['}{low}, {high})"
    raise ValueError(f"{what} must be a {bounds}, got {value!r}")


def whole(what: str, value: Any, low: int = 1) -> int:
    """`value` as an int from `low` up; raises `ValueError` for anything else.

    >>> whole("n_out", 64)
    64
    """
    if not is_integer(value) or value < low:
        raise ValueError(f"{what} must be a whole number from {low} up, got {value!r}")
    return int(value)


def _comparable(arguments: Any) -> Any:
    """Arguments in a form that can be compared and hashed: arrays by their bits."""
    if isinstance(arguments, tuple):
        return tuple(map(_comparable, arguments))
    return bits(arguments) if isinstance(arguments, np.ndarray) else arguments


class Frozen:
    """A base of classes whose attributes are set once, by `vars(self).update(...)`: quicker to import than attrs'."""

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise attrs.exceptions.FrozenInstanceError

    def __delattr__(self, name: str) -> NoReturn:
        raise attrs.exceptions.FrozenInstanceError


class Call(Frozen):
    """A call of a function. Its repr is the call; two are equal if the function and all arguments are.

    `args` are the arguments without a default value, and always the first one; `kwargs` are pairs (name, value) of all
    others that differ from their default. `name`, where there is one, is shown in place of the call.

    >>> def cosine(rate, steps, final=0.0): ...
    >>> Call.of(cosine, 0.1, steps=100, final=0.0)
    cosine(0.1, 100)
    """

    make: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: tuple[tuple[str, Any], ...]
    name: str

    def __init__(
        self, make: Callable[..., Any], args: tuple[Any, ...], kwargs: tuple[tuple[str, Any], ...], name: str = ""
    ) -> None:
        vars(self).update(make=make, args=args, kwargs=kwargs, name=name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Call) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> Any:
        return self.make, _comparable(self.args), _comparable(self.kwargs)

    @classmethod
    def of(cls, make: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Call":
        """The call make(*args, **kwargs), however its arguments were passed."""
        bound = signature(make).bind(*args, **kwargs)
        rest = next((p.name for p in bound.signature.parameters.values() if p.kind is Parameter.VAR_POSITIONAL), "")
        positional: list[Any] = []
        named: dict[str, Any] = {}
        for i, (name, parameter) in enumerate(bound.signature.parameters.items()):
            given = bound.arguments.get(name, parameter.default)
            if parameter.kind is Parameter.VAR_POSITIONAL:
                positional += map(_kept, bound.arguments.get(name, ()))
            elif parameter.kind is Parameter.VAR_KEYWORD:
                named |= {key: _kept(value) for key, value in bound.arguments.get(name, {}).items()}
            elif parameter.kind is not Parameter.KEYWORD_ONLY and (
                i == 0 or parameter.default is Parameter.empty or bound.arguments.get(rest)
            ):
                positional.append(_kept(given))
            elif _comparable(given) != _comparable(parameter.default):
                named[name] = _kept(given)
        return cls(make, tuple(positional), tuple(named.items()))

    def again(self) -> Any:
        """Call the function again with the same arguments."""
        return self.make(*self.args, **dict(self.kwargs))

    def __repr__(self) -> str:
        if self.name:
            return self.name
        if all(k.isidentifier() and not iskeyword(k) for k, _ in self.kwargs):
            named = [f"{k}={_shown(v)}" for k, v in self.kwargs]
        else:
            named = ["**{" + ", ".join(f"{k!r}: {_shown(v)}" for k, v in self.kwargs) + "}"]
        words = [*map(_shown, self.args), *named]
        if len(", ".join(words)) <= 100:
            return f"{self.make.__name__}({', '.join(words)})"
        lines = ("    " + word.replace("\n", "\n    ") + ",\n" for word in words)
        return f"{self.make.__name__}(\n{''.join(lines)})"


def _kept(argument: Any) -> Any:
    """An argument as a value: NumPy's numbers as Python's, lists as tuples, arrays as read-only copies."""
    if isinstance(argument, np.generic):
        return argument.item()
    if isinstance(argument, (list, tuple)):
        return tuple(map(_kept, argument))
    return read_only(argument.copy()) if isinstance(argument, np.ndarray) else argument


def _shown(argument: Any) -> str:
    return argument.__name__ if isinstance(argument, FunctionType) else repr(argument)


def value(record: type[Made]) -> type[Made]:
    """Class decorator for a record with a `call`, by which it is compared, copied and pickled, and a `name`, its repr.

    A record whose `call` is None is equal to itself alone and cannot be pickled.
    """

    def equal(self: Any, other: Any) -> bool:
        return self is other or (type(self) is type(other) and self.call is not None and self.call == other.call)

    methods: dict[str, Any] = {
        "__eq__": equal,
        "__hash__": lambda self: object.__hash__(self) if self.call is None else hash(self.call),
        "__repr__": lambda self: self.name,
        "__copy__": lambda self: self,
        "__deepcopy__": lambda self, memo: self,
        "__reduce__": lambda self: _pickled(self, self.call),
    }
    for name, method in methods.items():
        setattr(record, name, method)
    return record


def record(made: type[Made]) -> type[Made]:
    """Class decorator for an `attrs.frozen(eq=False, repr=False)`: its ==, hash and repr, by its fields.

    attrs would write and compile the same methods for each class, which takes a fifth of a millisecond.

    >>> @record
    ... @attrs.frozen(eq=False, repr=False)
    ... class Point:
    ...     x: int
    ...     y: int
    >>> Point(1, 2), Point(1, 2) == Point(1, 2), len({Point(1, 2), Point(1, 3)})
    (Point(x=1, y=2), True, 2)
    """
    fields = attrs.fields(made)  # type: ignore[arg-type]
    compared = [(field.name, field.eq_key) for field in fields if field.eq]
    shown = [field.name for field in fields if field.repr]

    def key(self: Any) -> tuple[Any, ...]:
        return tuple(by(getattr(self, name)) if by else getattr(self, name) for name, by in compared)

    def equal(self: Any, other: object) -> bool:
        return self is other or (type(self) is type(other) and key(self) == key(other))

    def show(self: Any) -> str:
        return f"{made.__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    methods: dict[str, Any] = {"__eq__": equal, "__hash__": lambda self: hash(key(self)), "__repr__": show}
    for name, method in methods.items():
        setattr(made, name, method)
    return made


def _pickled(made: Any, call: Call | None) -> tuple[Any, ...]:
    """How `pickle` makes a value again: by its name in a module if it has one there, else by its call."""
    given = made.functions() if call is None else (call.make, *call.args, *(each for _, each in call.kwargs))
    functions, name = [f for f in given if isinstance(f, FunctionType)], made.name
    for module in (f.__module__ for f in functions):
        if module != "__main__" and getattr(sys.modules.get(module), name, None) is made:
            return _named_in, (module, name)
    nameless = call is None or any("<" in f.__qualname__ for f in functions)
    if nameless and not _is_cloudpickle(sys._getframe()):
        raise PicklingError(
            f"{name} is made of functions that pickle cannot find by name. Make it in a function at the top of a "
            f"module, decorated with fnn.constructor, or bind it to the name {name!r} at the top of its module"
        )
    if call is not None:
        return Call.again, (call,)
    make: Any = type(made)
    if not attrs.has(make):
        return make, (*given, name)
    kept = {field.name: getattr(made, field.name) for field in attrs.fields(make) if field.init}
    kept = {field: dict(each) if isinstance(each, Mapping) else each for field, each in kept.items()}
    return partial(make, **kept), ()


def _is_cloudpickle(frame: Any) -> bool:
    """Whether cloudpickle is asking: unlike pickle, it can pickle functions that have no name in a module."""
    while frame and not frame.f_globals.get("__name__", "").startswith("cloudpickle"):
        frame = frame.f_back
    return frame is not None


def _named_in(module: str, name: str) -> Any:
    """The value of this name at the top of a module."""
    return getattr(import_module(module), name)


@value
class Function(Frozen):
    """A function made by a call: an initializer such as `normal(0.01)`, a schedule such as `cosine(0.1, 1000)`."""

    function: Callable[..., Any]
    name: str
    call: Call | None

    def __init__(self, function: Callable[..., Any], name: str = "function", call: Call | None = None) -> None:
        vars(self).update(function=function, name=name, call=call)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns."""
        return self.function(*args, **kwargs)

    def functions(self) -> tuple[Any, ...]:
        """What it is made of."""
        return (self.function,)

    def remember(self, call: Call) -> "Function":
        """The same function, shown, compared and pickled by the call that made it."""
        return Function(self.function, repr(call), call)


def constructor(make: Callable[P, Made]) -> Callable[P, Made]:
    """Decorator of a function that makes a layer, an optimizer or a function: the result remembers its call.

    >>> @constructor
    ... def constant(rate):
    ...     return lambda step: rate
    >>> constant(0.1), constant(0.1) == constant(rate=0.1), constant(0.1)(1000)
    (constant(0.1), True, 0.1)
    """

    @wraps(make)
    def construct(*args: P.args, **kwargs: P.kwargs) -> Any:
        made: Any = make(*args, **kwargs)
        if not hasattr(made, "remember"):
            if not callable(made):
                raise TypeError(f"{make.__name__} must return a layer, an optimizer or a function, got {made!r}")
            made = Function(made)
        return made.remember(Call.of(construct, *args, **kwargs))

    return construct
