"""Optimizers: what an optimizer is, the rules, the schedules of rates, and the error of a training that diverges.

`only` applies a rule to a part of a model.
"""

from fnn.optimizers import rules, schedules, transformations
from fnn.optimizers.diverged import DivergedError
from fnn.optimizers.optimizer import Optimizer, State, chain_updates
from fnn.optimizers.rules import *
from fnn.optimizers.schedules import *
from fnn.optimizers.transformations import *

__all__ = ["DivergedError", "Optimizer", "State", "chain_updates"]
__all__ += rules.__all__  # a rule and a schedule are public by their own files alone
__all__ += schedules.__all__
__all__ += transformations.__all__
