"""The study of normalisation: what it compares, its moving averages, its verdicts on planted results, a small run."""

import attrs
import numpy as np
import pytest

import fnn
from fnn import Key, tree
from recipes.beyond.batch_norm import RECIPE
from recipes.beyond.normalised import AVERAGED, RATES, Config, averaging, network, run, unbiased
from recipes.claims import ALIKE
from recipes.training import result
from tests.support.known_verdicts import DATA

ONE = Config(hidden=(5, 4), rates=(0.1,), batch_size=10, epochs=2, average=0.9)


def test_it_compares_three_depths_with_and_without_normalisation_and_batches_of_4_to_128():
    scans = [config for config in RECIPE.groups.values() if not config.average]
    assert {(config.hidden, config.norm) for config in scans} == {
        (hidden, norm) for hidden in ((64, 32), (64,) * 5, (64,) * 10) for norm in ("none", "batch", "layer")
    }
    assert {config.rates for config in scans} == {RATES}
    assert (min(RATES), max(RATES)) == (1e-4, 10)
    kept = [config for config in RECIPE.groups.values() if config.average]
    assert [config.batch_size for config in kept] == 2 * [4, 8, 16, 32, 64, 128]
    assert {(config.hidden, config.norm) for config in kept} == {((64, 32), "batch")}


@pytest.mark.parametrize(
    ("norm", "layers"),
    [
        ("none", "chain(linear(5), relu, linear(4), relu, linear(10))"),
        ("layer", "chain(linear(5), layer_norm(), relu, linear(4), layer_norm(), relu, linear(10))"),
    ],
)
def test_the_normalisation_stands_before_each_activation(norm, layers):
    assert repr(network(Config(hidden=(5, 4), norm=norm))) == layers


def trained(config, steps=7):
    """The states of a training without averages and of one with them, and the batches, on float64 parameters."""
    model, optimizer = network(config, 4), fnn.sgd(0.1)
    params = tree.cast(model.init(Key(0), (16,))[0], np.float64)
    batches = [batch for batch, _ in zip(fnn.batches(Key(1), DATA.train, 10), range(steps), strict=False)]
    plain = fnn.train_step(model, fnn.cross_entropy, optimizer, Key(2))
    states = []
    for step in (plain, averaging(plain, model, config.average)):
        state = optimizer.init(params)
        states.append([state := step(state, batch) for batch in batches])
    return model, params, batches, *states


def input_of(model, params, name, x):
    """What a layer of a chain gets in the training pass, in which each layer uses the statistics of its own batch."""
    for before in map(str, range(int(name))):
        x, _ = model[before].vjp(params[before], x, Key(0))
    return x


@pytest.mark.parametrize("name", ["1", "4"])
def test_averages_are_those_of_the_textbook(name):
    model, params, batches, plain, averaged = trained(ONE)
    expected = params[name]["statistics"]
    for before, (x, _) in zip([params, *(state.params for state in plain[:-1])], batches, strict=True):
        x = input_of(model, before, name, x)
        expected = 0.9 * expected + 0.1 * np.stack([x.mean(axis=0), x.var(axis=0)])
    np.testing.assert_allclose(averaged[-1].params[name]["statistics"], expected, rtol=1e-12)


def test_averages_leave_the_training_as_it_is():
    _, params, _, plain, averaged = trained(ONE)
    for without, kept in zip(plain, averaged, strict=True):
        for name in params:
            for leaf in params[name].keys() - {"statistics"}:
                np.testing.assert_array_equal(kept.params[name][leaf], without.params[name][leaf])
    np.testing.assert_array_equal(plain[-1].params["1"]["statistics"], params["1"]["statistics"])


def test_unbiased_variances_are_those_of_the_sample():
    x = np.arange(12.0).reshape(4, 3)
    statistics = np.stack([x.mean(axis=0), x.var(axis=0)])
    found = unbiased({"0": {"scale": 1}, "1": {"statistics": statistics}}, 4)
    np.testing.assert_allclose(found["1"]["statistics"], [x.mean(axis=0), x.var(axis=0, ddof=1)])
    assert found["0"] == {"scale": 1}


def test_networks_of_one_run_differ_in_nothing_but_the_rate():
    config = attrs.evolve(ONE, average=0.0, rates=(0.01, 0.3))
    both = result(run(config, Key(5), DATA))
    for i, rate in enumerate(config.rates):
        alone = result(run(attrs.evolve(config, rates=(rate,)), Key(5), DATA))
        assert both["curves"]["test_accuracy_by_rate"][i] == pytest.approx(alone["scores"]["test_accuracy"])
    assert both["scores"]["best_rate"] == 0.3


def test_a_network_that_overflows_reads_none_and_the_others_go_on():
    found = result(run(Config(hidden=(8, 8), norm="none", rates=(0.3, 1e30), batch_size=10), Key(0), DATA))
    assert found["curves"]["test_accuracy_by_rate"][1] == 0
    assert found["scores"]["test_accuracy"] > 0.5
    assert all(np.isfinite(leaf).all() for leaf in tree.leaves(found["params"]))


def test_the_parameters_of_a_run_are_the_tuned_ones_of_its_best_rate():
    found = result(run(ONE, Key(0), DATA))
    model = network(ONE, DATA.n_classes)
    tuned = fnn.tune(model, found["params"], DATA.train[0])
    np.testing.assert_allclose(found["params"]["1"]["statistics"], tuned["1"]["statistics"], rtol=1e-5)
    scores = fnn.evaluate(model, found["params"], DATA.test, {"accuracy": fnn.metrics.accuracy})
    assert scores["accuracy"] == pytest.approx(found["scores"]["test_accuracy"])
    assert 0 < found["scores"]["test_accuracy_of_averages"] <= 1


# What it concludes.


BEST = {"none": 0.95, "batch": 0.97, "layer": 0.96}  # the test accuracy at the best rate


def planted(batch, layer, none, tuned, averaged, n=5):
    """Results of n runs: at how many rates each kind of network is usable, and the accuracies with both statistics."""
    reached = {"none": none, "batch": batch, "layer": layer}

    def runs(config):
        by_rate = np.where(np.arange(len(RATES)) < reached[config.norm], 0.95, 0.5)
        for i in range(n):
            kept = {"test_accuracy": tuned + 1e-5 * i, AVERAGED: averaged + 1e-5 * i}
            best = {"test_accuracy": BEST[config.norm], "best_rate": 0.1, "usable_rates": reached[config.norm]}
            yield {"scores": kept if config.average else best, "curves": {"test_accuracy_by_rate": by_rate}}

    return {name: list(runs(config)) for name, config in RECIPE.groups.items()}


def verdicts(results):
    return [claim.verdict for claim in RECIPE.claims(results, DATA)]


def test_claims_are_judged_by_what_was_measured():
    found = verdicts(planted(batch=10, layer=9, none=5, tuned=0.95, averaged=0.94))
    assert found == [
        *("holds", "holds", "holds"),  # more rates
        "holds",  # at the rate 1, the ninth: 0.95 instead of 0.5
        ALIKE,  # at the rate 0.003, the fourth: 0.95 for both
        *("holds", "holds", "holds"),  # at their best
        *("holds", "holds", "fails"),  # tuned statistics are better by 0.01, so they are not alike
    ]
    found = verdicts(planted(batch=3, layer=4, none=9, tuned=0.94, averaged=0.9405))
    assert found == ["fails"] * 4 + ["holds"] * 4 + ["holds", ALIKE, "holds"]


def test_few_runs_decide_nothing_and_claims_are_ours():
    claims = RECIPE.claims(planted(10, 9, 5, 0.95, 0.94, n=4), DATA)
    assert {claim.verdict for claim in claims} == {"not judged"}
    assert {claim.source for claim in claims} == {"ours"}
    assert all("too few runs: 4" in claim.measured for claim in claims)


@pytest.mark.parametrize(("n", "said"), [(5, "paired by seed, 95 % interval"), (1, "range of 1 pair")])
def test_figures_show_all_networks_and_batches(n, said):
    figures = RECIPE.figures(planted(10, 9, 5, 0.95, 0.94, n=n), DATA)
    panels = figures["batch_norm"].axes
    assert [ax.get_title().partition(":")[0] for ax in panels] == ["64-32", "5 x 64", "10 x 64"]
    assert all(len(ax.lines) == 4 for ax in panels)
    left, right = figures["batch_norm_statistics"].axes
    assert len(left.lines) == 3
    assert right.get_title() == said
    assert len(right.get_yticks()) == 12
