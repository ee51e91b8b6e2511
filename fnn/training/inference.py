"""Inference in batches: predictions, and the means of measures over all examples."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fnn.arrays import Array, misfit
from fnn.batching import in_order
from fnn.layer import Layer
from fnn.training.step import Batch
from fnn.tree import Tree

__all__ = ["evaluate", "predict"]


def predict(model: Layer, params: Tree, x: Array, size: int = 1000, *, axis: int = 0) -> Array:
    """`model.apply(params, x)` in batches of `size` examples, which bounds the memory that hidden layers take.

    model, params   the model and its parameters
    x               the inputs
    size            examples in a batch
    axis            the axis of the examples: 1 for inputs (R, n, ...) of R networks
    """
    if came := misfit(x):
        raise TypeError(f"predict: expected x as an array, got {came}")
    parts = [model.apply(params, part) for (part,) in in_order((x,), size, axis=axis)] or [model.apply(params, x)]
    if sum(part.shape[-2] for part in parts) != x.shape[axis]:
        raise ValueError(f"predict: expected outputs (..., batch, n_out), got {parts[0].shape}; flatten the features")
    return parts[0].__array_namespace__().concat(parts, axis=-2)


def evaluate(
    model: Layer,
    params: Tree,
    data: Batch,
    measures: Mapping[str, Callable[[Array, Array], Any]],
    size: int = 1000,
    *,
    axis: int = 0,
) -> dict[str, Any]:
    """The mean over all examples of each of several measures, computed in batches.

    model, params   the model and its parameters
    data            inputs and targets (x, y)
    measures        functions (prediction, target) -> mean over a batch, by name, with a value for each leading index:
                    `{"loss": cross_entropy, "accuracy": accuracy}`. Of a loss's (value, pullback), the value is used.
    size            examples in a batch
    axis            the axis of the examples: 1 for data (R, n, ...) of R networks

    Raises `ValueError` if there are no examples.
    """
    if not isinstance(measures, Mapping):
        raise TypeError(f'evaluate: expected measures by name, as in {{"loss": mse}}, got {type(measures).__name__}')

    def share(batch: Batch) -> dict[str, Any]:
        """What a batch adds to each mean: its own mean times its share of the examples."""
        x, target = batch
        prediction, weight = model.apply(params, x), x.shape[axis] / data[0].shape[axis]
        means = {name: f(prediction, target) for name, f in measures.items()}
        values = {name: mean[0] if isinstance(mean, tuple) else mean for name, mean in means.items()}
        return {name: weight * np.asarray(value, dtype=np.float64) for name, value in values.items()}

    shares = [share(batch) for batch in in_order(data, size, axis=axis)]
    if not shares:
        raise ValueError("evaluate: no examples, so there is no mean; is the data empty?")
    totals = {name: sum(each[name] for each in shares) for name in measures}
    return {name: float(total) if total.ndim == 0 else total for name, total in totals.items()}
