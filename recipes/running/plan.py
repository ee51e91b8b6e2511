"""The plan of a recipe: how much to do, one task for each run, and the data; made once and handed down."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np

import fnn
from recipes.recipe import Recipe, Size, no_data
from recipes.running.engine import NUMPY, Engine, engine
from recipes.running.source import code_of
from recipes.training import Run, together

__all__ = ["Options", "Plan", "Task", "plan", "size_of", "without_defaults"]


def _no_empty_name(options: "Options", field: "attrs.Attribute[Any]", name: str | None) -> None:
    """Raise a `ValueError` for "", which a path would take for the current folder."""
    if name == "":
        raise ValueError(f"--{field.name} takes the name of a folder, got ''; the current folder is '.'")


@attrs.frozen
class Options:
    """How to carry out a recipe: the options of the command line. None stands for the recipe's own value.

    runs, epochs    the number of runs of each configuration, and the largest number of epochs of a run
    jobs            the number of runs side by side, by default one for each core
    seed            the seed from which all randomness follows
    data            a directory of IDX files like MNIST's, by default MNIST
    out             the folder of the results: the figures and result.json of a recipe in a folder of its name, which
                    keeps those of the last size, and each finished run in "runs"
    paper, quick    the full size, or a size that is just enough to see everything at work
    fresh           repeat runs that are kept
    any_code        also use results of other code or another engine
    executor        "dask:ADDRESS", whose workers carry out the runs
    fold            "numpy" or "jax": what carries out trainings
    apart           on a GPU, train each run of a configuration by itself
    kept, explain, only, against, gallery    of the command line's reports and commands

    Raises `ValueError` if the name of a folder is empty.
    """

    runs: int | None = None
    epochs: int | None = None
    jobs: int | None = None
    seed: int = 0
    data: str | None = attrs.field(default=None, validator=_no_empty_name)
    out: str = attrs.field(default="results", validator=_no_empty_name)
    paper: bool = False
    quick: bool = False
    fresh: bool = False
    any_code: bool = False
    kept: bool = False
    explain: bool = False
    executor: str | None = None
    only: str | None = None
    fold: str = "numpy"
    apart: bool = False
    against: str | None = attrs.field(default=None, validator=_no_empty_name)
    gallery: str | None = attrs.field(default=None, validator=_no_empty_name)

    @property
    def folder(self) -> Path:
        """Where the finished runs of all recipes are kept."""
        return Path(self.out) / "runs"


@attrs.frozen
class Task:
    """One run of one configuration, as a worker needs it.

    trains     the name under which results of `run` are kept
    run, load  the functions of the recipe; both must be known by name, so that another process can import them
    directory  where `load` finds the data, None for the project's own
    config     the configuration, a record of plain values
    key        the key from which all randomness of the run follows; several keys are as many runs, trained together
    examples   the number of training examples, None for all
    checksums  those of the data
    progress   the file that keeps the progress of the run, None to keep nothing
    engine     what carries out the run
    """

    trains: str
    run: Callable[..., Run]
    load: Callable[[str | None], Any]
    directory: str | None
    config: Any
    key: fnn.Key | tuple[fnn.Key, ...]
    examples: int | None = None
    checksums: Mapping[str, str] = attrs.field(factory=dict)
    progress: Path | None = None
    engine: Engine = NUMPY

    def data(self) -> Any:
        """The data, with as many training examples as the task asks for."""
        return _loaded(self.load, self.directory, self.examples)

    def identity(self) -> dict[str, Any]:
        """What names the result, as plain values: the name, the configuration, the key and the data.

        Fields of the configuration that have their default value are left out, so that a field that is added later,
        with a default, does not rename older results. What makes the result is no part of the identity.
        """
        return {
            "trains": self.trains,
            "config": without_defaults(self.config),
            "key": attrs.asdict(self.key) if isinstance(self.key, fnn.Key) else list(map(attrs.asdict, self.key)),
            "examples": self.examples,
            "data": dict(self.checksums),
        }

    def made_by(self) -> dict[str, Any]:
        """What makes the result, as plain values: the code, NumPy's version and, if it is not NumPy, the engine."""
        code = code_of(self.run, self.load, type(self.config))
        of_engine = {} if self.engine == NUMPY else {"engine": attrs.asdict(self.engine)}
        return {"code": code, "numpy": np.__version__, **of_engine}

    def carried_out(self) -> Run:
        """The run that the task asks for."""
        data = self.engine.resting(self.data())
        if isinstance(self.key, tuple):
            run = together([self.run(self.config, key, data) for key in self.key])
        else:
            run = self.run(self.config, self.key, data)
        return attrs.evolve(run, batches_of=self.engine.ahead(run.batches_of))


@attrs.frozen
class Plan:
    """What there is to do for one recipe: `groups` has the tasks of each group by its name, `data` is what claims and
    figures get to see.
    """

    recipe: Recipe
    options: Options
    size: Size
    groups: Mapping[str, Sequence[Task]]
    data: Any

    @property
    def tasks(self) -> list[Task]:
        """All tasks, group by group."""
        return [task for of_group in self.groups.values() for task in of_group]


def plan(recipe: Recipe, options: Options) -> Plan:
    """The plan of a recipe: one task for each run, or one for all runs of a group that train together."""
    size, root = size_of(recipe, options), fnn.Key(options.seed)
    changes: dict[str, int] = {} if size.epochs is None else {"epochs": size.epochs}
    if recipe.together:
        changes["runs"] = size.runs
    keys = [root] if recipe.together else fnn.split(root, size.runs)
    directory = None if recipe.load is no_data else options.data
    data = _loaded(recipe.load, directory, size.examples)
    name, rest, by = recipe.trains or recipe.name, (size.examples, data.checksums), engine(options.fold)

    def tasks(config: Any) -> list[Task]:
        return [Task(name, recipe.run, recipe.load, directory, config, key, *rest, engine=by) for key in keys]

    groups = {group: tasks(attrs.evolve(config, **changes)) for group, config in recipe.groups.items()}
    return Plan(recipe, options, size, groups, data)


def size_of(recipe: Recipe, options: Options) -> Size:
    """How much to do: the paper's, the quick or a newcomer's size, with the runs and epochs that the options name."""
    size = recipe.paper if options.paper else recipe.quick if options.quick else recipe.first
    return attrs.evolve(size, runs=options.runs or size.runs, epochs=options.epochs or size.epochs)


def _loaded(load: Callable[[str | None], Any], directory: str | None, examples: int | None) -> Any:
    data = load(directory)
    return data if examples is None else data.first(examples)


def without_defaults(config: Any) -> dict[str, Any]:
    """The fields of a record whose values are not their defaults, as plain values.

    >>> without_defaults(Size(3)), without_defaults(Size(3, epochs=5))
    ({'runs': 3}, {'runs': 3, 'epochs': 5})
    """
    fields = attrs.fields(type(config))
    mandatory = {field.name: getattr(config, field.name) for field in fields if field.default is attrs.NOTHING}
    values, defaults = attrs.asdict(config), attrs.asdict(type(config)(**mandatory))
    return {name: value for name, value in values.items() if name in mandatory or value != defaults[name]}
