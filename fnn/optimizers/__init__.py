"""Optimizers: what an optimizer is, the rules, the schedules of rates, and the error of a training that diverges.

`only` applies a rule to a part of a model.
"""

from typing import TYPE_CHECKING

from fnn.late import late
from fnn.optimizers import rules, schedules, transformations
from fnn.optimizers.diverged import DivergedError
from fnn.optimizers.optimizer import Optimizer, State, chain_updates
from fnn.optimizers.rules import *
from fnn.optimizers.schedules import *
from fnn.optimizers.transformations import *

if TYPE_CHECKING:
    from fnn.optimizers.only import only

LATE = {  # imported when first asked for
    "fnn.optimizers.only": ["only"],
}

__all__ = ["DivergedError", "Optimizer", "State", "chain_updates", "only"]
__all__ += rules.__all__  # a rule and a schedule are public by their own files alone
__all__ += schedules.__all__
__all__ += transformations.__all__

late(__name__, LATE)
