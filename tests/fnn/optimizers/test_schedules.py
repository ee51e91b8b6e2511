"""Schedules: a rate as a pure function of the number of updates."""

import math

import jax
import numpy as np
import optax
import pytest

from fnn.optimizers import sgd
from fnn.optimizers.schedules import (
    constant,
    cosine,
    cosine_restarts,
    exponential,
    join,
    one_cycle,
    step_decay,
    warmup,
    warmup_cosine,
)
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


@each_schedule
def test_a_traced_step_gives_the_same_rate(schedule, formula):
    rates = jax.jit(jax.vmap(schedule))(np.arange(100))
    np.testing.assert_allclose(rates, [formula(s) for s in range(100)], rtol=1e-13, atol=1e-16)


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
    "warmup_cosine(start)": lambda start: warmup_cosine(0.1, 1, 10, start=start),
    "warmup": lambda rate: warmup(rate, 10),
    "warmup(start)": lambda start: warmup(0.1, 10, start),
    "cosine_restarts": lambda rate: cosine_restarts(rate, 10),
    "cosine_restarts(final)": lambda final: cosine_restarts(0.1, 10, final=final),
    "one_cycle": lambda rate: one_cycle(rate, 10),
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
    "warmup": lambda steps: warmup(0.1, steps),
    "cosine_restarts": lambda steps: cosine_restarts(0.1, steps),
    "cosine_restarts(factor)": lambda factor: cosine_restarts(0.1, 10, factor),
    "join": lambda boundary: join([constant(0.1), constant(0.2)], [boundary]),
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


# ---- pieces and cycles


def test_a_piece_counts_from_its_own_boundary():
    schedule = join([constant(0.5), lambda step: 1.0 * step, lambda step: 100.0 + step], [3, 5])
    assert [schedule(step) for step in range(8)] == [0.5, 0.5, 0.5, 0.0, 1.0, 100.0, 101.0, 102.0]
    np.testing.assert_array_equal(schedule(np.arange(8.0)), [schedule(step) for step in range(8)])


def test_one_piece_is_itself():
    assert join([cosine(0.1, 10)], [])(7) == cosine(0.1, 10)(7)


def test_a_piece_never_sees_a_step_before_its_first():
    roots = join([constant(1.0), lambda step: step**0.5], [50])
    with np.errstate(all="raise"):
        assert roots(np.arange(100.0))[[0, 49, 50, 66]].tolist() == [1, 1, 0, 4]


def test_a_long_training_restarts_at_the_exact_step():
    schedule, start, length = cosine_restarts(1.0, 1000, 2), 0, 1000
    traced = jax.jit(schedule)
    while start < 2**30:
        for step, rate in ((start, 1), (start + length // 2, 0.5), (start + length - 1, 0)):
            assert schedule(step) == pytest.approx(rate, abs=1e-5)
            assert float(traced(np.int32(step))) == pytest.approx(rate, abs=1e-5)
        start, length = start + length, 2 * length


@pytest.mark.parametrize("settings", [{}, {"rise": 0.5, "divide": 10.0, "final_divide": 100.0}], ids=["default", "own"])
def test_one_cycle_equals_optaxs(settings):
    names = {"rise": "pct_start", "divide": "div_factor", "final_divide": "final_div_factor"}
    theirs = optax.cosine_onecycle_schedule(50, 0.3, **{names[name]: value for name, value in settings.items()})
    ours = one_cycle(0.3, 50, **settings)
    np.testing.assert_allclose([ours(s) for s in range(80)], [float(theirs(s)) for s in range(80)], rtol=1e-5)


def test_a_warmup_from_above_zero_moves_at_the_first_step():
    assert (warmup_cosine(0.3, 10, 60, start=0.03)(0), warmup(0.3, 10, 0.03)(0)) == (0.03, 0.03)
    assert (warmup(0.3, 10)(10), warmup(0.3, 10)(1000)) == (0.3, 0.3)


@pytest.mark.parametrize(
    ("pieces", "boundaries", "words"),
    [
        ([constant(0.1)], [10], "1 schedules need 0 boundaries"),
        ([constant(0.1), constant(0.2)], [], "2 schedules need 1 boundaries"),
        ([], [], "join needs a schedule"),
        ([constant(0.1)] * 3, [10, 10], "the boundaries must increase"),
        ([constant(0.1)] * 3, [10, 5], "the boundaries must increase"),
    ],
)
def test_pieces_meet_at_boundaries_that_increase(pieces, boundaries, words):
    with pytest.raises(ValueError, match=words):
        join(pieces, boundaries)


def test_a_piece_is_a_schedule():
    with pytest.raises(TypeError, match="join: expected schedules, got float; use constant for a number"):
        join([constant(0.1), 0.01], [10])


@pytest.mark.parametrize("rise", [0, 1, -0.5, math.nan, "0.5"], ids=repr)
def test_a_cycle_rises_in_a_share_of_its_steps(rise):
    with pytest.raises(ValueError, match=r"one_cycle\(rise\) must be a number in \(0, 1\)"):
        one_cycle(0.1, 10, rise)


def test_the_peak_of_a_cycle_is_at_its_share_of_the_steps():
    schedule = one_cycle(1.0, 100, 0.29)  # 0.29 * 100 is a little less than 29
    assert schedule(29) == 1
    assert schedule(28) < 1 > schedule(30)


@pytest.mark.parametrize(
    ("schedules", "boundaries", "words"),
    [
        (constant(1.0), [3], "expected a list of schedules, got constant"),
        ([constant(1.0), constant(2.0)], 3, r"expected a list of boundaries, got 3; write \[3\]"),
    ],
)
def test_what_is_joined_are_lists(schedules, boundaries, words):
    with pytest.raises(TypeError, match=words):
        join(schedules, boundaries)


@pytest.mark.parametrize("name", ["divide", "final_divide"])
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, None], ids=repr)
def test_a_divisor_is_positive(name, value):
    with pytest.raises(ValueError, match=rf"one_cycle\({name}\) must be a number in \(0, inf\)"):
        one_cycle(0.1, 10, **{name: value})


def test_a_cycle_has_a_step_that_rises_and_one_that_falls():
    for rise in (0.1, 0.95):
        with pytest.raises(ValueError, match=rf"{rise} of 3 steps leave no step to rise or none to fall"):
            one_cycle(0.1, 3, rise)
    with pytest.raises(ValueError, match=r"one_cycle\(steps\) must be a whole number from 2 up"):
        one_cycle(0.1, 1)


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
