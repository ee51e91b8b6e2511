"""Attention and positions: PyTorch's figures, what a token reads, and extremes."""

import json

import numpy as np
import pytest

import fnn
from fnn import Key, LayerError
from fnn.layers.attention import SMALL, attention_weights
from tests.support.paths import ROOT
from tests.support.reference.sequences import HEADS, inputs
from tests.support.table import normal

FIGURES = json.loads((ROOT / "tests" / "support" / "reference" / "sequences.json").read_text(encoding="utf-8"))
X = normal(1, (5, 4, 12))


@pytest.mark.parametrize("name", ["attention", "attention, causal"])
def test_values_and_gradients_are_pytorchs(name):
    x, dy = inputs(name)
    y, back = fnn.attention(HEADS, causal="causal" in name).vjp({}, x)
    np.testing.assert_allclose(y, FIGURES[name]["y"], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(back(dy)[1], FIGURES[name]["x"], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("causal", [False, True])
def test_outputs_are_means_of_values_by_the_weights(causal):
    w = attention_weights(X, 2, causal)
    assert w.shape == (5, 2, 4, 4)
    np.testing.assert_allclose(w.sum(axis=-1), 1, rtol=1e-14)
    assert (w[..., 0, 1:] == 0).all() == causal
    values = X[..., 8:].reshape(5, 4, 2, 2)
    np.testing.assert_allclose(
        fnn.attention(2, causal).apply({}, X), np.einsum("bhij,bjhn->bihn", w, values).reshape(5, 4, 4), rtol=1e-12
    )


def test_a_causal_token_does_not_see_the_later_ones():
    changed = X.copy()
    changed[:, 2:] += 1
    y, other = (fnn.attention(2, causal=True).apply({}, x) for x in (X, changed))
    np.testing.assert_allclose(y[:, :2], other[:, :2], rtol=1e-12)
    assert not np.isclose(y[:, 2:], other[:, 2:]).any()


def test_a_causal_token_does_not_see_that_a_later_score_overflows():
    changed = X.astype(np.float32)
    changed[:, :3, :4] += 1000  # queries, so that a score is infinite where the key is huge
    changed[:, 3, 4:8] = 3e38
    expected = fnn.attention(2, causal=True).apply({}, changed[:, :3])
    np.testing.assert_allclose(fnn.attention(2, causal=True).apply({}, changed)[:, :3], expected, rtol=1e-5)


def test_without_positions_the_order_of_tokens_does_not_count():
    order = [2, 0, 3, 1]
    np.testing.assert_allclose(
        fnn.attention(2).apply({}, X)[:, order], fnn.attention(2).apply({}, X[:, order]), rtol=1e-12
    )
    seen = [
        fnn.chain(fnn.sinusoidal_positions, fnn.attention(2)).apply({"0": {}, "1": {}}, x) for x in (X, X[:, order])
    ]
    assert not np.allclose(seen[0][:, order], seen[1])


@pytest.mark.parametrize("size", [1.0, SMALL, 1e4])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_of_any_size_give_the_softmax(size, causal, dtype):
    x = (np.sqrt(size) * normal(2, (3, 5, 6))).astype(dtype)
    with np.errstate(all="raise", under="ignore"):
        w = attention_weights(x, 1, causal)[:, 0]
        y, back = fnn.attention(1, causal).vjp({}, x)
        assert np.isfinite(back(y)[1]).all()
    q, k = x[..., :2].astype(np.float64), x[..., 2:4].astype(np.float64)
    s = q @ k.mT / np.sqrt(2) + np.where(causal & (np.arange(5)[:, None] < np.arange(5)), -np.inf, 0)
    np.testing.assert_allclose(w, fnn.softmax.apply({}, s), atol=1e-2 if size > SMALL else 1e-5)
    assert w.dtype == dtype


def test_one_of_the_batch_with_large_scores_changes_no_other():
    one = X.copy()
    one[0] *= 100
    np.testing.assert_allclose(fnn.attention(2).apply({}, one)[1:], fnn.attention(2).apply({}, X)[1:], rtol=1e-12)


def test_scores_far_below_zero_have_weights_too():
    x = np.concatenate([np.full((1, 3, 2), 100.0), np.full((1, 3, 2), -100.0), np.ones((1, 3, 2))], axis=-1)
    np.testing.assert_allclose(attention_weights(x, 1), 1 / 3)


@pytest.mark.parametrize("time", [0, 1])
@pytest.mark.parametrize("causal", [False, True])
def test_no_token_and_one_token(time, causal):
    x = X[:, :time]
    y, back = fnn.attention(2, causal).vjp({}, x)
    np.testing.assert_array_equal(y, x[..., 8:])  # a token alone reads itself
    np.testing.assert_allclose(back(y)[1], np.concatenate([np.zeros((5, time, 8)), y], axis=-1), atol=1e-15)


@pytest.mark.parametrize(("heads", "n"), [(3, 12), (1, 4), (8, 12)])
def test_heads_divide_the_features(heads, n):
    place = rf"attention\({heads}\) in chain\['0'\]"
    words = rf"{place}: expected 3 d features .* where {heads} heads divide d, got {n} features"
    with pytest.raises(LayerError, match=words):
        fnn.chain(fnn.attention(heads)).init(Key(0), (4, n))
    with pytest.raises(LayerError, match=words):
        fnn.chain(fnn.attention(heads)).apply({"0": {}}, np.zeros((2, 4, n)))


def test_sinusoidal_positions_are_their_formula():
    p = fnn.sinusoidal_positions.apply({}, np.zeros((1, 7, 5)))[0]
    for t in range(7):
        for i in range(5):
            angle = t / 10000 ** (2 * (i // 2) / 5)
            assert p[t, i] == pytest.approx(np.cos(angle) if i % 2 else np.sin(angle), abs=1e-15)


def test_learnt_positions_are_of_one_length():
    params, _ = fnn.positions().init(Key(0), (7, 5))
    assert params["positions"].shape == (7, 5)
    with pytest.raises(LayerError, match=r"x has \(6, 5\) features, the parameters were initialised for \(7, 5\)"):
        fnn.positions().apply(params, np.zeros((2, 6, 5), np.float32))
