"""Sums over the examples of a batch, whose rounding errors do not grow with the number of examples."""

from fnn.arrays import Array, namespace, ones, unbroadcast

__all__: list[str] = []  # for declared layers only

BLOCK = 512  # examples; from twice as many on, they are summed in blocks


def summed(gradient: Array, parameter: Array, n_axes: int, n_lead: int) -> Array:
    """Sum a gradient over the axes between its leading axes and the parameter's own `n_axes` axes, such as the batch.

    `n_lead` is the number of leading axes of the layer's input. Raises `ValueError` unless the result has the shape of
    the parameter.

    >>> import numpy as np
    >>> summed(np.ones((5, 2)), np.zeros(2), n_axes=1, n_lead=0)
    array([5., 5.])
    """
    if gradient.shape == parameter.shape and gradient.dtype == parameter.dtype:
        return gradient
    if gradient.ndim != parameter.ndim:
        n_lead = max(n_lead, parameter.ndim - n_axes)
        extra = gradient.ndim - n_lead - n_axes
        if extra > 0:
            gradient = _over_examples(gradient, n_lead, extra, n_axes)
    total = unbroadcast(gradient, parameter)
    if total.shape != parameter.shape:
        raise ValueError(f"expected the shape {parameter.shape}, got {gradient.shape}")
    return total


def over_batch(x: Array) -> Array:
    """The sum of x (..., batch, n) over the batch.

    >>> import numpy as np
    >>> over_batch(np.ones((5, 2)))
    array([5., 5.])
    """
    return _over_examples(x, x.ndim - 2, 1, 1)


def _over_examples(gradient: Array, n_lead: int, extra: int, n_axes: int) -> Array:
    """The sum over `extra` axes behind the `n_lead` leading ones; of many examples, the sum of the sums of blocks."""
    xp, shape = namespace(gradient), gradient.shape
    if shape[n_lead] >= 2 * BLOCK:
        blocks, rest = divmod(shape[n_lead], BLOCK)
        lead, whole = (slice(None),) * n_lead, shape[n_lead] - rest
        head = xp.reshape(gradient[(*lead, slice(whole))], (*shape[:n_lead], blocks, BLOCK, *shape[n_lead + 1 :]))
        total = _in_halves(_over_examples(head, n_lead + 1, extra, n_axes), n_lead)
        return total + _over_examples(gradient[(*lead, slice(whole, None))], n_lead, extra, n_axes)
    if extra == n_axes == 1:  # a product sums the batch faster than sum
        return ones(shape[-2], gradient) @ gradient
    return xp.sum(gradient, axis=tuple(range(n_lead, n_lead + extra)))


def _in_halves(terms: Array, axis: int) -> Array:
    """The sum over an axis: one half of the terms is added to the other until one term is left."""
    before, n = (slice(None),) * axis, terms.shape[axis]
    if n == 1:
        return terms[(*before, 0)]
    half = n // 2
    total = _in_halves(terms[(*before, slice(half))] + terms[(*before, slice(half, 2 * half))], axis)
    return total if n % 2 == 0 else total + terms[(*before, -1)]
