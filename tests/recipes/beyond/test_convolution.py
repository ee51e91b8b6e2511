"""The convolution recipe: its network, its training, and what it draws and concludes."""

import attrs
import numpy as np
import pytest

import fnn
from fnn import Key, generator
from recipes.beyond import convolution
from recipes.beyond.convolution import RECIPE, Config, all_training_digits, maps_of, median_run, misread, network
from recipes.beyond.images import images
from recipes.data.digits import SHA256, Digits
from recipes.training import result

SHAPE = (12, 12)
SMALL = Config(channels=(4, 5, 6, 7), rate=0.02, batch_size=25, epochs=2)


def bright_quarters(key, n):
    """Images whose brightest quarter is their class."""
    rng = generator(key)
    labels = rng.integers(4, size=n)
    x = rng.random((n, *SHAPE), dtype=np.float32) / 2
    for i, label in enumerate(labels):
        down, across = divmod(int(label), 2)
        x[i, 6 * down : 6 * down + 6, 6 * across : 6 * across + 6] += 0.5
    return x.reshape(n, -1), labels


DATA = Digits(*(bright_quarters(Key(i), n) for i, n in enumerate((300, 100, 100))), SHAPE, 4, SHA256)


@pytest.fixture(scope="module")
def run():
    return result(convolution.run(SMALL, Key(0), DATA))


def test_the_network_is_the_one_that_the_text_describes():
    params, shape = network(Config()).init(Key(0), (28, 28, 1))
    assert shape == (10,)
    assert sum(leaf.size for leaf in fnn.tree.leaves(params)) == 92_290
    assert "92,290 parameters" in RECIPE.text
    assert [name for name in params if "bias" in params[name].get("0", {})] == []
    for at in ("12 epochs", "batches of\n128", "10 degrees", "10 %", "2 pixels"):
        assert at in RECIPE.text
    assert (Config().epochs, Config().batch_size) == (12, 128)
    assert (Config().turn, Config().stretch, Config().shift) == (10.0, 0.1, 2.0)


def test_training_and_validation_digits_are_trained_on_and_test_digits_are_not():
    x, labels = all_training_digits(DATA)
    assert x.shape == (400, 144)
    np.testing.assert_array_equal(labels, np.concatenate([DATA.train[1], DATA.validation[1]]))
    other = attrs.evolve(DATA, test=bright_quarters(Key(9), 100))
    config = attrs.evolve(SMALL, epochs=1)
    params = [result(convolution.run(config, Key(0), data))["params"] for data in (DATA, other)]
    assert params[0] == params[1]


def test_it_learns(run):
    assert run["scores"]["test_accuracy"] > 0.7
    assert run["curves"]["loss"].shape == run["curves"]["test_accuracy"].shape == (2,)
    assert run["scores"]["test_accuracy"] == run["curves"]["test_accuracy"][-1]  # the last epoch counts


def test_the_result_is_that_of_the_tuned_parameters(run):
    model, (x,) = network(SMALL, 4, SHAPE), images((DATA.test[0],), shape=SHAPE)
    predicted = model.apply(run["params"], x).argmax(axis=-1)
    np.testing.assert_array_equal(predicted, run["predicted"])
    (seen,) = images((DATA.train[0],), shape=SHAPE)
    assert fnn.tune(model, run["params"], seen) == run["params"]


def test_the_rate_ends_at_zero(monkeypatch):
    rates, adamw = [], fnn.adamw
    monkeypatch.setattr(fnn, "adamw", lambda rate, **more: rates.append(rate) or adamw(rate, **more))
    convolution.run(SMALL, Key(0), DATA)
    assert rates[0](32) == pytest.approx(0)  # 2 epochs of 16 batches
    assert max(map(rates[0], range(32))) == SMALL.rate


def test_feature_maps_are_those_of_the_blocks(run):
    first, second = maps_of(SMALL, run["params"], DATA, 3)
    assert (first.shape, second.shape) == ((4, 6, 6), (5, 3, 3))
    model, params = network(SMALL, 4, SHAPE), run["params"]
    y = model["first"].apply(params["first"], images((DATA.test[0][3:4],), shape=SHAPE)[0])
    np.testing.assert_allclose(first[1] * y.max(), y[0, :, :, 1], rtol=1e-6)
    assert first.max() == second.max() == 1


def test_every_misread_digit_is_shown():
    predicted = DATA.test[1].copy()
    predicted[[2, 5, 50]] = (predicted[[2, 5, 50]] + 1) % 4
    figure = misread(predicted, "median", DATA)
    (ax,) = figure.axes
    assert figure.get_suptitle() == "The median run misreads 3 of 100 test digits"
    assert [text.get_text() for text in ax.texts] == [
        f"true {DATA.test[1][i]}\nread as {predicted[i]}" for i in (2, 5, 50)
    ]
    np.testing.assert_array_equal(ax.images[1].get_array(), DATA.test[0][5].reshape(SHAPE))
    assert misread(DATA.test[1], "median", DATA).axes == []


def test_the_figure_says_of_which_runs_it_is(run, monkeypatch):
    monkeypatch.setattr(convolution, "RECIPE", attrs.evolve(RECIPE, groups={"convolution": SMALL}))
    for n, titles in ((1, ("One run", "The only run")), (3, ("IQM and IQR of 3 runs", "The median run"))):
        drawn = convolution.figures({"convolution": [run] * n}, DATA)
        assert list(drawn) == ["convolution", "convolution_misread"]
        parts = drawn["convolution"].subfigs
        assert parts[0].get_suptitle() == titles[0]
        assert parts[1].get_suptitle().startswith(titles[1])
        assert [len(part.axes[0].images) for part in parts[1:]] == [4, 4, 5]
        labels = [(ax.get_xlabel(), ax.get_ylabel()) for ax in parts[0].axes]
        assert labels == [("epoch", "cross-entropy (nats)"), ("epoch", "misread of the test set (%)")]


@pytest.mark.parametrize(
    ("accuracies", "verdict"),
    [
        ([0.9951, 0.9955, 0.9957, 0.9953, 0.9954], "holds"),
        ([0.994, 0.9945, 0.9947, 0.9941, 0.9944], "fails"),
        ([0.9940, 0.9960, 0.9955, 0.9945, 0.9950], "undecided"),
        ([0.999] * 4, "not judged"),
    ],
)
def test_the_claim_can_hold_and_fail(accuracies, verdict):
    results = {"convolution": [{"scores": {"test_accuracy": accuracy}} for accuracy in accuracies]}
    (claim,) = RECIPE.claims(results, DATA)
    assert (claim.verdict, claim.source) == (verdict, "ours")


def test_the_median_run_is_chosen():
    runs = [{"scores": {"test_accuracy": accuracy}} for accuracy in (0.3, 0.1, 0.2, 0.4)]
    assert median_run(runs) is runs[2]
