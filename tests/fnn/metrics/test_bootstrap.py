"""Interquartile means and ranges, and bootstrap intervals, against their definitions and the theory."""

import math
import tracemalloc
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fnn.metrics import (
    bootstrap_difference,
    bootstrap_interval,
    iqm,
    iqr,
)
from fnn.random import Key, split

mean = partial(np.mean, axis=-1)
KEY = Key(42)
RNG = np.random.default_rng(0)
numbers = st.floats(-1e6, 1e6)
samples = arrays(float, st.integers(1, 13), elements=numbers)


# ---- interquartile mean and range


@given(samples)
def test_the_iqm_is_the_mean_of_the_middle_half(x):
    n = x.size  # with four copies of each value, the middle half is a whole number of values
    np.testing.assert_allclose(iqm(x), np.sort(np.repeat(x, 4))[n : 3 * n].mean(), rtol=1e-9, atol=1e-6)
    if n % 4 == 0:
        np.testing.assert_allclose(iqm(x), np.sort(x)[n // 4 : 3 * n // 4].mean(), rtol=1e-9, atol=1e-6)


@given(samples, st.randoms(), numbers, st.floats(0, 10))
def test_the_iqm_moves_with_its_values_and_not_with_their_order(x, random, shift, scale):
    shuffled = random.sample(x.tolist(), x.size)
    assert iqm(shuffled) == iqm(x)
    np.testing.assert_allclose(iqm(scale * x + shift), scale * iqm(x) + shift, rtol=1e-9, atol=1e-6)
    assert x.min() - 1e-6 <= iqm(x) <= x.max() + 1e-6


def test_the_iqm_by_hand():
    assert iqm([7.0]) == 7
    assert iqm([1, 2]) == 1.5
    assert iqm([1, 2, 3, 1e9]) == 2.5
    np.testing.assert_allclose(iqm([0, 1, 2, 3, 10]), (0.75 * 1 + 2 + 0.75 * 3) / 2.5)
    np.testing.assert_allclose(iqm([0, 4, 8, 1e9, 16, -1e9]), (0.5 * 0 + 4 + 8 + 0.5 * 16) / 3)


def test_iqm_and_iqr_reduce_any_axis():
    x = RNG.standard_normal((3, 15, 5))
    for axis in (0, 1, -1):
        expected = np.apply_along_axis(iqm, axis, x)
        np.testing.assert_allclose(iqm(x, axis=axis), expected, rtol=1e-12)
        q25, q75 = iqr(x, axis=axis)
        assert q25.shape == q75.shape == expected.shape
        assert (q25 <= expected).all()
        assert (expected <= q75).all()
    assert iqr([0, 1, 2, 3]) == (0.75, 2.25)


@pytest.mark.parametrize("statistic", [iqm, iqr])
@pytest.mark.parametrize(
    ("values", "got"),
    [
        ([], r"shape \(0,\)"),
        (np.ones((2, 0)), r"shape \(2, 0\)"),
        ([1, np.nan], "1 not finite"),
        ([np.inf] * 2, "2 not"),
    ],
)
def test_no_values_and_values_that_are_not_finite_are_refused(statistic, values, got):
    with pytest.raises(ValueError, match=f"{statistic.__name__}: the values must be finite numbers, .*{got}"):
        statistic(values)


# ---- bootstrap

RUNS = 0.97 + 0.002 * np.random.default_rng(1).standard_normal(15)


def test_an_interval_is_a_function_of_its_key():
    assert bootstrap_interval(RUNS, key=KEY) == bootstrap_interval(RUNS.tolist(), key=Key(42))
    assert bootstrap_interval(RUNS, key=KEY) != bootstrap_interval(RUNS, key=Key(43))
    low, high = bootstrap_interval(RUNS, key=KEY)
    assert type(low) is type(high) is float
    assert RUNS.min() < low < iqm(RUNS) < high < RUNS.max()


def test_the_interval_of_a_mean_is_the_one_of_theory():
    x = np.random.default_rng(2).standard_normal(400)
    low, high = bootstrap_interval(x, mean, key=KEY)
    half = 1.96 * x.std() / 20
    np.testing.assert_allclose((low, high), (x.mean() - half, x.mean() + half), atol=0.05 * half)


def test_ninety_five_intervals_of_a_hundred_hold_the_true_mean():
    x = np.random.default_rng(3).standard_normal((400, 30))
    ends = np.array(
        [bootstrap_interval(row, mean, key=key, resamples=500) for row, key in zip(x, split(KEY, 400), strict=True)]
    )
    assert 0.9 < np.mean((ends[:, 0] < 0) & (ends[:, 1] > 0)) < 0.97  # the percentile method is a little narrow


def test_a_higher_level_gives_a_wider_interval_and_more_values_a_narrower_one():
    (a, d), (b, c) = (bootstrap_interval(RUNS, key=KEY, level=level) for level in (0.99, 0.5))
    assert a < b < c < d
    assert np.ptp(bootstrap_interval(np.tile(RUNS, 16), key=KEY)) < np.ptp(bootstrap_interval(RUNS, key=KEY)) / 3


def test_resamples_are_independent_from_block_to_block_and_take_little_memory():
    x = np.random.default_rng(4).standard_normal(20_000)
    seen = []
    tracemalloc.start()
    bootstrap_interval(
        x, lambda v: seen.append(mean(v)) or seen[-1], key=KEY, resamples=1000
    )  # in one block, it would take 160 MB
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**26
    assert len(np.unique(np.concatenate(seen[1:]))) == 1000


def test_one_resample_is_an_interval_without_width():
    low, high = bootstrap_interval(RUNS, key=KEY, resamples=1)
    assert low == high


def test_the_difference_of_pairs_that_differ_by_a_constant_is_that_constant():
    np.testing.assert_allclose(bootstrap_difference(RUNS + 0.01, RUNS, key=KEY, paired=True), (0.01, 0.01), rtol=1e-9)
    assert bootstrap_difference(RUNS, RUNS, key=KEY, paired=True) == (0, 0)
    low, high = bootstrap_difference(RUNS, RUNS, key=KEY)
    assert low < 0 < high


def test_the_difference_of_means_is_the_one_of_theory():
    rng = np.random.default_rng(5)
    a, b = 1 + rng.standard_normal(400), rng.standard_normal(900)
    half = 1.96 * math.hypot(a.std() / 20, b.std() / 30)
    middle = a.mean() - b.mean()
    expected = np.array((middle - half, middle + half))
    np.testing.assert_allclose(bootstrap_difference(a, b, mean, key=KEY), expected, atol=0.05 * half)
    np.testing.assert_allclose(bootstrap_difference(b, a, mean, key=KEY), -expected[::-1], atol=0.05 * half)


def test_pairing_narrows_the_interval_of_scores_that_vary_together():
    rng = np.random.default_rng(6)
    b = rng.standard_normal(50)
    a = b + 0.1 * rng.standard_normal(50)
    paired, unpaired = (np.ptp(bootstrap_difference(a, b, key=KEY, paired=paired)) for paired in (True, False))
    assert paired < unpaired / 3


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([1.0], {}, r"two or more values \(n,\), got shape \(1,\)"),
        (np.ones((5, 1)), {}, r"two or more values \(n,\), got shape \(5, 1\)"),
        ([], {}, "the values must be finite numbers, at least one"),
        ([1, np.nan], {}, "1 not finite; report runs that diverged separately"),
        ([1, 2], {"resamples": 0}, "resamples .* must be a whole number from 1 up, got 0"),
        ([1, 2], {"resamples": 1e4}, "resamples .* must be a whole number from 1 up, got 10000.0"),
        ([1, 2], {"level": 95}, r"level .* must be a number in \(0, 1\), got 95"),
        ([1, 2], {"level": 0}, r"level .* must be a number in \(0, 1\), got 0"),
        ([1, 2], {"statistic": np.mean}, r"must map \(\.\.\., n\) to \(\.\.\.\), got \(\) from \(1, 2\); reduce"),
    ],
)
def test_wrong_arguments_of_an_interval_are_refused(values, options, message):
    with pytest.raises(ValueError, match=f"bootstrap: .*{message}"):
        bootstrap_interval(values, key=KEY, **options)
    with pytest.raises(ValueError, match=f"bootstrap: .*{message}"):
        bootstrap_difference([1.0, 2.0], values, key=KEY, **options)


def test_pairs_need_equal_shapes():
    with pytest.raises(ValueError, match=r"pairs need equal shapes, got \(15,\) and \(14,\); give paired=False"):
        bootstrap_difference(RUNS, RUNS[1:], key=KEY, paired=True)
