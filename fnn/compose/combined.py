"""What all combinators share: their parts, where the parts stand, and what the whole takes over from them."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from fnn.layer import Functions, Layer, LayerError, LayerTypeError, check_is_layer, not_params

__all__: list[str] = []  # for combinators only

DEEPEST = 60  # levels of combinators inside one another, each of which takes several of Python's 1000 levels of calls


def named_parts(combinator: str, layers: tuple[Layer, ...], named: Mapping[str, Layer]) -> dict[str, Layer]:
    """The layers by name; those without a name are called "0", "1", ... by their position."""
    parts = {**{str(i): layer for i, layer in enumerate(layers)}, **named}
    if len(parts) < len(layers) + len(named):
        raise LayerError(combinator, f"a name among {sorted(named)} is also a position; choose another")
    for name, layer in parts.items():
        check_is_layer(f"{combinator}[{name!r}]", layer)
    return parts


def combined(
    combinator: str, located: Callable[[str, str], Functions], layers: Collection[Layer], **fields: Any
) -> Layer:
    """The layer that a combinator makes of `layers`: it needs a key if one of them does.

    Raises `LayerError` if combinators stand too deep inside one another for Python.
    """
    depth = 1 + max((layer.depth for layer in layers), default=0)
    if depth > DEEPEST:
        problem = f"combinators may stand at most {DEEPEST} deep inside one another, got {depth} levels"
        raise LayerError(combinator, f"{problem}; give all layers to one chain: chain(*layers)")
    shared = {
        "integers": next((layer.integers for layer in layers), 0),  # the input is that of the first layer
        "needs_key": any(layer.needs_key for layer in layers),
        "depth": depth,
    }
    return Layer.of(located, **{**shared, **fields})


def placed_at(parts: Mapping[str, Layer], place: str) -> dict[str, Layer]:
    """The parts, with errors that say which part of which combinator they are."""
    return {name: layer.at(f"{place}[{name!r}]") for name, layer in parts.items()}


def check_names(combinator: str, path: str, params: Any, parts: Mapping[str, Layer]) -> None:
    """Raise a `LayerError` unless `params` has one entry for each part."""
    if not isinstance(params, Mapping):
        raise LayerTypeError(combinator, not_params(params), path)
    if params.keys() != parts.keys():
        missing, extra = [k for k in parts if k not in params], [k for k in params if k not in parts]
        problem = f"these are parameters of another model: missing {missing}, unexpected {extra}"
        raise LayerError(combinator, problem, path)
