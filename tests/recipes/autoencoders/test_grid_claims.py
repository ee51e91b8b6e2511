"""What the grid of autoencoders concludes, from planted errors."""

import numpy as np
import pytest

from recipes.autoencoders import autoencoder, autoencoder_grid, cells
from recipes.claims import ALIKE
from tests.support.known_verdicts import DATA, rows, same, verdicts, with_coder

RNG = np.random.default_rng(0)


def planted_grid(size=0.7, depth=(1.0, 0.95, 0.8, 0.79, 0.78), more_sensitive=1.2, best=2, n=3, scatter=0.01):
    """Errors that fall by the factor `size` at every doubling of the code, and by `depth`, cross-entropy's more.

    A cross-entropy is what it exceeds the entropy of the pixels by, and that.
    """
    results, least = {}, cells.entropy(DATA.test[0])
    for i, latent in enumerate(autoencoder_grid.LATENTS):
        for j, d in enumerate(autoencoder_grid.DEPTHS):
            for loss in autoencoder.LOSSES:
                error = size ** (i * (more_sensitive if loss == "cross-entropy" else 1)) * depth[j]
                runs = []
                for off in np.exp(scatter * RNG.standard_normal(n)):
                    scores = {"test_mse": 0.05 * error * off, "test_cross_entropy": least + 0.2 * error * off}
                    curves = {"validation_loss": [9.0, abs(d - best), 9.0]}
                    runs.append({"scores": {**scores, "coordinates_used": latent - 1}, "curves": curves, "params": {}})
                results[autoencoder_grid.group_name(latent, d, loss)] = runs
    return results


def test_claims_of_the_grid(monkeypatch):
    with_coder(monkeypatch, rows, same)
    good = autoencoder_grid.claims(planted_grid(), DATA)
    assert verdicts(good) == ["holds"] * 7
    for claim, loss in zip(good, autoencoder_grid.NAMES.values(), strict=False):
        assert f"({loss})" in claim.statement
        assert "the least of the 4 steps is -" in claim.measured
        assert f"trained with the {loss}, the networks of depth 1 and 5 use 3 and 3 of 4" in claim.reason
    assert "with every doubling of the code the error changes by -30." in good[0].measured.replace("-29.9", "-30.0")
    assert "60 runs)" in good[0].measured
    assert "best depths are 5, 5, " in good[2].measured
    bad = autoencoder_grid.claims(planted_grid(1.1, (0.7, 0.7, 0.9, 0.8, 0.8), 0.5), DATA)
    assert verdicts(bad)[:5] == ["fails", "fails", "fails", "fails", "holds"]  # errors rise less with size
    assert autoencoder_grid.sensitive(planted_grid(more_sensitive=0.8), DATA).verdict == "fails"
    assert autoencoder_grid.sensitive(planted_grid(more_sensitive=1.0), DATA).verdict == ALIKE


@pytest.mark.parametrize("n", [1, 2])
def test_few_runs_a_cell_decide_nothing(n, monkeypatch):
    with_coder(monkeypatch, rows, same)
    claims = autoencoder_grid.claims(planted_grid(n=n), DATA)
    assert verdicts(claims) == ["not judged"] * 7
    assert all(f"(too few runs a cell: {n})" in claim.measured for claim in claims)


def test_each_loss_and_each_step_is_judged():
    results, name = planted_grid(), autoencoder_grid.group_name
    for d in autoencoder_grid.DEPTHS:  # from 16 to 32 numbers, the cross-entropy now rises
        results[name(16, d, "cross-entropy")] = results[name(64, d, "cross-entropy")]
    assert verdicts(autoencoder_grid.larger(results, *each) for each in cells.floors(DATA).items()) == [
        "holds",
        "fails",
    ]
    for d in autoencoder_grid.DEPTHS:  # now it stays
        results[name(16, d, "cross-entropy")] = results[name(32, d, "cross-entropy")]
    assert verdicts(autoencoder_grid.larger(results, *each) for each in cells.floors(DATA).items()) == [
        "holds",
        ALIKE,
    ]


@pytest.mark.parametrize(
    ("depth", "verdict"),
    [
        ((1.0, 0.9, 0.8, 0.80, 0.81), "holds"),
        ((1.0, 0.9, 0.8, 0.85, 0.90), "fails"),  # from depth 3 on it gets worse, and that is no plateau
        ((1.0, 0.9, 0.8, 0.75, 0.70), "fails"),  # it goes on falling
        ((0.8, 0.8, 0.8, 0.79, 0.78), "fails"),  # there is no improvement that could end
    ],
)
def test_a_plateau_is_level_and_follows_an_improvement(depth, verdict, monkeypatch):
    with_coder(monkeypatch, rows, same)
    assert autoencoder_grid.claims(planted_grid(depth=depth), DATA)[3].verdict == verdict


def test_cross_entropy_is_measured_above_the_pixels_entropy():
    claim = autoencoder_grid.sensitive(planted_grid(more_sensitive=1.1, scatter=1e-6), DATA)
    falls = [100 * (1 - 0.7 ** (4 * power)) for power in (1, 1.1)]
    assert "falls by {:.1f} % (mean squared error) and {:.1f} % (cross-entropy)".format(*falls) in claim.measured
    left = 100 * (0.7**0.4 - 1)
    assert f"what is left of the squared error by {left:+.1f} % (95 %" in claim.measured
    assert claim.verdict == "holds"  # although on its own scale, with the entropy in it, it falls by less
    assert "(1 - y) log(1 - p)" in claim.reason


def test_the_networks_that_are_read_have_the_least_validation_loss(monkeypatch):
    asked = []

    def coder(config, params):
        asked.append(config)
        return (lambda x: x[:, :1] - x[:, 1:2]), same  # two pixels of one row tell nothing

    monkeypatch.setattr(autoencoder, "coder", coder)
    claim = autoencoder_grid.read_well(planted_grid(best=4), DATA, "cross-entropy")
    assert (claim.verdict, claim.source) == ("fails", "ours")
    assert asked == [autoencoder.Config(latent=32, depth=4, loss="cross-entropy")] * 3
    assert "depth 4" in claim.measured
