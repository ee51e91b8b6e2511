"""Other settings for a recipe: `--set rate=0.01 hidden=128,64`, read by the types of its configuration's fields."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs
from matplotlib.figure import Figure

from fnn import Key
from recipes.recipe import OptionError, Recipe, Results
from recipes.running.catalogue import did_you_mean

__all__ = ["read", "try_out", "types_of", "with_settings"]

ELSEWHERE = {"epochs": "--epochs", "runs": "--runs"}  # the options that say these
WORDS = {"true": True, "false": False, "yes": True, "no": False}


def types_of(recipe: Recipe) -> dict[str, Any]:
    """The fields of a recipe's configurations with their types, but for those that have options of their own."""
    hints: dict[str, Any] = {}
    for config in recipe.groups.values():
        of_config = get_type_hints(type(config))
        hints |= {field.name: of_config.get(field.name, Any) for field in attrs.fields(type(config))}
    return {name: hint for name, hint in hints.items() if name not in ELSEWHERE}


def with_settings(recipe: Recipe, words: Sequence[str]) -> Recipe:
    """A recipe with other settings in all its groups: it judges no claims, and has a folder of its own.

    recipe   the recipe
    words    settings, such as ["rate=0.01", "hidden=128,64"]

    This is what `--set` does; `try_out` then tries the settings. Raises `OptionError` for a word that is no setting of
    the recipe, and for a value of another type.
    """
    types, changes = types_of(recipe), {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise OptionError(f"--set takes NAME=VALUE, as in --set rate=0.01, got {word!r}")
        if name in ELSEWHERE:
            raise OptionError(f"--set takes no {name}: give {ELSEWHERE[name]} {text}")
        if name not in types:
            raise OptionError(f"{recipe.name} has no setting {name!r}; {did_you_mean(name, types)}")
        changes[name] = read(name, text, types[name])
    groups = {name: _changed(recipe, config, changes) for name, config in recipe.groups.items()}

    def figures(results: Results, data: Any) -> Mapping[str, Figure]:
        try:
            return recipe.figures(results, data)
        except Exception as error:  # a recipe draws what its own settings give
            print(f"no picture: that of {recipe.name} does not fit these settings ({type(error).__name__}: {error})")
            return {}

    return attrs.evolve(
        recipe,
        name="+".join([recipe.name, *words]).replace("/", "_"),  # also that of its folder
        groups=groups,
        figures=figures,
        claims=lambda results, data: [],
        papers={},
        settings=" ".join(words),
        trains=recipe.trains or recipe.name,  # equal configurations share their runs
    )


def _changed(recipe: Recipe, config: Any, changes: Mapping[str, Any]) -> Any:
    """A configuration with those changes that are among its fields."""
    own = {field.name for field in attrs.fields(type(config))}
    try:
        return attrs.evolve(config, **{name: value for name, value in changes.items() if name in own})
    except (TypeError, ValueError) as error:
        raise OptionError(f"--set: {recipe.name} refuses this: {error}") from error


def try_out(recipe: Recipe, data: Any) -> None:
    """Begin one training of each group.

    Raises `OptionError` if the recipe's code refuses its settings, or if two groups have the same.
    """
    for name, config in recipe.groups.items():
        try:
            recipe.run(config, Key(0), data)
        except Exception as error:  # whatever the code of a recipe raises
            raise OptionError(f"{recipe.name}, group {name!r}: {type(error).__name__}: {error}") from error
    for a, b in combinations(recipe.groups, 2):
        if recipe.groups[a] == recipe.groups[b]:
            raise OptionError(f"{recipe.name}: the groups {a!r} and {b!r} would be the same: set what all groups share")


def read(name: str, text: str, hint: Any) -> Any:
    """The value of a field of some type that a text stands for.

    name   the name of the field
    text   its value, as typed
    hint   its type: a number, a word, true or false, several of them with commas, one of some words, or None

    Raises `OptionError` for a text of another type.

    >>> read("rate", "0.01", float), read("hidden", "128,64", tuple[int, ...]), read("norm", "batch", str)
    (0.01, (128, 64), 'batch')
    """
    try:
        return _read(text, hint)
    except (KeyError, ValueError):
        raise OptionError(f"--set {name} takes {_in_words(hint)}, got {text!r}") from None


def _read(text: str, hint: Any) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _first_that_fits(text, parts)
    if origin is Literal:
        return {str(word): word for word in parts}[text]
    if origin in (tuple, list, Sequence) or hint in (tuple, list):
        return _several(text, parts or (Any, ...), list if list in (hint, origin) else tuple)
    if hint is bool:
        if text.lower() not in WORDS:
            raise ValueError
        return WORDS[text.lower()]
    if hint is NoneType:
        if text.lower() != "none":
            raise ValueError
        return None
    if hint is Any:
        return _first_that_fits(text, (int, float, bool, str))
    if hint in (int, float, str):
        return hint(text)
    raise ValueError


def _first_that_fits(text: str, hints: Sequence[Any]) -> Any:
    """A text by the first of several types that it fits; a word fits everything, and comes last."""
    for hint in sorted(hints, key=lambda hint: (hint is str, hint is not NoneType)):
        try:
            return _read(text, hint)
        except (KeyError, ValueError):
            continue
    raise ValueError


def _several(text: str, parts: Sequence[Any], kind: type) -> Any:
    words = [word.strip() for word in text.strip("()[] ").split(",") if word.strip()]
    each = [parts[0]] * len(words) if len(parts) == 1 or parts[-1] is ... else list(parts)
    return kind(_read(word, hint) for word, hint in zip(words, each, strict=True))


def _in_words(hint: Any) -> str:
    """A type in words.

    >>> _in_words(float), _in_words(tuple[int, ...]), _in_words(tuple[int, int]), _in_words(int | None)
    ('a number', 'whole numbers with commas', '2 whole numbers with commas', 'a whole number or none')
    """
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(_in_words(part) for part in parts)
    if origin is Literal:
        return f"one of {', '.join(map(str, parts))}"
    if origin in (tuple, list, Sequence) and parts:
        several = _in_words(parts[0]).removeprefix("a ") + "s with commas"
        return several if len(parts) == 1 or parts[-1] is ... else f"{len(parts)} {several}"
    plain = {int: "a whole number", float: "a number", str: "a word", bool: "true or false", NoneType: "none"}
    return plain.get(hint, "a value that cannot be typed here")
