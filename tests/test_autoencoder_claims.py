"""What the autoencoder recipes conclude, from planted results whose verdicts are known."""

import numpy as np
import pytest

from fnn import Key, generator
from fnn.metrics import one_vs_rest, psnr
from recipes import (
    autoencoder,
    autoencoder_grid,
    confusions,
    denoising,
    interpolation,
    latent_space,
    pairs,
    reconstructions,
)
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


def of_classes(n_classes, n=400, shape=(3, 3), noise=0.01):
    """Digits whose pixels all have the value of their class, from 0 to 1, but for some noise."""

    def part(key, n):
        labels = np.arange(n) % n_classes
        off = noise * (generator(key).random((n, shape[0] * shape[1])) - 0.5)
        return np.clip(labels[:, None] / (n_classes - 1) + off, 0, 1).astype(np.float32), labels

    return Digits(*(part(Key(i), n) for i in range(3)), shape=shape, n_classes=n_classes, checksums={})


def planted_grid(size=0.7, depth=(1.0, 0.95, 0.8, 0.79, 0.78), more_sensitive=1.1, least=0.0, best=2):
    """Errors that fall by the factor `size` at every doubling of the code, and by `depth`, cross-entropy's more."""
    results = {}
    for i, latent in enumerate(autoencoder_grid.LATENTS):
        for j, d in enumerate(autoencoder_grid.DEPTHS):
            for loss in autoencoder.LOSSES:
                error = size ** (i * (more_sensitive if loss == "cross-entropy" else 1)) * depth[j]
                cross_entropy = least + 0.2 * error
                scores = {
                    "test_mse": 0.05 * error,
                    "test_cross_entropy": cross_entropy,
                    "coordinates_used": latent - 1,
                }
                run = {"scores": scores, "curves": {"validation_loss": [9.0, abs(d - best), 9.0]}, "params": {}}
                results[autoencoder_grid.group_name(latent, d, loss)] = [run]
    return results


def with_coder(monkeypatch, encode, decode, untrained=None):
    """Another coder in the place of trained ones, whose planted parameters are empty, and of untrained ones."""
    null = (encode, decode) if untrained is None else untrained
    monkeypatch.setattr(autoencoder, "coder", lambda config, params: null if params else (encode, decode))


def rows(x):
    """The means of the rows of digits of 4 x 4 pixels, which tell the classes of `data` apart."""
    return x.reshape(-1, 4, 4).mean(axis=2)


def verdicts(claims):
    return [claim.verdict for claim in claims]


def test_claims_of_the_grid(data, monkeypatch):
    with_coder(monkeypatch, rows, same)
    good = autoencoder_grid.claims(planted_grid(), data)
    assert verdicts(good) == ["holds"] * 7
    for claim, loss in zip(good, autoencoder_grid.NAMES.values(), strict=False):
        assert f"({loss})" in claim.statement
        assert "falls in 100 % (95 % interval 84 to 100 %, 20 steps), to exceed 80 %" in claim.measured
        assert f"trained with the {loss}, the networks of depth 1 and 5 use 3 and 3 of 4" in claim.reason
    assert "best depths are 5, 5, 5, 5, 5 (mean squared error)" in good[2].measured
    bad = autoencoder_grid.claims(planted_grid(1.1, (0.7, 0.7, 0.9, 0.8, 0.8), 0.5), data)
    assert verdicts(bad)[:5] == ["fails", "fails", "fails", "fails", "holds"]  # errors rise less with size
    assert autoencoder_grid.sensitive(planted_grid(more_sensitive=0.9), data).verdict == "fails"


def test_each_loss_is_judged_alone():
    results, name = planted_grid(), autoencoder_grid.group_name
    for d in autoencoder_grid.DEPTHS:  # from 4 to 8 and from 16 to 32 numbers, the cross-entropy now rises
        for z in (4, 16):
            results[name(z, d, "cross-entropy")] = results[name(64, d, "cross-entropy")]
    assert verdicts(autoencoder_grid.larger(results, loss) for loss in autoencoder.LOSSES) == ["holds", "fails"]


@pytest.mark.parametrize(
    ("depth", "verdict"),
    [
        ((1.0, 0.9, 0.8, 0.80, 0.81), "holds"),
        ((1.0, 0.9, 0.8, 0.85, 0.90), "fails"),  # from depth 3 on it gets worse, and that is no plateau
        ((1.0, 0.9, 0.8, 0.75, 0.70), "fails"),  # it goes on falling
        ((0.8, 0.8, 0.8, 0.79, 0.78), "fails"),  # it falls at greater depths only
    ],
)
def test_a_plateau_is_level(depth, verdict, data, monkeypatch):
    with_coder(monkeypatch, rows, same)
    assert autoencoder_grid.claims(planted_grid(depth=depth), data)[3].verdict == verdict


def test_cross_entropy_is_measured_above_the_pixels_entropy(data):
    least = autoencoder_grid.entropy(data.test[0])
    claim = autoencoder_grid.sensitive(planted_grid(least=least), data)
    assert claim.verdict == "fails"
    assert f"its least possible value by falls by {100 * (1 - 0.7**4.4):.1f} %" in claim.measured
    assert "(1 - y) log(1 - p)" in claim.reason


def test_the_network_that_is_read_has_the_least_validation_loss(data, monkeypatch):
    asked = []

    def coder(config, params):
        asked.append(config)
        return (lambda x: x[:, :1] - x[:, 1:2]), same  # two pixels of one row tell nothing

    monkeypatch.setattr(autoencoder, "coder", coder)
    claim = autoencoder_grid.read_well(planted_grid(best=4), data, "cross-entropy")
    assert (claim.verdict, claim.source) == ("fails", "ours")
    assert asked == [autoencoder.Config(latent=32, depth=4, loss="cross-entropy")]
    assert "depth 4" in claim.measured


def planted(recipe):
    found = {"test_mse": 0.01, "coordinates_used": 21}
    return {name: [{"params": {}, "scores": found}] for name in recipe.groups}


def same(x):
    return x


def blurred(x):
    images = np.pad(x.reshape(-1, 4, 4), ((0, 0), (1, 1), (1, 1)), mode="edge")
    return ((images[:, 1:-1, :-2] + images[:, 1:-1, 1:-1] + images[:, 1:-1, 2:]) / 3).reshape(len(x), -1)


@pytest.mark.parametrize(
    ("decode", "expected"),
    [
        (blurred, ["holds", "holds"]),
        (lambda x: x[:, ::-1], ["fails", "undecided"]),  # upside down: another class, as rough as before
        (lambda x: np.clip(2 * x - 0.5, 0, 1), ["holds", "fails"]),
    ],
)
def test_claims_of_reconstructions(decode, expected, data, monkeypatch):
    monkeypatch.setattr(claims_of, "FEWEST", 4)  # these digits have four classes
    with_coder(monkeypatch, same, decode)
    claims = reconstructions.claims(planted(reconstructions.RECIPE), data)
    assert verdicts(claims) == expected
    average = np.mean((data.test[0] - data.train[0].mean(axis=0)) ** 2)
    for claim in claims:
        assert f"0.0100 a pixel, where the mean training digit in their place has {average:.4f}" in claim.reason
        assert "21 of the code's 32 numbers" in claim.reason


def test_claims_of_interpolation_are_judged_against_no_training(monkeypatch):
    ten = of_classes(10, noise=0.6)
    # Codes whose distances fall where those of the images rise: points with d² = 200 - |i - j|² - [i = j] 200.
    steps = np.abs(np.subtract.outer(np.arange(10), np.arange(10)))
    squares = np.where(steps > 0, 200.0 - steps**2, 0)
    centred = np.eye(10) - 0.1
    values, vectors = np.linalg.eigh(-centred @ squares @ centred / 2)
    codes = (vectors * np.sqrt(np.maximum(values, 0))).astype(np.float32)
    perverse = (
        (lambda x: codes[np.clip(np.rint(9 * x.mean(axis=1)), 0, 9).astype(int)]),
        lambda z: np.sign(z[:, :9]),
    )
    with_coder(monkeypatch, same, same, untrained=perverse)
    claims = interpolation.claims(planted(interpolation.RECIPE), ten)
    assert verdicts(claims) == ["holds", "undecided", "holds", "fails"]
    assert "makes 10.0 % (95 % interval 10.0 to 10.0 %, 10 classes)" in claims[0].measured
    assert "10 % where one picture merely fades" in claims[0].measured
    assert "+0.00 (95 % interval" in claims[1].measured  # here the midpoint is the cross-fade
    with_coder(monkeypatch, *perverse, untrained=(same, same))
    smooth, _, near, _ = interpolation.claims(planted(interpolation.RECIPE), ten)
    assert (smooth.verdict, near.verdict) == ("fails", "fails")
    with_coder(monkeypatch, same, same)  # as good without training
    smooth, _, near, _ = interpolation.claims(planted(interpolation.RECIPE), ten)
    assert (smooth.verdict, near.verdict) == ("holds", "undecided")
    assert "10.0 % for the same network without training" in smooth.measured


def test_a_midpoint_that_is_a_digit_is_nearer_than_a_cross_fade(monkeypatch):
    ten = of_classes(10)

    def level(x):
        return 9 * x.mean(axis=1, keepdims=True) * np.ones(9)

    with_coder(monkeypatch, same, lambda x: np.rint(level(x)) / 9)
    assert interpolation.claims(planted(interpolation.RECIPE), ten)[1].verdict == "holds"
    with_coder(monkeypatch, same, lambda x: (level(x) + 5 * (abs(level(x) - np.rint(level(x))) > 0.2)) / 9)
    assert interpolation.claims(planted(interpolation.RECIPE), ten)[1].verdict == "fails"


@pytest.mark.parametrize(
    ("by", "verdict"), [((-1, -1), "holds"), ((1, 1), "fails"), ((-1, 1), "fails"), ((1, -1), "fails")]
)
def test_natural_transitions(by, verdict):
    midpoint = 5 + 0.1 * generator(Key(0)).random((10, 10))
    midpoint = midpoint + midpoint.T
    for pair, shift in zip(interpolation.NATURAL, by, strict=True):
        midpoint[pair] = midpoint[pair[::-1]] = midpoint[pair] + shift
    of = interpolation.Between(distance=midpoint, step=midpoint, midpoint=midpoint, fade=midpoint + 1)
    assert interpolation.natural(of).verdict == verdict
    nine = interpolation.Between(*[midpoint[:9, :9]] * 4)
    assert interpolation.natural(nine).verdict == "undecided"  # there is no 9


def test_classes_and_not_pairs_are_the_sample():
    """One class far from all others moves nine pairs of 45 at once, and few resamples of classes leave it out."""
    distance = np.ones((10, 10))
    distance[0], distance[:, 0] = 10, 10
    found = pairs.mean(distance)
    assert found.value == pytest.approx(1 + 9 * 9 / 45)
    assert (found.n, found.of) == (10, "classes")
    assert found.interval[0] == 1  # it is missing from a third of the resamples of ten classes
    drawn = np.array([0, 0, 1, 2, 2, 2, 3, 4, 5, 6])
    by_hand = [distance[i, j] for i in drawn for j in drawn if i != j]
    assert pairs.average(distance, ~np.eye(10, dtype=bool), drawn) == pytest.approx(np.mean(by_hand))


def test_claims_of_the_latent_space(data, monkeypatch):
    with_coder(monkeypatch, lambda x: 1.0 * (rows(x) == rows(x).max(axis=1, keepdims=True)), same)
    claims = latent_space.claims(planted(latent_space.RECIPE), data)
    assert verdicts(claims) == ["holds", "undecided", "holds", "holds", "undecided", "undecided", "holds"]
    with_coder(monkeypatch, lambda x: x[:, :1] - x[:, 1:2], same)  # two pixels of one row tell nothing
    claims = latent_space.claims(planted(latent_space.RECIPE), data)
    assert verdicts(claims) == ["fails", "undecided", "fails", "fails", "undecided", "undecided", "fails"]
    assert "80.97 %" in claims[3].reason
    assert [claim.source for claim in claims] == ["the paper"] * 6 + ["ours"]


def test_overlapping_clusters_are_not_distinct(data, monkeypatch):
    with_coder(monkeypatch, lambda x: x.reshape(-1, 4, 4)[:, :, 0] ** 0.15, same)
    claim = latent_space.claims(planted(latent_space.RECIPE), data)[0]
    assert "test codes +0.1" in claim.measured  # positive, and yet not distinct
    assert claim.verdict == "fails"


def test_figures_of_both_protocols_agree_with_the_table(data, monkeypatch):
    with_coder(monkeypatch, lambda x: x[:, :4], same)
    seen, held_out = latent_space.readings(planted(latent_space.RECIPE), data)
    assert seen.sum() == held_out.sum() == 100
    rest, text = latent_space.claims(planted(latent_space.RECIPE), data)[2:4]
    of_seen, of_held_out = np.trace(seen) / 100, np.trace(held_out) / 100
    assert of_seen != of_held_out
    assert f"fitted on the test codes that it scores, as in the paper, {1 - 2 * (1 - of_seen) / 4:.4f}" in rest.measured
    assert f"held out, {1 - 2 * (1 - of_held_out) / 4:.4f}" in rest.measured
    assert f"read as plain accuracy, held out, {of_held_out:.4f}" in text.measured
    assert "100 digits)" in text.measured
    assert f"as in the paper, {of_seen:.4f}" in text.measured


def test_digits_that_look_alike():
    apart = 900 * np.eye(10, dtype=int) + 2
    alike = apart.copy()
    for pair in confusions.LIKE:
        alike[pair] = alike[pair[::-1]] = 50 + sum(pair)
    claim = confusions.closeness(alike)
    assert claim.verdict == "holds"
    assert confusions.closeness(apart).verdict == "undecided"
    shares = alike / alike.sum(axis=1, keepdims=True)
    both = {(i, j): 50 * (shares[i, j] + shares[j, i]) for i in range(10) for j in range(i)}
    by_hand = np.mean([share for (i, j), share in both.items() if (j, i) in confusions.LIKE])
    others = np.mean([share for (i, j), share in both.items() if (j, i) not in confusions.LIKE])
    assert (
        f"{by_hand:.1f} % of these pairs' digits are read as the other, of other pairs' {others:.1f} %"
        in claim.measured
    )
    assert f"a difference of {by_hand - others:.1f} points" in claim.measured
    assert set(claim.reason.rsplit(" ", 4)[1:]) == {"4-9,", "5-8,", "3-8,", "3-5"}
    unlike = apart + 50
    for pair in confusions.LIKE:
        unlike[pair] = unlike[pair[::-1]] = 0
    assert confusions.closeness(unlike).verdict == "fails"


def test_digits_that_stand_out():
    mistaken = np.full(10, 10)
    mistaken[1], mistaken[[3, 5]] = 1, 30
    confusion = 100 * np.eye(10, dtype=int) + mistaken[:, None] // 10 * (1 - np.eye(10, dtype=int))
    one, low = confusions.distinctive(confusion, 1000 * np.eye(10, dtype=int))
    assert (one.verdict, low.verdict) == ("holds", "holds")
    table = one_vs_rest(confusion).accuracy
    less = 100 * (table[1] - np.delete(table, 1).mean())
    assert f"{table[1]:.4f}, held out (1.0000 the paper's way)" in one.measured
    assert f"the other digits', {less:+.2f} points (95 %" in one.measured
    swapped = confusion[[0, 3, 2, 1, 4, 8, 6, 7, 5, 9]][:, [0, 3, 2, 1, 4, 8, 6, 7, 5, 9]]
    assert verdicts(confusions.distinctive(swapped, confusion)) == ["fails", "fails"]  # 3 is read best now, not 1
    assert verdicts(confusions.distinctive(np.eye(4, dtype=int), np.eye(4, dtype=int))) == ["undecided"] * 2


def planted_denoising(psnr, wide, accuracy, at_trained=0.95, n=5):
    def scores(i, psnr):
        drift = 0.001 * i
        return {
            "clean_accuracy": 0.97 + drift,
            "noisy_psnr_at_0.2": 16.7,
            "filtered_psnr_at_0.2": 22.9 + drift,
            "denoised_psnr_at_0.2": psnr + 2 * drift,
            "noisy_accuracy_at_0.2": 0.7 + 2 * drift,
            "denoised_accuracy_at_0.2": at_trained + drift,
            "noisy_accuracy_at_0.6": 0.4 + 2 * drift,
            "denoised_accuracy_at_0.6": accuracy + drift,
            "best_epoch": 7,
        }

    rest = {"curves": {"denoised_accuracy": np.full(11, 0.96)}, "params": {"denoiser": {}}}
    return {
        name: [{"scores": scores(i, value), **rest} for i in range(n)]
        for name, value in zip(denoising.GROUPS, (psnr, wide), strict=True)
    }


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        (planted_denoising(23.5, 24.7, 0.96), ["holds"] * 7),
        (planted_denoising(15.0, 24.0, 0.3, 0.6), ["fails"] * 7),
        (planted_denoising(20.0, 24.7, 0.7), ["holds", "holds", "holds", "fails", "holds", "fails", "holds"]),
        (planted_denoising(20.0, 24.7, 0.7, 0.9), ["holds", "fails", "holds", "fails", "holds", "fails", "holds"]),
    ],
)
def test_claims_of_denoising(planted, expected, data, monkeypatch):
    with_coder(monkeypatch, same, blurred)
    claims = denoising.claims(planted, data)
    assert verdicts(claims) == expected
    ratio = psnr(blurred(data.test[0]), data.test[0])
    for claim in (claims[0], claims[3]):
        assert "the filter's 22.9" in claim.reason
        assert (
            f"given digits without any noise, the autoencoder and its code of 64 numbers reach {ratio:.1f}"
            in claim.reason
        )
    assert all(claim.reason for claim in claims)
    assert [claim.source for claim in claims] == ["the paper"] * 6 + ["ours"]


@pytest.mark.parametrize("n", [1, 4])
def test_few_runs_decide_nothing_about_denoising(n, data, monkeypatch):
    with_coder(monkeypatch, same, blurred)
    claims = denoising.claims(planted_denoising(23.5, 24.7, 0.96, n=n), data)
    assert verdicts(claims) == ["undecided"] * 7
    assert all(f"(too few runs: {n})" in claim.measured for claim in claims)
