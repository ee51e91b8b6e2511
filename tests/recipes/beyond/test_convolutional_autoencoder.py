"""Convolutional autoencoders and denoisers: their networks, their training, and what the recipe draws and concludes."""

import attrs
import numpy as np
import pytest

import fnn
from fnn import Key, generator
from fnn.metrics import psnr
from recipes.autoencoders import autoencoder, autoencoder_grid
from recipes.autoencoders.autoencoder import noisy
from recipes.beyond import coders
from recipes.beyond import convolutional_autoencoder as recipe
from recipes.beyond.coders import Config, images_of_rows, network
from recipes.data.digits import SHA256, Digits
from recipes.training import result

SHAPE = (8, 8)
SMALL = {
    name: attrs.evolve(config, **({"channels": (3, 4)} if isinstance(config, Config) else {}), epochs=2)
    for name, config in recipe.GROUPS.items()
}


def bars(key, n):
    """Images of one bright bar, whose place is their class."""
    rng = generator(key)
    labels = rng.integers(4, size=n)
    x = np.zeros((n, *SHAPE), np.float32)
    for image, label in zip(x, labels, strict=True):
        image[2 * label : 2 * label + 2, 1:7] = 0.7 + 0.3 * rng.random()
    return x.reshape(n, -1), labels


DATA = Digits(*(bars(Key(i), n) for i, n in enumerate((200, 60, 60))), SHAPE, 4, SHA256)


@pytest.fixture(scope="module")
def results():
    run = {name: result(recipe.run(config, Key(0), DATA)) for name, config in SMALL.items()}
    return {name: [found] for name, found in run.items()}


# The networks.


def test_images_of_rows_keep_the_laws_and_undo_flatten():
    fnn.check_layer(images_of_rows(2, 3, 2), (12,))
    x = np.arange(24.0).reshape(2, 12)
    np.testing.assert_array_equal(fnn.chain(images_of_rows(2, 3, 2), fnn.flatten(3)).apply({"0": {}, "1": {}}, x), x)
    assert images_of_rows(2, 3).apply({}, np.arange(6.0)[None])[0, 1, 2, 0] == 5


@pytest.mark.parametrize("latent", [32, 0])
def test_networks_give_digits_back(latent):
    model = network(Config(latent=latent), (28, 28))
    _, shape = model.init(Key(0), (784,))
    assert shape == (784,)
    if latent:
        assert model["encoder"].init(Key(0), (784,))[1] == (32,)
    else:
        inner = model[:-2].init(Key(0), (784,))[1]
        assert np.prod(inner) > 784  # no bottleneck


def test_a_denoised_pixel_depends_on_as_many_pixels_as_the_reason_says():
    model = network(recipe.GROUPS[recipe.DENOISER], (36, 36))
    params, _ = model.init(Key(0), (36 * 36,))
    params = fnn.tree.map(lambda leaf: np.abs(leaf) + 0.1, params)  # so that nothing cancels, and no ReLU is dead
    x = np.ones((1, 36 * 36), np.float32)
    base = model.apply(params, x).reshape(36, 36)

    def reach(i):
        more = x.copy().reshape(36, 36)
        more[i, i] += 1
        changed = np.argwhere(model.apply(params, more.reshape(1, -1)).reshape(36, 36) != base)
        return changed.min(), changed.max()

    widths = [high - low + 1 for low, high in map(reach, (17, 18))]
    reason = recipe.claims(planted(), DATA)[-1].reason
    assert f"depends on {max(widths)} x {max(widths)} pixels" in reason


# The training and its test.


def test_the_targets_of_a_denoiser_are_the_clean_digits(monkeypatch):
    seen = []

    def mse(logits, target):
        seen.append(target)
        return fnn.mse(logits, target)

    monkeypatch.setitem(coders.LOSSES, "mse", mse)
    config = Config(latent=0, channels=(2, 2), noise=0.5, epochs=1, batch_size=200)
    result(coders.run(config, Key(0), DATA))
    assert len(seen) == 1
    assert {row.tobytes() for row in seen[0]} == {row.tobytes() for row in DATA.train[0]}


def test_training_lowers_the_loss_and_depends_on_the_key_alone():
    config = Config(latent=3, channels=(3, 4), rate=0.02, batch_size=20, epochs=6)
    first, again, other = (result(coders.run(config, Key(k), DATA)) for k in (0, 0, 1))
    assert first["curves"]["loss"][-1] < 0.5 * first["curves"]["loss"][0]
    assert first["params"] == again["params"] != other["params"]


def test_the_denoiser_is_tuned_on_noisy_digits():
    config = Config(latent=0, channels=(2, 2), noise=0.5, epochs=1)
    params = result(coders.run(config, Key(0), DATA))["params"]
    seen = noisy(DATA.train[0], 0.5, fnn.split(Key(0), 4)[-1])
    assert params == fnn.tune(network(config, SHAPE), params, seen)


def test_codes_are_scored(results):
    for name in ("convolutional, 32 numbers", "paper's, 64 numbers"):
        (run,), config = results[name], SMALL[name]
        given = recipe.restore(config, run["params"], DATA.test[0], SHAPE)
        assert given.min() >= 0
        assert given.max() <= 1
        assert run["scores"]["test_mse"] == pytest.approx(np.mean((given - DATA.test[0]) ** 2), rel=1e-5)
        assert 0 <= run["scores"]["knn_accuracy"] <= 1


def test_denoised_digits_are_scored_on_the_same_noise(results):
    ours, deep, wide = (results[name][0] for name in (recipe.DENOISER, recipe.DEEP, recipe.WIDE))
    for way in ("noisy", "filtered"):
        np.testing.assert_array_equal(ours["curves"][way], wide["curves"][way])
        np.testing.assert_array_equal(ours["curves"][way], deep["curves"][way])
    x, noise_key = DATA.test[0], fnn.split(Key(0), 3)[2]
    seen = noisy(x, 0.6, noise_key)
    given = recipe.restore(SMALL[recipe.DENOISER], ours["params"], seen, SHAPE)
    assert ours["scores"]["noisy_psnr_at_0.6"] == pytest.approx(psnr(seen, x))
    assert ours["scores"]["denoised_psnr_at_0.6"] == pytest.approx(psnr(given, x))
    assert ours["curves"]["denoised"].shape == (len(recipe.LEVELS),)
    assert ours["scores"]["test_mse"] == pytest.approx(10 ** (-ours["scores"]["denoised_psnr_at_0.2"] / 10))


# What it draws and concludes.


def test_the_paper_s_networks_are_its_best_of_their_size():
    for z, depth in recipe.DEPTHS.items():
        ours = recipe.GROUPS[recipe.PAPERS.format(z)]
        assert ours == attrs.evolve(autoencoder_grid.GROUPS[f"latent {z}, depth {depth}, mse"], epochs=10)
    assert {type(recipe.GROUPS[name]) for name in (recipe.DEEP, recipe.WIDE)} == {autoencoder.Config}


def test_pictures(results, monkeypatch):
    monkeypatch.setattr(recipe, "GROUPS", SMALL)
    coded, denoised = recipe.figures(results, DATA).values()
    above, below = coded.subfigs
    assert above.get_suptitle() == "1 run of each"
    assert [ax.get_ylabel() for ax in above.axes] == [
        "test mean squared error × 100",
        "test digits read by nearest codes (%)",
    ]
    assert len(below.axes[0].images) == 5 * 4
    curves, *grids = denoised.subfigs
    assert len(curves.axes[0].get_legend().get_texts()) == 5
    assert [part.get_suptitle()[-9:] for part in grids] == ["noise 0.2", "noise 0.6"]
    assert [len(part.axes[0].images) for part in grids] == [6 * 4] * 2


def planted(mse=(0.007, 0.004), knn=(0.97, 0.96), at=(26.5, 15.0), wide=(24.7, 16.0), n=5):
    steps = 1e-4 * np.arange(n)

    def denoiser(trained, severe):
        ratios = {"denoised_psnr_at_0.2": trained, "denoised_psnr_at_0.6": severe}
        rest = {f"{way}_psnr_at_0.2": 20.0 for way in ("noisy", "filtered")}
        return [{"scores": {name: ratio + step for name, ratio in (ratios | rest).items()}} for step in steps]

    def codes(error, share):
        return [{"scores": {"test_mse": error * (1 + step), "knn_accuracy": share + step}} for step in steps]

    return {
        recipe.DENOISER: denoiser(*at),
        recipe.WIDE: denoiser(*wide),
        recipe.DEEP: denoiser(*wide),
        **{recipe.OURS.format(z): codes(error, knn[0]) for z, error in zip((32, 64), mse, strict=True)},
        **{recipe.PAPERS.format(z): codes(0.01, knn[1]) for z in (32, 64)},
    }


def test_each_claim_can_hold_and_fail():
    def verdicts(**changes):
        return [claim.verdict for claim in recipe.claims(planted(**changes), DATA)]

    assert verdicts() == ["holds"] * 5 + ["fails"]
    assert verdicts(at=(26.5, 17.0)) == ["holds"] * 6
    assert verdicts(mse=(0.008, 0.005)) == ["fails"] * 2 + ["holds"] * 3 + ["fails"]
    assert verdicts(knn=(0.95, 0.96)) == ["holds", "holds", "fails", "fails", "holds", "fails"]
    assert verdicts(at=(26.2, 17.0)) == ["holds"] * 4 + ["fails", "holds"]
    assert verdicts(n=4) == ["not judged"] * 6
    assert all(claim.source == "ours" for claim in recipe.claims(planted(), DATA))
