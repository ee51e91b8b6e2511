"""The rows of the losses, with exact values of those that compare numbers one by one: a new loss is a new row here."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import attrs

import fnn
from fnn import generator
from tests.support.exact import INF, MP, NAN, logistic


@attrs.frozen(kw_only=True)
class Pointwise:
    """The exact value and gradient of a loss of one number, and what they are at the ends of the number line."""

    targets: Sequence[float]  # to try
    value: Callable[[Any, Any], Any]  # of a prediction and a target, in 50 digits
    gradient: Callable[[Any, Any], Any]
    at_minus_inf: tuple[float, float]  # value and gradient, for a target of 1
    at_inf: tuple[float, float]
    at_nan: tuple[float, float]
    gradient_scale: float = 1  # the error of a gradient is relative to the gradient, or to this if it is greater


@attrs.frozen
class LossRow:
    """A loss, the maker of targets (key, shape) -> array for it, and its exact values if it is a sum over numbers."""

    loss: Callable[..., Any]
    make_target: Callable[..., Any]
    pointwise: Pointwise | None = None


def real(key, shape):
    return generator(key).standard_normal(shape)


def labels(key, shape):
    return generator(key).integers(shape[-1], size=shape[:-1])


def probabilities(key, shape):
    p = generator(key).random(shape)
    return p / p.sum(axis=-1, keepdims=True)


def between_0_and_1(key, shape):
    return generator(key).random(shape)


def weighted(loss):
    """The weighted sum of a loss, with weights made of the targets; some of them are 0."""

    def weighted_loss(prediction, target, *, reduction):
        xp = prediction.__array_namespace__()
        of_examples = xp.astype(target, prediction.dtype) if xp.isdtype(target.dtype, "integral") else target[..., 0]
        return loss(prediction, target, xp.where(of_examples > 0.1, of_examples, 0), reduction=reduction)

    return partial(weighted_loss, reduction="sum")


MSE = Pointwise(
    targets=[0, 1, -1e4, 1e30],
    value=lambda y, t: (y - t) ** 2,
    gradient=lambda y, t: 2 * (y - t),
    gradient_scale=0,
    at_minus_inf=(INF, -INF),
    at_inf=(INF, INF),
    at_nan=(NAN, NAN),
)
HUBER = Pointwise(
    targets=[0, 1, -1e4, 1e30],
    value=lambda y, t: (y - t) ** 2 / 2 if abs(y - t) <= 1 else abs(y - t) - 0.5,
    gradient=lambda y, t: max(min(y - t, 1), -1),
    at_minus_inf=(INF, -1),
    at_inf=(INF, 1),
    at_nan=(NAN, NAN),
)
BINARY_CROSS_ENTROPY = Pointwise(
    targets=[0, 0.25, 1],
    value=lambda z, t: max(z, 0) - t * z + MP.log1p(MP.exp(-abs(z))),
    gradient=lambda z, t: logistic(z) - t,
    at_minus_inf=(INF, -1),
    at_inf=(NAN, 0),
    at_nan=(NAN, NAN),
)

LOSSES = {  # a name begins with the public name
    "mse": LossRow(fnn.mse, real, MSE),
    "mse, sum": LossRow(partial(fnn.mse, reduction="sum"), real),
    "mse, weighted": LossRow(weighted(fnn.mse), real),
    "huber": LossRow(fnn.huber, real, HUBER),
    "huber, delta of 0.7": LossRow(partial(fnn.huber, delta=0.7), real),
    "huber, sum": LossRow(partial(fnn.huber, reduction="sum"), real),
    "cross_entropy, of labels": LossRow(fnn.cross_entropy, labels),
    "cross_entropy, of labels, sum": LossRow(partial(fnn.cross_entropy, reduction="sum"), labels),
    "cross_entropy, of probabilities": LossRow(fnn.cross_entropy, probabilities),
    "cross_entropy, of weights": LossRow(fnn.cross_entropy, between_0_and_1),
    "cross_entropy, weighted": LossRow(weighted(fnn.cross_entropy), labels),
    "cross_entropy, smoothed": LossRow(partial(fnn.cross_entropy, label_smoothing=0.1), labels),
    "binary_cross_entropy": LossRow(fnn.binary_cross_entropy, between_0_and_1, BINARY_CROSS_ENTROPY),
    "binary_cross_entropy, weighted": LossRow(weighted(fnn.binary_cross_entropy), between_0_and_1),
    "binary_cross_entropy, sum": LossRow(partial(fnn.binary_cross_entropy, reduction="sum"), between_0_and_1),
}
