"""All experiments beyond the paper, and a report that judges every claim."""

from functools import partial

import attrs

from recipes.reporting import paper

__all__ = ["RECIPE"]

RECIPE = attrs.evolve(
    paper.RECIPE, name="beyond", summary=(__doc__ or "").strip(), run=partial(paper.run, report="beyond")
)
