"""Log loss, Brier score and calibration error: how good probabilities are.

Scores are logits, as models of fnn return them, and softmax or σ makes probabilities of them. With
`probabilities=True` they are probabilities already.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fnn.arrays import Array
from fnn.layers.activations import soft_maximum
from fnn.layers.softmax import log_softmax
from fnn.metrics.answers import answers
from fnn.metrics.answers import probabilities as as_probabilities
from fnn.metrics.metric import Metric, counted, ratio
from fnn.values import whole

__all__ = ["brier_score", "calibration_error", "log_loss"]


@Metric
@np.errstate(divide="ignore", over="ignore", invalid="ignore")  # the logarithm of 0 is -inf
def log_loss(scores: Any, targets: Any, weight: Any = None, *, probabilities: bool = False) -> Any:
    """The mean negative logarithm of the probability of what is true: -Σ w log p / Σ w.

    scores          logits (..., batch, k)
    targets         integer labels (..., batch) of k classes; or 0 and 1 (..., batch, k), for one output also
                    (..., batch): then the mean is also over the outputs
    weight          (..., batch), for 0 and 1 also (..., batch, k); under a weight of 0 a target may be missing
    probabilities   whether the scores are probabilities

    A probability of 0 for what is true gives inf (scikit-learn: 36, by clipping), and NaN scores give NaN. Raises
    `TypeError` for what is not an array, and `ValueError` for shapes that do not fit, targets out of range, scores that
    are not probabilities, and negative weights.

    >>> round(float(log_loss(np.array([[0.25, 0.75], [1.0, 0.0]]), np.array([1, 0]), probabilities=True)), 4)
    0.1438
    """
    a = answers("log_loss", scores, targets, weight)
    xp, s, true = scores.__array_namespace__(), a.scores, a.targets > 0
    if not probabilities:
        surprise = -log_softmax.apply({}, s) if a.exclusive else soft_maximum(xp, xp.where(true, -s, s))
    else:
        p = as_probabilities("log_loss", a, True)
        surprise = -xp.log(p if a.exclusive else xp.where(true, p, 1 - p))
    if a.exclusive:
        surprise = xp.sum(xp.where(true | xp.isnan(surprise), surprise, 0.0), axis=-1, keepdims=True)
    return _mean(xp, surprise, a.weights)


@Metric
def brier_score(scores: Any, targets: Any, weight: Any = None, *, probabilities: bool = False) -> Any:
    """The Brier score (Brier 1950): the mean over the examples of Σᵢ (pᵢ - tᵢ)² over k classes.

    For two classes it is half of it, and for outputs of 0 and 1 it is the mean of (p - t)² over examples and outputs,
    as scikit-learn's brier_score_loss. Arguments and errors are those of `log_loss`.

    >>> float(brier_score(np.array([[0.25, 0.75], [1.0, 0.0]]), np.array([1, 0]), probabilities=True))
    0.03125
    """
    a = answers("brier_score", scores, targets, weight)
    xp = scores.__array_namespace__()
    error = (as_probabilities("brier_score", a, probabilities) - a.targets) ** 2
    if a.exclusive:
        error = xp.sum(error, axis=-1, keepdims=True) / (2 if error.shape[-1] == 2 else 1)
    return _mean(xp, error, a.weights)


@Metric
def calibration_error(
    scores: Any, targets: Any, weight: Any = None, *, bins: int = 15, probabilities: bool = False
) -> Any:
    """The expected calibration error: Σ_b |Σ_{i in b} wᵢ (hitᵢ - confidenceᵢ)| / Σ w (Guo et al. 2017, equation 3).

    For k classes, the confidence is the greatest probability, and a right answer is a hit. For outputs of 0 and 1, the
    confidence is the probability of 1, and a target of 1 is a hit. Bin b = 1 .. `bins` holds the confidences in
    ((b - 1) / bins, b / bins], and bin 1 also 0. The other arguments and the errors are those of `log_loss`.

    >>> float(calibration_error(np.array([[0.25, 0.75], [1.0, 0.0]]), np.array([1, 0]), probabilities=True))
    0.125
    """
    a = answers("calibration_error", scores, targets, weight)
    bins = whole("calibration_error(bins)", bins)
    xp, p = scores.__array_namespace__(), as_probabilities("calibration_error", a, probabilities)
    confidence = xp.max(p, axis=-1, keepdims=True) if a.exclusive else p
    hits = a.targets
    if a.exclusive:
        chosen = xp.argmax(p, axis=-1)[..., None] == xp.arange(p.shape[-1])
        hits = xp.sum(xp.where(chosen, hits, 0.0), axis=-1, keepdims=True)
    w = a.weights + xp.zeros(confidence.shape[-2:], dtype=confidence.dtype)
    gap, bin_of = w * (hits - confidence), xp.clip(xp.ceil(confidence * bins), 1, bins)  # NaN, if a score is
    gaps = [xp.sum(xp.where(xp.isnan(gap) | (bin_of == b), gap, 0.0), axis=(-2, -1)) for b in range(1, bins + 1)]
    parts = xp.stack(gaps, axis=-1), xp.sum(w, axis=(-2, -1))
    return parts, lambda gaps, total: ratio(xp.sum(xp.abs(gaps), axis=-1), total)


def _mean(xp: Any, values: Array, w: Array) -> tuple[tuple[Array, ...], Callable[..., Any]]:
    """The sums of w v and of w over examples and outputs; the mean is their ratio."""
    w = w + xp.zeros(values.shape[-2:], dtype=values.dtype)
    return (xp.sum(counted(xp, values, w), axis=(-2, -1)), xp.sum(w, axis=(-2, -1))), ratio
