"""The readers of digits: their tokens, what is measured of them, and what the recipe concludes from planted results."""

from itertools import pairwise
from types import SimpleNamespace

import attrs
import numpy as np
import pytest

import fnn
from fnn import Key, generator, tree
from fnn.metrics import accuracy
from recipes.beyond import readers
from recipes.beyond.readers import CELLS, Config, network, tokens
from recipes.beyond.sequence import ATTENTION, ELMAN, GROUPS, GRU, LSTM, RECIPE, SMALL, run
from recipes.data.digits import Digits
from recipes.running.experiment import run_recipe
from recipes.running.plan import Options
from recipes.training import result
from tests.support.idx_files import write_bright_rows
from tests.support.undrawn import undrawn

EPOCHS = 10
CONFIGS = {name: Config(name, width=8, epochs=EPOCHS, rate=0.02, patches=2) for name in (*CELLS, "attention")}
RNG = np.random.default_rng(0)


def bright_rows():
    """Digits of 8 x 8 pixels, of which one of the rows 3 to 6 is bright: their class."""

    def part(key, n):
        rng = generator(key)
        labels, images = rng.integers(4, size=n), 0.4 * rng.random((n, 8, 8), dtype=np.float32)
        images[np.arange(n), 2 + labels] += 0.6
        return images.reshape(n, 64), labels

    return Digits(*(part(Key(i), n) for i, n in enumerate((1000, 100, 500))), (8, 8), 4, {})


DATA = bright_rows()
LOOK = DATA.test[0][:20], DATA.test[1][:20]


def drawn(config):
    """First parameters of a reader, in float64."""
    shape = tokens(config, DATA.shape, DATA.test[0][:1]).shape[1:]
    return tree.cast(network(config, DATA.n_classes).init(Key(0), shape)[0], np.float64)


# Tokens.


def test_rows_come_from_the_top_and_patches_in_reading_order():
    x = np.arange(2 * 64).reshape(2, 64)
    rows, patches = (tokens(CONFIGS[name], (8, 8), x) for name in ("gru", "attention"))
    assert np.array_equal(rows, x.reshape(2, 8, 8))
    images = x.reshape(2, 8, 8)
    corners = [images[:, i : i + 4, k : k + 4].reshape(2, 16) for i in (0, 4) for k in (0, 4)]
    assert np.array_equal(patches, np.stack(corners, axis=1))


def test_digits_are_shifted_as_a_whole_and_by_all_amounts():
    image = np.zeros((8, 8), np.float32)
    image[3:5, 2:6] = RNG.random((2, 4)) + 0.5
    moved = readers.shifted(np.stack([image.ravel()] * 200), 2, (8, 8), Key(0))
    steps = range(-2, 3)
    expected = {np.roll(image, (down, across), (0, 1)).tobytes() for down in steps for across in steps}
    assert {row.tobytes() for row in moved} == expected
    assert moved.dtype == np.float32


def test_what_leaves_a_digit_does_not_come_back_on_the_other_side():
    moved = readers.shifted(np.ones((100, 64), np.float32), 1, (8, 8), Key(0))
    assert set(moved.sum(axis=1)) == {64.0, 56.0, 49.0}


# The training.


@pytest.fixture(scope="module")
def trained():
    return {name: result(run(config, Key(0), DATA)) for name, config in CONFIGS.items()}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_reader_learns(trained, name):
    found = trained[name]
    assert len(found["curves"]["loss"]) == EPOCHS
    assert found["scores"]["test_accuracy"] > 0.9
    assert len(found["curves"]["loss"]) == len(found["curves"]["validation_accuracy"]) == EPOCHS
    assert found["curves"]["loss"][-1] < found["curves"]["loss"][0] / 2
    model, x = network(CONFIGS[name], 4), tokens(CONFIGS[name], (8, 8), DATA.test[0])
    scores = fnn.evaluate(model, found["params"], (x, DATA.test[1]), {"accuracy": accuracy})
    assert scores["accuracy"] == found["scores"]["test_accuracy"]


def test_only_training_digits_are_shifted():
    data = attrs.evolve(DATA, validation=DATA.train)
    plain, moved, again = (
        result(run(attrs.evolve(CONFIGS["elman"], epochs=1, shift=shift), Key(0), data)) for shift in (0, 1, 1)
    )
    assert moved["curves"]["loss"][0] > plain["curves"]["loss"][0]
    assert moved["curves"]["loss"] == again["curves"]["loss"]
    x = tokens(CONFIGS["elman"], (8, 8), DATA.train[0])
    scores = fnn.evaluate(network(CONFIGS["elman"], 4), moved["params"], (x, DATA.train[1]), {"accuracy": accuracy})
    assert moved["curves"]["validation_accuracy"] == scores["accuracy"]


@pytest.mark.parametrize("name", CONFIGS)
def test_a_reader_that_has_seen_all_rows_is_the_reader(trained, name):
    curves, (x, labels) = trained[name]["curves"], (part[::5] for part in DATA.test)
    logits = fnn.predict(network(CONFIGS[name], 4), trained[name]["params"], tokens(CONFIGS[name], (8, 8), x))
    whole = np.mean(logits.argmax(axis=-1) == labels)
    assert ("accuracy_at_once" in curves) is (name in CELLS)
    for curve in {"accuracy_rest_black", "accuracy_at_once"} & curves.keys():
        assert curves[curve].shape == (8,)
        assert curves[curve][-1] == whole
        assert curves[curve][0] < 0.6  # the first row is noise


def test_the_accuracy_at_once_is_that_of_a_digit_that_ends_there():
    config, (x, labels) = CONFIGS["gru"], LOOK
    params, rows = drawn(config), tokens(config, (8, 8), x)
    model = network(config, 4)
    expected = [np.mean(model.apply(params, rows[:, :t]).argmax(axis=-1) == labels) for t in range(1, 9)]
    assert readers.accuracy_at_once(config, params, LOOK, (8, 8)).tolist() == expected
    assert len(set(expected)) > 2


def test_unseen_rows_are_black():
    config, (x, labels) = CONFIGS["attention"], LOOK
    model, params = network(config, 4), drawn(config)
    for n, found in enumerate(readers.accuracy_rest_black(config, params, LOOK, (8, 8)), 1):
        images = x.reshape(-1, 8, 8).copy()
        images[:, n:] = 0
        logits = model.apply(params, tokens(config, (8, 8), images.reshape(-1, 64)))
        assert found == np.mean(logits.argmax(axis=-1) == labels)


def test_each_score_is_of_its_own_part():
    (x, labels), config = DATA.test, attrs.evolve(CONFIGS["elman"], epochs=1)
    data = attrs.evolve(DATA, validation=(x[:100], labels[:100]), test=(x[100:], labels[100:]))
    found = result(run(config, Key(0), data))
    right = fnn.predict(network(config, 4), found["params"], tokens(config, (8, 8), x)).argmax(axis=-1) == labels
    assert found["curves"]["validation_accuracy"] == pytest.approx(right[:100].mean())
    assert found["scores"]["test_accuracy"] == pytest.approx(right[100:].mean())
    look, params = (x[100::5], labels[100::5]), found["params"]
    trained = np.median(readers.gradient_norms(config, params, look, (8, 8)), axis=1)
    assert np.array_equal(found["curves"]["gradients_trained"], trained)
    assert not np.array_equal(found["curves"]["gradients_first"], trained)


# The gradients of the states.


@pytest.mark.parametrize("name", CELLS)
def test_gradients_of_states_are_those_of_central_differences(name):
    config, t, step = CONFIGS[name], 5, 1e-5
    params, (x, labels) = drawn(config), LOOK
    cell, rows = CELLS[name](config.width), tokens(config, (8, 8), x).astype(np.float64)
    norms = readers.gradient_norms(config, params, LOOK, (8, 8))
    assert norms.shape == (8, len(labels))

    def loss(h, after):
        """The loss of each digit, from the state after some rows."""
        for k in range(after, 8):
            h = cell.step(params["cell"], h, rows[:, k])[0]
        logits = fnn.linear(4).apply(params["read"], h[:, : cell.n])
        return fnn.cross_entropy(logits, labels, reduction="none")[0]

    def gradient(after):
        h = np.zeros((len(x), cell.size))
        for k in range(after):
            h = cell.step(params["cell"], h, rows[:, k])[0]
        columns = step * np.eye(cell.size)
        return np.stack([(loss(h + d, after) - loss(h - d, after)) / (2 * step) for d in columns], axis=-1)

    ratio = np.linalg.norm(gradient(t), axis=-1) / np.linalg.norm(gradient(8), axis=-1)
    assert norms[t - 1] == pytest.approx(ratio, rel=1e-6)
    assert norms[-1] == pytest.approx(1)


def test_small_weights_forget_and_orthogonal_ones_do_not():
    config = attrs.evolve(CONFIGS["elman"], width=64)
    small = attrs.evolve(config, reader="small elman")
    found = [np.median(readers.gradient_norms(c, drawn(c), LOOK, (8, 8)), axis=1) for c in (config, small)]
    assert found[0][0] > 0.1
    assert found[1][0] < 0.05
    assert all(a < b for a, b in pairwise(found[1]))


# Attention.


def test_attention_maps_are_the_weights_that_the_network_uses():
    config, x = CONFIGS["attention"], tokens(CONFIGS["attention"], (8, 8), LOOK[0])
    model, params = network(config, 4), drawn(config)
    maps = np.stack([readers.attention_maps(config, params, part) for part in x], axis=1)
    assert maps.shape == (2, 20, 4, 4, 4)  # (blocks, digits, heads, time, time)
    assert maps.sum(axis=-1) == pytest.approx(1)
    for i, name in ((2, "first"), (3, "second")):  # the values that each map mixes give the block's output
        y, own, block = model[:i].apply(params[:i], x), params[name], model[name]
        values = block["attend"]["ask"].apply(own["attend"]["ask"], y)[..., 16:]  # (digits, time, 8)
        heads = values.reshape(20, 4, 4, 2).swapaxes(1, 2)
        mixed = (maps[i - 2] @ heads).swapaxes(1, 2).reshape(20, 4, 8)
        expected = y + block["attend"]["join"].apply(own["attend"]["join"], mixed)
        assert block["attend"].apply(own["attend"], y) == pytest.approx(expected)


# What the recipe concludes.

SIZE = SimpleNamespace(shape=(28, 28), is_mnist=True)  # what claims ask of the data


def planted(accuracies, forgets=-5.0, opens=2.0, n=5):
    """Results with these accuracies, in the order of the groups; powers of ten of the gradients after row 7."""
    drift = 1e-4 * np.arange(n)

    def of_run(i, group, accuracy):
        first = forgets if group == SMALL else -3.0
        powers = {"first": first, "trained": first + (opens if group == GRU else 1.0)}
        ratios = {f"gradients_{when}": [1.0] * 6 + [10.0 ** (p + drift[i])] + [1.0] * 21 for when, p in powers.items()}
        rest = {"loss": np.array([0.5, 0.02]), "validation_accuracy": np.array([0.9, 0.98])}
        return {"scores": {"test_accuracy": accuracy + drift[i]}, "curves": ratios | rest}

    pairs = zip(GROUPS, accuracies, strict=True)
    return {group: [of_run(i, group, accuracy) for i in range(n)] for group, accuracy in pairs}


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (planted((0.975, 0.97, 0.989, 0.9885, 0.986)), ["holds"] * 7),
        (planted((0.98, 0.985, 0.97, 0.97, 0.98), forgets=-2.0, opens=-1.0), ["fails"] * 7),
        (planted((0.975, 0.97, 0.985, 0.985, 0.986)), ["fails", *["holds"] * 6]),
        (planted((0.975, 0.97, 0.989, 0.9885, 0.984)), ["holds", "fails", *["holds"] * 5]),
        (planted((0.975, 0.97, 0.989, 0.9885, 0.986), n=4), ["not judged"] * 7),
    ],
)
def test_claims(results, expected):
    claims = RECIPE.claims(results, SIZE)
    assert [claim.verdict for claim in claims] == expected
    assert {claim.source for claim in claims} == {"ours"}
    assert claims[0].reason == "the training loss of the last epoch is 0.0200, the validation accuracy 0.9800"


def test_the_claims_measure_what_they_say():
    measured = [claim.measured for claim in RECIPE.claims(planted((0.975, 0.97, 0.989, 0.9885, 0.986)), SIZE)]
    assert measured[2].startswith("GRU − Elman: +0.0140")
    assert measured[5].startswith("before training, power of ten of |∂L/∂h| after row 7, relative")
    assert "-5.00 (95 % interval" in measured[5]
    assert "GRU, after training − GRU, before training: +2.00" in measured[6]


def test_the_groups_are_those_of_the_docstring():
    assert list(GROUPS) == [ELMAN, SMALL, GRU, LSTM, ATTENTION]
    assert {config.width for name, config in GROUPS.items() if name != ATTENTION} == {128}
    assert [config.shift for config in GROUPS.values()] == [0, 0, 0, 0, 1]
    model = network(GROUPS[ATTENTION])
    params, shape = model.init(Key(0), (16, 49))
    assert shape == (10,)
    assert params["place"]["positions"].shape == (16, 64)


def test_the_recipe_draws_its_pictures(tmp_path):
    small = write_bright_rows(tmp_path)
    results, claims = run_recipe(undrawn(RECIPE), Options(epochs=1, runs=2, jobs=1, data=small, out=str(tmp_path)))
    assert {len(runs) for runs in results.values()} == {2}
    assert {claim.verdict for claim in claims} == {"not judged"}
    data = RECIPE.load(small)
    drawn = RECIPE.figures(results, data)
    panels = [ax.get_title() for ax in drawn["sequence"].axes]
    assert panels[1:5] == [
        "Read out after row t",
        "Read out at the end, rows after t black",
        "What row t can teach before training",
        "What row t can teach after training",
    ]
    assert drawn["sequence"].get_suptitle().startswith("2 runs of each network; lines are interquartile means")
    assert drawn["sequence_attention"].get_suptitle().endswith("; equal shares would be 6.25 %")
