"""Claims, and the verdict that measured trainings give on each.

A claim *holds* if the 95 % interval of the quantity lies beyond the bound as claimed, *fails* if it lies on the other
side, shows *no difference that matters* if it lies within the margin of the measure, and is *undecided* otherwise.
Trainings are the sample: fewer than `FEWEST` give no verdict. `python -m recipes verdicts` simulates how often these
rules err.
"""

from recipes.claims.common import MOST, Group, alike, at_least, better, more_variable, most_runs
from recipes.claims.estimates import (
    FEWEST,
    FEWEST_OF_CELL,
    Estimate,
    contrast,
    difference,
    estimate,
    row_of,
    share,
    spreads,
)
from recipes.claims.margins import ACCURACY, ANEW, BEFORE, COUNT, ERROR, PAPERS, PSNR, SPREAD, Measure
from recipes.claims.verdicts import (
    ALIKE,
    CARRIED,
    NOT_JUDGED,
    Claim,
    Verdict,
    all_of,
    concluded,
    judged,
    of_digits,
    resolvable,
    told_of,
    within,
)

__all__ = [
    "ACCURACY",
    "ALIKE",
    "ANEW",
    "BEFORE",
    "CARRIED",
    "COUNT",
    "ERROR",
    "FEWEST",
    "FEWEST_OF_CELL",
    "MOST",
    "NOT_JUDGED",
    "PAPERS",
    "PSNR",
    "SPREAD",
    "Claim",
    "Estimate",
    "Group",
    "Measure",
    "Verdict",
    "alike",
    "all_of",
    "at_least",
    "better",
    "concluded",
    "contrast",
    "difference",
    "estimate",
    "judged",
    "more_variable",
    "most_runs",
    "of_digits",
    "resolvable",
    "row_of",
    "share",
    "spreads",
    "told_of",
    "within",
]
