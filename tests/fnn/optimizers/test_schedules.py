"""Schedules: a rate as a pure function of the number of updates."""

import math

import jax
import numpy as np
import pytest

from fnn.optimizers import sgd
from fnn.optimizers.schedules import constant, cosine, exponential, step_decay, warmup_cosine
from tests.support.table import SCHEDULES, each

each_schedule = each(SCHEDULES, "schedule", "formula")
changing = {name: row for name, row in SCHEDULES.items() if name != "constant"}


@each_schedule
def test_rates_equal_the_formula(schedule, formula):
    steps = range(100)
    np.testing.assert_allclose([schedule(s) for s in steps], [formula(s) for s in steps], rtol=1e-13, atol=1e-17)


@each_schedule
def test_a_python_step_gives_a_python_float(schedule, formula):
    assert type(schedule(7)) is float


@each(changing, "schedule")
def test_an_array_of_steps_gives_an_array_of_rates(schedule):
    steps = np.arange(100.0)
    np.testing.assert_allclose(schedule(steps), [schedule(s) for s in range(100)], rtol=1e-13, atol=1e-17)


@pytest.mark.parametrize("schedule", [exponential(1.0, 0.999999), step_decay(1.0, 0.999, every=500)], ids=repr)
def test_a_factor_near_1_keeps_its_precision_when_traced(schedule):
    for step in (1, 1000, 100_000, 1_000_000):
        traced = jax.jit(schedule)(np.float32(step))  # as JAX counts without its 64-bit mode, which the tests switch on
        assert traced.dtype == np.float32
        np.testing.assert_allclose(traced, schedule(step), rtol=1e-6)


def test_step_decay_drops_just_after_its_steps():
    rates = [step_decay(1.0, 0.1, every=3)(step) for step in range(7)]
    assert rates == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.01])


def test_the_warmup_meets_the_cosine_at_the_full_rate():
    schedule = warmup_cosine(0.3, 10, 60)
    assert (schedule(0), schedule(10), schedule(60), schedule(1000)) == pytest.approx((0, 0.3, 0, 0))
    assert max(map(schedule, range(100))) == schedule(10)


MAKERS = {
    "constant": constant,
    "step_decay": lambda rate: step_decay(rate, 0.5, 10),
    "exponential": lambda rate: exponential(rate, 0.5),
    "cosine": lambda rate: cosine(rate, 10),
    "cosine(final)": lambda final: cosine(0.1, 10, final),
    "warmup_cosine": lambda rate: warmup_cosine(rate, 1, 10),
    "warmup_cosine(final)": lambda final: warmup_cosine(0.1, 1, 10, final),
}


@pytest.mark.parametrize("rate", [-0.1, math.nan, math.inf, True, "0.1", None], ids=repr)
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_rate_is_a_number_from_0_up(make, rate):
    with pytest.raises(ValueError, match=r"must be a number in \[0, inf\), got"):
        make(rate)


@pytest.mark.parametrize("factor", [0, 1, -0.5, 1.5, math.nan, "0.5"], ids=repr)
@pytest.mark.parametrize("make", [step_decay, exponential], ids=lambda f: f.__name__)
def test_a_factor_lies_between_0_and_1(make, factor):
    with pytest.raises(ValueError, match=rf"{make.__name__}\(factor\) must be a number in \(0, 1\)"):
        make(0.1, factor, 10)


COUNTED = {
    "step_decay": lambda steps: step_decay(0.1, 0.5, steps),
    "exponential": lambda steps: exponential(0.1, 0.5, steps),
    "cosine": lambda steps: cosine(0.1, steps),
    "warmup_cosine(warmup)": lambda warmup: warmup_cosine(0.1, warmup, 10),
    "warmup_cosine(steps)": lambda steps: warmup_cosine(0.1, 1, steps),
}


@pytest.mark.parametrize("steps", [0, -1, 2.5, True, None], ids=repr)
@pytest.mark.parametrize("make", COUNTED.values(), ids=COUNTED)
def test_a_number_of_steps_is_whole_and_positive(make, steps):
    with pytest.raises(ValueError, match="must be a whole number from 1 up"):
        make(steps)


@pytest.mark.parametrize("warmup", [10, 11])
def test_a_warmup_ends_before_the_end(warmup):
    with pytest.raises(ValueError, match="must end before the 10 steps are over"):
        warmup_cosine(0.1, warmup, 10)


def test_a_schedule_is_named_by_the_call_that_made_it():
    schedules = constant(0.1), step_decay(0.1, 0.5, 10), cosine(0.1, 10), warmup_cosine(0.1, 5, 10)
    assert [repr(sgd(schedule)) for schedule in schedules] == [
        "sgd(constant(0.1))",
        "sgd(step_decay(0.1, 0.5, 10))",
        "sgd(cosine(0.1, 10))",
        "sgd(warmup_cosine(0.1, 5, 10))",
    ]


def test_settings_may_be_numpys_numbers():
    assert cosine(np.float32(0.5), np.int64(10))(0) == 0.5
