"""Combinators: models are built of layers by function composition and by nothing else.

Every combinator of layers is a layer and obeys the same laws; its parts' names are the keys of its parameter tree.
"""

from fnn.compose.chain import chain
from fnn.compose.concat import concat
from fnn.compose.each import each
from fnn.compose.ensemble import ensemble
from fnn.compose.residual import residual

__all__ = ["chain", "concat", "each", "ensemble", "residual"]
