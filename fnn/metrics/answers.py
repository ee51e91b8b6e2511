"""What metrics of classifiers have in common: scores and targets brought into one form, and scores as probabilities.

A target is either the number of one of k classes, which exclude each other, or a yes or no for each of k outputs.
"""

from typing import Any

import attrs
import numpy as np

from fnn.arrays import Array, dtype_kind
from fnn.layers.activations import logistic
from fnn.layers.softmax import softmax
from fnn.losses.reduction import quiet, same_number
from fnn.metrics.metric import check_arrays, weighing

__all__ = ["Answers", "answers", "probabilities"]


@attrs.frozen(eq=False)
class Answers:
    """Scores and targets of classifiers in one form, all in the default float type of their array library.

    scores      (..., batch, k)
    targets     1 for the true class or for yes, else 0: (..., batch, k), perhaps without leading axes of the scores
    weights     (..., batch, 1) or (..., batch, k), perhaps without leading axes
    exclusive   whether the classes exclude each other
    """

    scores: Array
    targets: Array
    weights: Array
    exclusive: bool


def answers(name: str, scores: Any, target: Any, weight: Any) -> Answers:
    """The arguments of a metric of classifiers, checked.

    scores   (..., batch, k)
    target   integer labels (..., batch) for k >= 2 classes, or 0 and 1 (..., batch, k) for k outputs that each say yes
             or no; for one output also (..., batch). They may lack leading axes of the scores
    weight   (..., batch), one for each example; for yes and no also (..., batch, k); under a weight of 0 a target may
             be missing, such as -1 or NaN

    Raises `TypeError` for what is not an array, and `ValueError` for shapes that do not fit, targets out of range and
    negative weights. Only NumPy's values are looked at.
    """
    check_arrays(name, scores=scores, targets=target)
    xp, shape, own = scores.__array_namespace__(), scores.shape, tuple(target.shape)
    of_examples = bool(own) and own == tuple(shape[-1 - len(own) : -1])
    of_outputs = len(own) > 1 and own == tuple(shape[-len(own) :])
    exclusive = of_examples and shape[-1] > 1 and dtype_kind(target.dtype) == "int"
    one = of_examples and shape[-1] == 1
    if 0 in shape or not (exclusive or one or of_outputs):
        same_number(name, shape[:-1], own)
        if own[-1:] == shape[-1:]:
            same_number(name, shape[:-1], own[:-1])
        must = "scores must have the shape (..., batch, k), no axis 0, and targets be integer labels (..., batch)"
        raise ValueError(f"{name}: {must} or 0 and 1 (..., batch, k), got {shape} and {own} of {target.dtype}")
    real = xp.zeros(()).dtype
    w = weighing(name, weight, scores, real, per_element=not exclusive)
    t = target if of_outputs and not exclusive else target[..., None]
    if weight is not None:
        t = xp.where(w > 0, t, 0)
    if isinstance(t, np.ndarray) and not (((t >= 0) & (t < shape[-1])) if exclusive else ((t == 0) | (t == 1))).all():
        must = (
            f"labels must lie in 0 .. {shape[-1] - 1}, the scores' classes," if exclusive else "targets must be 0 or 1,"
        )
        raise ValueError(f"{name}: {must} got {t.min()} to {t.max()}; what is missing needs a weight of 0")
    y = xp.astype(t == xp.arange(shape[-1]) if exclusive else t, real)
    return Answers(xp.astype(scores, real), y, w, exclusive)


@quiet
def probabilities(name: str, a: Answers, given: bool) -> Array:
    """The probabilities of the classes: softmax or σ of the logits, or the scores if they are `given` as such.

    Raises `ValueError` for scores that are not probabilities.
    """
    p = a.scores
    if not given:
        return softmax.apply({}, p) if a.exclusive else logistic(p.__array_namespace__(), p)
    if isinstance(p, np.ndarray):
        outside = ((p < 0) | (p > 1)).any()
        if outside or (a.exclusive and (np.abs(p.sum(axis=-1) - 1) > 1e-3).any()):
            came = f"got {p.min()} to {p.max()}, sums of up to {p.sum(axis=-1).max()}"
            remedy = "if they are logits, leave out probabilities=True"
            raise ValueError(
                f"{name}: probabilities must lie in [0, 1], those of classes with the sum 1, {came}; {remedy}"
            )
    return p
