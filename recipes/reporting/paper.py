"""All of the paper's experiments, and a report that judges every claim."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import attrs

from recipes.recipe import Command, Recipe, Task
from recipes.reporting.gallery import write_markdown
from recipes.reporting.markdown import markdown
from recipes.reporting.page import html
from recipes.reporting.report import Chapter
from recipes.reporting.wording import groups_in_brief
from recipes.running import catalogue as catalogue
from recipes.running.provenance import codes_in_words, cost_in_words, machine, time_in_all, versions
from recipes.running.store import is_kept, write_text
from recipes.running.sweep import SweepError, kept_at, sweep

__all__ = ["RECIPE", "run"]


def run(options: catalogue.Options, executor: Executor | None = None) -> None:
    """Carry out all runs of all recipes in one sweep, and write the report: index.html, report.md and figures/.

    With the option `kept`, report on the finished runs without running any more. With the option `gallery`, write
    report.md and figures/ to that folder too. Raises `SweepError` at the end if runs failed; the report then shows
    their errors in the chapters of their recipes.
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
        "report written": f"on {date.today()} in {perf_counter() - begin:.0f} s, from {time_in_all(done)}",
        "trainings used": f"of {'any version' if any_code else 'this version'} of the code",
        "versions": ", ".join(f"{name} {number}" for name, number in versions().items()),
        "machine": ", ".join(machine().values()),
        "digits": options.data or "MNIST, from the project's own files",
        **{f"SHA-256 of {name}": digest for of_data in sums.values() for name, digest in of_data.items()},
    }
    folder = Path(options.out) / "paper"
    pictures = {f"figures/{name}.png": png for chapter in chapters for name, png in chapter.pictures.items()}
    write_text(folder / "index.html", html(chapters, facts))
    for each in (folder, *([Path(options.gallery)] if options.gallery else [])):
        write_markdown(each / "report.md", markdown(chapters, facts), pictures)
    print("written to", folder / "index.html")
    if failed:
        raise failed


def carry_out(
    pairs: Sequence[tuple[Task, Mapping[str, str]]], runs: Path, options: catalogue.Options, executor: Executor | None
) -> SweepError | None:
    """Carry out all tasks, each with the checksums of its data, in one sweep; return its error if runs failed."""
    tasks, checksums = map(list, zip(*pairs, strict=True))
    with catalogue.executor_of(options) if executor is None else nullcontext(executor) as workers:
        try:
            sweep(tasks, checksums, runs, executor=workers, **catalogue.how_to_sweep(options))
        except SweepError as error:
            return error
    return None


def paths_of(recipe: Recipe, options: catalogue.Options, checksums: Mapping[str, str]) -> list[Path]:
    """The paths of the results of all tasks of a recipe; a path exists once its task is finished."""
    runs, any_code = Path(options.out) / "runs", options.any_code and not options.fresh
    return [kept_at(task, checksums, runs, any_code) for task in catalogue.all_tasks(recipe, options)]


def chapter_of(
    recipe: Recipe, options: catalogue.Options, data: Any, paths: Sequence[Path], failures: Mapping[Path, str]
) -> Chapter:
    """The chapter of a recipe from the results at these paths, or from the failures and gaps among its runs.

    recipe, options    the recipe, and how it was carried out
    data               the data of the recipe
    paths              the paths of its results
    failures           the errors of failed runs by path
    """
    size, distinct = catalogue.size_of(recipe, options), dict.fromkeys(paths)
    if broken := [failures[path] for path in distinct if path in failures]:
        print(f"{recipe.name}: {len(broken)} of its runs failed")
        return Chapter(recipe, size, failures=broken)
    if absent := sum(not is_kept(path) for path in distinct):
        print(f"{recipe.name}: {absent} of {len(distinct)} trainings have not been run yet")
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


RECIPE = Command(
    name="paper",
    summary=(__doc__ or "").strip(),
    run=run,
    takes=tuple(name for name in attrs.asdict(catalogue.Options()) if name != "only"),
)
