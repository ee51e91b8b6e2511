"""Values: what a call of settings makes, and remembers; and settings, checked where that call is made.

`linear(64)` is the call that makes it. Two layers made by equal calls are equal, the repr is the call, and a pickle
holds the call and nothing else.
"""

import os
import sys
from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from math import inf
from numbers import Integral, Real
from pickle import PicklingError
from types import FunctionType
from typing import Any, ParamSpec, TypeVar

import attrs
import numpy as np

from fnn.arrays import bits, read_only

__all__ = ["Call", "FilePath", "Function", "constructor", "is_integer", "number", "value", "whole"]

FilePath = str | os.PathLike[str]
P = ParamSpec("P")
Made = TypeVar("Made")


def is_integer(value: Any) -> bool:
    """Whether `value` is a Python or NumPy integer; a bool is not one.

    >>> is_integer(np.int64(3)), is_integer(3.0), is_integer(True)
    (True, False, False)
    """
    return isinstance(value, Integral) and not isinstance(value, bool)


def number(what: str, value: Any, low: float = -inf, high: float = inf, *, above: bool = False) -> float:
    """`value` as a float in [low, high), or in (low, high) with `above`.

    Raises `ValueError` for anything else; `what` names the setting in its message. The result is a Python float,
    because NumPy's scalars would widen the float32 arrays that they meet.

    >>> number("mu", 0.9, 0, 1)
    0.9
    """
    real = isinstance(value, Real) and not isinstance(value, bool)
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


@attrs.frozen(eq=False, repr=False)
class Call:
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
    name: str = ""

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
        positional: list[Any] = []
        named: dict[str, Any] = {}
        for i, (name, parameter) in enumerate(bound.signature.parameters.items()):
            given = bound.arguments.get(name, parameter.default)
            if parameter.kind is Parameter.VAR_POSITIONAL:
                positional += map(_plain_number, bound.arguments.get(name, ()))
            elif parameter.kind is Parameter.VAR_KEYWORD:
                named |= bound.arguments.get(name, {})
            elif parameter.default is Parameter.empty or (i == 0 and parameter.kind is not Parameter.KEYWORD_ONLY):
                positional.append(_plain_number(given))
            elif _comparable(given) != _comparable(parameter.default):
                named[name] = _plain_number(given)
        return cls(make, tuple(positional), tuple(named.items()))

    def again(self) -> Any:
        """What the call makes, made once more."""
        return self.make(*self.args, **dict(self.kwargs))

    def __repr__(self) -> str:
        if self.name:
            return self.name
        named = [f"{k}={_shown(v)}" if k.isidentifier() else f"**{{{k!r}: {_shown(v)}}}" for k, v in self.kwargs]
        words = [*map(_shown, self.args), *named]
        if len(", ".join(words)) <= 100:
            return f"{self.make.__name__}({', '.join(words)})"
        lines = ("    " + word.replace("\n", "\n    ") + ",\n" for word in words)
        return f"{self.make.__name__}(\n{''.join(lines)})"


def _plain_number(argument: Any) -> Any:
    """NumPy's numbers as Python's, and arrays as read-only copies, which no later write by the caller changes."""
    if isinstance(argument, np.generic):
        return argument.item()
    return read_only(argument.copy()) if isinstance(argument, np.ndarray) else argument


def _shown(argument: Any) -> str:
    return argument.__name__ if isinstance(argument, FunctionType) else repr(argument)


def value(record: type[Made]) -> type[Made]:
    """Class decorator for a record with a `call` and a `name`: it is compared, copied and pickled by its call.

    The `name` is its repr. A record whose `call` is None is equal to itself alone and cannot be pickled; the error says
    how it could be.
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


def _pickled(made: Any, call: Call | None) -> tuple[Any, ...]:
    """How `pickle` makes a value again: by its name in a module if it has one there, else by its call."""
    functions = [] if call is None else [f for f in call.args if isinstance(f, FunctionType)]
    for module in (f.__module__ for f in functions):
        if getattr(sys.modules.get(module), repr(made), None) is made:
            return _named_in, (module, repr(made))
    if call is None or any("<" in f.__qualname__ for f in functions):
        raise PicklingError(
            f"{made!r} is made of functions that pickle cannot find by name; make it in a function at the top of a "
            "module, decorated with fnn.constructor, or give it a name at the top of the module that defines it"
        )
    return Call.again, (call,)


def _named_in(module: str, name: str) -> Any:
    """The value of this name at the top of a module."""
    __import__(module)
    return getattr(sys.modules[module], name)


@value
class Function:
    """A function made by a call: an initializer such as `normal(0.01)`, a schedule such as `cosine(0.1, 1000)`."""

    def __init__(self, function: Callable[..., Any], call: Call) -> None:
        self.function, self.call, self.name = function, call, repr(call)

    def __call__(self, *args: Any) -> Any:
        """What the function returns."""
        return self.function(*args)


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
        call = Call.of(construct, *args, **kwargs)
        return Function(made, call) if isinstance(made, FunctionType) else made.remember(call)

    return construct
