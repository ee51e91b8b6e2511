"""A recipe's settings, size and scores in words."""

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any

import attrs

from recipes.claims import FEWEST, Claim, estimate
from recipes.recipe import Recipe, Results, Size, counted, scores

__all__ = ["groups_in_brief", "groups_in_words", "listed", "numbers", "one_number", "score_in_words", "settings"]
__all__ += ["told_beside"]

NAMES = {
    "relu": "ReLU",
    "tanh": "TanH",
    "sgd": "SGD",
    "momentum": "SGD with momentum 0.9",
    "adam": "Adam",
    "mse": "mean squared error",
    "cross_entropy": "cross-entropy",
    "cross_entropy_with_paper_gradient": "cross-entropy with the paper's wrong gradient",
    "he_normal": "He normal",
    "he_uniform": "He uniform",
    "glorot_normal": "Glorot normal",
    "glorot_uniform": "Glorot uniform",
    "lecun_normal": "LeCun normal",
    **{name: name for name in ("sigmoid", "normal", "uniform", "orthogonal", "cross-entropy")},
}
NORMS = {"none": "no normalisation", "batch": "batch normalisation", "layer": "layer normalisation"}
CODES = {"relu": "a code with ReLU", "linear": "a linear code"}
SCORES = {  # the name of each score in words, the format of its numbers, and their unit
    "test_accuracy": ("test accuracy", "{:.4f}", ""),
    "accuracy": ("accuracy", "{:.4f}", ""),
    "test_mse": ("test mean squared error", "{:.4f}", ""),
    "distance": ("root mean square distance from the true line (in units of y)", "{:.4f}", ""),
    "denoised_psnr_at_0.2": ("PSNR at sigma 0.2 of the denoised test images", "{:.2f}", " dB"),
}
MANY = 12  # the report lists the settings, and the scores of single runs, of at most so many groups
FEW = 7  # the overview shows the scores of at most so many groups that the paper has no numbers of
REDUCTIONS = {"sum": "gradients summed over a batch", "mean": "gradients averaged over a batch"}


def phrases(config: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The fields of a configuration in words: for each a phrase with a gap, and the word that fills the gap.

    A field without a phrase of its own is said by its name and value.

    >>> [gap.format(word) for gap, word in phrases({"hidden": (64, 32), "activation": "relu", "rate": 0.1}).values()]
    ['hidden layers of 64-32 neurons', 'ReLU units', 'Adam at 0.1']
    >>> [gap.format(word) for gap, word in phrases({"label_smoothing": 0.1, "kernels": (3, 5), "tied": True}).values()]
    ['label smoothing 0.1', 'kernels 3, 5', 'tied yes']
    """
    of = {"optimizer": "adam", "patience": 0, "noise": 0, **config}
    optimizer = f"{_named(of['optimizer'])} at {of.get('rate', 0):g}"
    widths, rates, plural = of.get("hidden", ()), of.get("rates", ()), "" if of.get("epochs") == 1 else "s"
    found = {
        "points": ("{} points per run", of.get("points")),
        "hidden": ("hidden layers of {} neurons", "-".join(map(str, widths))) if widths else ("{}", "no hidden layer"),
        "activation": ("{} units", _named(of.get("activation")) if widths else None),
        "norm": ("{}", NORMS.get(of.get("norm", ""))),
        "dropout": ("dropout of {}", of.get("dropout")),
        "latent": ("codes of {} numbers", of.get("latent")),
        "depth": ("hidden layers on either side: {}", of.get("depth")),
        "code": ("{}", CODES.get(of.get("code", ""))),
        "weights": ("initial weights: {}", _named(of.get("weights"))),
        "loss": ("loss: {}", _named(of.get("loss"))),
        "reduction": ("{}", REDUCTIONS.get(of.get("reduction", ""))),
        "noise": ("noise of standard deviation {} on the input", of["noise"] or None),
        "rate": ("{}", optimizer),
        "rates": ("SGD at {}", " to ".join(f"{rate:g}" for rate in sorted({*rates[:1], *rates[-1:]})) or None),
        "examples": ("the first {} training examples", f"{of['examples']:,}" if of.get("examples") else None),
        "batch_size": ("batches of {}", of.get("batch_size")),
        "epochs": (f"{'up to ' * bool(of['patience'])}{{}} epoch{plural}", of.get("epochs")),
        "patience": ("patience {}", of["patience"] or None),
    }
    together = {"optimizer" if "rate" in config else "", "runs"}  # said with the rate, and with the size
    others = [name for name in config if name not in found and name not in together]
    said = {**found, **{name: (f"{name.replace('_', ' ')} {{}}", _plain(config[name])) for name in others}}
    return {name: (gap, str(word)) for name, (gap, word) in said.items() if name in config and word is not None}


def _named(value: Any) -> str | None:
    """A name of the code in words, None for None.

    >>> _named("relu"), _named("label_smoothing"), _named(None)
    ('ReLU', 'label smoothing', None)
    """
    return None if value is None else NAMES.get(value, str(value).replace("_", " "))


def _plain(value: Any) -> str:
    """The value of any field in words."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, (tuple, list)):
        return ", ".join(map(_plain, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(_named(value))


def listed(words: Iterable[str], link: str = "or") -> str:
    """The distinct words as a list, by default as a choice between them.

    >>> listed(["8", "16", "8", "32"]), listed(["8"]), listed(["8", "16"], "and")
    ('8, 16 or 32', '8', '8 and 16')
    """
    *first, last = dict.fromkeys(words)
    return f"{', '.join(first)} {link} {last}" if first else last


def settings(recipe: Recipe, size: Size) -> str:
    """The configurations of a recipe in words, each field with all values that it takes.

    If the groups are not all combinations of these values, the sentence says what they share, and a sentence for each
    group says how it differs; for more than `MANY` groups, their names and the recipe's text say that.
    """
    rest = {**recipe.fixed, **({} if size.epochs is None else {"epochs": size.epochs})}
    groups = {name: phrases({**attrs.asdict(config), **rest}) for name, config in recipe.groups.items()}
    fields = dict.fromkeys(field for group in groups.values() for field in group)
    few = [] if size.examples is None else [f"the first {size.examples:,} training examples"]
    few += [counted(size.runs, "run") + " of each configuration" * (len(groups) > 1)]
    varied = [field for field in fields if len({group.get(field) for group in groups.values()}) > 1]
    said = {field: _choice([group[field] for group in groups.values() if field in group]) for field in fields}
    if len(groups) > MANY or _all_combined([tuple(group.get(field) for field in varied) for group in groups.values()]):
        return "; ".join([*said.values(), *few])
    shared = [words for field, words in said.items() if field not in varied]
    own = {
        k: [gap.format(word) for field, (gap, word) in group.items() if field in varied] for k, group in groups.items()
    }
    return ". ".join(["; ".join([*shared, *few]), *(f"{name}: {', '.join(words)}" for name, words in own.items())])


def _all_combined(rows: Sequence[tuple[Any, ...]]) -> bool:
    """Whether the rows are all combinations of the values in their columns.

    >>> _all_combined([(4, "a"), (4, "b"), (8, "a"), (8, "b")]), _all_combined([(4, "a"), (8, "b")])
    (True, False)
    """
    return len(set(rows)) == prod(len(set(column)) for column in zip(*rows, strict=True))


def _choice(pairs: Sequence[tuple[str, str]]) -> str:
    """The phrases of one field, one for each group, as a single phrase.

    >>> _choice([("batches of {}", "8"), ("batches of {}", "16")])
    'batches of 8 or 16'
    """
    gap, *others = dict.fromkeys(gap for gap, _ in pairs)
    return listed([g.format(w) for g, w in pairs]) if others else gap.format(listed([w for _, w in pairs]))


def score_in_words(recipe: Recipe) -> tuple[str, str, str]:
    """The name of a recipe's score in words, the format of its numbers, and their unit."""
    return SCORES.get(recipe.score, (recipe.score.replace("_", " "), "{:.4f}", ""))


def groups_in_words(recipe: Recipe, results: Results, beside: bool = True) -> list[str]:
    """One line for each group: its score, as interquartile mean if it has several runs.

    `beside` adds the paper's number, which can be compared only with results on the paper's data at its size.
    """
    label, form, unit = score_in_words(recipe)

    def line(name: str, runs: Sequence[Mapping[str, Any]]) -> str:
        found, shown = estimate(scores(runs, recipe.score)), recipe.papers.get(name) if beside else None
        value = f"{form.format(found.value)}{unit}"
        few = f" {value}" if found.n == 1 else f", IQM {value} ({counted(found.n, 'run')})"
        ours = few if found.interval is None else f", IQM {found.said(form, unit)}"
        return f"{name}: {label}{ours}{'' if shown is None else f'; the paper shows {shown:g}{unit}'}"

    return [line(name, runs) for name, runs in results.items()]


def groups_in_brief(recipe: Recipe, results: Results, beside: bool = True) -> list[str]:
    """The lines of `groups_in_words` or, for more than `MANY` groups of few runs each, a reference to the figure."""
    lines = groups_in_words(recipe, results, beside)
    few = all(len(runs) < FEWEST for runs in results.values())
    return [f"The pictures show the scores of all {len(lines)} networks."] if few and len(lines) > MANY else lines


def one_number(recipe: Recipe, values: Any) -> str:
    """The score of a group's runs as one number with its unit, an interquartile mean."""
    _, form, unit = score_in_words(recipe)
    return f"{form.format(estimate(values).value)}{unit}"


def numbers(recipe: Recipe, results: Results, beside: bool = True) -> list[tuple[str, str, str]]:
    """The few numbers that sum up a recipe, each with the name of its group and the paper's number, or "".

    They are those that the paper has, too; or else all, if they are at most `FEW`; or else the lowest and the highest.
    """
    found = {name: estimate(scores(runs, recipe.score)).value for name, runs in results.items()}
    names = {name: name for name in recipe.papers or found}
    if len(names) > FEW and not recipe.papers:
        least, most = (pick(found, key=found.__getitem__) for pick in (min, max))
        names = {least: f"lowest: {least}", most: f"highest: {most}"}
    _, _, unit = score_in_words(recipe)
    papers = {name: f"{value:g}{unit}" for name, value in recipe.papers.items() if beside}
    only = len(found) == 1
    return [
        ("" if only else said, one_number(recipe, scores(results[name], recipe.score)), papers.get(name, ""))
        for name, said in names.items()
    ]


def told_beside(recipe: Recipe, size: Size, claims: Sequence[Claim]) -> bool:
    """Whether the paper's numbers may stand beside ours: at the paper's size, for data on which it claims something."""
    return size == recipe.paper and any(claim.source.startswith("the paper") for claim in claims)
