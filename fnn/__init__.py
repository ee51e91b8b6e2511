"""fnn: neural networks as pure functions of their parameters.

A layer is a triple of functions (init, apply, vjp) over immutable parameter trees, and a model is a composition of
layers. An optimizer is a pure function (state, gradients) -> state, and training is a fold. `fnn.checkpoint`,
`fnn.plot` and `fnn.interop` are imported by name. What many trainings do without is loaded when it is asked for.
"""

from typing import TYPE_CHECKING

from fnn import compose, initializers, layers, losses, optimizers, training, tree
from fnn.batching import batches
from fnn.initializers import (
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    normal,
    orthogonal,
    uniform,
    zeros,
)
from fnn.late import late
from fnn.layer import Layer, LayerError, LayerTypeError
from fnn.layers import layer as layer  # sets it in place of the module fnn.layer, which `Layer` is imported from
from fnn.optimizers import schedules
from fnn.random import Key, fold_in, generator, split
from fnn.tree import Params, TreeError, ravel
from fnn.values import constructor

if TYPE_CHECKING:  # the names that `late` finds below; mypy follows only one star at a time
    from fnn import checks, data, metrics
    from fnn.checks import check_layer, check_vjp
    from fnn.checks.summary import summary
    from fnn.compose import *
    from fnn.layers import *
    from fnn.layers.activations import *
    from fnn.losses import *
    from fnn.losses.functions import *
    from fnn.optimizers import *
    from fnn.optimizers.rules import *
    from fnn.optimizers.schedules import *
    from fnn.optimizers.transformations import *
    from fnn.training import *

__version__ = "0.2.0"

# Each family lists its own names (layers, losses, optimizers, ...); these are the names outside the families.
__all__ = ["Key", "Layer", "LayerError", "LayerTypeError", "Params", "TreeError", "batches", "constructor", "fold_in"]
__all__ += ["check_layer", "check_vjp", "checks", "data", "generator", "metrics", "ravel", "split", "summary", "tree"]
__all__ += ["glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "initializers", "lecun_normal", "losses"]
__all__ += ["normal", "optimizers", "orthogonal", "schedules", "uniform", "zeros"]
__all__ += compose.__all__
__all__ += layers.__all__
__all__ += losses.__all__
__all__ += optimizers.__all__
__all__ += training.__all__

_families = {family.__name__: family.__all__ for family in (compose, layers, losses, optimizers, training)}
_others = {"fnn.checks": ["check_layer", "check_vjp", "summary"], "fnn.data": [], "fnn.metrics": []}
late(__name__, {**_families, **_others})
