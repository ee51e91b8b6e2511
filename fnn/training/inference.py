"""Inference in batches: predictions, and measures of all examples."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial, singledispatch
from operator import truediv
from typing import Any

import numpy as np

from fnn.arrays import Array, is_array, misfit
from fnn.batching import Batch, Prepare, in_order
from fnn.layer import Layer, check_is_layer
from fnn.tree import Params, Tree, leaves

__all__ = ["added", "carried_out", "evaluate", "predict", "tune"]

_MOST = 64  # batches whose parts are kept before they are joined


def tune(model: Layer, params: Tree, x: Array) -> Params:
    """The parameters with the statistics of `x`: what batch normalisation and `standardise` need for inference.

    Each layer sees what the tuned layers before it make of x, all examples at once; some thousand are enough. All other
    parameters are those of `params`. Raises `TypeError` unless `model` is a `Layer`.

    >>> import fnn
    >>> model = fnn.chain(fnn.standardise(), fnn.linear(2))
    >>> params, _ = model.init(fnn.Key(0), (1,))
    >>> x = np.array([[3.0], [5.0]], dtype=np.float32)
    >>> tune(model, params, x)["0"]["statistics"]
    array([[4.],
           [1.]], dtype=float32)
    """
    check_is_layer("tune", model)
    return Params(model.tune(params, x), lead=getattr(params, "lead", ()))


@singledispatch
def carried_out(leaf: Any, f: Callable[..., Any], setting: Any) -> Callable[..., Any]:
    """f(setting, *arrays), for parameters like `leaf`, as a function of the arrays.

    `carried_out.register` lets another library compile it, once for equal settings.
    """
    return partial(f, setting)


def _apply(model: Layer, params: Tree, x: Array) -> Array:
    return model.apply(params, x)


def _value(measure: Callable[..., Any], *arrays: Array) -> Any:
    """What a measure returns; of a loss, its value without the pullback."""
    result = measure(*arrays)
    return result[0] if isinstance(result, tuple) else result


def _like(params: Tree) -> Any:
    """One of the parameters; None if there are none."""
    return next(iter(leaves(params)), None) if isinstance(params, Mapping) else None


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
    apply = carried_out(_like(params), _apply, model)
    parts = [apply(params, part) for part, *_ in inputs] or [apply(params, inputs.prepared((x,))[0])]
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
    """Several measures of the predictions for all examples, computed in batches.

    model, params   the model and its parameters
    data            (x, target), or (x, target, weight): then the mean of a batch counts by the sum of its weights, and
                    a batch whose weights are all 0 is left out
    measures        by name, `{"loss": cross_entropy, "f1": partial(f1, average="micro")}`, each called with
                    (prediction, target), or with (prediction, target, weight). A metric of `fnn.metrics` is the same
                    for every size of a batch. Of a loss's (value, pullback) and of any other function, the mean over
                    all examples is taken: it must return the mean over a batch, not a sum, for each leading index
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
    carry_out = partial(carried_out, _like(params))
    folds = {name: _fold(name, measure, carry_out) for name, measure in measures.items()}
    apply = carry_out(_apply, model)
    kept: dict[str, list[tuple[Any, ...]]] = {name: [] for name in measures}
    finish: dict[str, Callable[..., Any]] = {}
    mass: Any = 0.0
    for x, *targets in in_order(data, size, axis=axis, prepare=prepare):
        share = _mass(targets, x.shape[axis], axis)
        if not np.any(share):
            continue
        mass, prediction = mass + share, apply(params, x)
        for name, (parts, join) in folds.items():
            found, finish[name] = parts(share, prediction, *targets)
            kept[name].append(tuple(np.asarray(part, dtype=np.float64) for part in found))
            if len(kept[name]) == _MOST:  # so that no list grows with the data
                kept[name] = [join(kept[name])]
    if not np.all(mass):
        problem = "all weights are 0, so there is no mean; is the mask right?"
        empty = "no examples, so there is no mean; is the data empty?"
        raise ValueError(f"evaluate: {problem if data[0].shape[axis] else empty}")
    scores = {name: finish[name](*join(kept[name])) for name, (_, join) in folds.items()}
    return {name: float(score) if np.ndim(score) == 0 else score for name, score in scores.items()}


def _fold(name: str, measure: Any, carry_out: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What a measure gives of each batch, (share, prediction, *targets) -> (parts, finish), and how parts are joined.

    A metric of `fnn.metrics` has both, and is computed on NumPy. Of any other function, the parts are its mean over the
    batch, multiplied by the batch's share of the examples, and this share.
    """
    if not callable(measure):
        must = f"expected a function for measure {name!r}, got {measure!r}"
        raise TypeError(f"evaluate: {must}; give the function itself, such as fnn.metrics.accuracy")
    bound = measure if isinstance(measure, partial) else partial(measure)
    metric: Any = bound.func
    if hasattr(metric, "parts"):
        parts = partial(metric.parts, **bound.keywords)
        return lambda share, *arrays: parts(*map(np.asarray, arrays)), metric.join

    measured = carry_out(_value, measure)

    def mean(share: Any, prediction: Array, *targets: Array) -> Any:
        value = np.asarray(measured(prediction, *targets), dtype=np.float64)
        if value.ndim > prediction.ndim - 2:
            expected = f"expected the mean over a batch, of shape {prediction.shape[:-2]}, got {value.shape}"
            raise ValueError(f'evaluate: {expected} from {name!r}; use reduction="mean"')
        return (share * value, share), truediv

    return mean, added


def added(batches: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The sums of the parts of several batches.

    >>> added([(1, 10), (2, 20)])
    (3, 30)
    """
    return tuple(map(sum, zip(*batches, strict=True)))


def _mass(targets: Sequence[Array], n: int, axis: int) -> Any:
    """What a batch of `n` examples counts: `n`, or the sum of its weights, for each index in front of `axis`."""
    if len(targets) == 1:
        return n
    weight = np.asarray(targets[1], dtype=np.float64)
    return weight.sum(axis=tuple(range(axis, weight.ndim)))
