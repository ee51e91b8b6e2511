"""What the command line prints of a recipe that was carried out."""

from collections.abc import Sequence

from recipes.claims import NOT_JUDGED, Claim
from recipes.recipe import Recipe, Results, Size, counted, scores
from recipes.reporting.wording import groups_in_words, score_in_words, told_beside

__all__ = ["describe"]


def describe(
    recipe: Recipe, size: Size, results: Results, claims: Sequence[Claim], explain: bool = False
) -> Sequence[str]:
    """The lines to print: the score of each run if there is one group, the scores of the groups, and the verdicts.

    Each claim has a line. With `explain`, further lines say what was measured, and why a claim does not hold. If no
    claim is judged, one line says why, and how to get verdicts.
    """
    label, form, unit = score_in_words(recipe)
    only = next(iter(results.values())) if len(results) == 1 and size.runs > 1 else ()
    lines = [f"run {i}: {label} {form.format(x)}{unit}" for i, x in enumerate(scores(only, recipe.score))]
    means = "\n".join(groups_in_words(recipe, results, told_beside(recipe, size, claims)))
    lines += means.replace(", IQM ", ", interquartile mean (IQM) ", 1).split("\n")
    told = recipe.told(size, claims)
    said = [line for claim in told for line in _lines_of(claim, explain)]
    if told and all(claim.verdict == NOT_JUDGED for claim in told):
        return [*lines, *(said if explain else []), _unjudged(recipe, size, len(told), explain)]
    return [*lines, *([recipe.shortfall(size)] if size != recipe.paper else []), *said]


def _unjudged(recipe: Recipe, size: Size, n: int, explain: bool) -> str:
    """Why none of n claims is judged, and how to get verdicts."""
    why = recipe.shortfall(size) if recipe.cuts_off(size) else f"{counted(size.runs, 'run')} of each: too few"
    which, verb = (f"the {n} claims", "are") if n > 1 else ("the claim", "is")
    more = "" if explain else "--explain says what was measured, and "
    full = size == recipe.paper  # of a study of one's own, which chose too few runs
    how = "verdicts need more runs" if full else "--paper gives verdicts; --help says how long it takes"
    return f"{which} {verb} not judged ({why}): {more}{how}"


def _lines_of(claim: Claim, explain: bool) -> list[str]:
    """A claim with its verdict and, if asked for, what explains it.

    >>> _lines_of(Claim("A beats B.", "A − B: +0.01", "holds"), explain=True)
    ['    holds: A beats B.', '           measured: A − B: +0.01']
    """
    why = {"measured": claim.measured, "reason": "" if claim.verdict in ("holds", NOT_JUDGED) else claim.reason}
    details = [f"{'':11}{name}: {text}" for name, text in why.items() if text]
    return [f"{claim.verdict:>9}: {claim.statement}", *(details if explain else [])]
