"""The table of everything that obeys laws: a new layer, combinator, loss, optimizer or schedule is a new row here.

The name of a row begins with the public name; what is special about the row may follow behind a comma. Activations,
losses, optimizers and schedules have their rows in files of their own, which this table collects.
"""

import math
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pytest

import fnn
from fnn import Key, fold_in, generator
from tests.support.activations import ACTIVATIONS, SOFTMAXES
from tests.support.losses import LOSSES
from tests.support.optimizers import OPTIMIZERS, SCHEDULES


@attrs.frozen
class LayerRow:
    """A layer, and the shape of one example's features to try it on."""

    layer: fnn.Layer
    shape: tuple[int, ...] = (4,)


@fnn.constructor
def scale(axes=1):
    """A layer of one's own: y = x · factor, one factor for each of the last features."""
    names = tuple(f"n{i}" for i in range(axes))

    def spread(factor):
        return factor[(..., *[None] * axes, slice(None))]  # over the batch and all features but the last

    def apply(params, x):
        return x * spread(params["factor"])

    def vjp(params, x, key=None):
        def back(dy, need_dx=True):
            return {"factor": x * dy}, dy * spread(params["factor"])

        return apply(params, x), back

    return fnn.layer(apply, vjp, x=names, factor=(fnn.normal(1.0), names[-1:]))


LAYERS = {
    "layer": LayerRow(scale()),
    "layer, of images": LayerRow(scale(axes=3), (2, 3, 4)),
    "linear": LayerRow(fnn.linear(3)),
    "linear, without bias": LayerRow(fnn.linear(3, bias=None)),
    "linear, to one": LayerRow(fnn.linear(1, weights=fnn.glorot_uniform, bias=fnn.normal(0.1))),
    **ACTIVATIONS,
    **SOFTMAXES,
    "flatten": LayerRow(fnn.flatten(), (3, 4)),
    "flatten, of three axes": LayerRow(fnn.flatten(3), (3, 4, 2)),
    "batch_norm": LayerRow(fnn.batch_norm()),
    "standardise": LayerRow(fnn.standardise()),
    "layer_norm": LayerRow(fnn.layer_norm()),
    "rms_norm": LayerRow(fnn.rms_norm()),
    "group_norm": LayerRow(fnn.group_norm(2)),
    "group_norm, of images": LayerRow(fnn.group_norm(2, axes=3), (3, 2, 4)),
    "convolution": LayerRow(fnn.convolution(3, (3, 2)), (5, 4, 2)),
    "convolution, same": LayerRow(fnn.convolution(3, (3, 2), padding="same", stride=(2, 1)), (5, 4, 2)),
    "convolution, dilated": LayerRow(fnn.convolution(3, (2, 3), dilation=2, stride=(1, 2), bias=None), (4, 8, 2)),
    "convolution, of signals": LayerRow(fnn.convolution(3, 3, stride=2, padding="same", bias=fnn.normal(1.0)), (6, 2)),
    "transposed_convolution": LayerRow(fnn.transposed_convolution(3, (3, 2), stride=2), (2, 3, 2)),
    "transposed_convolution, same": LayerRow(
        fnn.transposed_convolution(3, (3, 4), stride=(2, 3), dilation=(2, 1), padding="same"), (2, 3, 2)
    ),
    "transposed_convolution, of signals": LayerRow(fnn.transposed_convolution(3, 4, bias=None), (3, 2)),
    "max_pool": LayerRow(fnn.max_pool((2, 2)), (5, 4, 3)),
    "max_pool, overlapping": LayerRow(fnn.max_pool((3, 2), stride=(2, 1)), (5, 4, 3)),
    "max_pool, of signals": LayerRow(fnn.max_pool(2, stride=3), (6, 2)),
    "mean_pool": LayerRow(fnn.mean_pool((2, 2)), (5, 4, 3)),
    "mean_pool, overlapping": LayerRow(fnn.mean_pool(3, stride=2), (6, 2)),
    "global_mean": LayerRow(fnn.global_mean(), (5, 4, 3)),
    "global_mean, of signals": LayerRow(fnn.global_mean(axes=1), (5, 3)),
    "upsample": LayerRow(fnn.upsample((2, 3)), (2, 3, 2)),
    "upsample, of signals": LayerRow(fnn.upsample(2), (3, 2)),
    "dropout": LayerRow(fnn.dropout(0.3)),
    "recurrent": LayerRow(fnn.recurrent(fnn.elman(3), states="all"), (4, 2)),
    "recurrent, in reverse": LayerRow(fnn.recurrent(fnn.lstm(2), states="all", reverse=True), (3, 2)),
    "elman": LayerRow(fnn.recurrent(fnn.elman(3)), (4, 2)),
    "gru": LayerRow(fnn.recurrent(fnn.gru(3)), (4, 2)),
    "lstm": LayerRow(fnn.recurrent(fnn.lstm(3)), (4, 2)),
    "attention": LayerRow(fnn.attention(2), (3, 12)),
    "attention, causal": LayerRow(fnn.attention(1, causal=True), (4, 6)),
    "positions": LayerRow(fnn.positions(), (3, 4)),
    "sinusoidal_positions": LayerRow(fnn.sinusoidal_positions, (3, 4)),
    "embedding": LayerRow(fnn.embedding(5, 3), (4,)),
    "embedding, of one integer": LayerRow(fnn.embedding(5, 3, axes=0), ()),
    "elementwise": LayerRow(fnn.elementwise("square", lambda xp, x: x * x, lambda xp, x, y: 2 * x)),
    "parameterless": LayerRow(fnn.parameterless("double", lambda xp, x: (2 * x, lambda dy: 2 * dy))),
    "chain": LayerRow(fnn.chain(fnn.linear(5), fnn.tanh, fnn.linear(3))),
    "chain, of nothing": LayerRow(fnn.chain()),
    "chain, with names": LayerRow(fnn.chain(fnn.flatten(), encoder=fnn.linear(2), decoder=fnn.linear(12)), (3, 4)),
    "chain, of chains": LayerRow(
        fnn.chain(fnn.chain(fnn.relu, fnn.dropout(0.5)), fnn.chain(fnn.linear(3), fnn.gelu)),
    ),
    "concat": LayerRow(fnn.concat(fnn.linear(3), fnn.identity, named=fnn.chain(fnn.linear(2), fnn.tanh))),
    "concat, both ways": LayerRow(
        fnn.concat(fnn.recurrent(fnn.gru(2)), fnn.recurrent(fnn.gru(2), reverse=True)), (3, 2)
    ),
    "concat, of embeddings": LayerRow(fnn.concat(fnn.embedding(5, 3), fnn.embedding(4, 2)), (3,)),
    "residual": LayerRow(fnn.residual(fnn.chain(fnn.linear(5), fnn.tanh, fnn.linear(4)))),
    "residual, of relu": LayerRow(fnn.residual(fnn.relu)),
    "each": LayerRow(fnn.each(fnn.linear(3)), (5, 4)),
    "each, of pixels": LayerRow(fnn.each(fnn.chain(fnn.batch_norm(), fnn.tanh), axes=2), (2, 3, 4)),
    "each, of words of letters": LayerRow(fnn.each(fnn.chain(fnn.embedding(5, 2), fnn.flatten())), (3, 4)),
    "each, of an ensemble": LayerRow(fnn.each(fnn.ensemble(fnn.linear(3), 2)), (5, 4)),
    "residual, with statistics": LayerRow(fnn.residual(fnn.chain(fnn.batch_norm(), fnn.linear(4)))),
    "concat, with statistics": LayerRow(fnn.concat(fnn.batch_norm(), fnn.chain(fnn.linear(3), fnn.batch_norm()))),
    "ensemble, with statistics": LayerRow(
        fnn.ensemble(fnn.chain(fnn.standardise(), fnn.linear(3), fnn.batch_norm()), 3)
    ),
    "ensemble": LayerRow(fnn.ensemble(fnn.chain(fnn.linear(5), fnn.relu, fnn.linear(3)), 3)),
    "ensemble, of embedding": LayerRow(
        fnn.ensemble(fnn.chain(fnn.embedding(5, 3), fnn.recurrent(fnn.gru(2))), 3), (4,)
    ),
    "ensemble, of concat": LayerRow(fnn.ensemble(fnn.concat(fnn.linear(3), fnn.relu), 2)),
    "ensemble, of ensembles": LayerRow(fnn.ensemble(fnn.ensemble(fnn.linear(3), 2), 3)),
    "chain, with ensemble": LayerRow(fnn.chain(fnn.linear(5), fnn.ensemble(fnn.linear(3), 3))),
}


MATRIX = (300, 200)
FIELD = (3, 3, 80, 60)  # a field of 3 x 3: fan-in 720, fan-out 540


@attrs.frozen
class InitializerRow:
    """An initializer, a shape to draw, the variance of what it draws, and the bound of uniform numbers."""

    initializer: Callable[..., Any]
    shape: tuple[int, ...] = MATRIX
    variance: float = 0  # 0 for an initializer that draws nothing
    limit: float | None = None


INITIALIZERS = {
    "normal": InitializerRow(fnn.normal(0.3), variance=0.3**2),
    "uniform": InitializerRow(fnn.uniform(0.3), variance=0.3**2 / 3, limit=0.3),
    "he_normal": InitializerRow(fnn.he_normal, variance=2 / 300),
    "he_uniform": InitializerRow(fnn.he_uniform, variance=2 / 300, limit=math.sqrt(6 / 300)),
    "glorot_normal": InitializerRow(fnn.glorot_normal, variance=2 / 500),
    "glorot_uniform": InitializerRow(fnn.glorot_uniform, variance=2 / 500, limit=math.sqrt(6 / 500)),
    "lecun_normal": InitializerRow(fnn.lecun_normal, variance=1 / 300),
    "orthogonal": InitializerRow(fnn.orthogonal, variance=1 / 300),
    "he_normal, of a field": InitializerRow(fnn.he_normal, FIELD, variance=2 / 720),
    "glorot_uniform, of a field": InitializerRow(fnn.glorot_uniform, FIELD, variance=2 / 1260),
    "initializers.constant": InitializerRow(fnn.initializers.constant(0.5)),
    "zeros": InitializerRow(fnn.zeros),
}

TABLES = {"layer": LAYERS, "loss": LOSSES, "optimizer": OPTIMIZERS, "schedule": SCHEDULES, "initializer": INITIALIZERS}


def public_name(row_name):
    """The public name with which a row's name begins.

    >>> public_name("momentum, nesterov")
    'momentum'
    """
    return row_name.partition(",")[0]


def each(table, *fields):
    """The mark that runs a test for each row of a table, with these fields of it as arguments."""
    rows = [[getattr(row, field) for field in fields] for row in table.values()]
    return pytest.mark.parametrize(fields, rows, ids=table)


each_layer = each(LAYERS, "layer", "shape")
each_loss = each(LOSSES, "loss", "make_target")
each_optimizer = each(OPTIMIZERS, "optimizer")


def normal(seed, shape, dtype=np.float64):
    """Numbers that differ from row to row, and never from run to run."""
    return generator(fold_in(Key(7), seed)).standard_normal(shape).astype(dtype)
