"""The rows of the activations and softmaxes: a new one is a new row here, and no other table needs it."""

from collections.abc import Callable
from typing import Any

import attrs

import fnn
from tests.support.exact import INF, MP, NAN, logistic, logistic_slope


@attrs.frozen(kw_only=True)
class ActivationRow:
    """An activation, its exact value and slope, and how far the floating-point results may be from them."""

    layer: fnn.Layer
    shape: tuple[int, ...] = (4,)  # of the features of one example
    value: Callable[[Any], Any]  # of a number in 50 digits
    slope: Callable[[Any], Any]  # the derivative of `value`
    at_minus_inf: tuple[float, float]  # value and slope
    at_inf: tuple[float, float]
    at_nan: tuple[float, float]  # the value is NaN; a slope that is constant by pieces may be a number
    ulps: tuple[float, float]  # the greatest error of the value, relative to it, and of the slope, relative to 1
    underflow: float = 1  # x · f(x) may be off by |x| of the smallest numbers, where f(x) underflows; at most by this
    steep: bool = False  # the value's error is relative to |x · slope| where that is greater, since x is rounded
    torch: str | None = None  # its class in torch.nn, or None
    torch_settings: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class SoftmaxRow:
    """A function of a row of logits, written in the logarithms of their probabilities."""

    layer: fnn.Layer
    shape: tuple[int, ...] = (4,)  # of the features of one example
    value: Callable[[Any], Any]  # of one logarithm, in 50 digits
    dx: Callable[[int, Any, Any], Any]  # of a position, all logarithms, and the cotangents dy
    scale: Callable[[Any], Any]  # what the error of a value is relative to, of its logarithm


C = MP.mpf("0.044715")


def gelu_gate(x):
    """The argument of gelu's logistic function, and its slope."""
    return 2 * MP.sqrt(2 / MP.pi) * (x + C * x**3), 2 * MP.sqrt(2 / MP.pi) * (1 + 3 * C * x**2)


def gelu_slope(x):
    u, du = gelu_gate(x)
    return logistic(u) + x * logistic_slope(u) * du


def distribution(x):
    """The distribution function of the normal distribution. mpmath has none for numbers of more than 300 digits."""
    return MP.ncdf(min(max(x, -1e6), 1e6))


ACTIVATIONS = {
    "identity": ActivationRow(
        layer=fnn.identity,
        value=lambda x: x,
        slope=lambda x: 1,
        at_minus_inf=(-INF, 1),
        at_inf=(INF, 1),
        at_nan=(NAN, 1),
        ulps=(0, 0),
        torch="Identity",
    ),
    "relu": ActivationRow(
        layer=fnn.relu,
        value=lambda x: max(x, 0),
        slope=lambda x: x > 0,
        at_minus_inf=(0, 0),
        at_inf=(INF, 1),
        at_nan=(NAN, 0),
        ulps=(0, 0),
        torch="ReLU",
    ),
    "leaky_relu": ActivationRow(
        layer=fnn.leaky_relu(0.1),
        value=lambda x: x if x > 0 else x * 0.1,
        slope=lambda x: 1 if x > 0 else 0.1,
        at_minus_inf=(-INF, 0.1),
        at_inf=(INF, 1),
        at_nan=(NAN, 0.1),
        ulps=(1, 1),
        torch="LeakyReLU",
        torch_settings={"negative_slope": 0.1},
    ),
    "elu": ActivationRow(
        layer=fnn.elu,
        value=lambda x: max(x, MP.expm1(min(x, 0))),
        slope=lambda x: MP.exp(min(x, 0)),
        at_minus_inf=(-1, 0),
        at_inf=(INF, 1),
        at_nan=(NAN, NAN),
        ulps=(3, 1),
        torch="ELU",
    ),
    "elu_with": ActivationRow(
        layer=fnn.elu_with(1.7),
        value=lambda x: x if x > 0 else MP.expm1(x) * 1.7,
        slope=lambda x: 1 if x > 0 else MP.exp(x) * 1.7,
        at_minus_inf=(-1.7, 0),
        at_inf=(INF, 1),
        at_nan=(NAN, NAN),
        ulps=(3, 2),
        torch="ELU",
        torch_settings={"alpha": 1.7},
    ),
    "gelu": ActivationRow(
        layer=fnn.gelu,
        value=lambda x: x * logistic(gelu_gate(x)[0]),
        slope=gelu_slope,
        at_minus_inf=(0, 0),
        at_inf=(INF, 1),
        at_nan=(NAN, NAN),
        ulps=(5, 2),
        underflow=750,
        steep=True,  # x enters the exponent, cubed, with its rounding
        torch="GELU",
        torch_settings={"approximate": "tanh"},
    ),
    "gelu_exact": ActivationRow(
        layer=fnn.gelu_exact,
        value=lambda x: x * distribution(x),
        slope=lambda x: distribution(x) + x * MP.npdf(x),
        at_minus_inf=(0, 0),
        at_inf=(INF, 1),
        at_nan=(NAN, NAN),
        ulps=(3, 2),
        underflow=40,
        torch="GELU",
        torch_settings={"approximate": "none"},
    ),
    "sigmoid": ActivationRow(
        layer=fnn.sigmoid,
        value=logistic,
        slope=logistic_slope,
        at_minus_inf=(0, 0),
        at_inf=(1, 0),
        at_nan=(NAN, NAN),
        ulps=(4, 1),
        torch="Sigmoid",
    ),
    "softplus": ActivationRow(
        layer=fnn.softplus,
        value=lambda x: max(x, 0) + MP.log1p(MP.exp(-abs(x))),
        slope=logistic,
        at_minus_inf=(0, 0),
        at_inf=(INF, 1),
        at_nan=(NAN, NAN),
        ulps=(4, 1),
        torch="Softplus",
    ),
    "softplus_with": ActivationRow(
        layer=fnn.softplus_with(1.7),
        value=lambda x: max(x, 0) + MP.log1p(MP.exp(-abs(x) * 1.7)) / 1.7,
        slope=lambda x: logistic(x * 1.7),
        at_minus_inf=(0, 0),
        at_inf=(INF, 1),
        at_nan=(NAN, NAN),
        ulps=(5, 1),
        steep=True,  # x enters the exponent with the rounding of β x
        torch="Softplus",
        torch_settings={"beta": 1.7},
    ),
    "swish": ActivationRow(
        layer=fnn.swish,
        value=lambda x: x * logistic(x),
        slope=lambda x: logistic(x) + x * logistic_slope(x),
        at_minus_inf=(0, 0),
        at_inf=(INF, 1),
        at_nan=(NAN, NAN),
        ulps=(5, 2),
        underflow=750,
        torch="SiLU",
    ),
    "tanh": ActivationRow(
        layer=fnn.tanh,
        value=MP.tanh,
        slope=lambda x: MP.sech(x) ** 2,
        at_minus_inf=(-1, 0),
        at_inf=(1, 0),
        at_nan=(NAN, NAN),
        ulps=(2, 2),
        torch="Tanh",
    ),
}

SOFTMAXES = {
    "softmax": SoftmaxRow(
        layer=fnn.softmax,
        value=MP.exp,
        dx=lambda i, logs, dy: (
            MP.exp(logs[i]) * (dy[i] - sum(MP.exp(log) * each for log, each in zip(logs, dy, strict=True)))
        ),
        scale=lambda log: MP.exp(log) * max(1, -log) if log > -MP.inf else MP.zero,
    ),
    "log_softmax": SoftmaxRow(
        layer=fnn.log_softmax,
        value=lambda log: log,
        dx=lambda i, logs, dy: dy[i] - MP.exp(logs[i]) * sum(dy),
        scale=lambda log: max(1, -log),
    ),
}
