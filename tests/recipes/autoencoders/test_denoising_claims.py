"""What denoising concludes, from planted ratios and accuracies."""

import numpy as np
import pytest

from fnn.metrics import psnr
from recipes.autoencoders import denoising
from tests.support.known_verdicts import DATA, blurred, same, verdicts, with_coder


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
def test_claims_of_denoising(planted, expected, monkeypatch):
    with_coder(monkeypatch, same, blurred)
    claims = denoising.claims(planted, DATA)
    assert verdicts(claims) == expected
    ratio = psnr(blurred(DATA.test[0]), DATA.test[0])
    for claim in (claims[0], claims[3]):
        assert "the filter's 22.9" in claim.reason
        assert (
            f"given digits without any noise, the autoencoder and its code of 64 numbers reach {ratio:.1f}"
            in claim.reason
        )
    assert all(claim.reason for claim in claims)
    assert [claim.source for claim in claims] == ["the paper"] * 6 + ["ours"]


@pytest.mark.parametrize("n", [1, 4])
def test_few_runs_decide_nothing_about_denoising(n, monkeypatch):
    with_coder(monkeypatch, same, blurred)
    claims = denoising.claims(planted_denoising(23.5, 24.7, 0.96, n=n), DATA)
    assert verdicts(claims) == ["undecided"] * 7
    assert all(f"(too few runs: {n})" in claim.measured for claim in claims)
