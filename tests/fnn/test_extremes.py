"""Every activation and loss at its extremes, against 50-digit references: a new one is a new row here.

Numbers from the smallest to the largest of each precision, both zeros, infinities and NaN, and never a warning (they
are errors here). An error is counted in ulps: eps times what it is relative to, beside what underflow takes.
"""

from functools import partial

import mpmath
import numpy as np
import pytest

import fnn
from fnn.layers.activations import __all__ as activations_of_fnn
from fnn.layers.softmax import __all__ as softmaxes_of_fnn
from fnn.losses import __all__ as losses_of_fnn

MP = mpmath.MPContext()
MP.dps = 50
INF, NAN = np.inf, np.nan
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)


def numbers(dtype):
    """Finite numbers of every size and both signs, as an array (n,)."""
    info = np.finfo(dtype)
    sizes = [0, info.smallest_subnormal, 9 * info.smallest_subnormal, info.tiny, 1e-20, info.eps, 1e-3, 0.1, 0.5, 1]
    sizes += [1.3, 2, 5, 9, 15, 20, 29, 31, 36, 80, 88.5, 90, 104, 300, 708, 710, 745, 750, 1e4, 1e19, 1e30]
    sizes += [info.max / 4, info.max / 2, info.max]
    return np.array([sign * size for size in sizes for sign in (1, -1)], dtype)


def ulps(got, exact, scale, least=1):
    """The greatest error of floats `got` beside `exact` numbers, in eps of `scale`; inf where one is not finite.

    An error of `least` times the smallest number of the precision does not count; there may be one for each number.
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


def logistic(x):
    return 1 / (1 + MP.exp(-x)) if x > 0 else MP.exp(x) / (1 + MP.exp(x))


def logistic_slope(x):
    return MP.exp(-abs(x)) / (1 + MP.exp(-abs(x))) ** 2


C = MP.mpf("0.044715")


def gate(x):
    """The argument of gelu's logistic function, and its slope."""
    return 2 * MP.sqrt(2 / MP.pi) * (x + C * x**3), 2 * MP.sqrt(2 / MP.pi) * (1 + 3 * C * x**2)


def gelu_slope(x):
    u, du = gate(x)
    return logistic(u) + x * logistic_slope(u) * du


def steepness(x):
    """How much a rounding of the argument of gelu's logistic function changes the value, relative to both."""
    return max(1, abs(gate(x)[0]) * logistic(-gate(x)[0]))


# name: (layer, value, slope, value and slope at -inf and at inf and slope at NaN, ulps of the value, ulps of one of the
# slope). x enters swish's slope as a factor, and gelu's exponent, cubed, with its rounding. Both values are x times
# what may underflow. At NaN, the derivatives that are constants by pieces stay so: the value is NaN, and shows it.
ACTIVATIONS = {
    "identity": (fnn.identity, lambda x: x, lambda x: 1, [-INF, 1, INF, 1, 1], 0, 0),
    "relu": (fnn.relu, lambda x: max(x, 0), lambda x: x > 0, [0, 0, INF, 1, 0], 0, 0),
    "leaky_relu": (
        fnn.leaky_relu(0.1),
        lambda x: x if x > 0 else x * 0.1,
        lambda x: 1 if x > 0 else 0.1,
        [-INF, 0.1, INF, 1, 0.1],
        1,
        1,
    ),
    "elu": (fnn.elu, lambda x: max(x, MP.expm1(min(x, 0))), lambda x: MP.exp(min(x, 0)), [-1, 0, INF, 1, NAN], 2, 1),
    "sigmoid": (fnn.sigmoid, logistic, logistic_slope, [0, 0, 1, 0, NAN], 2, 2),
    "tanh": (fnn.tanh, MP.tanh, lambda x: MP.sech(x) ** 2, [-1, 0, 1, 0, NAN], 2, 3),
    "softplus": (fnn.softplus, lambda x: max(x, 0) + MP.log1p(MP.exp(-abs(x))), logistic, [0, 0, INF, 1, NAN], 2, 2),
    "swish": (
        fnn.swish,
        lambda x: x * logistic(x),
        lambda x: logistic(x) + x * logistic_slope(x),
        [0, 0, INF, 1, NAN],
        2,
        20,
    ),
    "gelu": (fnn.gelu, lambda x: x * logistic(gate(x)[0]), gelu_slope, [0, 0, INF, 1, NAN], 2, 20),
}
activations = pytest.mark.parametrize(
    ("layer", "value", "slope", "limits", "of_value", "of_one"), ACTIVATIONS.values(), ids=ACTIVATIONS
)


@DTYPES
@activations
def test_an_activation_of_any_number(layer, value, slope, limits, of_value, of_one, dtype):
    x = numbers(dtype)
    y, back = layer.vjp({}, x)
    exact = [MP.mpf(float(each)) for each in x]
    values = [MP.mpf(value(each)) for each in exact]
    steep = [steepness(each) if layer is fnn.gelu else 1 for each in exact]
    least = np.clip(np.abs(x), 1, 750) if layer in (fnn.swish, fnn.gelu) else 1
    assert ulps(y, values, [abs(each) * factor for each, factor in zip(values, steep, strict=True)], least) <= of_value
    assert ulps(back(np.ones_like(x))[1], [MP.mpf(slope(each)) for each in exact], [1] * len(x)) <= of_one


@DTYPES
@activations
def test_an_activation_of_infinity_and_nan(layer, value, slope, limits, of_value, of_one, dtype):
    y, back = layer.vjp({}, np.array([-INF, INF, NAN], dtype))
    dx = back(np.ones_like(y))[1]
    np.testing.assert_array_equal(y, np.array([limits[0], limits[2], NAN], dtype))
    np.testing.assert_array_equal(dx, np.array([limits[1], limits[3], limits[4]], dtype))


# ---- logits of three classes

LOGITS = [[0, 0, 0], [-0.0, 0.0, -0.0], [1e4, -1e4, 0], [-1e4, -1e4, -9999], [0.1, 100.3, -50], [-700, 40, 3]]
EDGES = [[1 / 4, -1 / 4, 0], [1 / 4, 1 / 4, 1 / 4], [0, 0, -1 / 2]]  # times the greatest float
NO_LOGITS = [[INF, 0, 0], [INF, INF, 0], [INF, -INF, 0], [-INF, -INF, -INF], [NAN, 0, 0]]
DY = [1, -2, 0.5]


def logits(dtype):
    """Rows of logits (n, 1, 3), some with classes that have no chance."""
    greatest, least = float(np.finfo(dtype).max), float(np.finfo(dtype).smallest_subnormal)
    rows = [*LOGITS, [least, 0, -least], [-INF, 0, 1], [-INF, -INF, 5]]
    return np.array([*rows, *(np.array(EDGES) * greatest)], dtype)[:, None]


def log_p(row):
    """The logarithms of a row's probabilities."""
    z = [MP.mpf(float(x)) - MP.mpf(float(row.max())) for x in row]
    total = MP.log(sum(MP.exp(each) for each in z))
    return [each - total for each in z]


def times(t, log):
    """t log p, where what has no weight does not count."""
    return t * log if t else MP.zero


SOFTMAXES = {  # name: (layer, value by log p, dx of DY by log p, what the value's error is relative to)
    "softmax": (
        fnn.softmax,
        MP.exp,
        lambda i, logs: MP.exp(logs[i]) * (DY[i] - sum(MP.exp(log) * dy for log, dy in zip(logs, DY, strict=True))),
        lambda log: MP.exp(log) * max(1, -log) if log > -MP.inf else MP.zero,
    ),
    "log_softmax": (
        fnn.log_softmax,
        lambda log: log,
        lambda i, logs: DY[i] - MP.exp(logs[i]) * sum(DY),
        lambda log: max(1, -log),
    ),
}


@DTYPES
@pytest.mark.parametrize(("layer", "value", "dx", "scale"), SOFTMAXES.values(), ids=SOFTMAXES)
def test_a_softmax_of_any_logits(layer, value, dx, scale, dtype):
    x = logits(dtype)
    y, back = layer.vjp({}, x)
    got = back(np.broadcast_to(np.array(DY, dtype), x.shape))[1]
    logs = [log_p(row) for row in x[:, 0]]
    flat = [log for row in logs for log in row]
    assert ulps(y, [value(log) for log in flat], [scale(log) for log in flat]) <= 2
    assert ulps(got, [dx(i, row) for row in logs for i in range(3)], [1] * x.size) <= 4


@DTYPES
@pytest.mark.parametrize("row", NO_LOGITS, ids=str)
def test_logits_without_a_greatest_finite_one_give_nan(row, dtype):
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


# ---- losses

# name: (loss, targets, value of (prediction, target), gradient)
POINTWISE = {
    "mse": (fnn.mse, [0, 1, -1e4, 1e30], lambda y, t: (y - t) ** 2, lambda y, t: 2 * (y - t)),
    "huber": (
        fnn.huber,
        [0, 1, -1e4, 1e30],
        lambda y, t: (y - t) ** 2 / 2 if abs(y - t) <= 1 else abs(y - t) - 0.5,
        lambda y, t: max(min(y - t, 1), -1),
    ),
    "binary_cross_entropy": (
        fnn.binary_cross_entropy,
        [0, 0.25, 1],
        lambda z, t: max(z, 0) - t * z + MP.log1p(MP.exp(-abs(z))),
        lambda z, t: logistic(z) - t,
    ),
}
DISTRIBUTIONS = {  # of three classes: (target, the probabilities it stands for)
    **{f"label {i}": (np.array(i), np.eye(3)[i].tolist()) for i in range(3)},
    "probabilities": (np.array([0.5, 0.25, 0.25]), [0.5, 0.25, 0.25]),
    "certainty": (np.array([0.0, 1.0, 0.0]), [0, 1, 0]),
    "weights": (np.array([0.5, 0.0, 0.75]), [0.5, 0, 0.75]),
}
SPECIAL = {  # loss: value and gradient at -inf, inf and NaN, of target 1
    "mse": [(INF, -INF), (INF, INF), (NAN, NAN)],
    "huber": [(INF, -1), (INF, 1), (NAN, NAN)],
    "binary_cross_entropy": [(INF, -1), (NAN, 0), (NAN, NAN)],
}


@DTYPES
@pytest.mark.parametrize(("loss", "targets", "value", "gradient"), POINTWISE.values(), ids=POINTWISE)
def test_a_pointwise_loss_of_any_prediction(loss, targets, value, gradient, dtype):
    y, t = (each.reshape(-1, 1, 1) for each in np.meshgrid(numbers(dtype), np.array(targets, dtype)))
    values, pullback = loss(y, t)  # a value for each leading index
    pairs = [(MP.mpf(float(a)), MP.mpf(float(b))) for a, b in zip(y.ravel(), t.ravel(), strict=True)]
    exact, exact_gradient = [value(*pair) for pair in pairs], [gradient(*pair) for pair in pairs]
    assert ulps(values, exact, [abs(each) for each in exact]) <= 3
    assert ulps(pullback(), exact_gradient, [max(abs(each), loss is not fnn.mse) for each in exact_gradient]) <= 1


@DTYPES
@pytest.mark.parametrize("name", SPECIAL)
def test_a_pointwise_loss_of_infinity_and_nan(name, dtype):
    values, pullback = POINTWISE[name][0](np.array([-INF, INF, NAN], dtype).reshape(3, 1, 1), np.ones((1, 1), dtype))
    np.testing.assert_array_equal(values, [value for value, _ in SPECIAL[name]])
    np.testing.assert_array_equal(pullback().ravel(), [slope for _, slope in SPECIAL[name]])


@DTYPES
@pytest.mark.parametrize(("target", "t"), DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)
def test_cross_entropy_of_any_logits(target, t, dtype):
    z = logits(dtype)
    values, pullback = fnn.cross_entropy(z, target[None].astype(int if target.ndim == 0 else dtype))
    logs = [log_p(row) for row in z[:, 0]]
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


def test_nothing_is_without_a_row():
    assert set(ACTIVATIONS) == set(activations_of_fnn)
    assert set(SOFTMAXES) == set(softmaxes_of_fnn)
    assert {*POINTWISE, "cross_entropy"} == set(losses_of_fnn) - {"Loss"}
    assert set(SPECIAL) == set(POINTWISE)
