"""The autoencoder recipes: the network, noise, training and its parts, and all of them carried out small."""

from itertools import pairwise

import attrs
import numpy as np
import pytest
from matplotlib.colors import LogNorm

import fnn
from fnn import Key, checkpoint, fold_in, generator, tree
from fnn.random import draw
from recipes.autoencoders import (
    autoencoder,
    autoencoder_grid,
    denoiser,
    denoising,
    interpolation,
    latent_space,
    reconstructions,
    study,
)
from recipes.autoencoders.autoencoder import Config, coder, hidden_widths, network, noisy, up_to_logits, with_noise
from recipes.data import digits
from recipes.reporting.printed import describe
from recipes.running.experiment import run_recipe
from recipes.running.plan import Options
from recipes.training import result
from tests.support.idx_files import write_bright_rows
from tests.support.undrawn import undrawn

RECIPES = {m.RECIPE.name: m for m in (autoencoder_grid, reconstructions, latent_space, interpolation, denoising)}
SMALL = Config(latent=3, depth=2, epochs=3)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_bright_rows(tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="module")
def data(small):
    return digits.load(small)


@pytest.fixture(scope="module")
def carried_out(small, tmp_path_factory):
    """Every recipe with two epochs, all in one folder, and what was printed of runs found there."""
    out = str(tmp_path_factory.mktemp("results"))
    options = Options(epochs=2, jobs=1, data=small, out=out)
    return {name: run_recipe(undrawn(m.RECIPE), options) for name, m in RECIPES.items()}


def trained(config, key, data):
    return result(autoencoder.run(config, key, data))


def leaves(result):
    return [(path, np.asarray(leaf).tobytes()) for path, leaf in tree.items(result)]


# The network.


@pytest.mark.parametrize(
    ("arguments", "widths"),
    [
        ((784, 4, 1), (28,)),  # 784 (4 / 784)^0.6309 = 28.05
        ((784, 8, 1), (43,)),  # 784 (8 / 784)^0.6309 = 43.45
        ((784, 64, 5), (321, 190, 131, 98, 78)),
        ((784, 32, 3), (197, 88, 49)),  # exponents 0.4307, 0.6826, 0.8614
        ((784, 512, 0), ()),
    ],
)
def test_widths(arguments, widths):
    assert hidden_widths(*arguments) == widths


def test_networks_are_mirror_images():
    wide = "chain(encoder=chain(linear(512), relu), decoder=chain(linear(784), sigmoid=sigmoid))"
    assert repr(network(Config(latent=512, depth=0))) == wide
    assert repr(network(Config(latent=4, depth=0, code="linear"), 9)["encoder"]) == "chain(linear(4), identity)"
    params, shape = network(Config(latent=8, depth=3)).init(Key(0), (784,))
    assert shape == (784,)
    encoder, decoder = ([w.shape for w in tree.leaves(params[p]) if w.ndim == 2] for p in ("encoder", "decoder"))
    assert encoder == [shape[::-1] for shape in reversed(decoder)]
    assert all(a[1] == b[0] for a, b in pairwise(encoder + decoder))


def test_mse_of_logits_is_that_of_pixels():
    model, x = network(SMALL, 9), generator(Key(1)).random((5, 9))
    params = tree.cast(model.init(Key(0), (9,))[0], np.float64)
    ours = {"encoder": params["encoder"], "decoder": params["decoder"][:-1]}
    value, grads = fnn.value_and_grad(up_to_logits(model), autoencoder.pixel_mse)(ours, (x, x))
    expected, whole = fnn.value_and_grad(model, fnn.mse)(params, (x, x))
    assert value == expected
    assert leaves(grads) == leaves(whole)


# Noise.


def test_noise_is_clipped_and_follows_from_the_key():
    x = np.full((100, 50), 0.5, np.float32)
    y = noisy(x, 0.2, Key(0))
    assert y.dtype == np.float32
    assert (y == noisy(x, 0.2, Key(0))).all()
    assert (y != noisy(x, 0.2, Key(1))).any()
    assert abs(np.std(y) - 0.2) < 0.01
    loud = noisy(x, 2.0, Key(0))
    assert (loud.min(), loud.max()) == (0, 1)
    assert noisy(x, 0.0, Key(0)) is x


def test_noise_is_a_layer_that_keeps_the_laws_and_draws_what_noisy_draws():
    fnn.check_layer(with_noise(0.2), (4,))
    x = np.full((20, 4), 0.5, np.float32)
    assert (with_noise(0.2).vjp({}, x, Key(1))[0] == noisy(x, 0.2, Key(1))).all()
    assert with_noise(0.2).apply({}, x) is x
    both = np.stack([x, x])  # of two networks, each draws from its own key
    drawn = with_noise(0.2).vjp({}, both, (Key(1), Key(2)))[0]
    assert all((a == noisy(x, 0.2, key)).all() for a, key in zip(drawn, (Key(1), Key(2)), strict=True))


def test_noise_is_fresh_at_every_step_of_every_epoch(data, monkeypatch):
    keys = []

    def spy(key, shape, **kind):
        keys.append(key)
        return draw(key, shape, **kind)

    monkeypatch.setattr(autoencoder, "draw", spy)
    run = autoencoder.run(attrs.evolve(SMALL, noise=0.2), Key(0), data)
    result(run)
    assert len(keys) == 3 * 4  # 500 digits in 4 batches
    assert len(set(keys)) == len(keys)
    assert autoencoder.run(SMALL, Key(0), data).step.key is None


def test_linear_filter_is_the_least_squares_solution(data):
    x, key = data.train[0], Key(3)
    filtered = denoiser.linear_filter(x, 0.2, key)
    seen = noisy(x, 0.2, fold_in(key, 0))  # fewer than 1,000 digits: one batch
    design = np.column_stack([seen, np.ones(len(x))]).astype(np.float64)
    w, *_ = np.linalg.lstsq(design, x.astype(np.float64))
    assert np.abs(filtered(seen) - np.clip(design @ w, 0, 1)).max() < 1e-3
    assert filtered(seen).dtype == np.float32
    assert np.mean((filtered(seen) - x) ** 2) < 0.7 * np.mean((seen - x) ** 2)


# Training, and the parts of what it gives.


@pytest.mark.parametrize("config", [SMALL, attrs.evolve(SMALL, loss="cross-entropy", noise=0.2, code="linear")])
def test_a_run_follows_from_its_key(config, data):
    one, again, other = (trained(config, key, data) for key in (Key(1), Key(1), Key(2)))
    assert leaves(one) == leaves(again)
    assert leaves(one["params"]) != leaves(other["params"])
    assert one["scores"].keys() == {"test_mse", "test_cross_entropy", "coordinates_used", "best_epoch"}


@pytest.mark.parametrize("loss", autoencoder.LOSSES)
def test_encoder_and_decoder_are_the_whole(loss, data, tmp_path):
    config, x = attrs.evolve(SMALL, loss=loss), data.test[0]
    found = trained(config, Key(0), data)
    checkpoint.save(tmp_path / "run.npz", found)
    for params in (found["params"], checkpoint.load(tmp_path / "run.npz")["params"]):
        encode, decode = coder(config, params)
        assert encode(x).shape == (len(x), 3)
        y = decode(encode(x))
        model = network(config, 16)
        assert (y == model.apply(params, x)).all()
        assert found["scores"]["test_mse"] == pytest.approx(np.mean((y - x) ** 2), rel=1e-5)
        cross_entropy = -np.mean(x * np.log(y) + (1 - x) * np.log(1 - y))
        assert found["scores"]["test_cross_entropy"] == pytest.approx(cross_entropy, rel=1e-4)


def test_the_best_epoch_is_kept(data):
    config = Config(latent=3, depth=1, rate=0.3, patience=2, epochs=30)
    found = trained(config, Key(0), data)
    losses, best = found["curves"]["validation_loss"], found["scores"]["best_epoch"]
    assert len(losses) == best + 2 < 30
    assert losses.argmin() == best - 1
    encode, decode = coder(config, found["params"])
    x = data.validation[0]
    assert np.mean((decode(encode(x)) - x) ** 2) == pytest.approx(losses[best - 1], rel=1e-5)


def test_learning_lowers_the_error(data):
    config = Config(latent=4, depth=1, code="linear", rate=1e-2, epochs=20)
    losses = trained(config, Key(0), data)["curves"]["loss"]
    assert losses[-1] < 0.6 * losses[0]


def test_studies_share_cells_of_the_grid():
    cells = list(autoencoder_grid.GROUPS.values())
    assert len(cells) == len(set(cells)) == 50
    assert {reconstructions.CONFIG, interpolation.CONFIG, latent_space.PAPERS} < set(cells)
    assert {RECIPES[name].RECIPE.run for name in RECIPES if name != "denoising"} == {autoencoder.run}


# The recipes, small.


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_run_small(name, carried_out, data):
    results, claims = carried_out[name]
    recipe = RECIPES[name].RECIPE
    assert results.keys() == recipe.groups.keys()
    assert claims
    assert all(claim.statement.endswith(".") and claim.measured for claim in claims)
    assert len(describe(recipe, recipe.first, results, claims)) > len(results)
    assert not any("inf" in claim.measured for claim in claims)


def axes_of(carried_out, data, name):
    figures = RECIPES[name].figures(carried_out[name][0], data)
    return {title: [ax for ax in figure.axes if ax.get_label() != "<colorbar>"] for title, figure in figures.items()}


def test_heat_maps(carried_out, data):
    axes = axes_of(carried_out, data, "autoencoder_grid")
    assert {name: len(of) for name, of in axes.items()} == {"autoencoder_grid": 2, "autoencoder_grid_compared": 4}
    for ax in [ax for of in axes.values() for ax in of]:
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("depth", "latent size")
        assert len(ax.texts) == 25
    left, right = axes["autoencoder_grid"]
    first = carried_out["autoencoder_grid"][0]["latent 4, depth 1, cross-entropy"][0]["scores"]["test_cross_entropy"]
    assert right.texts[0].get_text() == f"{first:#.3g}"
    squared = carried_out["autoencoder_grid"][0]["latent 4, depth 1, mse"][0]["scores"]["test_mse"]
    assert left.texts[0].get_text() == f"{100 * squared:#.3g}"
    assert isinstance(left.collections[0].norm, LogNorm)
    assert left.collections[0].get_clim() != right.collections[0].get_clim()
    scales = [ax.collections[0].get_clim() for ax in axes["autoencoder_grid_compared"]]
    assert scales[0] == scales[1] != scales[2] == scales[3]


def test_picture_rows(carried_out, data):
    axes = {name: of for recipe in ("reconstructions", "interpolation", "denoising") for name, of in
            axes_of(carried_out, data, recipe).items()}  # fmt: skip
    assert [len(axes[name][0].images) for name in ("reconstructions", "interpolation")] == [2 * 4, 4 * 4]
    assert len(axes["interpolation"][0].patches) == 4
    for name in ("denoising_trained", "denoising_severe"):
        assert len(axes[name][0].images) == 5 * 4
        labels = [label.get_text() for label in axes[name][0].get_yticklabels()]
        assert labels[2:] == ["linear filter,\nfitted at 0.2", *denoising.GROUPS]
    psnr, accuracy = axes["denoising"]
    assert "dB" in psnr.get_ylabel()
    assert "accuracy" in accuracy.get_ylabel()
    assert [len(line.get_xdata()) for line in accuracy.lines[:5]] == [11] * 5
    clean = carried_out["denoising"][0]["autoencoder 64 x 5"][0]["scores"]["clean_accuracy"]
    assert accuracy.lines[4].get_ydata() == pytest.approx(np.full(11, clean))
    (legend,) = psnr.figure.legends
    lines = ["noisy", denoising.FILTER, *denoising.GROUPS, "clean images"]
    assert [text.get_text() for text in legend.get_texts()] == lines
    assert [text.get_text() for text in accuracy.texts] == ["trained at 0.2"]
    assert psnr.figure.get_suptitle() == "1 run of each"


def test_bands_are_explained_where_there_are_some(carried_out, data):
    results = {name: 2 * list(runs) for name, runs in carried_out["denoising"][0].items()}
    title = denoising.figures(results, data)["denoising"].get_suptitle()
    assert title == "2 runs of each; lines are interquartile means, bands interquartile ranges"


def test_map_table_and_confusion(carried_out, data):
    axes = axes_of(carried_out, data, "latent_space")
    (around,), tables, (confusion,) = axes.values()
    assert len(around.collections) == len(around.texts) == 4
    assert "100 test images" in around.get_title()
    assert len(tables) == 2
    for ax in tables:
        cells = {at: cell.get_text().get_text() for at, cell in ax.tables[0].get_celld().items()}
        assert [cells[0, column] for column in range(6)] == ["Class", "TP", "FP", "FN", "TN", "Accuracy"]
        assert cells[5, 0] == "Total"
        assert int(cells[5, 1]) + int(cells[5, 3]) == 100
        assert cells[5, 5] == f"{(int(cells[5, 1]) + int(cells[5, 4])) / 400:.4f}"
    assert len(confusion.texts) == 16


def test_runs_are_shared_with_the_grid(small, tmp_path, capsys):
    options = Options(epochs=1, jobs=1, data=small, out=str(tmp_path))
    cells = dict.fromkeys(["latent 32, depth 5, mse", "latent 64, depth 5, mse", "latent 4, depth 1, mse"])
    groups = {name: autoencoder_grid.GROUPS[name] for name in cells}
    nothing = {"figures": lambda results, data: {}, "claims": lambda results, data: []}
    run_recipe(attrs.evolve(autoencoder_grid.RECIPE, groups=groups, **nothing), options)
    capsys.readouterr()
    for module, found in ((reconstructions, "1 of 1"), (interpolation, "1 of 1"), (latent_space, "1 of 2")):
        run_recipe(attrs.evolve(module.RECIPE, **nothing), options)
        assert f"{found} runs are in" in capsys.readouterr().out


def test_what_is_measured_says_where_runs_were_cut_off(carried_out):
    for name in RECIPES:
        assert all(claim.measured.endswith("; runs were cut off after 2 epochs") for claim in carried_out[name][1])
    run = {"scores": {"best_epoch": 7}, "curves": {"loss": np.zeros(12)}}
    assert study.unfinished({"a": [run]}, {"a": Config(latent=2, depth=1, patience=5)}) == ""
    assert study.unfinished({"a": [run]}, {"a": Config(latent=2, depth=1, epochs=12)}) == ""
    assert "12 epochs" in study.unfinished({"a": [run]}, {"a": Config(latent=2, depth=1, patience=6)})
