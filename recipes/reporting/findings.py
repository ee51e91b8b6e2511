"""The main result of an experiment in plain words, which follow from verdicts and scores."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from recipes.claims import ALIKE, NOT_JUDGED, Claim
from recipes.recipe import Finding, Recipe, Results, scores
from recipes.reporting.wording import one_number

__all__ = ["finding"]


def finding(recipe: Recipe, results: Results, claims: Sequence[Claim]) -> str:
    """The sentences of a recipe's findings for the verdicts that these claims have; "" if none of them is judged."""
    said = (_sentence(each, claims) for each in recipe.finding)
    return " ".join(_filled(sentence, recipe, results) for sentence in said if sentence)


def _sentence(each: Finding, claims: Sequence[Claim]) -> str:
    """The sentence for the verdict on the claim of a finding; "" without that claim, or if it is not judged."""
    verdict = next((c.verdict for c in claims if c.statement.startswith(each.claim)), NOT_JUDGED)
    words = {"holds": each.holds, "fails": each.fails, ALIKE: each.alike, "undecided": each.undecided}
    return words.get(verdict, "")


def _filled(sentence: str, recipe: Recipe, results: Results) -> str:
    """A sentence with the score of the group NAME for each {NAME}."""

    def number(found: re.Match[str]) -> str:
        runs: Sequence[Mapping[str, Any]] = results[found[1]]
        return one_number(recipe, scores(runs, recipe.score))

    return re.sub(r"\{([^}]*)\}", number, sentence)
