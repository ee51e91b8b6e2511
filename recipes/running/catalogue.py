"""The catalogue: it finds recipes and commands by name."""

from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from recipes.recipe import Command, OptionError, Recipe
from recipes.running.own import is_own, own

__all__ = ["commands", "did_you_mean", "find", "names", "reported"]

FAMILIES = {
    "points": ("linear_regression", "linear_classification", "xor", "xor_tanh"),
    "classifiers": ("mnist", "activations", "batch_size", "hidden_size", "optimizers", "initializers"),
    "autoencoders": ("autoencoder_grid", "reconstructions", "latent_space", "interpolation", "denoising"),
    "beyond": ("batch_norm", "dropout", "convolution", "sequence", "convolutional_autoencoder"),
}
COMMANDS = {
    "paper": "recipes.reporting.paper",
    "beyond": "recipes.reporting.beyond",
    "benchmark": "recipes.bench.benchmark",
    "verdicts": "recipes.reporting.verdicts",
    "engines": "recipes.reporting.engines",
}
MODULES = {name: f"recipes.{family}.{name}" for family, members in FAMILIES.items() for name in members} | COMMANDS
commands = tuple(COMMANDS)
names = tuple(name for name in MODULES if name not in commands)
reported = {  # the recipes of each report
    "paper": tuple(name for name in names if name not in FAMILIES["beyond"]),
    "beyond": FAMILIES["beyond"],
}


def find(name: str) -> Recipe | Command:
    """The recipe or command of this name, in capitals or not, with - or _; or that of a file or module, see `own`.

    Raises `OptionError`, with the names that are near, if there is none.
    """
    if is_own(name):
        return own(name)
    plain = name.lower().replace("-", "_")
    if plain not in MODULES:
        own_file = f"did you mean the file {name}.py?" if name and Path(f"{name}.py").is_file() else ""
        raise OptionError(f"no recipe {name!r}; {own_file or did_you_mean(plain, MODULES)}")
    return import_module(MODULES[plain]).RECIPE


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The known words that begin with a word or are like it, as a question; all of them if none is near.

    >>> did_you_mean("mnits", names), did_you_mean("linear", names)
    ("did you mean 'mnist'?", "did you mean 'linear_regression' or 'linear_classification'?")
    >>> did_you_mean("zzz", ["a128", "e1"])
    'there are a128, e1'
    """
    known, word = list(known), word.lower()
    near = [each for each in known if word and each.startswith(word)] or get_close_matches(word, known)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are {', '.join(known)}"
