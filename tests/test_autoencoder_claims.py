"""What the autoencoder recipes conclude, from planted results whose verdicts are known."""

import numpy as np
import pytest

from fnn import Key, generator
from recipes import autoencoder, autoencoder_grid, denoising, interpolation, latent_space, reconstructions
from recipes import claims as claims_of
from recipes.digits import Digits


@pytest.fixture(scope="module")
def data():
    """Digits of 4 x 4 pixels whose brightest row is their class."""

    def part(key, n):
        rng = generator(key)
        labels = rng.integers(4, size=n)
        images = rng.integers(100, size=(n, 4, 4))
        images[np.arange(n), labels] += 100
        return images.reshape(n, 16) / np.float32(255), labels

    parts = [part(Key(i), n) for i, n in enumerate((500, 100, 100))]
    return Digits(*parts, shape=(4, 4), n_classes=4, checksums={})


def of_classes(n_classes, n=400, shape=(3, 3)):
    """Digits whose pixels all have the value of their class, from 0 to 1, but for a little noise."""

    def part(key, n):
        labels = np.arange(n) % n_classes
        noise = 0.01 * generator(key).random((n, shape[0] * shape[1]))
        return np.clip(labels[:, None] / (n_classes - 1) + noise - 0.005, 0, 1).astype(np.float32), labels

    return Digits(*(part(Key(i), n) for i in range(3)), shape=shape, n_classes=n_classes, checksums={})


def planted_grid(size=0.7, depth=(1.0, 0.95, 0.8, 0.79, 0.78), more_sensitive=1.1):
    """Errors that fall by the factor `size` at every doubling of the code, and by `depth`, cross-entropy's more."""
    results = {}
    for i, latent in enumerate(autoencoder_grid.LATENTS):
        for j, d in enumerate(autoencoder_grid.DEPTHS):
            for loss in autoencoder.LOSSES:
                error = size ** (i * (more_sensitive if loss == "cross-entropy" else 1)) * depth[j]
                scores = {"test_mse": 0.05 * error, "test_cross_entropy": 0.2 * error, "coordinates_used": latent - 1}
                results[autoencoder_grid.group_name(latent, d, loss)] = [{"scores": scores}]
    return results


def test_claims_of_the_grid(data):
    good = autoencoder_grid.claims(planted_grid(), data)
    assert [claim.verdict for claim in good] == ["holds"] * 4
    assert "20 of 20 steps (mean squared error)" in good[0].measured
    assert "depth 1 and 5 use 3 and 3 of 4" in good[0].reason
    assert "best depths are 5, 5, 5, 5, 5 (mean squared error)" in good[1].measured
    bad = autoencoder_grid.claims(planted_grid(1.1, (0.7, 0.7, 0.9, 0.8, 0.8), 0.5), data)
    assert [claim.verdict for claim in bad] == ["fails", "fails", "fails", "holds"]  # errors rise less with size
    assert autoencoder_grid.claims(planted_grid(more_sensitive=0.9), data)[3].verdict == "fails"


def with_coder(monkeypatch, encode, decode):
    monkeypatch.setattr(autoencoder, "coder", lambda config, params: (encode, decode))


def planted(recipe):
    return {name: [{"params": {}}] for name in recipe.groups}


def same(x):
    return x


def blurred(x):
    images = np.pad(x.reshape(-1, 4, 4), ((0, 0), (1, 1), (1, 1)), mode="edge")
    return ((images[:, 1:-1, :-2] + images[:, 1:-1, 1:-1] + images[:, 1:-1, 2:]) / 3).reshape(len(x), -1)


@pytest.mark.parametrize(
    ("decode", "verdicts"),
    [
        (blurred, ["holds", "holds"]),
        (lambda x: x[:, ::-1], ["fails", "undecided"]),  # upside down: another class, as rough as before
        (lambda x: np.clip(2 * x - 0.5, 0, 1), ["holds", "fails"]),
    ],
)
def test_claims_of_reconstructions(decode, verdicts, data, monkeypatch):
    monkeypatch.setattr(claims_of, "FEWEST", 4)  # these digits have four classes
    with_coder(monkeypatch, same, decode)
    claims = reconstructions.claims(planted(reconstructions.RECIPE), data)
    assert [claim.verdict for claim in claims] == verdicts


def test_claims_of_interpolation(monkeypatch):
    ten = of_classes(10)
    with_coder(monkeypatch, same, same)
    even, near = interpolation.claims(planted(interpolation.RECIPE), ten)
    assert (even.verdict, near.verdict) == ("holds", "holds")
    assert "makes 10.0 % (95 % interval" in even.measured
    assert "a correlation of 1.00 (95 % interval" in near.measured

    # Codes whose distances fall where those of the images rise: points with d² = 200 - |i - j|² - [i = j] 200.
    steps = np.abs(np.subtract.outer(np.arange(10), np.arange(10)))
    squares = np.where(steps > 0, 200.0 - steps**2, 0)
    centred = np.eye(10) - 0.1
    values, vectors = np.linalg.eigh(-centred @ squares @ centred / 2)
    codes = (vectors * np.sqrt(np.maximum(values, 0))).astype(np.float32)
    with_coder(monkeypatch, lambda x: codes[np.rint(9 * x.mean(axis=1)).astype(int)], np.sign)
    jump, far = interpolation.claims(planted(interpolation.RECIPE), ten)
    assert (jump.verdict, far.verdict) == ("fails", "fails")


def test_claims_of_the_latent_space(data, monkeypatch):
    with_coder(monkeypatch, lambda x: x.reshape(-1, 4, 4).mean(axis=2), same)  # the rows' means tell the classes apart
    clusters, like, read, read_well = latent_space.claims(planted(latent_space.RECIPE), data)
    assert [claim.verdict for claim in (clusters, like, read, read_well)] == ["holds", "undecided", "holds", "holds"]
    with_coder(monkeypatch, lambda x: x[:, :1] - x[:, 1:2], same)  # two pixels of one row tell nothing
    clusters, like, read, read_well = latent_space.claims(planted(latent_space.RECIPE), data)
    assert [claim.verdict for claim in (clusters, like, read, read_well)] == ["fails", "undecided", "fails", "fails"]
    assert "80.97 %" in read.reason


def test_figures_of_both_protocols_agree_with_the_table(data, monkeypatch):
    with_coder(monkeypatch, lambda x: x[:, :4], same)
    seen, held_out = latent_space.readings(planted(latent_space.RECIPE), data)
    assert seen.sum() == held_out.sum() == 100
    _, _, read, _ = latent_space.claims(planted(latent_space.RECIPE), data)
    plain = np.trace(held_out) / 100
    assert f"held out, plain accuracy {plain:.4f}" in read.measured
    assert f"one-against-rest {1 - 2 * (1 - plain) / 4:.4f};" in read.measured
    assert "100 digits)" in read.measured
    assert f"plain {np.trace(seen) / 100:.4f}" in read.measured


def test_digits_that_look_alike():
    apart = 900 * np.eye(10, dtype=int) + 2
    alike = apart.copy()
    for pair in latent_space.LIKE:
        alike[pair] = alike[pair[::-1]] = 50 + sum(pair)
    assert latent_space.closeness(alike).verdict == "holds"
    assert latent_space.closeness(apart).verdict == "undecided"
    shares = alike / alike.sum(axis=1, keepdims=True)
    pairs = {(i, j): 50 * (shares[i, j] + shares[j, i]) for i in range(10) for j in range(i)}
    by_hand = np.mean([share for (i, j), share in pairs.items() if (j, i) in latent_space.LIKE])
    others = np.mean([share for (i, j), share in pairs.items() if (j, i) not in latent_space.LIKE])
    measured = latent_space.closeness(alike).measured
    assert f"{by_hand:.1f} % of these pairs' digits are read as the other, of other pairs' {others:.1f} %" in measured
    assert f"a difference of {by_hand - others:.1f} points" in measured
    unlike = apart + 50
    for pair in latent_space.LIKE:
        unlike[pair] = unlike[pair[::-1]] = 0
    assert latent_space.closeness(unlike).verdict == "fails"


def planted_denoising(psnr, wide, accuracy, n=5):
    def scores(i, psnr):
        drift = 0.001 * i
        return {
            "clean_accuracy": 0.97 + drift,
            "noisy_psnr_at_0.2": 16.7,
            "filtered_psnr_at_0.2": 22.9 + drift,
            "denoised_psnr_at_0.2": psnr + 2 * drift,
            "noisy_accuracy_at_0.6": 0.4 + 2 * drift,
            "denoised_accuracy_at_0.6": accuracy + drift,
        }

    return {
        name: [{"scores": scores(i, value)} for i in range(n)]
        for name, value in zip(denoising.GROUPS, (psnr, wide), strict=True)
    }


@pytest.mark.parametrize(
    ("planted", "verdicts"),
    [
        (planted_denoising(23.5, 24.7, 0.96), ["holds"] * 5),
        (planted_denoising(15.0, 24.0, 0.3), ["fails"] * 5),
        (planted_denoising(20.0, 24.7, 0.7), ["holds", "fails", "holds", "fails", "holds"]),
    ],
)
def test_claims_of_denoising(planted, verdicts, data):
    claims = denoising.claims(planted, data)
    assert [claim.verdict for claim in claims] == verdicts
    assert "the filter's 22.9" in claims[1].reason
    assert [claim.source for claim in claims] == ["the paper"] * 4 + ["ours"]


@pytest.mark.parametrize("n", [1, 4])
def test_few_runs_decide_nothing_about_denoising(n, data):
    claims = denoising.claims(planted_denoising(23.5, 24.7, 0.96, n=n), data)
    assert [claim.verdict for claim in claims] == ["undecided"] * 5
    assert all(f"(too few runs: {n})" in claim.measured for claim in claims)
