"""Wrong calls: each raises an exception that says what is wrong and what to do; none goes wrong silently."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from jax import device_put

from fnn import (
    Key,
    LayerError,
    LayerTypeError,
    Params,
    TreeError,
    adam,
    attention,
    batches,
    binary_cross_entropy,
    chain,
    check_layer,
    clip_by_global_norm,
    constant,
    convolution,
    cross_entropy,
    dropout,
    early_stopping,
    embedding,
    ensemble,
    epochs,
    evaluate,
    flatten,
    fold_in,
    gru,
    join,
    linear,
    momentum,
    mse,
    normal,
    only,
    predict,
    ravel,
    recurrent,
    relu,
    residual,
    sgd,
    split,
    summary,
    train_step,
    transposed_convolution,
    tree,
    value_and_grad,
    warmup_cosine,
    weight_decay,
)
from fnn.checkpoint import CheckpointError, load, save
from fnn.checks import LawError, explain
from fnn.data import k_fold, one_hot, read_idx, shuffled_split
from fnn.interop import jax as compiled
from fnn.metrics import accuracy, f1, rmse
from recipes.recipe import OptionError, no_data
from recipes.running.catalogue import find
from recipes.running.plan import Task
from recipes.running.sweep import sweep

MODEL = chain(encoder=chain(linear(8), relu), decoder=chain(linear(3)))
PARAMS, _ = MODEL.init(Key(0), (5,))
OTHER, _ = chain(linear(8), relu, linear(3)).init(Key(0), (5,))
X = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)
LABELS = np.arange(6) % 3
IMAGES, CONVOLUTION = np.ones((6, 5, 5, 2), np.float32), convolution(4, (3, 3))
COLUMN, VECTOR = X[:, :1], X[:, 0]
STATE = sgd(0.1).init(PARAMS)
STEP = train_step(MODEL, cross_entropy, sgd(0.1))
DROPPING = chain(dropout(0.5), linear(3))
TWO = ensemble(linear(3), 2)
BOTH, BOTH_STEP = sgd(0.1).init(TWO.init(Key(0), (5,))[0]), train_step(TWO, cross_entropy, sgd(0.1))
GRADS = value_and_grad(MODEL, cross_entropy)(PARAMS, (X, LABELS))[1]


BFLOAT16 = jnp.bfloat16.dtype  # NumPy's dtype of this name, from the package ml_dtypes
TENSOR = type("Tensor", (), {"shape": X.shape, "dtype": X.dtype, "detach": None})()  # what PyTorch's tensors have
HOT = np.eye(3, dtype=np.float32)[LABELS]
W, B = PARAMS["encoder"]["0"]["weights"], PARAMS["encoder"]["0"]["bias"]


def with_first(**leaves):
    """The parameters of the model with others for its first layer."""
    return {**PARAMS, "encoder": {"0": leaves, "1": {}}}


def scheduled(schedule):
    """One update of sgd with a schedule."""
    return sgd(schedule).update(STATE, GRADS)


def write(mapping, name, value):
    mapping[name] = value


HERE = r"linear\(8\) in chain\['encoder'\]\['0'\]: "
CALLS = {
    # The input.
    "too few features": (
        lambda: MODEL.apply(PARAMS, X[:, :4]),
        LayerError,
        HERE + "x has 4 features, the parameters were initialised for 5",
    ),
    "too few features, in training": (lambda: STEP(STATE, (X[:, :4], LABELS)), LayerError, HERE + "x has 4 features"),
    "integers": (
        lambda: MODEL.apply(PARAMS, X.astype(int)),
        LayerTypeError,
        HERE + "expected floating-point x, got int",
    ),
    "bytes": (lambda: MODEL.apply(PARAMS, X.astype(np.uint8)), LayerTypeError, r"got uint8; scale and convert it"),
    "ragged rows": (
        lambda: MODEL.apply(PARAMS, [[1.0], [1.0, 2.0]]),
        LayerTypeError,
        HERE + "expected x as an array of numbers, got list",
    ),
    "complex numbers": (lambda: MODEL.apply(PARAMS, X.astype(complex)), LayerTypeError, HERE + ".* got complex128"),
    "another machine's bytes": (
        lambda: MODEL.apply(PARAMS, X.astype(">f4")),
        LayerTypeError,
        "got an array of >f4, another machine's byte order; convert it with astype",
    ),
    "masked inputs": (lambda: MODEL.apply(PARAMS, np.ma.array(X)), LayerTypeError, "got MaskedArray; fill in"),
    "a measure that returns nothing": (
        lambda: next(epochs(STEP, lambda i: [(X, LABELS)], STATE, lambda params: None)),
        TypeError,
        r"expected a mapping from measure\(params\), .* got NoneType",
    ),
    "a complex score": (
        lambda: next(epochs(STEP, lambda i: [(X, LABELS)], STATE, score=lambda record: np.array(1j))),
        TypeError,
        "expected a number from score",
    ),
    "tokens counted from 1": (
        lambda: embedding(5, 2).apply({"weights": X[:5, :2]}, LABELS[:, None] + 3),
        LayerError,
        r"embedding\(5, 2\): expected x of integers from 0 to 4, got 5; number the tokens from 0, or make",
    ),
    "tokens as floating-point numbers": (
        lambda: embedding(5, 2).apply({"weights": X[:5, :2]}, COLUMN),
        LayerTypeError,
        r"expected x of integers from 0 to 4, got float32; convert it: x.astype\(np.int64\)",
    ),
    "heads that do not divide": (
        lambda: chain(attention(5)).init(Key(0), (7, 12)),
        LayerError,
        r"attention\(5\) in chain\['0'\]: expected 3 d features .* 5 heads divide d, got 12 features; put each\(linear",
    ),
    "a cell that is not called": (
        lambda: recurrent(gru),
        TypeError,
        r"recurrent\(cell\): expected a cell such as gru\(8\), got gru; make one by a call",
    ),
    "another name for the states": (
        lambda: recurrent(gru(3), states="final"),
        ValueError,
        r"""recurrent\(states\) must be "last" or "all", got 'final'""",
    ),
    "words": (
        lambda: MODEL.apply(PARAMS, X.astype(str)),
        LayerTypeError,
        HERE + r"expected x as an array of numbers, got an array of <U.*; convert it with astype\(float\)",
    ),
    "a column of names": (
        lambda: MODEL.apply(PARAMS, np.array([["a"] * 5])),
        LayerTypeError,
        HERE + "expected x as an array of numbers, got an array of words; number them: ",
    ),
    "a number": (lambda: MODEL.apply(PARAMS, X[0, 0]), LayerError, HERE + r"expected x of at least 2 axes, .* \(\)"),
    "a Python number": (
        lambda: MODEL.apply(PARAMS, 1.0),
        LayerTypeError,
        HERE + "expected x as an array of numbers, got float",
    ),
    "objects": (lambda: MODEL.apply(PARAMS, X.astype(object)), LayerTypeError, "got an array of object"),
    "booleans": (lambda: MODEL.apply(PARAMS, X > 0), LayerTypeError, "got bool"),
    "a list": (lambda: MODEL.apply(PARAMS, X.tolist()), LayerTypeError, "got list; convert it with np.asarray"),
    "one example": (lambda: MODEL.apply(PARAMS, X[0]), LayerError, r"add a batch axis: x\[None\]"),
    "images for vectors": (
        lambda: MODEL.init(Key(0), (28, 28)),
        LayerError,
        HERE + r".* flatten\(\) in front .*each\(linear\(8",
    ),
    "vectors for images": (lambda: flatten().init(Key(0), (784,)), LayerError, r"leave flatten\(2\) out"),
    "images without channels": (
        lambda: CONVOLUTION.init(Key(0), (28, 28)),
        LayerError,
        r"convolution\(4, \(3, 3\)\): expected at least 3 axes of features .*, got \(28, 28\); .*: x\[..., None\]",
    ),
    "images for signals": (
        lambda: convolution(4, 3).init(Key(0), (28, 28, 1)),
        LayerError,
        r"convolution\(4, 3\): expected features \(length, channels\), got \(28, 28, 1\); .* \(3, 3\) for images",
    ),
    "an image smaller than the kernel": (
        lambda: CONVOLUTION.init(Key(0), (2, 5, 1)),
        LayerError,
        r"images of at least \(3, 3\), got \(2, 5\); give larger images, a smaller window or, .* padding=.same.",
    ),
    "a smaller image than in init": (
        lambda: CONVOLUTION.apply(CONVOLUTION.init(Key(0), (5, 5, 2))[0], IMAGES[:, :2]),
        LayerError,
        r"convolution\(4, \(3, 3\)\): expected images of at least \(3, 3\), got \(2, 5\)",
    ),
    "channels first": (
        lambda: CONVOLUTION.apply(CONVOLUTION.init(Key(0), (5, 5, 2))[0], np.moveaxis(IMAGES, -1, 1)),
        LayerError,
        "the parameters were initialised for",
    ),
    "an image without a batch": (
        lambda: CONVOLUTION.apply(CONVOLUTION.init(Key(0), (5, 5, 2))[0], IMAGES[0]),
        LayerError,
        "expected x of at least 4 axes",
    ),
    "an unknown padding": (lambda: convolution(4, 3, padding=1), ValueError, 'must be "valid" or "same", got 1'),
    "a stride too many": (
        lambda: convolution(4, (3, 3), stride=(1, 1, 1)),
        ValueError,
        r"convolution\(stride\) must have as many numbers as there are spatial axes, 2",
    ),
    "a kernel of three axes": (lambda: convolution(4, (3, 3, 3)), ValueError, r"one or two, as in 3 or \(3, 3\)"),
    "a kernel of length 0": (lambda: convolution(4, (3, 0)), ValueError, "a whole number from 1 up, got 0"),
    "a dilation of 0": (
        lambda: transposed_convolution(4, 3, dilation=0),
        ValueError,
        "a whole number from 1 up, got 0",
    ),
    "no features": (lambda: MODEL.init(Key(0), (0,)), LayerError, r"the shape of one example.* got \(0,\)"),
    "features of a negative size": (lambda: MODEL.init(Key(0), (-5,)), LayerError, r"example's features.* got \(-5,\)"),
    "features of a float size": (lambda: MODEL.init(Key(0), (5.0,)), LayerError, r"example's features.* got \(5.0,\)"),
    "features of a bool size": (lambda: MODEL.init(Key(0), (True,)), LayerError, r"example's features.* got \(True,\)"),
    "a state for the parameters of a model": (
        lambda: predict(MODEL, STATE, X),
        LayerTypeError,
        "chain: expected params as a mapping, got State; give state.params",
    ),
    "a state for the parameters of a layer": (
        lambda: linear(3).apply(STATE, X),
        LayerTypeError,
        r"linear\(3\): expected params as a mapping, got State; give state.params",
    ),
    "params and x swapped": (lambda: MODEL.apply(X, PARAMS), LayerTypeError, r"got ndarray; call f\(params, x\)"),
    "params and x swapped in a layer": (lambda: relu.apply(X, {}), LayerTypeError, r"call f\(params, x\)"),
    "params and x swapped in linear": (lambda: linear(3).apply(X, OTHER["0"]), LayerTypeError, r"call f\(params, x\)"),
    # The parameters.
    "parameters of another model": (lambda: MODEL.apply(OTHER, X), LayerError, "chain: .* parameters of another model"),
    "parameters of a whole model": (lambda: MODEL["encoder"].apply(PARAMS, X), LayerError, "of another model"),
    "parameters of another width": (lambda: linear(4).apply(OTHER["0"], X), LayerError, "of another model"),
    "parameters of another layer": (lambda: relu.apply(OTHER["0"], X), LayerError, "parameters of another model"),
    "parameters of one network": (
        lambda: ensemble(MODEL, 2).apply(PARAMS, X),
        LayerError,
        "not of 2 networks but of one",
    ),
    "a layer's parameters missing": (
        lambda: MODEL.apply({"encoder": PARAMS["encoder"]}, X),
        LayerError,
        r"chain: .* missing \['decoder'\], unexpected \[\]",
    ),
    "a layer's parameters too many": (
        lambda: MODEL.apply({**PARAMS, "head": {}}, X),
        LayerError,
        r"chain: .* missing \[\], unexpected \['head'\]",
    ),
    "a parameter missing": (
        lambda: MODEL.apply(with_first(weights=W), X),
        LayerError,
        HERE + r"expected parameters \['bias', 'weights'\], got \['weights'\]",
    ),
    "a parameter too many": (
        lambda: MODEL.apply(with_first(weights=W, bias=B, scale=B), X),
        LayerError,
        HERE + r".* got \['bias', 'scale', 'weights'\]",
    ),
    "misshapen weights": (
        lambda: MODEL.apply(with_first(weights=W[:, :7], bias=B), X),
        LayerError,
        HERE + r"got parameters of shapes \{'weights': \(5, 7\), 'bias': \(8,\)\}",
    ),
    "a misshapen bias": (
        lambda: MODEL.apply(with_first(weights=W, bias=B[:7]), X),
        LayerError,
        HERE + r"got parameters of shapes .* 'bias': \(7,\)",
    ),
    "an array for a layer's parameters": (
        lambda: MODEL.apply({**PARAMS, "encoder": {"0": W, "1": {}}}, X),
        LayerTypeError,
        HERE + "expected params as a mapping, got ndarray",
    ),
    "setting a parameter": (lambda: write(PARAMS["encoder"]["0"], "bias", X), TypeError, "Params are immutable"),
    "writing into a parameter": (lambda: write(PARAMS["encoder"]["0"]["bias"], 0, 1), ValueError, "read-only"),
    "writing into a state": (lambda: write(STATE.params["decoder"]["0"]["bias"], 0, 1), ValueError, "read-only"),
    "writing into a state's vector": (lambda: write(STATE.vector, 0, 1), ValueError, "read-only"),
    "parameters of words": (
        lambda: Params({"w": np.array(["a"])}),
        TreeError,
        r"\['w'\]: expected an array of numbers",
    ),
    "parameters of two dtypes": (lambda: ravel({"a": X, "b": X.astype(float)}), TreeError, "convert it with tree.cast"),
    "trees of different names": (lambda: tree.map(np.add, PARAMS, OTHER), TreeError, "trees part at its root"),
    # The cotangents.
    "a cotangent of another width": (
        lambda: MODEL.vjp(PARAMS, X)[1](X),
        LayerError,
        r"linear\(3\) in chain\['decoder'\]\['0'\]: the pullback expects dy .*, \(6, 3\), got \(6, 5\)",
    ),
    "a number for a cotangent": (lambda: MODEL.vjp(PARAMS, X)[1](1.0), LayerError, r"\(6, 3\), got float"),
    "a cotangent of fewer examples": (lambda: relu.vjp({}, X)[1](X[:2]), LayerError, r"relu: .*\(6, 5\), got \(2, 5\)"),
    "a loss's cotangent for each example": (
        lambda: mse(X, X)[1](np.ones(6)),
        ValueError,
        r"mse: the pullback expects a cotangent in the value's shape, \(\), got \(6,\)",
    ),
    "a loss's cotangents of another number": (
        lambda: cross_entropy(np.stack([X, X]), LABELS)[1](np.ones(3)),
        ValueError,
        r"cross_entropy: the pullback expects .* \(2,\), got \(3,\)",
    ),
    # The targets.
    "fewer labels than examples": (
        lambda: STEP(STATE, (X, LABELS[:5])),
        ValueError,
        r"cross_entropy: 6 predictions, 5 targets; does every x have its target\?",
    ),
    "fewer targets than examples": (
        lambda: train_step(MODEL, mse, sgd(0.1))(STATE, (X, HOT[:5])),
        ValueError,
        r"mse: 6 predictions, 5 targets; does every x have its target\?",
    ),
    "more labels than scores": (lambda: accuracy(X[:5], LABELS), ValueError, "accuracy: 5 predictions, 6 targets"),
    "fewer labels than scores of networks": (
        lambda: f1(np.stack([X, X]), LABELS[:5]),
        ValueError,
        "f1: 6 predictions, 5 targets",
    ),
    "fewer rows of yes and no": (lambda: f1(X, X[:5] > 0), ValueError, "f1: 6 predictions, 5 targets"),
    "fewer numbers than predictions": (
        lambda: rmse(COLUMN, COLUMN[:-1]),
        ValueError,
        "rmse: 6 predictions, 5 targets",
    ),
    "predicted classes for scores": (
        lambda: f1(X.argmax(axis=1), LABELS),
        ValueError,
        r"f1: expected scores .* got int64 of shape \(6,\); give the model's outputs, not predicted classes",
    ),
    "predicted classes for an accuracy": (
        lambda: accuracy(X.argmax(axis=1), LABELS),
        ValueError,
        "accuracy: .*give the model's outputs, not predicted classes",
    ),
    "batches of other lengths": (lambda: batches(Key(0), (X, LABELS[:5]), 2), ValueError, "does every x have its y"),
    "evaluation of other lengths": (
        lambda: evaluate(MODEL, PARAMS, (X, LABELS[:5]), {"accuracy": accuracy}),
        ValueError,
        "does every x have its y",
    ),
    "one-hot rows of words": (
        lambda: one_hot(["a", "b"], 2),
        ValueError,
        "one_hot: the labels must be integers, got an array of words; number them",
    ),
    "a label beyond the classes": (
        lambda: STEP(STATE, (X, LABELS + 1)),
        ValueError,
        "labels must lie in 0..2.* 1 to 3",
    ),
    "a label below 0": (lambda: STEP(STATE, (X, LABELS - 1)), ValueError, "labels must lie in 0..2"),
    "a column against a vector": (lambda: mse(COLUMN, VECTOR), ValueError, r"\(6, 1\), targets \(6,\).* y\[:, None\]"),
    "a vector against a column": (lambda: mse(VECTOR, COLUMN), ValueError, r"got shape \(6,\); add an axis"),
    "labels for a regression": (lambda: mse(X, LABELS), TypeError, "expected floating-point targets, got int64"),
    "labels for one output": (
        lambda: binary_cross_entropy(COLUMN, LABELS % 2),
        TypeError,
        r"got int64 of shape \(6,\); give targets.astype\(numpy.float32\)\[:, None\]",
    ),
    "labels for probabilities": (
        lambda: binary_cross_entropy(X, LABELS % 2),
        TypeError,
        "floating-point targets, got int",
    ),
    "one-hot rows of integers for labels": (
        lambda: STEP(STATE, (X, HOT.astype(int))),
        ValueError,
        "expected one label for each example, .*give one-hot rows as floating-point probabilities",
    ),
    "one-hot rows for labels": (
        lambda: accuracy(X, HOT),
        ValueError,
        "give class numbers, not columns or one-hot rows",
    ),
    "labels of numerals": (
        lambda: STEP(STATE, (X, LABELS.astype(str))),
        TypeError,
        "labels as an array of numbers, got an array of <U",
    ),
    "labels of words": (
        lambda: cross_entropy(X[:2], np.array(["a", "b"])),
        TypeError,
        r"got an array of words; number them: names, labels = numpy.unique\(words, return_inverse=True\)",
    ),
    "labels of objects that are words": (
        lambda: STEP(STATE, (X, np.array(["a", "b"] * 3, dtype=object))),
        TypeError,
        "labels as an array of numbers, got an array of words; number them",
    ),
    "labels of words in an evaluation": (
        lambda: evaluate(MODEL, PARAMS, (X, np.array(["a", "b"] * 3)), {"accuracy": accuracy}),
        ValueError,
        r"\[1\] is an array of words; number them",
    ),
    "complex targets": (lambda: mse(X, X.astype(complex)), TypeError, "floating-point targets, got complex128"),
    "bytes for targets": (lambda: mse(X, X.astype(np.uint8)), TypeError, "floating-point targets, got uint8"),
    "lists of labels for a score": (lambda: accuracy(X, LABELS.tolist()), TypeError, "scores and labels as arrays"),
    "targets of -1 and 1": (lambda: binary_cross_entropy(X, np.sign(X)), ValueError, "probabilities from 0 to 1"),
    # The settings.
    "a negative rate": (lambda: sgd(-0.1), ValueError, r"sgd\(lr\) must be a number in \[0, inf\), got -0.1"),
    "a rate of nan": (lambda: adam(float("nan")), ValueError, r"adam\(lr\) must be a number"),
    "a rate as a word": (lambda: adam("1e-3"), ValueError, r"adam\(lr\) must be a number in .* got '1e-3'"),
    "a list of rates": (lambda: sgd([0.1, 0.2]), ValueError, r"sgd\(lr\) must be a number"),
    "a momentum of 1": (lambda: momentum(0.1, 1.0), ValueError, r"momentum\(mu\) must be a number in \[0, 1\)"),
    "a beta of 1": (lambda: adam(b1=1), ValueError, r"adam\(b1\) must be a number in \[0, 1\), got 1"),
    "an epsilon of 0": (lambda: adam(eps=0), ValueError, r"adam\(eps\) must be a number in \(0, inf\), got 0"),
    "a negative epsilon": (
        lambda: adam(eps=-1e-8),
        ValueError,
        r"adam\(eps\) must be a number in \(0, inf\), got -1e-08",
    ),
    "a rate of infinity": (lambda: sgd(np.inf), ValueError, r"sgd\(lr\) must be a number in \[0, inf\), got inf"),
    "a bool for a rate": (lambda: sgd(True), ValueError, r"sgd\(lr\) must be a number in \[0, inf\), got True"),
    "a negative rate among others": (
        lambda: sgd(np.array([0.1, -0.1])),
        ValueError,
        "must hold finite rates of at least 0",
    ),
    "a negative rate in a schedule": (lambda: constant(-0.1), ValueError, r"constant\(rate\) must be a number in"),
    "a negative decay": (
        lambda: weight_decay(-0.1),
        ValueError,
        r"weight_decay\(decay\) must be a number in \[0, inf\)",
    ),
    "a norm of 0": (lambda: clip_by_global_norm(0), ValueError, r"\(limit\) must be a number in \(0, inf\), got 0"),
    "a beta above 1": (lambda: adam(b2=1.5), ValueError, r"adam\(b2\) must be a number in \[0, 1\)"),
    "an endless warm-up": (lambda: warmup_cosine(0.1, 100, 100), ValueError, "must end before"),
    "a dropout rate of 1": (lambda: dropout(1.0), ValueError, r"the probability to drop"),
    "a layer of no outputs": (lambda: linear(0), ValueError, r"linear\(n_out\) must be a whole number from 1 up"),
    "a layer of -1 outputs": (lambda: linear(-1), ValueError, "a whole number from 1 up, got -1"),
    "a layer of 3.0 outputs": (lambda: linear(3.0), ValueError, "a whole number from 1 up, got 3.0"),
    "a layer of True outputs": (lambda: linear(True), ValueError, "a whole number from 1 up, got True"),
    "an ensemble of 0": (lambda: ensemble(MODEL, 0), ValueError, "the number of networks, .* from 1 up, got 0"),
    "a constructor for a layer": (lambda: chain(linear), LayerTypeError, "got function; call it to make the layer"),
    "batches of size 0": (lambda: batches(Key(0), (X,), 0), ValueError, "a whole number from 1 up, got 0"),
    "batches of size -1": (lambda: batches(Key(0), (X,), -1), ValueError, "a whole number from 1 up, got -1"),
    "batches of size 2.0": (lambda: batches(Key(0), (X,), 2.0), ValueError, "a whole number from 1 up, got 2.0"),
    "batches of size True": (lambda: batches(Key(0), (X,), True), ValueError, "a whole number from 1 up, got True"),
    "batches of one array": (
        lambda: batches(Key(0), X, 2),
        ValueError,
        r"a tuple of arrays such as \(x, y\), got ndarray",
    ),
    "examples for their number": (
        lambda: k_fold(Key(0), LABELS, 3),
        ValueError,
        r"k_fold: n is the number of examples, got an array of shape \(6,\); give n=len\(labels\), labels=labels$",
    ),
    "examples for their number, shuffled": (
        lambda: shuffled_split(Key(0), X, 2),
        ValueError,
        r"shuffled_split: n is the number .* got an array of shape \(6, 5\); give n=len\(x\)",
    ),
    "a patience of 0": (
        lambda: early_stopping([], 0),
        ValueError,
        r"early_stopping\(patience\) must be a whole number from 1",
    ),
    "a shape without its comma": (lambda: MODEL.init(Key(0), 784), LayerError, r"such as \(784,\), got 784"),
    "an initializer not yet made": (lambda: linear(3, weights=normal).init(Key(0), (5,)), LayerError, "an initializer"),
    "a schedule for an initializer": (
        lambda: linear(3, bias=constant(0.1)).init(Key(0), (5,)),
        LayerError,
        "bias takes",
    ),
    "more rates than networks": (
        lambda: sgd(np.array([0.1, 0.2])).update(sgd(0.1).init(PARAMS), GRADS),
        ValueError,
        r"holds \(2,\) rates",
    ),
    "negative probabilities": (
        lambda: cross_entropy(X, -np.ones_like(X)),
        ValueError,
        "probabilities must be at least 0",
    ),
    "float labels": (lambda: cross_entropy(X, LABELS.astype(float)), ValueError, r"labels.astype\(int\)"),
    "a score beyond the classes": (lambda: accuracy(X, LABELS + 5), ValueError, "labels must lie in 0 .. 4"),
    "one column of scores": (lambda: accuracy(COLUMN, LABELS), ValueError, "k from 2 up"),
    # The training.
    "the pair that init returns": (lambda: sgd(0.1).init(MODEL.init(Key(0), (5,))), TreeError, "init returns a pair"),
    "an optimizer not yet made": (lambda: train_step(MODEL, mse, adam), TypeError, "call it to make one"),
    "a model not yet made": (lambda: train_step(linear, mse, adam()), TypeError, "must be a fnn.Layer"),
    "a seed for a step's key": (lambda: train_step(MODEL, mse, adam(), key=42), TypeError, "expected a Key, got int"),
    "a loss by its name": (lambda: train_step(MODEL, "mse", adam()), TypeError, "the loss must be a function"),
    "a rule not yet made, for a part": (
        lambda: only(adam, "encoder"),
        TypeError,
        "only: expected an optimizer, got fun",
    ),
    "a part that the model lacks": (
        lambda: only(adam(), "encodr").init(PARAMS),
        TreeError,
        r"only: 'encodr' chooses no parameters; the paths are \('encoder', '0', 'weights'\), ",
    ),
    "a path with dots": (
        lambda: only(adam(), "encoder.0").init(PARAMS),
        TreeError,
        r"only: 'encoder.0' chooses no parameters; write \('encoder', '0'\); the paths are",
    ),
    "a part that a deep model lacks": (
        lambda: only(adam(), "head").init(chain(*[linear(5)] * 50).init(Key(0), (5,))[0]),
        TreeError,
        r"the paths are \('0', 'weights'\), \('0', 'bias'\), \('1', 'weights'\), \('1', 'bias'\) and 96 more$",
    ),
    "a list of parts": (
        lambda: only(adam(), ["encoder", "head"]),
        TypeError,
        r"got \['encoder', 'head'\]; for several names, write lambda path: path\[0\] in \('encoder', 'head'\)",
    ),
    "a part before its rule": (
        lambda: only("head", adam()),
        TypeError,
        "only: expected an optimizer, got str; the rule comes first",
    ),
    "rates for a join of schedules": (lambda: join([0.1, 0.01], [10]), TypeError, "use constant for a number"),
    "pieces without boundaries": (
        lambda: join([constant(0.1), constant(0.01)], []),
        ValueError,
        "join: 2 schedules need 1 boundaries, got",
    ),
    "a state of another optimizer": (
        lambda: adam().update(momentum(0.1).init(PARAMS), GRADS),
        TypeError,
        r"adam\(0.001\): expected a state of adam, got one of momentum; begin with init",
    ),
    "parameters for a state": (lambda: adam().update(PARAMS, GRADS), TypeError, "expected a state of adam, got Params"),
    "a batch without targets": (
        lambda: STEP(STATE, X),
        ValueError,
        r"expected a batch \(x, target\) or .*, got a ndarray",
    ),
    "parameters for a step's state": (lambda: STEP(PARAMS, (X, LABELS)), TypeError, r"begin with optimizer.init"),
    "parameters for a progress": (
        lambda: epochs(STEP, lambda i: [], PARAMS),
        TypeError,
        "expected a State or a Progre",
    ),
    "batches for a function of the epoch": (
        lambda: epochs(STEP, batches(Key(0), (X, LABELS), 2), STATE),
        TypeError,
        r"batches_of must be a function of the epoch, got Batches; write lambda epoch: batches\(fold_in",
    ),
    "a measure by its name": (
        lambda: evaluate(MODEL, PARAMS, (X, LABELS), {"a": "accuracy"}),
        TypeError,
        "a function for measure 'a', got 'accuracy'; give the function itself, such as fnn.metrics.accuracy",
    ),
    "a measure without a name": (lambda: evaluate(MODEL, PARAMS, (X, LABELS), [mse]), TypeError, "measures by name"),
    "a constructor for a gradient": (lambda: value_and_grad(linear, mse), LayerTypeError, "call it to make the layer"),
    "a list to predict": (lambda: predict(MODEL, PARAMS, X.tolist()), TypeError, "convert it with np.asarray"),
    "a schedule below zero": (
        lambda: sgd(lambda step: -0.1).update(sgd(lambda step: -0.1).init(PARAMS), GRADS),
        ValueError,
        "the schedule gives -0.1 at step 0",
    ),
    "a 0-d array below zero in a schedule": (
        lambda: scheduled(lambda step: np.where(step < 1, -0.1, 0.1)),
        ValueError,
        "the schedule gives -0.1 at step 0; rates must be finite and at least 0",
    ),
    "a schedule of nan": (lambda: scheduled(lambda step: float("nan")), ValueError, "gives nan at step 0"),
    "a schedule of infinity": (lambda: scheduled(lambda step: np.float32(np.inf)), ValueError, "gives inf at step 0"),
    "a schedule of None": (lambda: scheduled(lambda step: None), ValueError, "the schedule gives None at step 0"),
    "a schedule of words": (lambda: scheduled(lambda step: "0.1"), ValueError, "the schedule gives 0.1 at step 0"),
    "a schedule of bools": (lambda: scheduled(lambda step: True), ValueError, "the schedule gives True at step 0"),
    "a schedule of rates for one network": (
        lambda: scheduled(lambda step: np.array([0.1, 0.2])),
        ValueError,
        r"sgd\(lr\) holds \(2,\) rates, the parameters are of \(\) networks",
    ),
    "an array for a score": (
        lambda: next(epochs(STEP, lambda i: [(X, LABELS)], STATE, score=lambda record: np.zeros(3))),
        TypeError,
        r"expected a number from score\(record\), got ndarray of shape \(3,\); return one number, such as a mean",
    ),
    "a pair for a score": (
        lambda: next(epochs(STEP, lambda i: [(X, LABELS)], STATE, score=lambda record: (1.0, 2.0))),
        TypeError,
        r"expected a number from score\(record\), got tuple; return one number",
    ),
    "integer weights": (
        lambda: linear(8).apply({"weights": np.ones((5, 8), int), "bias": np.zeros(8, int)}, X),
        LayerTypeError,
        "expected weights as a floating-point array, got int64",
    ),
    "lists for parameters": (
        lambda: linear(1).apply({"weights": [[1.0]] * 5, "bias": [0.0]}, X),
        LayerTypeError,
        "expected weights as a floating-point array, got list",
    ),
    "lists for parameters to be trained": (
        lambda: sgd(0.1).init({"0": {"w": [1.0]}}),
        TreeError,
        r"\['0'\]\['w'\]: expected an array of numbers or a mapping, got list; convert it with np.asarray",
    ),
    "None for a parameter": (
        lambda: sgd(0.1).init({"0": {"w": None}}),
        TreeError,
        r"\['0'\]\['w'\]: .* got None; give an array, or leave the name out",
    ),
    "None for parameters": (lambda: sgd(0.1).init(None), TreeError, "got NoneType; give a mapping of names to arrays"),
    "an array for parameters": (lambda: sgd(0.1).init(X), TreeError, "got ndarray; give a mapping of names to arrays"),
    "a tensor for a parameter": (lambda: sgd(0.1).init({"w": TENSOR}), TreeError, r"got Tensor; .* detach\(\).numpy"),
    "a tensor for a gradient": (
        lambda: sgd(0.1).update(sgd(0.1).init({"w": X}), {"w": TENSOR}),
        TreeError,
        r"got Tensor; convert it with detach\(\).numpy",
    ),
    "a list for a gradient": (
        lambda: sgd(0.1).update(sgd(0.1).init({"w": VECTOR}), {"w": VECTOR.tolist()}),
        TreeError,
        r"\['w'\]: expected an array of shape \(6,\), got list; convert it with np.asarray",
    ),
    "a matrix for a parameter": (lambda: Params({"w": X.view(np.matrix)}), TreeError, "got matrix, whose operators"),
    "a masked array for a parameter": (
        lambda: Params({"w": np.ma.masked_less(X, 0)}),
        TreeError,
        r"\['w'\]: .* got MaskedArray; fill in",
    ),
    "parameters of another byte order": (
        lambda: sgd(0.1).init({"w": X.astype(">f4")}),
        TreeError,
        r"\['w'\]: .* got an array of >f4, .* astype\('float32'\)",
    ),
    "float16 parameters": (
        lambda: Params({"0": {"w": X.astype(np.float16)}}),
        TreeError,
        r"\['0'\]\['w'\]: .* got an array of float16, which has too few bits .* astype\('float32'\)",
    ),
    "bfloat16 parameters": (lambda: Params({"w": X.astype(BFLOAT16)}), TreeError, "bfloat16, which has too few bits"),
    "float16 parameters to be trained": (
        lambda: adam().init({"w": X.astype(np.float16)}),
        TreeError,
        r"\['w'\]: .* float16, which has too few bits",
    ),
    "bfloat16 parameters to be trained": (
        lambda: adam().init({"w": X.astype(BFLOAT16)}),
        TreeError,
        "bfloat16, which has too few bits",
    ),
    "a cast to float16": (lambda: tree.cast(PARAMS, np.float16), TreeError, "float16, which has too few bits"),
    "a cast of a dict to float16": (lambda: tree.cast({"w": X}, np.float16), TreeError, r"\['w'\]: .* too few bits"),
    "integer parameters": (lambda: sgd(0.1).init({"w": LABELS}), TreeError, "floating-point to be trained"),
    "a constructor in residual": (lambda: residual(linear), LayerTypeError, "call it to make the layer"),
    "a constructor in ensemble": (lambda: ensemble(linear, 3), LayerTypeError, "call it to make the layer"),
    "an ensemble of a part": (
        lambda: ensemble(chain(linear(2), ensemble(linear(3), 2)), 2).init(Key(0), (5,)),
        LayerError,
        "a part of the model is an ensemble already",
    ),
    "a record's own names": (
        lambda: next(epochs(STEP, lambda i: [(X, LABELS)], STATE, lambda params: {"loss": 1.0})),
        ValueError,
        "measure must not record",
    ),
    "lists for arrays": (
        lambda: batches(Key(0), (X.tolist(), LABELS), 2),
        ValueError,
        r"expected a tuple of arrays .* \[0\] is list; convert it with np.asarray",
    ),
    "a masked array in batches": (
        lambda: batches(Key(0), (np.ma.masked_less(X, 0), LABELS), 2),
        ValueError,
        r"\[0\] is MaskedArray; fill in what is masked",
    ),
    "a matrix to evaluate": (
        lambda: evaluate(MODEL, PARAMS, (X.view(np.matrix), LABELS), {"accuracy": accuracy}),
        ValueError,
        r"\[0\] is matrix, whose operators differ; convert it with np.asarray",
    ),
    "fewer examples than a batch, and the last batch dropped": (
        lambda: batches(Key(0), (X, LABELS), 7, drop_last=True),
        ValueError,
        "drop_last leaves out all 6 examples, fewer than the size 7; make it smaller",
    ),
    "an axis too many": (lambda: batches(Key(0), (X, LABELS), 2, axis=1), ValueError, "set axis"),
    "minus one keys": (lambda: split(Key(0), -1), ValueError, "a whole number from 0 up"),
    "predictions of images": (
        lambda: predict(relu, {}, np.zeros((6, 4, 5)), 3),
        ValueError,
        "predict: expected outputs",
    ),
    "gradients of another model": (
        lambda: sgd(0.1).update(STATE, OTHER),
        TreeError,
        r"missing \['encoder', 'decoder'\]",
    ),
    "a state of another model": (
        lambda: train_step(MODEL, cross_entropy, sgd(0.1))(sgd(0.1).init(OTHER), (X, LABELS)),
        LayerError,
        "parameters of another model",
    ),
    "gradients of a part of the model": (
        lambda: sgd(0.1).update(STATE, {**GRADS, "decoder": {"0": {"weights": W[:, :3]}}}),
        TreeError,
        r"trees part at \['decoder'\]\['0'\]: missing \['bias'\]",
    ),
    "no gradients": (lambda: sgd(0.1).update(STATE, None), TreeError, "expected a mapping of .* got NoneType"),
    "gradients of another width": (
        lambda: sgd(0.1).update(STATE, {**GRADS, "decoder": {"0": {"weights": X, "bias": X[0]}}}),
        TreeError,
        r"\['decoder'\]\['0'\]\['weights'\]: expected an array of shape \(8, 3\), got \(6, 5\)",
    ),
    "training on no data": (
        lambda: next(epochs(STEP, lambda i: batches(Key(i), (X[:0], LABELS[:0]), 2), STATE)),
        ValueError,
        "is the data empty",
    ),
    "evaluation on no data": (
        lambda: evaluate(MODEL, PARAMS, (X[:0], LABELS[:0]), {"accuracy": accuracy}),
        ValueError,
        "is the data empty",
    ),
    "a loss of no examples": (lambda: STEP(STATE, (X[:0], LABELS[:0])), ValueError, "an empty batch has no mean"),
    "predictions in batches of size 0": (lambda: predict(MODEL, PARAMS, X, 0), ValueError, "a whole number from 1 up"),
    "a number for a shape in a check": (
        lambda: check_layer(linear(3), 5),
        LayerError,
        r"check_layer: expected the shape of one example's features, such as \(784,\), got 5",
    ),
    "a constructor in a check": (lambda: check_layer(linear, (5,)), LayerTypeError, "call it to make the layer"),
    "a constructor in a summary": (lambda: summary(linear, (5,)), LayerTypeError, "call it to make the layer"),
    "a constructor to be explained": (lambda: explain(linear, PARAMS, X), LayerTypeError, "call it to make the layer"),
    "params and x swapped in explain": (lambda: explain(MODEL, X, PARAMS), LayerTypeError, r"call f\(params, x\)"),
    "a loss without its target": (lambda: explain(MODEL, PARAMS, X, loss=mse), ValueError, "a loss needs its target"),
    "a broken layer": (
        lambda: check_layer(MODEL["encoder"][1:], (5, 4, 3)) or check_layer(linear(3), (5, 4)),
        LawError,
        "expected one axis of features",
    ),
    # The randomness.
    "a float for a seed": (lambda: Key(42.0), ValueError, "the seed must be an integer .* got 42.0"),
    "a negative seed": (lambda: Key(-1), ValueError, "the seed must be an integer"),
    "a seed for a key": (
        lambda: MODEL.init(42, (5,)),
        TypeError,
        r"expected a Key, got int; make one with Key\(seed\)",
    ),
    "a seed for a batch's key": (lambda: batches(42, (X,), 2), TypeError, "expected a Key, got int"),
    "a NumPy generator for a key": (lambda: split(np.random.default_rng(0), 2), TypeError, "got Generator"),
    "a word for a seed": (lambda: Key("0"), ValueError, "the seed must be an integer .* got '0'"),
    "a bool for a seed": (lambda: Key(True), ValueError, "the seed must be an integer .* got True"),
    "a seed for a dropout's key": (lambda: dropout(0.5).vjp({}, X, 3), TypeError, "expected a Key, got int"),
    "a span of time folded in": (
        lambda: fold_in(Key(0), np.timedelta64(3)),
        ValueError,
        r"only integers .* got np.timedelta64\(3\)",
    ),
    "a float folded in": (lambda: fold_in(Key(0), 1.0), ValueError, "only integers .* got 1.0"),
    # Files.
    "a descriptor for a checkpoint": (lambda: load(3), TypeError, "must be a str or os.PathLike, got 3"),
    "bytes for a checkpoint's path": (
        lambda: save(b"nowhere", PARAMS),
        TypeError,
        r"must be a str or os.PathLike, got b'nowhere'; use os.fsdecode",
    ),
    "a folder for a checkpoint": (
        lambda: save("nowhere/", PARAMS),
        IsADirectoryError,
        "add the name of a file: 'nowhere/'",
    ),
    "a descriptor for data": (lambda: read_idx(3), TypeError, "expected str, bytes or os.PathLike object, not int"),
    "data without a limit": (
        lambda: read_idx("nowhere", limit=float("nan")),
        ValueError,
        r"read_idx\(limit\) must be a whole number from 0 up, got nan",
    ),
    "a word for a limit": (lambda: read_idx("nowhere", limit="x"), ValueError, "a whole number from 0 up, got 'x'"),
    "words for meta": (lambda: save("nowhere", PARAMS, meta="text"), CheckpointError, "meta is a mapping, got 'text'"),
    # Ensembles with a key for each network.
    "several keys for other data of each network": (
        lambda: batches((Key(0), Key(1)), (X[None], LABELS[None]), 2, axis=1),
        ValueError,
        "several keys go with axis 0, examples that the networks share; give one key",
    ),
    "an empty tuple of keys": (lambda: batches((), (X, LABELS), 2), ValueError, "got no keys; give one key"),
    "an empty tuple of keys for a step": (
        lambda: train_step(MODEL, cross_entropy, adam(), key=()),
        ValueError,
        "fold_in: got no keys; give one for each network",
    ),
    "seeds for keys": (
        lambda: batches((0, 1), (X, LABELS), 2),
        TypeError,
        "expected a Key, got int; make one with Key",
    ),
    "seeds for a step's keys": (
        lambda: train_step(MODEL, cross_entropy, adam(), key=(0, 1)),
        TypeError,
        "expected a Key, got int; make one with Key",
    ),
    "two keys for one network": (
        lambda: train_step(DROPPING, cross_entropy, sgd(0.1), key=(Key(0), Key(1)))(
            sgd(0.1).init(DROPPING.init(Key(0), (5,))[0]), (X, LABELS)
        ),
        ValueError,
        r"the 2 keys of an ensemble draw for arrays \(2, batch, ...\), got shape \(6, 5\); give `batches` as many keys",
    ),
    "scores of other networks": (
        lambda: next(epochs(BOTH_STEP, lambda i: [(X, LABELS)], BOTH, score=lambda record: np.zeros(3))),
        TypeError,
        r"expected a number, or numbers of shape \(2,\), from score\(record\), got ndarray of shape \(3,\)",
    ),
    # The compiled fold.
    "a name for a fold": (
        lambda: epochs(STEP, lambda i: [(X, LABELS)], STATE, fold="jax"),
        TypeError,
        "fold must be a function, such as fnn.interop.jax.fold, got 'jax'",
    ),
    "a batch for the compiled fold that is an array": (
        lambda: compiled.fold(STEP, STATE, [X]),
        ValueError,
        "fold: expected each batch as a tuple of arrays .* got ndarray",
    ),
    "a list in a batch for the compiled fold": (
        lambda: compiled.fold(STEP, STATE, [(X, [1])]),
        ValueError,
        r"\[1\] is list; convert it with np.asarray",
    ),
    "a batch for the compiled fold without targets": (
        lambda: compiled.fold(STEP, STATE, [(X,)]),
        ValueError,
        r"expected a batch \(x, target\) or",
    ),
    "a seed for a key of JAX": (lambda: compiled.key_of(3), TypeError, "expected a Key, got int; make one with Key"),
    "a name for a compiled measure": (
        lambda: evaluate(MODEL, device_put(PARAMS), (X, LABELS), {"a": "accuracy"}),
        TypeError,
        "a function for measure 'a', got 'accuracy'; give the function itself",
    ),
    # The recipes.
    "an unknown recipe": (lambda: find("mnits"), OptionError, "no recipe 'mnits'; did you mean 'mnist'"),
    "a lambda in a sweep": (
        lambda: sweep([Task("x", lambda *_: {}, no_data, None, None, Key(0))], Path("nowhere"), jobs=2),
        ValueError,
        "functions at the top of a module, not lambdas",
    ),
    "a lambda in a sweep's configuration": (
        lambda: sweep([Task("x", no_data, no_data, None, {"rate": lambda i: 0.1}, Key(0))], Path("nowhere"), jobs=2),
        ValueError,
        "not lambdas",
    ),
    "a sweep of 0 jobs": (
        lambda: sweep([], Path("nowhere"), jobs=0),
        ValueError,
        r"sweep\(jobs\) .* from 1 up, got 0",
    ),
}


@pytest.mark.parametrize(("call", "error", "words"), CALLS.values(), ids=CALLS)
def test_a_wrong_call_is_explained(call, error, words):
    with pytest.raises(error, match=words):
        call()
