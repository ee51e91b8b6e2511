"""What denoising concludes, from planted ratios and accuracies."""

import numpy as np
import pytest

from recipes.autoencoders import denoising
from recipes.claims import ALIKE
from tests.support.known_verdicts import DATA, of_classes, verdicts

MNIST = of_classes(10)


def planted_denoising(psnr, wide, severe, at_trained=0.965, without_noise=None, through=0.97, n=5):
    def scores(i, psnr):
        drift = 0.001 * i
        return {
            "clean_accuracy": 0.97 + drift,
            "noisy_psnr_at_0.2": 16.7,
            "filtered_psnr_at_0.2": 22.9 + drift,
            "filtered_psnr_at_0.0": 29.2 + drift,
            "denoised_psnr_at_0.2": psnr + 2 * drift,
            "denoised_psnr_at_0.0": (psnr + 0.3 if without_noise is None else without_noise) + drift,
            "noisy_accuracy_at_0.2": 0.7 + 2 * drift,
            "filtered_accuracy_at_0.2": 0.95,
            "denoised_accuracy_at_0.2": at_trained + drift,
            "noisy_accuracy_at_0.6": 0.4 + 2 * drift,
            "filtered_accuracy_at_0.6": 0.7,
            "denoised_accuracy_at_0.6": severe + drift,
            "best_epoch": 7,
        }

    rest = {"curves": {"denoised_accuracy": np.full(11, through)}}
    return {
        name: [{"scores": scores(i, value), **rest} for i in range(n)]
        for name, value in zip(denoising.GROUPS, (psnr, wide), strict=True)
    }


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        (planted_denoising(23.5, 24.7, 0.965), ["holds"] * 7),
        (planted_denoising(15.0, 24.0, 0.3, 0.6, without_noise=30.0), ["fails"] * 7),
        (planted_denoising(22.9, 24.7, 0.85), [ALIKE, "holds", "holds", "holds", "holds", "fails", "holds"]),
        (planted_denoising(21.0, 24.7, 0.7, 0.95), ["fails", "fails", "holds", "holds", "fails", "fails", "holds"]),
    ],
)
def test_claims_of_denoising(planted, expected):
    claims = denoising.claims(planted, MNIST)
    assert verdicts(claims) == expected
    for claim in (claims[0], claims[3]):
        assert "the filter's 22.9" in claim.reason
        assert "given digits without any noise, the autoencoder and its code of 64 numbers reach " in claim.reason
    for claim in (claims[1], claims[2]):
        assert "at sigma 0.2, the classifier reads 0.7040 of the noisy digits, 0.9500 after the linear" in claim.reason
    assert all(claim.reason for claim in claims)
    assert [claim.source for claim in claims] == ["the paper"] * 6 + ["ours"]


def test_to_be_better_than_the_noisy_digits_is_not_enough():
    """Better than the noisy digits by 4 dB, and worse than a linear filter: today's network of the paper."""
    first = denoising.claims(planted_denoising(21.0, 24.7, 0.85), MNIST)[0]
    assert first.verdict == "fails"
    assert "that of a linear filter's" in first.measured


def test_what_noise_takes_is_measured_apart_from_what_the_bottleneck_takes():
    fourth = denoising.claims(planted_denoising(20.9, 24.7, 0.85, without_noise=21.2), MNIST)[3]
    assert fourth.verdict == "holds"
    assert "linear filter − what it takes from the autoencoder's: +6.00 dB (95 % interval" in fourth.measured


def test_a_network_that_makes_one_image_of_everything_distinguishes_nothing():
    """Noise takes nothing from it, and it lets no digit through."""
    fourth = denoising.claims(planted_denoising(12.0, 24.7, 0.1, 0.1, without_noise=12.0, through=0.1), MNIST)[3]
    assert fourth.verdict == "fails"
    assert "by going through the network: -0.87" in fourth.measured


@pytest.mark.parametrize("n", [1, 4])
def test_few_runs_decide_nothing_about_denoising(n):
    claims = denoising.claims(planted_denoising(23.5, 24.7, 0.96, n=n), MNIST)
    assert verdicts(claims) == ["not judged"] * 7
    assert all(f"(too few runs: {n})" in claim.measured for claim in claims)


def test_other_images_have_the_claims_that_name_no_number_of_mnist():
    claims = denoising.RECIPE.claims(with_losses(planted_denoising(23.5, 24.7, 0.96)), DATA)
    assert [claim.source for claim in claims] == ["ours, after the paper"] * 5


def with_losses(results):
    """The same runs, none of them cut off."""
    return {k: [{**run, "curves": {**run["curves"], "loss": np.zeros(12)}} for run in v] for k, v in results.items()}
