"""All of the paper's experiments, and a report that judges every claim."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from datetime import date
from pathlib import Path
from time import perf_counter

import attrs

from recipes.recipe import Command, Recipe
from recipes.reporting.findings import finding
from recipes.reporting.gallery import write_markdown
from recipes.reporting.markdown import markdown
from recipes.reporting.page import html
from recipes.reporting.printed import describe
from recipes.reporting.report import Chapter
from recipes.reporting.wording import groups_in_brief, numbers, told_beside
from recipes.running import catalogue, experiment
from recipes.running.plan import Options, Plan, plan
from recipes.running.provenance import codes_in_words, cost_in_words, machine, time_in_all, versions_in_words
from recipes.running.store import is_kept, write_text
from recipes.running.sweep import SweepError, kept_at

__all__ = ["FILES", "RECIPE", "run"]

FILES = {  # the title of each report, and its Markdown file
    "paper": ("The paper's experiments, reproduced with fnn", "report.md"),
    "beyond": ("Experiments beyond the paper, with fnn", "beyond.md"),
}


def run(options: Options, executor: Executor | None = None, report: str = "paper") -> None:
    """Carry out all runs of the recipes in a report, "paper" or "beyond", in one sweep, and write the report.

    It has index.html, its Markdown and figures/. With the option `kept`, report on the finished runs without running
    any more. With the option `gallery`, write the Markdown and figures/ to that folder too. Raises `SweepError` at the
    end if runs failed; the report then shows their errors in the chapters of their recipes.
    """
    begin = perf_counter()
    options = attrs.evolve(options, paper=not options.quick)
    recipes = [recipe for name in catalogue.reported[report] if isinstance(recipe := catalogue.find(name), Recipe)]
    plans = [plan(recipe, options) for recipe in recipes]
    failed: SweepError | None = None
    try:
        if not options.kept:
            # the paper's last experiments have the longest trainings: begun first, none is left alone at the end
            experiment.carry_out([task for made in reversed(plans) for task in made.tasks], options, executor)
    except SweepError as error:
        failed = error
    failures = failed.failures if failed else {}
    paths = {made.recipe.name: paths_of(made) for made in plans}
    chapters = [chapter_of(made, paths[made.recipe.name], failures) for made in plans]
    any_code = options.any_code and not options.fresh
    done = [path for of_recipe in paths.values() for path in of_recipe if path.exists()]
    facts = {
        "report written": f"on {date.today()} in {perf_counter() - begin:.0f} s, from {time_in_all(done)}",
        "trainings used": f"of {'any version' if any_code else 'this version'} of the code",
        "versions": versions_in_words(),
        "machine": ", ".join(machine().values()),
        "digits": options.data or "MNIST, from the project's own files",
        **{f"SHA-256 of {name}": digest for made in plans for name, digest in made.data.checksums.items()},
    }
    folder, (title, file) = Path(options.out) / report, FILES[report]
    pictures = {f"figures/{name}.png": png for chapter in chapters for name, png in chapter.pictures.items()}
    write_text(folder / "index.html", html(title, chapters, facts))
    for each in (folder, *([Path(options.gallery)] if options.gallery else [])):
        write_markdown(each / file, markdown(title, chapters, facts), pictures)
    print("written to", folder / "index.html")
    if failed:
        raise failed


def paths_of(made: Plan) -> list[Path]:
    """The paths of the results of all tasks of a plan; a path exists once its task is finished."""
    options = made.options
    return [kept_at(task, options.folder, options.any_code and not options.fresh) for task in made.tasks]


def chapter_of(made: Plan, paths: Sequence[Path], failures: Mapping[Path, str]) -> Chapter:
    """The chapter of a recipe from the results at these paths, or from the failures and gaps among its runs."""
    recipe, size, distinct = made.recipe, made.size, dict.fromkeys(paths)
    if broken := [failures[path] for path in distinct if path in failures]:
        print(f"{recipe.name}: {len(broken)} of its runs failed")
        return Chapter(recipe, size, failures=broken)
    if absent := sum(not is_kept(path) for path in distinct):
        print(f"{recipe.name}: {absent} of {len(distinct)} trainings have not been run yet")
        return Chapter(recipe, size, absent=absent)
    results = experiment.results_of(made, paths)
    claims, drawn = experiment.write(made, results, paths, draws=not recipe.cuts_off(size))
    said = describe(recipe, size, results, claims, made.options.explain)
    print("\n".join([f"{recipe.name}: {recipe.summary}", *said]))
    keys = f"keys 0 to {size.runs - 1}" if size.runs > 1 else "key 0"
    facts = {
        "seeds": f"{keys} of seed {made.options.seed}",
        "data": "as above" if made.data.checksums else "drawn from the keys",
        "trainings": str(len(distinct)),
        **cost_in_words(paths),
        "code": codes_in_words(paths),
    }
    pictures = {name: path.read_bytes() for name, path in drawn.items()}
    beside = told_beside(recipe, size, claims)
    return Chapter(
        recipe,
        size,
        pictures,
        claims,
        groups_in_brief(recipe, results, beside),
        facts,
        numbers=numbers(recipe, results, beside),
        finding=finding(recipe, results, claims),
    )


RECIPE = Command(
    name="paper",
    summary=(__doc__ or "").strip(),
    run=run,
    takes=tuple(name for name in attrs.asdict(Options()) if name not in ("only", "against")),
)
