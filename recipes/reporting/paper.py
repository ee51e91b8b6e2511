"""All of the paper's experiments, and a report that judges every claim."""

# What it writes is small enough for a repository: after `python -m recipes paper`, copy report.md and figures/ to
# recipes/gallery/, and the lines of claims.md, whose links lead there, to README.md.

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from datetime import date
from io import BytesIO
from pathlib import Path
from time import perf_counter
from typing import Any

import attrs
import numpy as np
from PIL import Image

from recipes.recipe import Command, Recipe, Task
from recipes.reporting.markdown import claims_table, markdown
from recipes.reporting.page import html
from recipes.reporting.report import Chapter
from recipes.reporting.wording import groups_in_brief
from recipes.running import catalogue as catalogue
from recipes.running.provenance import codes_in_words, cost_in_words, machine, time_in_all, versions
from recipes.running.store import is_kept, write_bytes, write_text
from recipes.running.sweep import SweepError, kept_at, sweep

__all__ = ["RECIPE", "run"]

GALLERY = "recipes/gallery/report.md"  # from where README.md is
UNSEEN = 8  # of 255, a change of colour that nobody sees
WIDTH = 1000  # pixels of the pictures beside report.md: as wide as a README, and small enough to commit


def run(options: catalogue.Options, executor: Executor | None = None) -> None:
    """Carry out every recipe, all runs of all recipes in one sweep, and write index.html, report.md,
    claims.md and figures/. With the option `kept` nothing is run, and the report is on what is there.

    Raises `SweepError` at the end where runs failed; the report then says so in the place of their recipes.
    """
    begin = perf_counter()
    options = attrs.evolve(options, paper=not options.quick)
    recipes = [recipe for name in catalogue.names if isinstance(recipe := catalogue.find(name), Recipe)]
    runs = Path(options.out) / "runs"
    data = {recipe.name: catalogue.data_of(recipe, options) for recipe in recipes}
    sums = {recipe.name: data[recipe.name].checksums for recipe in recipes}
    pairs = [(task, sums[recipe.name]) for recipe in recipes for task in catalogue.all_tasks(recipe, options)]
    failed = None if options.kept else carry_out(pairs, runs, options, executor)
    failures = failed.failures if failed else {}
    paths = {recipe.name: paths_of(recipe, options, sums[recipe.name]) for recipe in recipes}
    chapters = [chapter_of(recipe, options, data[recipe.name], paths[recipe.name], failures) for recipe in recipes]
    any_code = options.any_code and not options.fresh
    done = [path for of_recipe in paths.values() for path in of_recipe if path.exists()]
    facts = {
        "put together": f"on {date.today()} in {perf_counter() - begin:.0f} s, from {time_in_all(done)}",
        "finished trainings taken": f"of {'any' if any_code else 'this'} state of the code",
        "made with": ", ".join(f"{name} {number}" for name, number in versions().items()),
        "made by": ", ".join(machine().values()),
        "digits": options.data or "MNIST, as it travels with the project",
        **{f"SHA-256 of {name}": digest for of_data in sums.values() for name, digest in of_data.items()},
    }
    folder = Path(options.out) / "paper"
    write_text(folder / "index.html", html(chapters, facts))
    write_text(folder / "report.md", markdown(chapters, facts))
    write_text(folder / "claims.md", "\n".join([*claims_table(chapters, GALLERY), ""]))
    for chapter in chapters:
        for name, png in chapter.pictures.items():
            write_bytes(folder / "figures" / f"{name}.png", small(png))
    print("written to", folder / "index.html")
    if failed:
        raise failed


def carry_out(
    pairs: Sequence[tuple[Task, Mapping[str, str]]], runs: Path, options: catalogue.Options, executor: Executor | None
) -> SweepError | None:
    """Carry out all tasks, each with the checksums of its data, in one sweep; returns its error where runs failed."""
    tasks, checksums = map(list, zip(*pairs, strict=True))
    with catalogue.executor_of(options) if executor is None else nullcontext(executor) as workers:
        try:
            sweep(tasks, checksums, runs, executor=workers, **catalogue.how_to_sweep(options))
        except SweepError as error:
            return error
    return None


def paths_of(recipe: Recipe, options: catalogue.Options, checksums: Mapping[str, str]) -> list[Path]:
    """Where the results of all tasks of a recipe are kept, once they have been carried out."""
    runs, any_code = Path(options.out) / "runs", options.any_code and not options.fresh
    return [kept_at(task, checksums, runs, any_code) for task in catalogue.all_tasks(recipe, options)]


def chapter_of(
    recipe: Recipe, options: catalogue.Options, data: Any, paths: Sequence[Path], failures: Mapping[Path, str]
) -> Chapter:
    """The chapter of a recipe whose runs are kept at these paths, have failed or, some of them, are not there."""
    size, distinct = catalogue.size_of(recipe, options), dict.fromkeys(paths)
    if broken := [failures[path] for path in distinct if path in failures]:
        print(f"{recipe.name}: {len(broken)} of its runs failed")
        return Chapter(recipe, size, failures=broken)
    if absent := sum(not is_kept(path) for path in distinct):
        print(f"{recipe.name}: {absent} of {len(distinct)} trainings are not there yet")
        return Chapter(recipe, size, absent=absent)
    results = catalogue.results_of(recipe, options, paths)
    claims, drawn = catalogue.write(recipe, options, data, results)
    print("\n".join([f"{recipe.name}: {recipe.summary}", *catalogue.describe(recipe, size, results, claims)]))
    facts = {
        "seeds": f"keys 0 to {size.runs - 1} of seed {options.seed}"
        if size.runs > 1
        else f"key 0 of seed {options.seed}",
        "data": "as above" if data.checksums else "drawn from the keys",
        "trainings": str(len(distinct)),
        **cost_in_words(paths),
        "code": codes_in_words(paths),
    }
    pictures = {name: path.read_bytes() for name, path in drawn.items()}
    return Chapter(recipe, size, pictures, claims, groups_in_brief(recipe, results), facts)


def small(png: bytes) -> bytes:
    """A picture at the width of a README, and in 256 colours where that changes none by more than `UNSEEN`.

    They are those furthest apart, so that no thin line loses its own.
    """
    picture, file = Image.open(BytesIO(png)).convert("RGB"), BytesIO()
    size = WIDTH, round(picture.height * WIDTH / picture.width)
    resized = picture.resize(size, Image.Resampling.LANCZOS)
    few = resized.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    changes = np.asarray(few.convert("RGB"), dtype=int) - np.asarray(resized, dtype=int)
    (few if np.abs(changes).max() <= UNSEEN else resized).save(file, "png", optimize=True)
    return file.getvalue()


RECIPE = Command(
    name="paper",
    summary=(__doc__ or "").strip(),
    run=run,
    takes=tuple(name for name in attrs.asdict(catalogue.Options()) if name != "only"),
)
