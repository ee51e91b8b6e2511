"""The accuracy of the activations on 100,000 inputs of each precision, in units in the last place of the exact value.

In float32, the exact value is that of the same layer in float64. In float64, it is computed in 50 digits, for the first
2,000 inputs. `python -m pytest -s` prints the greatest errors.
"""

import numpy as np
import pytest

from fnn.layers.gaussian import TAIL
from tests.support.activations import ACTIVATIONS
from tests.support.exact import MP

N, N_EXACT = 100_000, 2000


def inputs(dtype):
    """Numbers in random order: most where the functions bend, some in their tails, some of every size and sign."""
    rng, info = np.random.default_rng(0), np.finfo(dtype)
    sizes = np.exp(rng.uniform(np.log(float(info.tiny)), np.log(float(info.max)), N // 5))
    parts = [rng.uniform(-6, 6, 3 * N // 5), rng.uniform(-100, 100, N // 5), rng.choice([-1, 1], N // 5) * sizes]
    return rng.permutation(np.concatenate(parts)).astype(dtype)


def in_50_digits(f, x):
    """The exact values f(x) of numbers."""
    return np.array([MP.mpf(f(MP.mpf(float(each)))) for each in x])


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_and_slopes_are_accurate_to_a_few_units_in_the_last_place(name, dtype):
    row, x, info = ACTIVATIONS[name], inputs(dtype), np.finfo(dtype)
    if dtype is np.float32:
        y0, back = row.layer.vjp({}, x.astype(np.float64))
        dx0 = back(np.ones_like(y0))[1]
    else:
        x = x[:N_EXACT]
        y0, dx0 = in_50_digits(row.value, x), in_50_digits(row.slope, x)
    y, back = row.layer.vjp({}, x)
    dx = back(np.ones_like(x))[1]
    scale = np.abs(np.stack([y0, x * dx0 if row.steep else y0])).max(axis=0).astype(dtype)
    unit = np.spacing(np.maximum(scale, info.tiny))
    underflow = info.smallest_subnormal * np.clip(np.abs(x), 1, row.underflow)
    of_value = np.max(np.maximum(np.abs(y - y0) - underflow, 0) / unit)
    of_slope = np.max(np.abs(dx - dx0)) / info.eps
    worst = float(x[np.argmax(np.abs(y - y0) / unit)])
    print(f"{name} {dtype.__name__}: value {float(of_value):.2f} ulp, at {worst:.4g}; slope {float(of_slope):.2f} eps")
    assert of_value <= row.ulps[0]
    assert of_slope <= row.ulps[1]


def test_the_tail_of_the_normal_distribution_is_codys():
    codys_q = "1 22.266688044328115691 235.38790178262499861 1519.3775994075548050 6485.5582982667607550"
    codys_q += " 18615.571640885098091 34900.952721145977266 38912.003286093271411 19685.429676859990727"
    p, q = [MP.mpf(each) for _, each in TAIL[1:]], [MP.mpf(each) for each in codys_q.split()]
    by_hand = [b / MP.sqrt(2 * MP.pi) - a for a, b in zip([*p, 0], [0, *q], strict=True)]
    np.testing.assert_allclose([first for first, _ in TAIL], np.array(by_hand, dtype=float), rtol=1e-9)
