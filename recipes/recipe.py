"""A recipe as a value: configurations by name, a pure run, and what to draw and conclude from the results."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from matplotlib.figure import Figure

from fnn.random import Key
from recipes.claims import Claim

__all__ = ["CallError", "Command", "NoData", "Recipe", "Results", "Size", "Task", "no_data", "scores"]

Results = Mapping[str, Sequence[Mapping[str, Any]]]  # the runs of each group, in the order of their seeds


class CallError(ValueError):
    """What the command line asks for is not there."""


@attrs.frozen
class Size:
    """How much of an experiment to do: runs of each configuration, epochs where not the configuration's own, and the
    number of training examples where not all.
    """

    runs: int
    epochs: int | None = None
    examples: int | None = None


@attrs.frozen
class Recipe:
    """An experiment.

    figure     the paper's figure or table that it redoes, "figure 6", or "" where the paper shows none
    text       what it does and why, as its module's docstring: a line that sums it up, then paragraphs
    groups     configurations by name; each is run with the same seeds, so that groups compare in pairs
    run        run(config, key, data, watch) -> a tree of numbers and arrays with "scores": one training, pure
    load       load(directory or None) -> data, with `checksums`
    figures    figures(results, data) -> figures by name
    claims     claims(results, data) -> the paper's claims with our verdicts
    score      the score that is printed of each group
    paper, first, quick    the paper's size, a newcomer's (under a minute), and that of a quick report
    together   whether one run trains all networks of a group as an ensemble: then `config` has a field `runs`, and
               every leaf of the result has the runs as its first axis
    papers     what the paper shows of that score, in its text or read off its figure, by group
    """

    name: str
    text: str | None
    figure: str
    groups: Mapping[str, Any]
    run: Callable[..., Mapping[str, Any]]
    load: Callable[[str | None], Any]
    figures: Callable[[Results, Any], Mapping[str, Figure]]
    claims: Callable[[Results, Any], Sequence[Claim]]
    paper: Size
    first: Size
    quick: Size
    score: str = "test_accuracy"
    together: bool = False
    papers: Mapping[str, float] = attrs.field(factory=dict)

    @property
    def paragraphs(self) -> list[str]:
        """The text as paragraphs of one line each."""
        return [" ".join(part.split()) for part in (self.text or "").strip().split("\n\n")]

    @property
    def summary(self) -> str:
        """The first paragraph, which is a line."""
        return self.paragraphs[0]


@attrs.frozen
class NoData:
    """The data of a recipe that draws its own from the key."""

    checksums: Mapping[str, str] = attrs.field(factory=dict)


def no_data(directory: str | None) -> NoData:
    """Loads nothing."""
    return NoData()


@attrs.frozen
class Command:
    """What stands beside the recipes on the command line: run(options) prints and writes what it finds.

    It heeds the options that it `takes`; others are refused.
    """

    name: str
    summary: str
    run: Callable[[Any], None]
    takes: tuple[str, ...]


@attrs.frozen
class Task:
    """One run of one configuration, as a worker needs it; `progress` is the file that keeps its epochs, if any."""

    run: Callable[..., Mapping[str, Any]]
    load: Callable[[str | None], Any]
    directory: str | None
    config: Any
    key: Key
    examples: int | None = None
    progress: Path | None = None

    def data(self) -> Any:
        """The data, with no more training examples than the task is to see."""
        data = self.load(self.directory)
        return data if self.examples is None else data.first(self.examples)

    def describe(self) -> dict[str, Any]:
        """What the result depends on besides the data and the code, as plain values."""
        run, load = (f"{f.__module__}.{f.__qualname__}" for f in (self.run, self.load))
        return {
            "run": run,
            "load": load,
            "config": attrs.asdict(self.config),
            "key": attrs.asdict(self.key),
            "examples": self.examples,
        }


def scores(runs: Sequence[Mapping[str, Any]], name: str = "test_accuracy") -> np.ndarray:
    """One score of every run: (runs,)."""
    return np.array([float(run["scores"][name]) for run in runs])
