"""Losses: pure functions (prediction, target, weight=None) -> (value, pullback), with pullback(dvalue=1.0) -> gradient.

The trailing two axes, (batch, features), are reduced to a mean or a sum, or to each example's value. Leading axes are
kept: an ensemble of R networks has R values and R independent gradients. Flatten images first. `functools.partial`
binds settings. A value too large for a float becomes inf, and inf - inf becomes NaN, without a warning: both can be
seen in the value.
"""

from fnn.losses import functions
from fnn.losses.functions import *
from fnn.losses.reduction import Loss

__all__ = ["Loss"]
__all__ += functions.__all__  # a loss is public by its own file alone
