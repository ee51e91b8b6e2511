"""An autoencoder removes noise from digits, compared with a linear filter and a wider network (figures 14 and 15).

Both networks learn to reconstruct a digit from the digit with Gaussian noise of standard deviation 0.2, which is drawn
anew in every epoch and clipped to the range of a pixel. They are trained with Adam at 0.001, in batches of 128 for up
to 200 epochs with a patience of 5. The paper trains its network once; five trainings show a spread. The filter is the
linear map of least squared error on the same noise. A classifier trained on clean digits reads the test digits at all
levels of noise, untouched and denoised.
"""

from collections.abc import Sequence

import attrs
import numpy as np
from matplotlib.figure import Figure

from fnn import plot
from fnn.metrics import iqm
from fnn.plot.canvas import INK
from recipes.autoencoders import denoiser
from recipes.autoencoders.autoencoder import Config
from recipes.autoencoders.denoiser import SEVERE, SIGMAS, TRAINED
from recipes.autoencoders.restored import after, distinguishes, preserved, regained, told
from recipes.autoencoders.study import study
from recipes.claims import ANEW, PSNR, Claim, Group, at_least, better, of_digits
from recipes.data import digits
from recipes.recipe import Finding, Results, counted, scores

__all__ = ["RECIPE", "figures"]

DEEP = Config(latent=64, depth=5, loss="mse", noise=TRAINED, rate=1e-3, batch_size=128, epochs=200, patience=5)
WIDE = attrs.evolve(DEEP, latent=512, depth=0, loss="cross-entropy")
GROUPS = {"autoencoder 64 x 5": DEEP, "784-512-784": WIDE}
FILTER = f"linear filter, fitted at {TRAINED}"
RECOGNIZABLE = 0.8  # the share of digits that a classifier names, if they are recognizable


def figures(results: Results, data: digits.Digits) -> dict[str, Figure]:
    """Both measures over the noise, and the first test digit of each class at the two noise levels of the paper."""
    first = next(iter(GROUPS))
    shown = {"noisy": (first, "noisy"), FILTER: (first, "filtered"), **{name: (name, "denoised") for name in GROUPS}}
    curves = Figure(figsize=(9.6, 4.1), layout="constrained")
    for ax, (measure, label, x) in zip(
        curves.subplots(1, 2),
        (("psnr", "peak signal-to-noise ratio (dB)", SIGMAS[1:]), ("accuracy", "accuracy of the classifier", SIGMAS)),
        strict=True,
    ):
        series = {k: [run["curves"][f"{way}_{measure}"] for run in results[name]] for k, (name, way) in shown.items()}
        if measure == "accuracy":
            series[f"clean {data.things}"] = [[run["scores"]["clean_accuracy"]] * len(x) for run in results[first]]
        plot.curves(series, ax=ax, x=x, xlabel="standard deviation of the noise", ylabel=label)
        ax.axvline(TRAINED, color="#BBBBBB", linewidth=0.8, zorder=0)
        at = {"xy": (TRAINED, 0), "xycoords": ("data", "axes fraction"), "xytext": (3, 4)}
        ax.annotate(f"trained at {TRAINED}", textcoords="offset points", color=INK, fontsize=8, **at)
        ax.get_legend().remove()
    curves.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False, handlelength=2.8)
    n = len(results[first])
    bands = "; lines are interquartile means, bands interquartile ranges" * (n > 1)
    curves.suptitle(f"{counted(n, 'run')} of each{bands}", fontsize=9)
    drawn = {"denoising": curves}
    for name, sigma in (("denoising_trained", TRAINED), ("denoising_severe", SEVERE)):
        ways = ((first, "clean"), *shown.values())
        rows = [results[name][0]["examples"][f"{sigma}"][way] for name, way in ways]
        figure = Figure(figsize=(8.4, 3.9), layout="constrained")
        plot.image_grid(
            np.stack(rows).reshape(len(rows), -1, *data.shape),
            row_labels=["original", f"noise {sigma}", FILTER.replace(", ", ",\n"), *GROUPS],
            figure=figure,
        )
        drawn[name] = figure
    return drawn


def claims(results: Results, data: digits.Digits) -> Sequence[Claim]:
    """The paper's claims on its denoiser, and one of ours on the wider network."""
    papers, wide = (results[group] for group in GROUPS)
    noisy, filtered, denoised = (
        scores(papers, f"{way}_psnr_at_{TRAINED}").tolist() for way in ("noisy", "filtered", "denoised")
    )
    restored = scores(wide, f"denoised_psnr_at_{TRAINED}").tolist()
    reason = (
        f"the noisy digits have {iqm(noisy):.1f} dB, the filter's {iqm(filtered):.1f}, the autoencoder's "
        f"{iqm(denoised):.1f} (those of the paper's own code had about 20 in a short run) and those of the "
        f"784-512-784 network {iqm(restored):.1f}; given digits without any noise, the autoencoder and its "
        f"code of {DEEP.latent} numbers reach {iqm(scores(papers, 'denoised_psnr_at_0.0')):.1f}"
    )
    return [
        better(
            f"The reconstructions at sigma {TRAINED} are clean and accurate, with noise effectively removed.",
            Group("PSNR of the denoised digits", denoised),
            Group("that of a linear filter's (the bar: a network should do better than a closed form)", filtered),
            reason,
            PSNR,
        ),
        preserved(f"The reconstructions at sigma {TRAINED} clearly preserve digit identity.", papers, TRAINED),
        regained("The model is effective at its trained task, removing noise artifacts.", papers, TRAINED),
        distinguishes(papers, reason),
        *of_digits(
            at_least(
                f"At sigma {SEVERE} the autoencoder successfully recovers recognizable digits.",
                after(papers, SEVERE).tolist(),
                RECOGNIZABLE,
                told(papers, SEVERE),
                bar=ANEW,
            )
        ),
        preserved("Classification accuracy is preserved even under extreme noise.", papers, SEVERE),
        *of_digits(
            attrs.evolve(
                at_least(
                    f"A 784-512-784 network trained with cross-entropy restores digits at sigma {TRAINED} to 24.5 dB.",
                    restored,
                    24.5,
                    f"its training was at its best after {iqm(scores(wide, 'best_epoch')):.0f} epochs",
                    "{:.2f}",
                    ANEW,
                ),
                source="ours",
            )
        ),
    ]


FINDING = (
    Finding(
        f"The reconstructions at sigma {TRAINED} are clean and accurate",
        holds="The paper's denoiser does better than a linear filter (it restores {autoencoder 64 x 5}).",
        fails="The paper's denoiser does worse than a linear filter (it restores {autoencoder 64 x 5}).",
        alike="The paper's denoiser does as well as a linear filter (it restores {autoencoder 64 x 5}).",
        undecided="Whether the paper's denoiser does better than a linear filter is undecided (it restores "
        "{autoencoder 64 x 5}).",
    ),
    Finding(
        "A 784-512-784 network",
        holds="A wide network without a bottleneck restores more than 24.5 dB ({784-512-784}).",
        fails="A wide network without a bottleneck restores less than 24.5 dB ({784-512-784}).",
        undecided="A wide network without a bottleneck restores about 24.5 dB ({784-512-784}).",
    ),
    Finding(
        "The model learned to distinguish",
        holds="What limits the paper's is its code: noise takes less from it than from the filter.",
    ),
)
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
    score=f"denoised_psnr_at_{TRAINED}",
    trains="denoiser",
    finding=FINDING,
)
