"""Verdicts from few runs: how often chance decides, and that below a minimum nothing is decided."""

import numpy as np
import pytest

from fnn import Key, fold_in, generator
from fnn.metrics import bootstrap_difference
from recipes.claims import FEWEST, Group, at_least, better, difference, estimate, judged, share_interval


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
    ours, theirs = [0.9] * n, [0.1] * n
    claims = better("", Group("a", ours), Group("b", theirs)), at_least("", ours, 0.5)
    assert [claim.verdict for claim in claims] == ["undecided"] * 2
    assert all(f"(too few runs: {n})" in claim.measured for claim in claims)
    assert estimate(ours).interval is difference(ours, theirs).interval is None


def test_enough_runs_decide():
    ours, theirs = [0.9] * FEWEST, [0.1] * FEWEST
    assert better("", Group("a", ours), Group("b", theirs)).verdict == "holds"
    assert better("", Group("b", theirs), Group("a", ours)).verdict == "fails"
    assert better("", Group("a", ours), Group("a", ours)).verdict == "undecided"
    assert at_least("", ours, 0.5).measured == "0.9000 (95 % interval 0.9000 to 0.9000, 5 runs), to exceed 0.5"
    between = estimate(ours)
    assert judged(between, above=0.8, below=1) == "holds"
    assert judged(between, above=0.95, below=1) == judged(between, above=0.1, below=0.2) == "fails"


@pytest.mark.parametrize(("k", "n"), [(25, 25), (24, 25), (0, 8), (5, 10)])
def test_the_interval_of_a_share_holds_the_shares_that_could_well_have_given_it(k, n):
    """Wilson's interval is where (k / n - p)² <= z² p (1 - p) / n: its ends solve that equation."""
    for p in share_interval(k, n):
        assert (k / n - p) ** 2 == pytest.approx(1.96**2 * p * (1 - p) / n, abs=1e-12)
