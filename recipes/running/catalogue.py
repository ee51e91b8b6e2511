"""The catalogue: it finds recipes and commands by name."""

from difflib import get_close_matches
from importlib import import_module

from recipes.recipe import Command, Recipe

__all__ = ["commands", "find", "names"]

FAMILIES = {
    "points": ("linear_regression", "linear_classification", "xor", "xor_tanh"),
    "classifiers": ("mnist", "activations", "batch_size", "hidden_size", "optimizers", "initializers"),
    "autoencoders": ("autoencoder_grid", "reconstructions", "latent_space", "interpolation", "denoising"),
}
COMMANDS = {"paper": "recipes.reporting.paper", "benchmark": "recipes.bench.benchmark"}
MODULES = {name: f"recipes.{family}.{name}" for family, members in FAMILIES.items() for name in members} | COMMANDS
commands = tuple(COMMANDS)
names = tuple(name for name in MODULES if name not in commands)


def find(name: str) -> Recipe | Command:
    """The recipe or command of this name; raises `KeyError`, with the nearest name, if there is none."""
    known = (*names, *commands)
    if name not in known:
        near = get_close_matches(name, known, 1)
        raise KeyError(f"no recipe {name!r}; " + (f"did you mean {near[0]!r}?" if near else f"there are {known}"))
    return import_module(MODULES[name]).RECIPE
