"""What noise takes, and what a denoiser gives back, as a classifier and the signal-to-noise ratio tell: some claims."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from fnn.metrics import iqm
from recipes.autoencoders.denoiser import TRAINED
from recipes.claims import ANEW, PSNR, Claim, Group, all_of, better, concluded, estimate, judged
from recipes.recipe import scores

__all__ = ["after", "distinguishes", "preserved", "regained", "told"]

Runs = Sequence[Mapping[str, Any]]

LOST = 0.01  # accuracy is preserved if it falls by less than that from its value on clean digits
REGAINED = 0.9  # the share of the lost accuracy that an effective denoiser gives back


def after(runs: Runs, sigma: float) -> np.ndarray:
    """The accuracy of the classifier on digits that were denoised at this level of noise."""
    return scores(runs, f"denoised_accuracy_at_{sigma}")


def told(runs: Runs, sigma: float) -> str:
    """What the classifier reads at a level of noise, in words: the reason why a claim on its accuracy does not hold."""
    noisy, filtered = (iqm(scores(runs, f"{way}_accuracy_at_{sigma}")) for way in ("noisy", "filtered"))
    unharmed = iqm([run["curves"]["denoised_accuracy"][0] for run in runs])
    return (
        f"at sigma {sigma}, the classifier reads {noisy:.4f} of the noisy digits, {filtered:.4f} after the linear "
        f"filter and {iqm(after(runs, sigma)):.4f} after the autoencoder; without any noise {unharmed:.4f} after the "
        f"autoencoder, and {iqm(scores(runs, 'clean_accuracy')):.4f} of the clean digits"
    )


def preserved(statement: str, runs: Runs, sigma: float) -> Claim:
    """The claim that denoised digits are read nearly as well as clean ones."""
    kept = estimate(after(runs, sigma) - scores(runs, "clean_accuracy"))
    claim = Claim(
        statement,
        f"at sigma {sigma}, accuracy of a classifier on denoised digits − on clean ones: {kept.said('{:+.4f}')}, to "
        f"exceed {-LOST}",
        judged(kept, above=-LOST),
        told(runs, sigma),
        bar=ANEW,
    )
    return concluded(claim, kept)


def regained(statement: str, runs: Runs, sigma: float) -> Claim:
    """The claim that the network gives back most of the accuracy that the noise takes."""
    clean, noisy = scores(runs, "clean_accuracy"), scores(runs, f"noisy_accuracy_at_{sigma}")
    share = estimate(100 * (after(runs, sigma) - noisy) / np.maximum(clean - noisy, 1e-9))
    claim = Claim(
        statement,
        f"at sigma {sigma}, of the accuracy that noise takes from a classifier, denoising gives back "
        f"{share.said('{:.1f}', ' %')}, to exceed {100 * REGAINED:.0f} %",
        judged(share, above=100 * REGAINED),
        told(runs, sigma),
        bar=ANEW,
    )
    return concluded(claim, share, form="{:.1f}", unit=" %")


def lost_to_noise(runs: Runs, way: str) -> np.ndarray:
    """By how many dB the noise of the training lowers what comes out, compared with digits without noise."""
    return scores(runs, f"{way}_psnr_at_0.0") - scores(runs, f"{way}_psnr_at_{TRAINED}")


def distinguishes(runs: Runs, reason: str) -> Claim:
    """The claim that the network lets digits through, and noise less than a linear filter does.

    Both parts are needed: noise takes nothing from a network that makes the same image of everything.
    """
    claim = better(
        "The model learned to distinguish between meaningful digit features and random noise.",
        Group("what noise takes from the PSNR of a linear filter", lost_to_noise(runs, "filtered").tolist()),
        Group("what it takes from the autoencoder's", lost_to_noise(runs, "denoised").tolist()),
        reason,
        PSNR,
    )
    through = np.array([run["curves"]["denoised_accuracy"][0] for run in runs]) - scores(runs, "clean_accuracy")
    kept = estimate(through)
    return attrs.evolve(
        claim,
        measured=f"{claim.measured}; digits without noise lose, in the classifier's accuracy, by going through the "
        f"network: {kept.said('{:+.4f}')}, to exceed {-LOST}",
        verdict=all_of(claim.verdict, judged(kept, above=-LOST)),
        bar=ANEW,
    )
