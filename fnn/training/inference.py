"""Inference in batches: predictions, and the means of measures over all examples."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fnn.arrays import Array, is_array, misfit
from fnn.batching import Prepare, in_order
from fnn.layer import Layer
from fnn.training.step import Batch
from fnn.tree import Tree

__all__ = ["evaluate", "predict"]


def predict(
    model: Layer, params: Tree, x: Array, size: int = 1000, *, axis: int = 0, prepare: Prepare | None = None
) -> Array:
    """`model.apply(params, x)` in batches of `size` examples, which bounds the memory that hidden layers take.

    model, params   the model and its parameters
    x               the inputs
    size            examples in a batch
    axis            the axis of the examples: 1 for inputs (R, n, ...) of R networks
    prepare         is applied to each batch, as in `batches`: prepare((x,), None) -> (x,)
    """
    if (came := misfit(x)) and (prepare is None or not is_array(x)):
        raise TypeError(f"predict: expected x as an array, got {came}")
    inputs = in_order((x,), size, axis=axis, prepare=prepare)
    parts = [model.apply(params, part) for part, *_ in inputs] or [model.apply(params, inputs.prepared((x,))[0])]
    if sum(part.shape[-2] for part in parts) != x.shape[axis]:
        raise ValueError(f"predict: expected outputs (..., batch, n_out), got {parts[0].shape}; flatten the features")
    return parts[0].__array_namespace__().concat(parts, axis=-2)


def evaluate(
    model: Layer,
    params: Tree,
    data: Batch,
    measures: Mapping[str, Callable[..., Any]],
    size: int = 1000,
    *,
    axis: int = 0,
    prepare: Prepare | None = None,
) -> dict[str, Any]:
    """The mean over all examples of each of several measures, computed in batches.

    model, params   the model and its parameters
    data            (x, target), or (x, target, weight): then the mean of a batch counts by the sum of its weights, and
                    a batch whose weights are all 0 is left out
    measures        functions (prediction, target) -> mean over a batch, by name, with a value for each leading index:
                    `{"loss": cross_entropy, "accuracy": accuracy}`. Of a loss's (value, pullback), the value is used;
                    it must be a mean, not a sum. With weights they are called as f(prediction, target, weight).
    size            examples in a batch
    axis            the axis of the examples: 1 for data (R, n, ...) of R networks
    prepare         is applied to each batch, as in `batches`: prepare((x, target), None) -> (x, target)

    Raises `ValueError` if there are no examples, or if all weights are 0.
    """
    if not isinstance(measures, Mapping):
        raise TypeError(f'evaluate: expected measures by name, as in {{"loss": mse}}, got {type(measures).__name__}')
    if not isinstance(data, (tuple, list)) or not 2 <= len(data) <= 3:
        came = type(data).__name__ + (f" of {len(data)}" if isinstance(data, (tuple, list)) else "")
        raise ValueError(f"evaluate: expected data (x, target) or (x, target, weight), got a {came}")
    sums: dict[str, Any] = dict.fromkeys(measures, 0.0)
    mass: Any = 0.0
    for x, *targets in in_order(data, size, axis=axis, prepare=prepare):
        share = _mass(targets, x.shape[axis], axis)
        if not np.any(share):
            continue
        mass, prediction = mass + share, model.apply(params, x)
        for name, f in measures.items():
            mean = f(prediction, *targets)
            mean = np.asarray(mean[0] if isinstance(mean, tuple) else mean, dtype=np.float64)
            if mean.ndim > prediction.ndim - 2:
                expected = f"expected the mean over a batch, of shape {prediction.shape[:-2]}, got {mean.shape}"
                raise ValueError(f'evaluate: {expected} from {name!r}; use reduction="mean"')
            sums[name] = sums[name] + share * mean
    if not np.all(mass):
        problem = "all weights are 0, so there is no mean; is the mask right?"
        empty = "no examples, so there is no mean; is the data empty?"
        raise ValueError(f"evaluate: {problem if data[0].shape[axis] else empty}")
    means = {name: total / mass for name, total in sums.items()}
    return {name: float(mean) if np.ndim(mean) == 0 else mean for name, mean in means.items()}


def _mass(targets: Sequence[Array], n: int, axis: int) -> Any:
    """What a batch of `n` examples counts: `n`, or the sum of its weights, for each index in front of `axis`."""
    if len(targets) == 1:
        return n
    weight = np.asarray(targets[1], dtype=np.float64)
    return weight.sum(axis=tuple(range(axis, weight.ndim)))
