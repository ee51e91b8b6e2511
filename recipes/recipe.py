"""The records of an experiment: a recipe, how much of it to do, and its results."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from matplotlib.figure import Figure

from fnn import Layer
from recipes.claims import NOT_JUDGED, Claim
from recipes.training import Run

__all__ = ["Command", "Finding", "NoData", "OptionError", "Recipe", "Results", "Size", "counted", "no_data", "scores"]

Results = Mapping[str, Sequence[Mapping[str, Any]]]  # the results of each group's runs, in the order of their seeds


class OptionError(ValueError):
    """An option of the command line asks for something that does not exist."""


@attrs.frozen
class Size:
    """How much of an experiment to do.

    runs       the number of runs of each configuration
    epochs     the number of epochs, None for the configuration's own
    examples   the number of training examples, None for all
    """

    runs: int
    epochs: int | None = None
    examples: int | None = None


@attrs.frozen
class Finding:
    """A result of a recipe in plain words: a sentence for each verdict on one claim, with {NAME} for a group's score.

    claim    how the statement of the claim begins
    holds, fails, alike, undecided    the sentences; alike is for "no difference that matters". "" says nothing.
    """

    claim: str
    holds: str
    fails: str = ""
    alike: str = ""
    undecided: str = ""


@attrs.frozen
class Recipe:
    """An experiment.

    figure     the figure or table of the paper that it repeats, "figure 6", or "" if the paper shows none
    text       what it does and why, the docstring of its module: one line that sums it up, then paragraphs
    groups     configurations by name; every group is run with the same seeds, so that groups compare in pairs
    run        run(config, key, data) -> a `Run`, a pure function
    load       load(directory or None) -> data, with `checksums`
    figures    figures(results, data) -> figures by name
    claims     claims(results, data) -> the paper's claims with our verdicts
    score      the score that is printed for each group
    paper      the full size: the paper's, for an experiment of the paper; any other recipe chooses its own
    first      a newcomer's size, which takes less than a minute; by default the full one
    quick      the size of a quick report; by default the full one
    together   whether one run trains all networks of a group as an ensemble: `config` then has a field `runs`, and
               every leaf of the result has the runs as its first axis
    fixed      what the code fixes and no configuration says, by fields as in other configurations, for the report
    papers     the values of that score in the paper, from its text or read off its figure, by group
    network    network(config, n_classes) -> the network whose parameters a run gives, for `predict`; None if it has
               none that reads rows of pixels
    finding    the main result in plain words, by the verdicts on one claim or several
    settings   what `--set` has changed in all groups, as in "rate=0.01", for the pictures
    trains     the name under which results of `run` are kept, "" for the recipe's own name. Recipes that have the same
               `run` and give it the same name share the results of equal configurations.
    """

    name: str
    text: str | None
    figure: str
    groups: Mapping[str, Any]
    run: Callable[..., Run]
    load: Callable[[str | None], Any]
    figures: Callable[[Results, Any], Mapping[str, Figure]]
    claims: Callable[[Results, Any], Sequence[Claim]]
    paper: Size
    first: Size = attrs.Factory(lambda recipe: recipe.paper, takes_self=True)
    quick: Size = attrs.Factory(lambda recipe: recipe.paper, takes_self=True)
    score: str = "test_accuracy"
    together: bool = False
    fixed: Mapping[str, Any] = attrs.field(factory=dict)
    papers: Mapping[str, float] = attrs.field(factory=dict)
    settings: str = ""
    trains: str = ""
    network: Callable[[Any, int], Layer] | None = None
    finding: Sequence[Finding] = ()

    @property
    def paragraphs(self) -> list[str]:
        """The text as paragraphs of one line each."""
        return [" ".join(part.split()) for part in (self.text or "").strip().split("\n\n")]

    @property
    def summary(self) -> str:
        """The first paragraph, which is one line."""
        return self.paragraphs[0]

    @property
    def full_size(self) -> str:
        """The name of the full size; only what the paper shows has a size there."""
        return "the paper's size" if self.figure else "the full size"

    def shortfall(self, size: Size) -> str:
        """How a size differs from the full one, in words; "" if it does not."""
        runs = [f"{counted(size.runs, 'run')} instead of {self.paper.runs}"] if size.runs != self.paper.runs else []
        epochs = [f"at most {counted(size.epochs, 'epoch')}"] if size.epochs is not None else []
        few = [f"{size.examples:,} training examples"] if size.examples is not None else []
        return f"not {self.full_size}: {', '.join([*runs, *epochs, *few])}" if size != self.paper else ""

    def beside(self, size: Size) -> str:
        """A size beside the full one, as in "3 runs of 2 epochs; the paper's size: 15 of 50"; "" for the full one."""
        if size == self.paper:
            return ""
        ends = self.paper.epochs or max(getattr(config, "epochs", 0) for config in self.groups.values())
        ours, papers = counted(size.runs, "run"), f"{self.paper.runs}"
        if size.epochs is not None:
            ours, papers = f"{ours} of {counted(size.epochs, 'epoch')}", f"{papers} of {ends}"
        if size.examples is not None:
            ours, papers = f"{ours} on {size.examples:,} examples", f"{papers} on all"
        return f"{ours}; {self.full_size}: {papers}"

    def cuts_off(self, size: Size) -> bool:
        """Whether a size ends trainings before their time, or gives them fewer examples, than the full one."""
        ends = [self.paper.epochs or getattr(config, "epochs", 0) for config in self.groups.values()]
        return size.examples != self.paper.examples or (size.epochs is not None and size.epochs < max(ends))

    def told(self, size: Size, claims: Sequence[Claim]) -> list[Claim]:
        """The claims with the verdicts that a size allows: with none if it cuts trainings off."""
        return [attrs.evolve(c, verdict=NOT_JUDGED) for c in claims] if self.cuts_off(size) else list(claims)


@attrs.frozen
class NoData:
    """The data of a recipe that draws its own points from the key."""

    checksums: Mapping[str, str] = attrs.field(factory=dict)


def no_data(directory: str | None) -> NoData:
    """Load nothing."""
    return NoData()


@attrs.frozen
class Command:
    """A command of the command line that is not a recipe: run(options) prints and writes what it finds.

    `takes` names the options that it uses; all others are refused.
    """

    name: str
    summary: str
    run: Callable[[Any], None]
    takes: tuple[str, ...]


def scores(runs: Sequence[Mapping[str, Any]], name: str = "test_accuracy") -> np.ndarray:
    """One score of every run: (runs,)."""
    return np.array([float(run["scores"][name]) for run in runs])


def counted(n: int, thing: str) -> str:
    """A number of things in words.

    >>> counted(1, "run"), counted(15, "run")
    ('1 run', '15 runs')
    """
    return f"{n:,} {thing}{'' if n == 1 else 's'}"
