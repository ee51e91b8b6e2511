"""Combinators make layers of layers, with the same laws; their parts' names are the keys of the parameter tree."""

from typing import TYPE_CHECKING

from fnn.compose.several import chain, concat
from fnn.late import late

if TYPE_CHECKING:
    from fnn.compose.single import each, ensemble, residual

LATE = {"fnn.compose.single": ["each", "ensemble", "residual"]}  # imported when first asked for

__all__ = ["chain", "concat", "each", "ensemble", "residual"]

late(__name__, LATE)
