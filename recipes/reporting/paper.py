"""All of the paper's experiments, and a report that judges every claim."""

# What it writes is small enough for a repository: after `python -m recipes paper`, copy report.md and figures/ to
# recipes/gallery/, and the lines of claims.md, whose links lead there, to README.md.

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from datetime import date
from io import BytesIO
from pathlib import Path
from time import perf_counter

import attrs
import numpy as np
from PIL import Image

from recipes.recipe import Command, Recipe
from recipes.reporting.markdown import claims_table, markdown
from recipes.reporting.page import html
from recipes.reporting.printed import describe
from recipes.reporting.report import Chapter
from recipes.reporting.wording import groups_in_brief
from recipes.running import catalogue, experiment
from recipes.running.plan import Options, Plan, plan
from recipes.running.provenance import codes_in_words, cost_in_words, machine, time_in_all, versions
from recipes.running.store import is_kept, write_bytes, write_text
from recipes.running.sweep import SweepError, kept_at

__all__ = ["RECIPE", "run"]

GALLERY = "recipes/gallery/report.md"  # from where README.md is
UNSEEN = 8  # of 255, a change of colour that nobody sees
WIDTH = 1000  # pixels of the pictures beside report.md: as wide as a README, and small enough to commit


def run(options: Options, executor: Executor | None = None) -> None:
    """Carry out every recipe, all runs of all recipes in one sweep, and write index.html, report.md,
    claims.md and figures/. With the option `kept` nothing is run, and the report is on what is there.

    Raises `SweepError` at the end where runs failed; the report then says so in the place of their recipes.
    """
    begin = perf_counter()
    options = attrs.evolve(options, paper=not options.quick)
    recipes = [recipe for name in catalogue.names if isinstance(recipe := catalogue.find(name), Recipe)]
    plans = [plan(recipe, options) for recipe in recipes]
    failed = None if options.kept else carry_out(plans, options, executor)
    failures = failed.failures if failed else {}
    paths = {made.recipe.name: paths_of(made) for made in plans}
    chapters = [chapter_of(made, paths[made.recipe.name], failures) for made in plans]
    any_code = options.any_code and not options.fresh
    done = [path for of_recipe in paths.values() for path in of_recipe if path.exists()]
    facts = {
        "put together": f"on {date.today()} in {perf_counter() - begin:.0f} s, from {time_in_all(done)}",
        "finished trainings taken": f"of {'any' if any_code else 'this'} state of the code",
        "made with": ", ".join(f"{name} {number}" for name, number in versions().items()),
        "made by": ", ".join(machine().values()),
        "digits": options.data or "MNIST, as it travels with the project",
        **{f"SHA-256 of {name}": digest for made in plans for name, digest in made.data.checksums.items()},
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


def carry_out(plans: Sequence[Plan], options: Options, executor: Executor | None) -> SweepError | None:
    """Carry out all tasks of all plans in one sweep; returns its error if runs failed."""
    try:
        experiment.carry_out([task for made in plans for task in made.tasks], options, executor)
    except SweepError as error:
        return error
    return None


def paths_of(made: Plan) -> list[Path]:
    """Where the results of all tasks of a plan are kept, once they have been carried out."""
    options = made.options
    return [kept_at(task, options.folder, options.any_code and not options.fresh) for task in made.tasks]


def chapter_of(made: Plan, paths: Sequence[Path], failures: Mapping[Path, str]) -> Chapter:
    """The chapter of a recipe whose runs are kept at these paths, have failed or, some of them, are not there."""
    recipe, size, distinct = made.recipe, made.size, dict.fromkeys(paths)
    if broken := [failures[path] for path in distinct if path in failures]:
        print(f"{recipe.name}: {len(broken)} of its runs failed")
        return Chapter(recipe, size, failures=broken)
    if absent := sum(not is_kept(path) for path in distinct):
        print(f"{recipe.name}: {absent} of {len(distinct)} trainings are not there yet")
        return Chapter(recipe, size, absent=absent)
    results = experiment.results_of(made, paths)
    claims, drawn = experiment.write(made, results)
    print("\n".join([f"{recipe.name}: {recipe.summary}", *describe(recipe, size, results, claims)]))
    facts = {
        "seeds": f"keys 0 to {size.runs - 1} of seed {made.options.seed}"
        if size.runs > 1
        else f"key 0 of seed {made.options.seed}",
        "data": "as above" if made.data.checksums else "drawn from the keys",
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
    takes=tuple(name for name in attrs.asdict(Options()) if name != "only"),
)
