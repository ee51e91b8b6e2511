"""A recipe as a value: configurations by name, a pure run, and what to draw and say of the results."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs
from matplotlib.figure import Figure

from fnn.random import Key

__all__ = ["Command", "Recipe", "Results", "Task", "Watch"]

Watch = Callable[[Iterator[Any]], Iterator[Any]]  # shows the passing of epochs, and changes nothing
Results = Mapping[str, Sequence[Mapping[str, Any]]]  # the runs of each group, in the order of their seeds


@attrs.frozen
class Recipe:
    """An experiment.

    groups     configurations by name; each is run with the same seeds, so that groups compare in pairs
    run        run(config, key, data, watch) -> a tree of numbers and arrays: one training, a pure function
    load       load(directory or None) -> data, with `checksums`
    figures    figures(results, data) -> figures by name
    describe   describe(results) -> the lines to print
    paper_runs the paper's number of runs
    first_runs a newcomer's
    """

    name: str
    summary: str
    groups: Mapping[str, Any]
    run: Callable[..., Mapping[str, Any]]
    load: Callable[[str | None], Any]
    figures: Callable[[Results, Any], Mapping[str, Figure]]
    describe: Callable[[Results], Sequence[str]]
    paper_runs: int
    first_runs: int = 1


@attrs.frozen
class Command:
    """What stands beside the recipes on the command line: run(options) prints and writes what it finds."""

    name: str
    summary: str
    run: Callable[[Any], None]


@attrs.frozen
class Task:
    """One run of one configuration, as a worker needs it."""

    run: Callable[..., Mapping[str, Any]]
    load: Callable[[str | None], Any]
    directory: str | None
    config: Any
    key: Key

    def describe(self) -> dict[str, Any]:
        """What the result depends on besides the data, as plain values."""
        run = f"{self.run.__module__}.{self.run.__qualname__}"
        return {"run": run, "config": attrs.asdict(self.config), "key": attrs.asdict(self.key)}
