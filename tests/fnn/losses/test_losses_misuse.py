"""Wrong calls of the losses: none of them silently broadcasts, converts or leaves out anything."""

import jax.numpy as jnp
import numpy as np
import pytest

from fnn import binary_cross_entropy, cross_entropy, huber, mse

RNG = np.random.default_rng(0)
Y, T = RNG.standard_normal((2, 6, 4))
BITS = RNG.uniform(size=(6, 4))
LABELS = RNG.integers(4, size=6)
HOT = np.eye(4)[LABELS]

POINTWISE = [mse, huber, binary_cross_entropy]
EVERY = [*POINTWISE, cross_entropy]
name = lambda f: f.__name__  # noqa: E731
COLUMN = T[:, :1]
SHAPES = {
    "a column and a vector": (COLUMN, COLUMN[:, 0]),
    "a vector and a column": (COLUMN[:, 0], COLUMN),
    "two vectors": (COLUMN[:, 0], COLUMN[:, 0]),
    "other lengths": (Y, T[:5]),
    "other widths": (Y, T[:, :3]),
    "one example for all": (Y, T[:1]),
    "a target with more axes": (Y, T[None]),
}


@pytest.mark.parametrize("loss", EVERY, ids=name)
@pytest.mark.parametrize(("prediction", "target"), SHAPES.values(), ids=SHAPES)
def test_nothing_is_broadcast_by_accident(loss, prediction, target):
    words = r"predictions .*shape \(|two classes or more, got shape|: 6 predictions, [15] targets; does every x"
    with pytest.raises(ValueError, match=words):
        loss(prediction, abs(target) / 10)


@pytest.mark.parametrize("loss", EVERY, ids=name)
@pytest.mark.parametrize("prediction", [Y.astype(int), Y > 0, Y.astype(object), Y.tolist()], ids=lambda y: str(type(y)))
def test_predictions_are_floating_point_arrays(loss, prediction):
    with pytest.raises(TypeError, match=f"{loss.__name__}: expected (floating-point )?predictions"):
        loss(prediction, BITS)


@pytest.mark.parametrize("loss", POINTWISE, ids=name)
@pytest.mark.parametrize("target", [BITS.astype(int), BITS > 0, BITS.tolist()], ids=["int", "bool", "list"])
def test_targets_are_floating_point_arrays(loss, target):
    with pytest.raises(TypeError, match=f"{loss.__name__}: expected (floating-point )?targets"):
        loss(Y, target)


@pytest.mark.parametrize("loss", EVERY, ids=name)
@pytest.mark.parametrize("dtype", [np.float16, jnp.bfloat16], ids=["float16", "bfloat16"])
def test_half_precision_is_refused(loss, dtype):
    for prediction, target in ((Y.astype(dtype), BITS), (Y, BITS.astype(dtype)), (jnp.asarray(Y, dtype), BITS)):
        with pytest.raises(TypeError, match=r"of at least 32 bits, got b?float16, in which sums overflow"):
            loss(prediction, target)


@pytest.mark.parametrize("loss", EVERY, ids=name)
def test_a_value_may_underflow(loss):
    with np.errstate(all="raise"):
        value, pullback = loss(np.array([[200.0, -200.0]], np.float32), np.array([[1.0, 0.0]], np.float32))
        gradient = pullback(1e-30)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("loss", EVERY, ids=name)
def test_settings_are_checked(loss):
    with pytest.raises(ValueError, match=r"reduction must be .*, got 'total'"):
        loss(Y, BITS, reduction="total")
    with pytest.raises(ValueError, match="an empty batch has no mean"):
        loss(Y[:0], BITS[:0])


MISTAKES = {
    "a label too great": (lambda: cross_entropy(Y, LABELS + 4), r"labels must lie in 0..3.* got 4 to 7"),
    "a label below 0": (lambda: cross_entropy(Y, LABELS - 5), r"labels must lie in 0..3"),
    "too few labels": (lambda: cross_entropy(Y, LABELS[:5]), "cross_entropy: 6 predictions, 5 targets; does every x"),
    "a column of labels": (lambda: cross_entropy(Y, LABELS[:, None]), "one label for each example"),
    "one-hot rows of integers": (lambda: cross_entropy(Y, HOT.astype(int)), "as floating-point probabilities"),
    "a label alone": (lambda: cross_entropy(Y, LABELS[0]), "labels"),
    "labels of booleans": (lambda: cross_entropy(Y, LABELS > 1), "labels are integers, .* got bool"),
    "a list of labels": (lambda: cross_entropy(Y, LABELS.tolist()), "labels as an array of numbers, got list"),
    "smoothing of 1": (lambda: cross_entropy(Y, LABELS, label_smoothing=1), r"must be a number in \[0, 1\), got 1"),
    "smoothing below 0": (lambda: cross_entropy(Y, LABELS, label_smoothing=-0.1), r"must be a number in \[0, 1\)"),
    "smoothing of nan": (lambda: cross_entropy(Y, LABELS, label_smoothing=np.nan), r"must be a number in \[0, 1\)"),
    "a delta of 0": (lambda: huber(Y, T, delta=0), r"delta\) must be a number in \(0, inf\), got 0"),
    "a delta of nan": (lambda: huber(Y, T, delta=np.nan), r"delta\) must be a number"),
    "a probability above 1": (lambda: binary_cross_entropy(Y, BITS + 1), "probabilities from 0 to 1"),
    "a probability below 0": (lambda: binary_cross_entropy(Y, -BITS), "probabilities from 0 to 1"),
    "a probability of nan": (lambda: binary_cross_entropy(Y, BITS * np.nan), "probabilities from 0 to 1"),
}


@pytest.mark.parametrize(("call", "words"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_explained(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()
