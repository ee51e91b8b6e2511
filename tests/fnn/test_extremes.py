"""Every activation, softmax and loss at its extremes, compared with exact values in 50 digits; the rows hold them.

The inputs are numbers from the smallest to the largest of each precision, both zeros, infinities and NaN. No warning
may occur (warnings are errors in tests). Errors are counted in ulps: multiples of eps times the scale of the value.
Underflow has an allowance of its own.
"""

from functools import partial

import numpy as np
import pytest

import fnn
from fnn.checks.probes import on_rounded
from tests.support.activations import ACTIVATIONS, SOFTMAXES
from tests.support.exact import INF, MP, NAN, log_softmax
from tests.support.losses import LOSSES
from tests.support.table import each_layer, normal

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)


def numbers(dtype):
    """Finite numbers of every size and both signs, as an array (n,)."""
    info = np.finfo(dtype)
    sizes = [0, info.smallest_subnormal, 9 * info.smallest_subnormal, info.tiny, 1e-20, info.eps, 1e-3, 0.1, 0.5, 1]
    sizes += [1.3, 2, 5, 9, 15, 20, 29, 31, 36, 80, 88.5, 90, 104, 300, 708, 710, 745, 750, 1e4, 1e19, 1e30]
    sizes += [info.max / 4, info.max / 2, info.max]
    return np.array([sign * size for size in sizes for sign in (1, -1)], dtype)


def ulps(got, exact, scale, least=1):
    """The greatest error of the floats `got`, in multiples of eps · `scale`; inf if a float is wrongly infinite or NaN.

    `exact` are the exact values, `scale` a number for each of them. An error of up to `least` times the smallest float
    does not count; `least` is one number, or one for each value.
    """
    info = np.finfo(got.dtype)
    eps, smallest, most = (MP.mpf(float(x)) for x in (info.eps, info.smallest_subnormal, info.max))

    def error(y, y0, s, least):
        if not np.isfinite(y):  # right where the exact value lies beyond all floats
            return MP.zero if abs(y0) > most and (y0 > 0) == (y > 0) and not np.isnan(y) else MP.inf
        return max(abs(MP.mpf(float(y)) - y0) - least * smallest, 0) / (eps * max(s, smallest))

    each_least = np.broadcast_to(least, got.size).tolist()
    return float(max(error(*each) for each in zip(got.ravel(), exact, scale, each_least, strict=True)))


# ---- activations

each_activation = pytest.mark.parametrize("row", ACTIVATIONS.values(), ids=ACTIVATIONS)


@DTYPES
@each_activation
def test_an_activation_of_any_number(row, dtype):
    x = numbers(dtype)
    with np.errstate(all="raise"):
        y, back = row.layer.vjp({}, x)
        dx = back(np.ones_like(x))[1]
    exact = [MP.mpf(float(each)) for each in x]
    values = [MP.mpf(row.value(each)) for each in exact]
    slopes = [MP.mpf(row.slope(each)) for each in exact]
    factors = exact if row.steep else [0] * len(x)
    scales = [max(abs(y), abs(x * dy)) for y, x, dy in zip(values, factors, slopes, strict=True)]
    of_value, of_slope = row.ulps
    assert ulps(y, values, scales, np.clip(np.abs(x), 1, row.underflow)) <= of_value
    assert ulps(dx, slopes, [1] * len(x)) <= of_slope


@DTYPES
@each_activation
def test_an_activation_of_infinity_and_nan(row, dtype):
    with np.errstate(all="raise"):
        y, back = row.layer.vjp({}, np.array([-INF, INF, NAN], dtype))
        dx = back(np.ones_like(y))[1]
    limits = np.array([row.at_minus_inf, row.at_inf, row.at_nan], dtype)
    np.testing.assert_array_equal(y, limits[:, 0])
    np.testing.assert_array_equal(dx, limits[:, 1])
    assert np.isnan(y[2])


# ---- logits of three classes

LOGITS = [[0, 0, 0], [-0.0, 0.0, -0.0], [1e4, -1e4, 0], [-1e4, -1e4, -9999], [0.1, 100.3, -50], [-700, 40, 3]]
EDGES = [[1 / 4, -1 / 4, 0], [1 / 4, 1 / 4, 1 / 4], [0, 0, -1 / 2]]  # times the greatest float
WITHOUT_FINITE_MAXIMUM = [[INF, 0, 0], [INF, INF, 0], [INF, -INF, 0], [-INF, -INF, -INF], [NAN, 0, 0]]
DY = [1, -2, 0.5]


def logits(dtype):
    """Rows of logits (n, 1, 3); in some, a class has probability 0."""
    greatest, least = float(np.finfo(dtype).max), float(np.finfo(dtype).smallest_subnormal)
    rows = [*LOGITS, [least, 0, -least], [-INF, 0, 1], [-INF, -INF, 5]]
    return np.array([*rows, *(np.array(EDGES) * greatest)], dtype)[:, None]


def times(t, log):
    """t log p, which is 0 for t = 0."""
    return t * log if t else MP.zero


@DTYPES
@pytest.mark.parametrize("row", SOFTMAXES.values(), ids=SOFTMAXES)
def test_a_softmax_of_any_logits(row, dtype):
    x = logits(dtype)
    with np.errstate(all="raise"):
        y, back = row.layer.vjp({}, x)
        got = back(np.broadcast_to(np.array(DY, dtype), x.shape))[1]
    rows = [log_softmax(each) for each in x[:, 0]]
    flat = [log for logs in rows for log in logs]
    assert ulps(y, [row.value(log) for log in flat], [row.scale(log) for log in flat]) <= 2
    assert ulps(got, [row.dx(i, logs, DY) for logs in rows for i in range(3)], [1] * x.size) <= 4


@DTYPES
@pytest.mark.parametrize("row", WITHOUT_FINITE_MAXIMUM, ids=str)
def test_logits_whose_maximum_is_not_finite_give_nan(row, dtype):
    z = np.array([row], dtype)
    for layer in (fnn.softmax, fnn.log_softmax):
        y, back = layer.vjp({}, z)
        assert np.isnan(y).all()
        assert np.isnan(back(np.ones_like(z))[1]).all()
    value, pullback = fnn.cross_entropy(z, np.array([0]))
    assert np.isnan(value)
    assert np.isnan(pullback()).all()


@DTYPES
def test_a_difference_of_logits_beyond_all_floats_is_infinite(dtype):
    z = np.array([[1, -1, 0]], dtype) * np.finfo(dtype).max
    assert fnn.softmax.apply({}, z).tolist() == [[1, 0, 0]]
    assert fnn.log_softmax.apply({}, z).tolist() == [[0, -INF, z[0, 1]]]
    values = [fnn.cross_entropy(z, np.array([label]))[0] for label in range(3)]
    assert values == [0, INF, z[0, 0]]


# ---- every layer


@each_layer
def test_what_underflows_is_a_value_for_callers_who_let_numpy_raise(layer, shape):
    layer = on_rounded(layer)
    params = fnn.tree.map(lambda leaf: leaf * np.float32(1e-30), layer.init(fnn.Key(1), shape)[0])
    sizes = np.array([1e-38, 1e-30, 1e-20, 1, 100], np.float32).reshape(5, *[1] * len(shape))
    x = normal(1, (5, *shape), np.float32) * sizes

    def run():
        y, back = layer.vjp(params, x, fnn.Key(2))
        dparams, dx = back(np.full_like(y, 1e-20))
        return fnn.Params({"apply": layer.apply(params, x), "y": y, "dparams": dparams, "dx": dx})

    expected = run()
    with np.errstate(all="raise"):
        assert run() == expected


# ---- losses

POINTWISE = {name: row for name, row in LOSSES.items() if row.pointwise}
each_pointwise = pytest.mark.parametrize("row", POINTWISE.values(), ids=POINTWISE)
DISTRIBUTIONS = {  # of three classes: (target, the probabilities it stands for)
    **{f"label {i}": (np.array(i), np.eye(3)[i].tolist()) for i in range(3)},
    "probabilities": (np.array([0.5, 0.25, 0.25]), [0.5, 0.25, 0.25]),
    "certainty": (np.array([0.0, 1.0, 0.0]), [0, 1, 0]),
    "weights": (np.array([0.5, 0.0, 0.75]), [0.5, 0, 0.75]),
}


@DTYPES
@each_pointwise
def test_a_pointwise_loss_of_any_prediction(row, dtype):
    exactly = row.pointwise
    y, t = (each.reshape(-1, 1, 1) for each in np.meshgrid(numbers(dtype), np.array(exactly.targets, dtype)))
    values, pullback = row.loss(y, t)  # a value for each leading index
    pairs = [(MP.mpf(float(a)), MP.mpf(float(b))) for a, b in zip(y.ravel(), t.ravel(), strict=True)]
    exact, gradient = [exactly.value(*pair) for pair in pairs], [exactly.gradient(*pair) for pair in pairs]
    assert ulps(values, exact, [abs(each) for each in exact]) <= 3
    assert ulps(pullback(), gradient, [max(abs(each), exactly.gradient_scale) for each in gradient]) <= 1


@DTYPES
@each_pointwise
def test_a_pointwise_loss_of_infinity_and_nan(row, dtype):
    values, pullback = row.loss(np.array([-INF, INF, NAN], dtype).reshape(3, 1, 1), np.ones((1, 1), dtype))
    limits = np.array([row.pointwise.at_minus_inf, row.pointwise.at_inf, row.pointwise.at_nan])
    np.testing.assert_array_equal(values, limits[:, 0])
    np.testing.assert_array_equal(pullback().ravel(), limits[:, 1])


@DTYPES
@pytest.mark.parametrize(("target", "t"), DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)
def test_cross_entropy_of_any_logits(target, t, dtype):
    z = logits(dtype)
    values, pullback = fnn.cross_entropy(z, target[None].astype(int if target.ndim == 0 else dtype))
    logs = [log_softmax(row) for row in z[:, 0]]
    exact = [-sum(times(weight, log) for weight, log in zip(t, row, strict=True)) for row in logs]
    gradient = [MP.exp(log) * sum(t) - weight for row in logs for weight, log in zip(t, row, strict=True)]
    assert ulps(values, exact, [max(1, each) for each in exact]) <= 2
    assert ulps(pullback(), gradient, [1] * z.size) <= 2


@DTYPES
@pytest.mark.parametrize("loss", [fnn.mse, fnn.huber, fnn.binary_cross_entropy, fnn.cross_entropy])
def test_a_sum_beyond_all_floats_is_infinite(loss, dtype):
    z = np.array([[0, 1]] * 4, dtype) * (np.finfo(dtype).max / 2)
    value, pullback = loss(z, np.eye(2, dtype=dtype)[[0] * 4])
    assert value == INF
    assert np.isfinite(pullback()).all()


@DTYPES
def test_smoothed_cross_entropy_of_extreme_logits(dtype):
    z = np.array([[1e4, -1e4]], dtype)
    value, pullback = partial(fnn.cross_entropy, label_smoothing=0.5)(z, np.array([0]))
    assert value == 5000
    assert pullback().tolist() == [[0.25, -0.25]]
