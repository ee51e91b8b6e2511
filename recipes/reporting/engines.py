"""The same experiments under two engines: whether NumPy and the compiled fold give the same numbers."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from recipes.claims.estimates import FEWEST, difference, estimate
from recipes.recipe import Command, OptionError, Recipe
from recipes.reporting.gallery import table
from recipes.running import catalogue
from recipes.running.store import write_text

__all__ = ["RECIPE", "compared", "rows"]

HEAD = ("experiment", "configuration", "measure", "one", "other", "difference", "the same?")


def compared(one: Mapping[str, Any], other: Mapping[str, Any], score: str) -> Iterator[tuple[str, ...]]:
    """One row for each group that two results have in common.

    Runs of one seed begin with the same parameters and see the same batches, so that they are compared in pairs; they
    part by rounding, which training enlarges. The engines agree if the interval of the difference contains 0.
    """
    groups, others = (each.get("groups", {each["recipe"]: each}) for each in (one, other))
    for name in groups.keys() & others.keys():
        a, b = (list(map(float, each[name][score])) for each in (groups, others))
        n = min(len(a), len(b))  # the seeds that both have
        a, b = a[:n], b[:n]
        alike = groups[name]["configuration"] == others[name]["configuration"] and _facts(one, n) == _facts(other, n)
        if not alike or not n:
            continue
        gap = difference(a, b)
        same = "too few runs" if gap.interval is None else "yes" if gap.interval[0] <= 0 <= gap.interval[1] else "no"
        yield one["recipe"], name, score, *(estimate(x).said("{:.4f}") for x in (a, b)), gap.said("{:+.5f}"), same


def _facts(result: Mapping[str, Any], n: int) -> Any:
    """What results must have in common to be compared in pairs: the seeds, the data and the number of examples."""
    return result.get("seeds", [])[:n], result.get("data", {}).get("sha256"), result.get("size", {}).get("examples")


def rows(out: Path, against: Path) -> list[tuple[str, ...]]:
    """The rows of all recipes whose results are in both folders, in the order of the catalogue."""
    found = []
    for name in catalogue.names:
        recipe, paths = catalogue.find(name), [folder / name / "result.json" for folder in (out, against)]
        if isinstance(recipe, Recipe) and all(path.exists() for path in paths):
            one, other = (json.loads(path.read_text(encoding="utf-8")) for path in paths)
            found += sorted(compared(one, other, recipe.score))
    return found


def engines_of(folder: Path, names: Iterable[str]) -> str:
    """What carried out the results of these recipes in a folder, in words."""
    results = [json.loads((folder / name / "result.json").read_text(encoding="utf-8")) for name in names]
    return " and ".join(sorted({each for result in results for each in result.get("engines", ["unknown"])}))


def run(options: Any) -> None:
    """Compare the results in the folders --out and --against; print the table, and write engines.md."""
    if options.against is None:
        raise OptionError("engines compares two folders of results: --out results --against other-results")
    folders = Path(options.out), Path(options.against)
    found = rows(*folders)
    if not found:
        raise OptionError(f"no recipe of one size has a result.json in both {folders[0]} and {folders[1]}")
    names = dict.fromkeys(row[0] for row in found)
    judged = [row[-1] for row in found if row[-1] in ("yes", "no")]
    text = "\n".join(
        [
            "# The same experiments under two engines",
            "",
            f"One: {engines_of(folders[0], names)}. Other: {engines_of(folders[1], names)}. Runs of one seed are "
            f"pairs. Of {len(judged)} groups of {FEWEST} runs or more, {judged.count('yes')} have the same numbers: "
            "the 95 % interval of the difference contains 0, as 19 of 20 do by chance where nothing differs.",
            "",
            *table(HEAD, found),
            "",
        ]
    )
    print(text)
    for folder in (folders[0] / "engines", *([Path(options.gallery)] if options.gallery else [])):
        write_text(folder / "engines.md", text)


RECIPE = Command(name="engines", summary=(__doc__ or "").strip(), run=run, takes=("out", "against", "gallery"))
