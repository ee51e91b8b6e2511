"""All of the paper's experiments, and a report that judges every claim."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import attrs

import fnn
from recipes import book, report
from recipes.recipe import Command, Recipe
from recipes.store import write_bytes, write_text
from recipes.sweep import sweep

__all__ = ["RECIPE"]


def run(options: book.Options) -> None:
    """Carry out every recipe, all runs of all recipes in one sweep, and write index.html, report.md and figures/."""
    begin = perf_counter()
    options = attrs.evolve(options, paper=not options.quick)
    recipes = [recipe for name in book.names if isinstance(recipe := book.find(name), Recipe)]
    out = Path(options.out)
    pairs = [(task, r) for r in recipes for of_group in book.tasks_of(r, options).values() for task in of_group]
    checksums = {recipe.name: recipe.load(options.data).checksums for recipe in recipes}
    with book.executor_of(options) as executor:
        tasks, sums = [task for task, _ in pairs], [checksums[recipe.name] for _, recipe in pairs]
        how: dict[str, Any] = {"jobs": options.jobs, "fresh": options.fresh, "resume": options.resume}
        sweep(tasks, sums, out / "runs", executor=executor, **how)

    chapters = []
    for recipe in recipes:
        results, claims = book.cook(recipe, attrs.evolve(options, fresh=False, executor=None))
        pictures = {path.stem: path.read_bytes() for path in sorted((out / recipe.name).glob("*.png"))}
        lines = book.groups_in_words(recipe, results)
        chapters.append(report.Chapter(recipe, book.size_of(recipe, options), pictures, claims, lines))
        print("\n".join([f"{recipe.name}: {recipe.summary}", *book.describe(recipe, results, claims)]))
    data = recipes[-1].load(options.data).checksums
    facts = {
        "seed": str(options.seed),
        "versions": ", ".join(
            [f"fnn {fnn.__version__}", f"Python {platform.python_version()}"]
            + [f"{package} {version(package)}" for package in ("numpy", "attrs", "toolz", "matplotlib", "scikit-learn")]
        ),
        "machine": f"{platform.system()} on {platform.machine()}, {os.cpu_count()} cores",
        "time of this call": f"{perf_counter() - begin:.0f} s",
        **{f"SHA-256 of {name}": digest for name, digest in data.items()},
    }
    folder = out / "paper"
    write_text(folder / "index.html", report.html(chapters, facts, options.quick))
    write_text(folder / "report.md", report.markdown(chapters, facts, options.quick))
    for chapter in chapters:
        for name, png in chapter.pictures.items():
            write_bytes(folder / "figures" / f"{name}.png", png)
    print("written to", folder / "index.html")


RECIPE = Command(
    name="paper",
    summary=(__doc__ or "").strip(),
    run=run,
    takes=("quick", "jobs", "seed", "data", "out", "fresh", "resume", "executor"),
)
