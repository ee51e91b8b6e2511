"""Checks: the laws of a layer, to be run on a layer of anyone's."""

from fnn.derivative import LawError, check_vjp
from fnn.laws import LAWS, Case
from fnn.layer import Layer, Shape
from fnn.random import Key

__all__ = ["LAWS", "LawError", "check_layer", "check_vjp"]


def check_layer(layer: Layer, shape: Shape, *, key: Key = Key(0)) -> None:  # noqa: B008
    """Run every law of `fnn.layer` on a layer, for examples of this shape; raises `LawError` for the first it breaks.

    >>> from fnn import chain, linear, relu
    >>> check_layer(chain(linear(8), relu, linear(3)), (4,))
    """
    for law in LAWS:
        statement = (law.__doc__ or law.__name__).strip()
        try:
            law(Case(layer, tuple(shape), key), statement)
        except LawError:
            raise
        except Exception as error:
            raise LawError(f"{layer.name} breaks the law “{statement}”: {type(error).__name__}: {error}") from error
