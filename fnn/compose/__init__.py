"""Combinators: models are built of layers by function composition and by nothing else.

Every combinator of layers is a layer and obeys the same laws; its parts' names are the keys of its parameter tree.
"""

from typing import TYPE_CHECKING

from fnn.compose.chain import chain
from fnn.late import late

if TYPE_CHECKING:
    from fnn.compose.branches import concat, residual
    from fnn.compose.many import each, ensemble

LATE = {  # imported when first asked for
    "fnn.compose.branches": ["concat", "residual"],
    "fnn.compose.many": ["each", "ensemble"],
}

__all__ = ["chain", "concat", "each", "ensemble", "residual"]

late(__name__, LATE)
