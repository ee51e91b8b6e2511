"""The help on one recipe: its configuration, its sizes, and the time that each takes on this machine."""

from collections.abc import Iterator
from math import ceil
from textwrap import fill
from typing import Any

from recipes.recipe import Recipe, Size, counted
from recipes.running.engine import engine
from recipes.running.expected import seconds_of
from recipes.running.plan import Options
from recipes.running.settings import ELSEWHERE, types_of
from recipes.running.workers import cores

__all__ = ["usage"]

WIDTH, MANY = 100, 8  # of a line; names of groups


def usage(recipe: Recipe, options: Options) -> Iterator[str]:
    """The lines of the help on a recipe."""
    yield f"{recipe.name}: {recipe.summary}"
    for paragraph in recipe.paragraphs[1:]:
        yield f"\n{fill(paragraph, WIDTH)}"
    if len(names := list(recipe.groups)) > 1:
        more = f"; ... ({len(names)} in all)" if len(names) > MANY else ""
        yield "\n" + fill(f"Groups: {'; '.join(names[:MANY])}{more}", WIDTH)
    yield "\nSettings, which --set NAME=VALUE changes:"
    for name in (*types_of(recipe), *ELSEWHERE):
        found = [getattr(config, name) for config in recipe.groups.values() if hasattr(config, name)]
        values = " | ".join(dict.fromkeys(map(_typed, found)))
        if found:
            yield f"  {name:20} {values}" + (f"  (by {ELSEWHERE[name]})" if name in ELSEWHERE else "")
    jobs = options.jobs or cores()
    yield f"\nSizes, and an estimate of the time that their trainings take on this machine ({counted(jobs, 'job')}):"
    seconds = seconds_of(recipe, recipe.load(options.data), jobs, engine(options.fold))
    patient = any(getattr(config, "patience", 0) for config in recipe.groups.values())
    for option, size in (("by default", recipe.first), ("--quick", recipe.quick), ("--paper", recipe.paper)):
        yield f"  {option:12} {_in_words(recipe, size)}: about {_time(seconds(size))}"
    if patient:
        yield "Trainings that stop early, after epochs without a better validation accuracy, take less."


def _time(seconds: float) -> str:
    """A time to be expected, which is not known to the second.

    >>> _time(0.2), _time(48), _time(150), _time(20_820)
    ('1 s', '48 s', '3 min', '5 h 47 min')
    """
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = ceil(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _typed(value: Any) -> str:
    """A setting as it is typed.

    >>> _typed((64, 32)), _typed(0.001), _typed("relu")
    ('64,32', '0.001', 'relu')
    """
    if isinstance(value, (tuple, list)):
        return ",".join(map(_typed, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _in_words(recipe: Recipe, size: Size) -> str:
    """A size in words."""
    lengths = sorted({size.epochs or getattr(config, "epochs", 0) for config in recipe.groups.values()} - {0})
    epochs = [f"{'/'.join(map(str, lengths))} epoch{'s' * (lengths != [1])}"] if lengths else []
    few = [] if size.examples is None else [f"{size.examples:,} training examples"]
    each = f" of each of {len(recipe.groups)} groups" if len(recipe.groups) > 1 else ""
    return ", ".join([counted(size.runs, "run") + each, *epochs, *few])
