"""The rules for verdicts: how often chance decides, what they find, and that too little decides nothing."""

import numpy as np
import pytest

from fnn import Key, fold_in, generator
from fnn.metrics import bootstrap_difference
from recipes.claims import (
    ACCURACY,
    ALIKE,
    ERROR,
    FEWEST,
    MOST,
    PSNR,
    Group,
    alike,
    all_of,
    at_least,
    better,
    contrast,
    difference,
    estimate,
    judged,
    more_variable,
    most_runs,
    share,
    spreads,
)


def called_by_chance(n, trials=500):
    """The share of pairs of equal groups of n normal runs that the interval of their difference tells apart."""
    pairs = (generator(fold_in(Key(n), i)).standard_normal((2, n)) for i in range(trials))
    intervals = [bootstrap_difference(a, b, key=Key(0), paired=True, resamples=1000) for a, b in pairs]
    return np.mean([low > 0 or high < 0 for low, high in intervals])


@pytest.mark.parametrize(("n", "measured"), [(2, 0.50), (3, 0.25), (FEWEST, 0.10)])
def test_equal_groups_are_told_apart_as_often_as_the_docstring_says(n, measured):
    assert called_by_chance(n) == pytest.approx(measured, abs=0.06)


@pytest.mark.parametrize("n", range(1, FEWEST))
def test_few_runs_decide_nothing_however_clear_they_look(n):
    ours, theirs = Group("a", [0.9] * n), Group("b", [0.1] * n)
    claims = [better("", ours, theirs), alike("", ours, theirs), at_least("", ours.values, 0.5)]
    claims += [more_variable("", ours, theirs), most_runs("", [True] * n, "do it")]
    assert [claim.verdict for claim in claims] == ["not judged"] * 5
    assert all(f"(too few runs: {n})" in claim.measured for claim in claims)
    assert (
        estimate(ours.values).interval
        is difference(ours.values, theirs.values).interval
        is share(n, n).interval
        is None
    )


def test_enough_runs_decide():
    ours, theirs = [0.9] * FEWEST, [0.1] * FEWEST
    assert better("", Group("a", ours), Group("b", theirs)).verdict == "holds"
    assert better("", Group("b", theirs), Group("a", ours)).verdict == "fails"
    assert better("", Group("a", ours), Group("a", ours)).verdict == ALIKE
    assert at_least("", ours, 0.5).measured == "0.9000 (95 % interval 0.9000 to 0.9000, 5 runs), to exceed 0.5"
    between = estimate(ours)
    assert judged(between, above=0.8, below=1) == "holds"
    assert judged(between, above=0.95, below=1) == judged(between, above=0.1, below=0.2) == "fails"


def group(mean, spread=0.0, n=15):
    """Runs around a mean."""
    return Group(f"{mean}", (mean + spread * np.linspace(-1, 1, n)).tolist())


def test_a_difference_within_the_margin_matters_to_no_claim():
    small, margin = group(0.9), ACCURACY.margin
    for by in (0.9 * margin, -0.9 * margin):
        assert better("", group(0.9 + by), small).verdict == ALIKE
        assert alike("", group(0.9 + by), small).verdict == "holds"
    for by, verdict in ((1.1 * margin, "holds"), (-1.1 * margin, "fails")):
        assert better("", group(0.9 + by), small).verdict == verdict
        assert alike("", group(0.9 + by), small).verdict == "fails"
    assert better("", group(20.1), group(20.0), measure=PSNR).verdict == ALIKE
    assert better("", group(20.3), group(20.0), measure=PSNR).verdict == "holds"
    assert pytest.approx(10 * np.log10(1 + ERROR.margin / 100), abs=0.02) == PSNR.margin


def test_an_undecided_claim_says_what_could_have_been_resolved():
    wide = Group("a", (0.9 + 0.02 * np.random.default_rng(0).standard_normal(15)).tolist())
    claim = better("", wide, group(0.9))
    low, high = difference(wide.values, group(0.9).values).interval
    assert claim.verdict == "undecided"
    found = f"such a sample finds a difference of {1.43 * (high - low) / 2:.4f} in four of five cases"
    assert claim.measured.endswith(found)
    assert "such a sample" not in better("", group(0.95), group(0.9)).measured


def test_the_weakest_part_decides_a_claim_of_several():
    assert all_of("holds", "not judged", "fails") == "not judged"
    assert all_of("holds", ALIKE, "fails") == "fails"
    assert all_of("undecided", ALIKE, "holds") == ALIKE


@pytest.mark.parametrize(("k", "n"), [(25, 25), (24, 25), (0, 8), (5, 10)])
def test_the_interval_of_a_share_holds_the_shares_that_could_well_have_given_it(k, n):
    """Wilson's interval is where (k / n - p)² <= z² p (1 - p) / n: its ends solve that equation."""
    for p in share(k, n).interval:
        assert (k / n - p) ** 2 == pytest.approx(1.96**2 * p * (1 - p) / n, abs=1e-12)


def test_sixteen_runs_of_sixteen_are_most_runs():
    met = {n: most_runs("", [True] * n, "do it").verdict for n in (15, 16)}
    assert met == {15: "undecided", 16: "holds"}
    assert most_runs("", [True] * 25 + [False] * 25, "do it").verdict == "fails"
    assert share(16, 16).interval[0] > MOST


def excluded(statistic, draw, trials=1000):
    """How often the interval of a statistic lies above zero, and below."""
    found = [statistic(draw(generator(fold_in(Key(1), i)))).interval for i in range(trials)]
    return np.mean([low > 0 for low, _ in found]), np.mean([high < 0 for _, high in found])


@pytest.mark.parametrize("shape", ["normal", "heavy"])
def test_spreads_find_what_brown_and_forsythe_find(shape):
    def draw(rng, ratio):
        x = rng.standard_normal((2, 15)) if shape == "normal" else rng.standard_t(4, (2, 15))
        return x * np.array([[ratio], [1.0]])

    above, below = excluded(lambda x: spreads(*x), lambda rng: draw(rng, 1.0))
    assert max(above, below) < 0.05
    above, below = excluded(lambda x: spreads(*x), lambda rng: draw(rng, 2.0))
    assert above > (0.55 if shape == "normal" else 0.42)  # the bootstrap of interquartile ranges found 15 %
    assert below < 0.01
    assert spreads([1.0] * 5, [1.0, 2, 3, 4, 5]).interval is None  # equal runs have no spread to compare


@pytest.mark.parametrize("uneven", [False, True])
def test_contrasts_of_a_grid_cover_the_truth_whatever_the_scatter_of_the_cells(uneven):
    scatter = np.where(np.arange(10) % 2, 5.0 if uneven else 1.0, 1.0).reshape(2, 5, 1)
    trend = np.array([-2, -1, 0, 1, 2]) / 20

    def draw(rng):
        return scatter * rng.standard_normal((2, 5, 3))

    above, below = excluded(lambda x: contrast(x, trend), draw)
    assert 0.005 < above < 0.045
    assert 0.005 < below < 0.045
    rising = contrast(draw(generator(Key(0))) + 10 * np.arange(5)[:, None], trend)
    assert rising.value == pytest.approx(10, abs=3)
    assert (rising.n, rising.of) == (24, "runs")  # the middle cells have no weight
    assert contrast(np.zeros((2, 2)), [-1, 1]).said() == "0.0000 (too few runs a cell: 2)"
