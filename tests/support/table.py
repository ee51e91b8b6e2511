"""The table of everything that obeys laws: a new layer, loss, combinator or optimizer is a new row here."""

from functools import partial

import numpy as np

import fnn
from fnn import Key, fold_in, generator

LAYERS = {  # name: (layer, shape of one example's features)
    "linear": (fnn.linear(3), (4,)),
    "linear without bias": (fnn.linear(3, bias=None), (4,)),
    "linear to one": (fnn.linear(1, weights=fnn.glorot_uniform, bias=fnn.normal(0.1)), (4,)),
    "identity": (fnn.identity, (4,)),
    "relu": (fnn.relu, (4,)),
    "leaky_relu": (fnn.leaky_relu(0.1), (4,)),
    "elu": (fnn.elu, (4,)),
    "gelu": (fnn.gelu, (4,)),
    "sigmoid": (fnn.sigmoid, (4,)),
    "softplus": (fnn.softplus, (4,)),
    "swish": (fnn.swish, (4,)),
    "tanh": (fnn.tanh, (4,)),
    "softmax": (fnn.softmax, (4,)),
    "log_softmax": (fnn.log_softmax, (4,)),
    "flatten": (fnn.flatten, (3, 4)),
    "dropout": (fnn.dropout(0.3), (4,)),
    "elementwise": (fnn.elementwise("square", lambda xp, x: x * x, lambda xp, x, y: 2 * x), (4,)),
    "chain": (fnn.chain(fnn.linear(5), fnn.tanh, fnn.linear(3)), (4,)),
    "chain of nothing": (fnn.chain(), (4,)),
    "chain with names": (fnn.chain(fnn.flatten, encoder=fnn.linear(2), decoder=fnn.linear(12)), (3, 4)),
    "chain of chains": (fnn.chain(fnn.chain(fnn.relu, fnn.dropout(0.5)), fnn.chain(fnn.linear(3), fnn.gelu)), (4,)),
    "concat": (fnn.concat(fnn.linear(3), fnn.identity, named=fnn.chain(fnn.linear(2), fnn.tanh)), (4,)),
    "residual": (fnn.residual(fnn.chain(fnn.linear(5), fnn.tanh, fnn.linear(4))), (4,)),
    "residual of relu": (fnn.residual(fnn.relu), (4,)),
    "ensemble": (fnn.ensemble(fnn.chain(fnn.linear(5), fnn.relu, fnn.linear(3)), 3), (4,)),
    "ensemble of concat": (fnn.ensemble(fnn.concat(fnn.linear(3), fnn.relu), 2), (4,)),
    "ensemble of ensembles": (fnn.ensemble(fnn.ensemble(fnn.linear(3), 2), 3), (4,)),
    "chain with ensemble": (fnn.chain(fnn.linear(5), fnn.ensemble(fnn.linear(3), 3)), (4,)),
}


def _real(key, shape):
    return generator(key).standard_normal(shape)


def _labels(key, shape):
    return generator(key).integers(shape[-1], size=shape[:-1])


def _probabilities(key, shape):
    p = generator(key).random(shape)
    return p / p.sum(axis=-1, keepdims=True)


def _bits(key, shape):
    return generator(key).random(shape)


LOSSES = {  # name: (loss, target maker)
    "mse": (fnn.mse, _real),
    "mse, sum": (partial(fnn.mse, reduction="sum"), _real),
    "huber": (partial(fnn.huber, delta=0.7), _real),
    "huber, sum": (partial(fnn.huber, reduction="sum"), _real),
    "cross_entropy of labels": (fnn.cross_entropy, _labels),
    "cross_entropy of labels, sum": (partial(fnn.cross_entropy, reduction="sum"), _labels),
    "cross_entropy of probabilities": (fnn.cross_entropy, _probabilities),
    "cross_entropy of weights": (fnn.cross_entropy, _bits),
    "cross_entropy, smoothed": (partial(fnn.cross_entropy, label_smoothing=0.1), _labels),
    "binary_cross_entropy": (fnn.binary_cross_entropy, _bits),
    "binary_cross_entropy, sum": (partial(fnn.binary_cross_entropy, reduction="sum"), _bits),
}

OPTIMIZERS = {
    "sgd": fnn.sgd(0.1),
    "sgd, cosine": fnn.sgd(fnn.cosine(0.1, 20)),
    "sgd, step_decay": fnn.sgd(fnn.step_decay(0.1, 0.5, every=3)),
    "sgd, exponential": fnn.sgd(fnn.exponential(0.1, 0.9)),
    "sgd, constant": fnn.sgd(fnn.constant(0.1)),
    "momentum": fnn.momentum(0.05, 0.9),
    "nesterov": fnn.momentum(0.05, 0.9, nesterov=True),
    "rmsprop": fnn.rmsprop(0.01),
    "adagrad": fnn.adagrad(0.05),
    "adam": fnn.adam(0.01),
    "adam, warmup_cosine": fnn.adam(fnn.warmup_cosine(0.01, 3, 20)),
    "adamw": fnn.adamw(0.01, decay=0.1),
    "adamw on all": fnn.adamw(0.01, decay=0.1, matrices_only=False),
    "weight_decay": fnn.weight_decay(0.1),
    "clip_by_value": fnn.clip_by_value(0.05),
    "clip_by_global_norm": fnn.clip_by_global_norm(0.1),
    "chain_updates": fnn.chain_updates(fnn.clip_by_global_norm(0.5), fnn.weight_decay(0.01), fnn.adam(0.01)),
}


def normal(seed, shape, dtype=np.float64):
    """Numbers that differ from row to row, and never from run to run."""
    return generator(fold_in(Key(7), seed)).standard_normal(shape).astype(dtype)
