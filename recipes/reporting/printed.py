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

    Each claim has a line. With `explain`, further lines say what was measured, and why a claim does not hold.
    """
    label, form, unit = score_in_words(recipe)
    only = next(iter(results.values())) if len(results) == 1 and size.runs > 1 else ()
    lines = [f"run {i}: {label} {form.format(x)}{unit}" for i, x in enumerate(scores(only, recipe.score))]
    lines += groups_in_words(recipe, results, told_beside(recipe, size, claims))
    told = recipe.told(size, claims)
    if told and all(claim.verdict == NOT_JUDGED for claim in told):
        why = recipe.shortfall(size) if recipe.cuts_off(size) else f"{counted(size.runs, 'run')} of each: too few"
        return [*lines, f"{why}; no claim is judged; try --paper"]
    small = [recipe.shortfall(size)] if size != recipe.paper else []
    return [*lines, *small, *(line for claim in told for line in _lines_of(claim, explain))]


def _lines_of(claim: Claim, explain: bool) -> list[str]:
    """A claim with its verdict and, if asked for, what explains it.

    >>> _lines_of(Claim("A beats B.", "A − B: +0.01", "holds"), explain=True)
    ['    holds: A beats B.', '           measured: A − B: +0.01']
    """
    why = {"measured": claim.measured, "reason": "" if claim.verdict == "holds" else claim.reason}
    details = [f"{'':11}{name}: {text}" for name, text in why.items() if text]
    return [f"{claim.verdict:>9}: {claim.statement}", *(details if explain else [])]
