"""The study of dropout: what it compares, its epochs, its verdicts on planted results, a small run."""

from itertools import islice

import numpy as np
import pytest

from fnn import Key
from recipes.beyond import dropout
from recipes.beyond.dropout import BATCHES, EXAMPLES, RATES, RECIPE, Config, batches_for_ever, run
from recipes.training import result
from tests.support.known_verdicts import DATA

PAPER, WIDE = dropout.WIDTHS


def test_it_compares_rates_on_two_networks_and_three_numbers_of_digits():
    configs = RECIPE.groups.values()
    assert {(config.hidden, config.examples, config.dropout) for config in configs} == {
        (hidden, n, rate)
        for hidden in ((64, 32), (256, 256))
        for n in (1_000, 7_000, 50_000)
        for rate in (0.0, 0.2, 0.4, 0.6)
    }
    assert len({(config.examples, config.epochs) for config in configs}) == len(EXAMPLES)  # all rates train as long


def test_passes_over_the_data_follow_each_other_each_in_its_own_order():
    x = np.arange(7)
    passes = [batch for (batch,) in islice(batches_for_ever(Key(0), (x,), 3), 9)]
    assert [len(batch) for batch in passes] == 3 * [3, 3, 1]
    orders = [np.concatenate(passes[i : i + 3]) for i in (0, 3, 6)]
    assert all(sorted(order) == list(x) for order in orders)
    assert len({tuple(order) for order in orders}) == 3


def test_a_run_trains_on_its_first_digits_in_epochs_of_equal_length():
    config = Config(hidden=(8, 8), dropout=0.2, examples=40, rate=0.01, batch_size=10, epochs=2)
    training = run(config, Key(0), DATA)
    ends = list(training.scan(training.start))
    assert [end.state.step for end in ends] == [0, BATCHES, 2 * BATCHES]
    found = training.finish(ends[-1])
    assert found["scores"]["train_accuracy"] > 0.9
    assert found["scores"]["test_accuracy"] > 0.5
    assert (
        found["curves"]["validation_accuracy"].max()
        == found["curves"]["validation_accuracy"][int(found["scores"]["best_epoch"]) - 1]
    )
    only = result(run(config, Key(0), DATA.first(40)))
    assert only["scores"] == found["scores"]


def test_without_dropout_a_run_has_no_masks():
    config = Config(hidden=(8, 8), examples=40, batch_size=10, epochs=1)
    masked = result(run(Config(hidden=(8, 8), dropout=0.5, examples=40, batch_size=10, epochs=1), Key(0), DATA))
    assert (
        repr(dropout.network(config))
        == "chain(linear(8), relu, dropout(0.0), linear(8), relu, dropout(0.0), linear(10))"
    )
    assert result(run(config, Key(0), DATA))["params"] != masked["params"]


def planted(gains, n=5):
    """Results in which a rate of dropout adds gains[network, digits] times that rate to the accuracy of 0.9."""
    return {
        dropout.name_of(net, count, rate): [
            {"scores": {"test_accuracy": 0.9 + rate * gains.get((net, count), 0) + 1e-5 * i, "train_accuracy": 1.0}}
            for i in range(n)
        ]
        for net in dropout.WIDTHS
        for count in EXAMPLES
        for rate in RATES
    }


AS_CLAIMED = {(WIDE, 1_000): 0.05, (WIDE, 50_000): 0.01, (PAPER, 50_000): -0.05, (PAPER, 1_000): -0.01}
OTHERWISE = {each: -gain for each, gain in AS_CLAIMED.items()}


@pytest.mark.parametrize(("gains", "verdict"), [(AS_CLAIMED, "holds"), (OTHERWISE, "fails")])
def test_claims_are_judged_by_what_was_measured(gains, verdict):
    claims = RECIPE.claims(planted(gains), DATA)
    assert {claim.statement: claim.verdict for claim in claims} == {claim.statement: verdict for claim in claims}
    assert {claim.source for claim in claims} == {"ours"}


def test_few_runs_decide_nothing():
    assert {claim.verdict for claim in RECIPE.claims(planted(AS_CLAIMED, n=4), DATA)} == {"not judged"}


@pytest.mark.parametrize("n", [1, 5])
def test_the_figure_has_a_column_for_each_number_of_digits(n):
    figure = RECIPE.figures(planted(AS_CLAIMED, n), DATA)["dropout"]
    assert [ax.get_title() for ax in figure.axes[:3]] == [f"{count:,} training examples" for count in EXAMPLES]
    assert [len(ax.lines) for ax in figure.axes[:3]] == [2, 2, 2]
    below = figure.axes[3]
    assert ("95 %" in figure.get_suptitle()) == (n == 5)
    _, paper, wide = (line.get_ydata() for line in below.lines)  # after the line at zero
    np.testing.assert_allclose(paper, [-0.2, -0.4, -0.6])
    np.testing.assert_allclose(wide, [1, 2, 3])
