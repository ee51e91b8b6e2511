"""Checks: the laws of a layer, to be run on a layer of anyone's, and what passes through the layers of a model."""

from typing import TYPE_CHECKING, Any

from fnn.derivative import LawError, check_vjp
from fnn.laws import LAWS, Case
from fnn.layer import Layer, Shape, check_is_layer
from fnn.random import Key

if TYPE_CHECKING:
    from fnn.explain import explain

__all__ = ["LAWS", "LawError", "check_layer", "check_vjp", "explain"]


def __getattr__(name: str) -> Any:
    if name == "explain":  # loaded for those who ask
        from fnn.explain import explain

        return explain
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def check_layer(layer: Layer, shape: Shape, *, key: Key = Key(0)) -> None:  # noqa: B008
    """Run every law of `fnn.layer` on a layer, for examples of this shape; raises `LawError` for the first it breaks.

    >>> from fnn import chain, linear, relu
    >>> check_layer(chain(linear(8), relu, linear(3)), (4,))
    """
    check_is_layer("check_layer", layer)
    for law in LAWS:
        statement = (law.__doc__ or law.__name__).strip()
        try:
            law(Case(layer, tuple(shape), key), statement)
        except LawError:
            raise
        except Exception as error:
            raise LawError(f"{layer.name} breaks the law “{statement}”: {type(error).__name__}: {error}") from error
