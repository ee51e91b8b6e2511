"""An autoencoder takes noise off digits, beside a linear filter and a wider network (figures 14 and 15)."""

from collections.abc import Sequence

import attrs
import numpy as np
from matplotlib.figure import Figure

from fnn import plot
from fnn.metrics import iqm
from recipes import autoencoder, denoiser, digits
from recipes.autoencoder_study import study
from recipes.claims import Claim, at_least, better, estimate, judged
from recipes.denoiser import SEVERE, SIGMAS, TRAINED
from recipes.recipe import Results, scores

__all__ = ["RECIPE", "figures"]

GROUPS = {
    "autoencoder 64 x 5": autoencoder.Config(latent=64, depth=5, noise=TRAINED),
    "784-512-784": autoencoder.Config(latent=512, depth=0, loss="cross-entropy", noise=TRAINED),
}
LOST = 0.05  # of the accuracy on clean digits, by which it may fall and count as preserved


def figures(results: Results, data: digits.Digits) -> dict[str, Figure]:
    """Both measures over the noise; and the first test digit of each class at the two levels of the paper."""
    first = next(iter(GROUPS))
    curves = Figure(figsize=(9.6, 3.6), layout="constrained")
    for ax, (measure, label, x) in zip(
        curves.subplots(1, 2),
        (("psnr", "peak signal-to-noise ratio (dB)", SIGMAS[1:]), ("accuracy", "accuracy of the classifier", SIGMAS)),
        strict=True,
    ):
        series = {
            "noisy": [run["curves"][f"noisy_{measure}"] for run in results[first]],
            "linear filter": [run["curves"][f"filtered_{measure}"] for run in results[first]],
            **{name: [run["curves"][f"denoised_{measure}"] for run in results[name]] for name in GROUPS},
        }
        plot.curves(series, ax=ax, x=x, xlabel="standard deviation of the noise", ylabel=label)
        ax.axvline(TRAINED, color="#BBBBBB", linewidth=0.8, zorder=0)
    drawn = {"denoising": curves}
    for name, sigma in (("denoising_trained", TRAINED), ("denoising_severe", SEVERE)):
        of = {group: results[group][0]["examples"][f"{sigma}"] for group in GROUPS}
        rows = [
            *(of[first][way] for way in ("clean", "noisy", "filtered")),
            *(of[group]["denoised"] for group in GROUPS),
        ]
        figure = Figure(figsize=(8.4, 3.9), layout="constrained")
        plot.image_grid(
            np.stack(rows).reshape(len(rows), -1, *data.shape),
            row_labels=["original", f"noise {sigma}", "linear filter", *GROUPS],
            figure=figure,
        )
        drawn[name] = figure
    return drawn


def claims(results: Results, data: digits.Digits) -> Sequence[Claim]:
    """What the paper says of its denoiser, and what stands beside it."""
    papers, wide = (results[name] for name in GROUPS)

    def of(score: str) -> list[float]:
        return scores(papers, score).tolist()

    kept = estimate(np.array(of(f"denoised_accuracy_at_{SEVERE}")) - np.array(of("clean_accuracy")))
    restored = scores(wide, f"denoised_psnr_at_{TRAINED}").tolist()
    levels = {way: iqm(of(f"{way}_psnr_at_{TRAINED}")) for way in ("noisy", "filtered", "denoised")}
    levels["wide"] = iqm(restored)
    return [
        better(
            f"The reconstructions at sigma {TRAINED} are clean and accurate, with noise effectively removed.",
            ("PSNR of the denoised digits, in dB", of(f"denoised_psnr_at_{TRAINED}")),
            ("that of the noisy ones", of(f"noisy_psnr_at_{TRAINED}")),
            digits=2,
        ),
        better(
            "The model learned to distinguish between meaningful digit features and random noise.",
            (f"PSNR of the denoised digits at sigma {TRAINED}, in dB", of(f"denoised_psnr_at_{TRAINED}")),
            ("that of a linear filter's", of(f"filtered_psnr_at_{TRAINED}")),
            f"the noisy digits have {levels['noisy']:.1f} dB, the filter's {levels['filtered']:.1f}, the autoencoder's "
            f"{levels['denoised']:.1f} and those of the 784-512-784 network {levels['wide']:.1f}",
            digits=2,
        ),
        better(
            f"At sigma {SEVERE} the autoencoder successfully recovers recognizable digits.",
            ("accuracy of a classifier on denoised digits", of(f"denoised_accuracy_at_{SEVERE}")),
            ("on the noisy ones", of(f"noisy_accuracy_at_{SEVERE}")),
        ),
        Claim(
            "Classification accuracy is preserved even under extreme noise.",
            f"at sigma {SEVERE}, accuracy of a classifier on denoised digits − on clean ones: {kept.said('{:+.4f}')}, "
            f"to exceed {-LOST}",
            judged(kept, above=-LOST),
            f"on the noisy digits themselves its accuracy is {iqm(of(f'noisy_accuracy_at_{SEVERE}')):.4f}; the paper "
            "gives no figure",
        ),
        attrs.evolve(
            at_least(
                f"A 784-512-784 network trained with cross-entropy restores digits at sigma {TRAINED} to 24.5 dB.",
                restored,
                24.5,
                digits=2,
            ),
            source="ours",
        ),
    ]


RECIPE = study(
    "denoising",
    __doc__,
    "figures 14 and 15",
    GROUPS,
    figures,
    claims,
    first=4,
    quick=1,
    run=denoiser.run,
    runs=5,  # the paper has one; five show a spread
    score=f"denoised_psnr_at_{TRAINED}",
)
