"""What carries recipes out: plans, sweeps of runs, and the files that keep their results."""

from recipes.running.catalogue import commands, did_you_mean, find, names
from recipes.running.experiment import run_recipe
from recipes.running.failures import RefusedError
from recipes.running.plan import Options, Plan, Task, size_of
from recipes.running.settings import with_settings
from recipes.running.sweep import SweepError

__all__ = [
    "Options",
    "Plan",
    "RefusedError",
    "SweepError",
    "Task",
    "commands",
    "did_you_mean",
    "find",
    "names",
    "run_recipe",
    "size_of",
    "with_settings",
]
