"""What the grid of autoencoders concludes, from planted errors."""

import pytest

from recipes.autoencoders import autoencoder, autoencoder_grid
from tests.support.known_verdicts import DATA, rows, same, verdicts, with_coder


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


def test_claims_of_the_grid(monkeypatch):
    with_coder(monkeypatch, rows, same)
    good = autoencoder_grid.claims(planted_grid(), DATA)
    assert verdicts(good) == ["holds"] * 7
    for claim, loss in zip(good, autoencoder_grid.NAMES.values(), strict=False):
        assert f"({loss})" in claim.statement
        assert "falls in 100 % (95 % interval 84 to 100 %, 20 steps), to exceed 80 %" in claim.measured
        assert f"trained with the {loss}, the networks of depth 1 and 5 use 3 and 3 of 4" in claim.reason
    assert "best depths are 5, 5, 5, 5, 5 (mean squared error)" in good[2].measured
    bad = autoencoder_grid.claims(planted_grid(1.1, (0.7, 0.7, 0.9, 0.8, 0.8), 0.5), DATA)
    assert verdicts(bad)[:5] == ["fails", "fails", "fails", "fails", "holds"]  # errors rise less with size
    assert autoencoder_grid.sensitive(planted_grid(more_sensitive=0.9), DATA).verdict == "fails"


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
def test_a_plateau_is_level(depth, verdict, monkeypatch):
    with_coder(monkeypatch, rows, same)
    assert autoencoder_grid.claims(planted_grid(depth=depth), DATA)[3].verdict == verdict


def test_cross_entropy_is_measured_above_the_pixels_entropy():
    least = autoencoder_grid.entropy(DATA.test[0])
    claim = autoencoder_grid.sensitive(planted_grid(least=least), DATA)
    assert claim.verdict == "fails"
    assert f"its least possible value by falls by {100 * (1 - 0.7**4.4):.1f} %" in claim.measured
    assert "(1 - y) log(1 - p)" in claim.reason


def test_the_network_that_is_read_has_the_least_validation_loss(monkeypatch):
    asked = []

    def coder(config, params):
        asked.append(config)
        return (lambda x: x[:, :1] - x[:, 1:2]), same  # two pixels of one row tell nothing

    monkeypatch.setattr(autoencoder, "coder", coder)
    claim = autoencoder_grid.read_well(planted_grid(best=4), DATA, "cross-entropy")
    assert (claim.verdict, claim.source) == ("fails", "ours")
    assert asked == [autoencoder.Config(latent=32, depth=4, loss="cross-entropy")]
    assert "depth 4" in claim.measured
