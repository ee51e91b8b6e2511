"""Checking a layer: every law of the contract, run on any layer."""

from collections.abc import Callable

from fnn.arrays import Shape
from fnn.checks.derivative import LawError, Verdicts, require
from fnn.checks.laws import LAWS, Case
from fnn.layer import Layer, check_is_layer
from fnn.random import Key

__all__ = ["check_law", "check_layer"]


def check_law(law: Callable[[Case], Verdicts], case: Case) -> None:
    """Raise a `LawError` if the layer of this case breaks a law, or if it raises an error."""
    statement = law.__doc__ or law.__name__
    try:
        for holds, detail in law(case):
            require(holds, case.layer, statement, detail)
    except LawError:
        raise
    except Exception as error:
        raise LawError(f"{case.layer!r} breaks the law “{statement}”: {type(error).__name__}: {error}") from error


def check_layer(layer: Layer, shape: Shape, *, key: Key = Key(0)) -> None:
    """Run every law of `fnn.layer` on a layer, for examples of this shape; raises `LawError` for the first it breaks.

    >>> from fnn import chain, linear, relu
    >>> check_layer(chain(linear(8), relu, linear(3)), (4,))
    """
    check_is_layer("check_layer", layer)
    for law in LAWS:
        check_law(law, Case(layer, tuple(shape), key))
