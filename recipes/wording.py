"""A recipe's settings and size in words, as a method section has them."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from recipes.recipe import Recipe, Size

__all__ = ["settings", "shortfall"]

NAMES = {
    "relu": "ReLU",
    "tanh": "TanH",
    "sgd": "SGD",
    "momentum": "SGD with momentum 0.9",
    "adam": "Adam",
    "mse": "mean squared error",
    "cross_entropy": "cross-entropy",
    "cross_entropy_with_wrong_gradient": "cross-entropy with the paper's wrong gradient",
    "he_normal": "He normal",
    "he_uniform": "He uniform",
    "glorot_normal": "Glorot normal",
    "glorot_uniform": "Glorot uniform",
    "lecun_normal": "LeCun normal",
    **{name: name for name in ("sigmoid", "normal", "uniform", "orthogonal", "cross-entropy")},
}
CODES = {"relu": "a code behind a ReLU", "linear": "a linear code"}
REDUCTIONS = {"sum": "gradients summed over a batch", "mean": "gradients averaged over a batch"}


def phrases(config: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """What the fields of a configuration say: for each a phrase with a gap, and what fills it.

    >>> [gap.format(word) for gap, word in phrases({"hidden": (64, 32), "activation": "relu", "rate": 0.1}).values()]
    ['hidden layers of 64-32 neurons', 'ReLU units', 'Adam at 0.1']
    """
    of = {"optimizer": "adam", "patience": 0, "noise": 0, **config}
    optimizer = f"{NAMES[of['optimizer']]} at {of.get('rate', 0):g}"
    widths, plural = of.get("hidden", ()), "" if of.get("epochs") == 1 else "s"
    found = {
        "points": ("{} points a run", of.get("points")),
        "hidden": ("hidden layers of {} neurons", "-".join(map(str, widths))) if widths else ("{}", "no hidden layer"),
        "activation": ("{} units", NAMES.get(of.get("activation", "")) if widths else None),
        "latent": ("codes of {} numbers", of.get("latent")),
        "depth": ("hidden layers on either side: {}", of.get("depth")),
        "code": ("{}", CODES.get(of.get("code", ""))),
        "weights": ("initial weights: {}", NAMES.get(of.get("weights", ""))),
        "loss": ("loss: {}", NAMES.get(of.get("loss", ""))),
        "reduction": ("{}", REDUCTIONS.get(of.get("reduction", ""))),
        "noise": ("noise of standard deviation {} on the input", of["noise"] or None),
        "rate": ("{}", optimizer),
        "batch_size": ("batches of {}", of.get("batch_size")),
        "epochs": (f"{'up to ' * bool(of['patience'])}{{}} epoch{plural}", of.get("epochs")),
        "patience": ("patience {}", of["patience"] or None),
    }
    return {name: (gap, str(word)) for name, (gap, word) in found.items() if name in config and word is not None}


def listed(words: Sequence[str]) -> str:
    """Words as a choice, each once.

    >>> listed(["8", "16", "8", "32"]), listed(["8"])
    ('8, 16 or 32', '8')
    """
    *first, last = dict.fromkeys(words)
    return f"{', '.join(first)} or {last}" if first else last


def settings(recipe: Recipe, size: Size) -> str:
    """The configurations of a recipe: what all groups share and, in its place, what they vary."""
    changed = {} if size.epochs is None else {"epochs": size.epochs}
    of_groups = [phrases({**attrs.asdict(config), **changed}) for config in recipe.groups.values()]
    filled = []
    for name in dict.fromkeys(name for of_group in of_groups for name in of_group):
        said = [of_group[name] for of_group in of_groups if name in of_group]
        gap, *others = dict.fromkeys(gap for gap, _ in said)
        filled.append(listed([g.format(w) for g, w in said]) if others else gap.format(listed([w for _, w in said])))
    few = [] if size.examples is None else [f"the first {size.examples:,} training examples"]
    return "; ".join([*filled, *few, counted(size.runs, "run") + " of each" * (len(of_groups) > 1)])


def counted(n: int, thing: str) -> str:
    """A number of things.

    >>> counted(1, "run"), counted(15, "run")
    ('1 run', '15 runs')
    """
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def shortfall(recipe: Recipe, size: Size) -> str:
    """In what a size is not the paper's, or "".

    >>> from recipes.mnist import RECIPE
    >>> shortfall(RECIPE, Size(2, 5)), shortfall(RECIPE, RECIPE.paper)
    ("not the paper's size: 2 runs instead of 15, at most 5 epochs", '')
    """
    paper = recipe.paper
    runs = [f"{counted(size.runs, 'run')} instead of {paper.runs}"] if size.runs != paper.runs else []
    epochs = [f"at most {counted(size.epochs, 'epoch')}"] if size.epochs is not None else []
    few = [f"{size.examples:,} training examples"] if size.examples is not None else []
    return f"not the paper's size: {', '.join([*runs, *epochs, *few])}" if size != paper else ""
