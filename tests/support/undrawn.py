"""Recipes without pictures, for tests that look at none: drawing takes most of the time of small runs.

The pictures of all recipes are drawn in tests/recipes/reporting/test_paper.py.
"""

import attrs


def undrawn(recipe):
    return attrs.evolve(recipe, figures=lambda results, data: {})
