"""Convolutional autoencoders and a convolutional denoiser beside the paper's networks.

An autoencoder of two convolutions on either side of a code of 32 or 64 numbers is compared with the paper's best of the
same size: 32 numbers with three hidden layers on either side, 64 with one. A denoiser of four convolutions with batch
normalisation, on images of half the size with 24 and 32 channels, has no bottleneck. It is compared with the paper's
denoiser, the network 784-512-784 and the linear filter, on noise of standard deviation 0.2, on which all of them are
trained, and on other noise.

All networks are trained on 50,000 digits with Adam: 10 epochs in batches of 128, the convolutional denoiser 6 epochs in
batches of 16. The paper trains for up to 200 epochs, and its networks are better after that: the bars of our claims on
errors are what they reached in the experiments autoencoder_grid and denoising, at full size. The rate of the
convolutional networks rises to its greatest value (0.005; denoiser: 0.01) in the first tenth of the steps and falls to
0 along half a cosine. The autoencoders minimise the squared error, the denoiser the cross-entropy.

The denoiser was chosen on 20,000 digits and the validation digits. More steps helped most: after two epochs it restored
noise 0.2 to 24.9 dB in batches of 128, to 25.6 in batches of 32, and to 25.8 in batches of 16. Predicting the noise and
adding it to the input, trained by the squared error, gave 22.5 where the cross-entropy of pixels gave 24.4.

There are five runs of each, the fewest that decide a claim. The 35 trainings take about 50 minutes of one core.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import fnn
from fnn import plot
from fnn.metrics import psnr
from fnn.plot.canvas import INK
from recipes.autoencoders import autoencoder
from recipes.autoencoders.autoencoder import noisy
from recipes.autoencoders.denoiser import SEVERE, TRAINED, linear_filter
from recipes.autoencoders.reading import plain_accuracy, read
from recipes.beyond import coders
from recipes.claims import BEFORE, PSNR, Claim, Group, at_least, better, concluded, estimate, judged, of_digits, told_of
from recipes.data import digits
from recipes.data.digits import Digits
from recipes.recipe import Finding, Recipe, Results, Size, counted, scores
from recipes.training import Run

__all__ = ["RECIPE", "figures", "restore", "run"]

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.6, 0.8)  # of the noise in the test
OURS, PAPERS = "convolutional, {} numbers", "paper's, {} numbers"
DENOISER, DEEP, WIDE = "convolutional denoiser", "autoencoder 64 x 5", "784-512-784"
FILTER = f"linear filter, fitted at {TRAINED}"
DEPTHS = {32: 3, 64: 1}  # the paper's best networks by the squared error, in the experiment autoencoder_grid
BARS = {32: 0.00763, 64: 0.00431}  # their test errors there, after up to 200 epochs (one run of each)
WIDE_PSNR = 24.78  # of the network 784-512-784 at noise 0.2, in dB, in the experiment denoising (IQM of five runs)
GAIN = 1.5  # dB, the bar for the convolutional denoiser

PLAIN = autoencoder.Config(latent=32, depth=3, loss="mse", rate=1e-3, batch_size=128, epochs=10, patience=5)
NOISY = attrs.evolve(PLAIN, latent=64, depth=5, noise=TRAINED)
GROUPS: Mapping[str, Any] = {
    **{OURS.format(z): coders.Config(latent=z) for z in DEPTHS},
    **{PAPERS.format(z): attrs.evolve(PLAIN, latent=z, depth=depth) for z, depth in DEPTHS.items()},
    DEEP: NOISY,
    WIDE: attrs.evolve(NOISY, latent=512, depth=0, loss="cross-entropy"),
    DENOISER: coders.Config(
        latent=0,
        channels=(24, 32),
        depth=3,
        loss="cross-entropy",
        noise=TRAINED,
        rate=1e-2,
        batch_size=16,
        epochs=6,
    ),
}


def restore(config: Any, params: Mapping[str, Any], x: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """What a trained network, ours or the paper's, gives back for digits (n, h · w)."""
    if isinstance(config, autoencoder.Config):
        return autoencoder.reconstruct(config, params, x)
    return coders.restore(config, params, x, shape)


def encoder(config: Any, shape: tuple[int, int]) -> fnn.Layer:
    """The encoder of an autoencoder, ours or the paper's."""
    if isinstance(config, autoencoder.Config):
        return autoencoder.network(config, shape[0] * shape[1])["encoder"]
    return coders.network(config, shape)["encoder"]


def run(config: Any, key: fnn.Key, data: Digits) -> Run:
    """The training of a network, ours or the paper's, and the test of its codes or of its denoised digits."""
    training_key, *keys = fnn.split(key, 3)
    train = autoencoder.run if isinstance(config, autoencoder.Config) else coders.run
    training = train(config, training_key, data)

    def finish(end: fnn.Progress) -> dict[str, Any]:
        trained, on_numpy = training.finish(end), data.on_numpy()
        params, loss = trained["params"], {"loss": trained["curves"]["loss"]}
        found = of_denoiser(config, params, keys, on_numpy) if config.noise else of_codes(config, params, on_numpy)
        return {"params": params, **found, "curves": {**loss, **found.get("curves", {})}}

    return attrs.evolve(training, finish=finish)


def of_codes(config: Any, params: Mapping[str, Any], data: Digits) -> dict[str, Any]:
    """The squared error of reconstructed test digits, and how well their codes are read by those of training digits."""
    part = encoder(config, data.shape)
    (fitted, labels), (x, true) = data.train, data.test
    codes, test_codes = (fnn.predict(part, params["encoder"], each, coders.SIZE) for each in (fitted, x))
    confusion = read((codes, labels), (test_codes, true), data.n_classes)
    error = np.mean((restore(config, params, x, data.shape) - x) ** 2)
    return {"scores": {"test_mse": error, "knn_accuracy": plain_accuracy(confusion)}}


def of_denoiser(config: Any, params: Mapping[str, Any], keys: Sequence[fnn.Key], data: Digits) -> dict[str, Any]:
    """The error and the PSNR of noisy, filtered and denoised test digits at all levels, and the first of each class.

    keys    those of the filter's noise and of the test digits' noise, the same for all groups of one seed
    """
    filter_key, noise_key = keys
    filtered, (x, labels) = linear_filter(data.train[0], TRAINED, filter_key), data.test
    shown, ratios, examples = digits.first_of_each_class(labels), [], {}
    for sigma in LEVELS:
        seen = noisy(x, sigma, noise_key)
        ways = {"noisy": seen, "filtered": filtered(seen), "denoised": restore(config, params, seen, data.shape)}
        ratios.append({way: psnr(y, x) for way, y in ways.items()})
        if sigma in (TRAINED, SEVERE):
            examples[f"{sigma}"] = {way: y[shown] for way, y in ways.items()}
    curves = {way: np.array([each[way] for each in ratios]) for way in ratios[0]}
    at = {f"{way}_psnr_at_{sigma}": curves[way][LEVELS.index(sigma)] for way in curves for sigma in (TRAINED, SEVERE)}
    error = 10 ** (-at[f"denoised_psnr_at_{TRAINED}"] / 10)  # the PSNR of pixels in [0, 1] is -10 log10 of it
    return {"scores": {"test_mse": error, **at}, "curves": curves, "examples": examples}


def draw_scores(ax: Axes, results: Results, score: str, scale: float, ylabel: str) -> None:
    """One score of all runs of the autoencoders."""
    names = [kind.format(z) for z in DEPTHS for kind in (PAPERS, OURS)]
    plot.boxes({name: scale * scores(results[name], score) for name in names}, ax=ax, ylabel=ylabel)
    ax.tick_params(axis="x", labelsize=8)


def autoencoders(results: Results, data: Digits) -> Figure:
    """Errors and readings of the codes; and reconstructions of the first test digit of each class."""
    n = len(results[DENOISER])
    figure = Figure(figsize=(8.4, 8.2), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1, 1.15), squeeze=False).flat
    left, right = above.subplots(1, 2)
    draw_scores(left, results, "test_mse", 100, "test mean squared error × 100")
    draw_scores(right, results, "knn_accuracy", 100, "test digits read by nearest codes (%)")
    for z, bar in BARS.items():
        i = 2 * list(BARS).index(z)
        left.hlines(100 * bar, i - 0.4, i + 1.45, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    left.set_title("dashed: the paper's after up to 200 epochs", fontsize=10)
    above.suptitle(f"{counted(n, 'run')} of each", fontsize=10)
    x = data.test[0][digits.first_of_each_class(data.test[1])]
    names = [kind.format(z) for z in DEPTHS for kind in (PAPERS, OURS)]
    given = [restore(GROUPS[name], results[name][0]["params"], x, data.shape) for name in names]
    plot.image_grid(
        np.stack([x, *given]).reshape(1 + len(names), -1, *data.shape),
        row_labels=["original", *(name.replace(", ", ",\n") for name in names)],
        figure=below,
    )
    below.suptitle("The first test digit of each class and its reconstructions", fontsize=10)
    return figure


def denoisers(results: Results, data: Digits) -> Figure:
    """The PSNR over the noise, and the first test digits of the classes at two levels of noise."""
    n = len(results[DENOISER])
    ways = {"noisy": (DENOISER, "noisy"), FILTER: (DENOISER, "filtered")}
    ways |= {name: (name, "denoised") for name in (DEEP, WIDE, DENOISER)}
    figure = Figure(figsize=(8.4, 11), layout="constrained")
    above, *others = figure.subfigures(3, 1, height_ratios=(1, 1.1, 1.1), squeeze=False).flat
    series = {label: [run["curves"][way] for run in results[name]] for label, (name, way) in ways.items()}
    ax = plot.curves(series, ax=above.subplots(), x=LEVELS, xlabel="standard deviation of the noise")
    ax.set_ylabel("peak signal-to-noise ratio (dB)")
    ax.axvline(TRAINED, color="#BBBBBB", linewidth=0.8, zorder=0)
    ax.text(TRAINED + 0.005, 0.02, f"trained at {TRAINED}", transform=ax.get_xaxis_transform(), fontsize=8, color=INK)
    bands = "; lines are interquartile means, bands interquartile ranges" * (n > 1)
    above.suptitle(f"{counted(n, 'run')} of each{bands}", fontsize=10)
    clean = data.test[0][digits.first_of_each_class(data.test[1])]
    for part, sigma in zip(others, (TRAINED, SEVERE), strict=True):
        rows = [results[name][0]["examples"][f"{sigma}"][way] for name, way in ways.values()]
        plot.image_grid(
            np.stack([clean, *rows]).reshape(1 + len(rows), -1, *data.shape),
            row_labels=["original", *(label.replace(", ", ",\n").replace("al d", "al\nd") for label in ways)],
            figure=part,
        )
        part.suptitle(f"The first test digit of each class, noise {sigma}", fontsize=10)
    return figure


def figures(results: Results, data: Digits) -> dict[str, Figure]:
    """The autoencoders, and the denoisers."""
    return {
        "convolutional_autoencoder": autoencoders(results, data),
        "convolutional_autoencoder_denoisers": denoisers(results, data),
    }


def smaller_error(z: int, results: Results) -> Claim:
    """The claim that a convolutional autoencoder has a smaller error than the paper's best."""
    ours, papers = (estimate(1000 * scores(results[kind.format(z)], "test_mse")) for kind in (OURS, PAPERS))
    claim = Claim(
        f"With codes of {z} numbers, a convolutional autoencoder reconstructs better than the paper's best.",
        f"1000 × test mean squared error {ours.said('{:.2f}')}, to stay below {1000 * BARS[z]:.2f}, which the paper's "
        f"network reached in up to 200 epochs; after as many epochs as ours it has {papers.said('{:.2f}')}",
        judged(ours, below=1000 * BARS[z]),
        source="ours",
        bar=BEFORE,
    )
    return concluded(claim, ours, form="{:.2f}")


def read_better(z: int, results: Results) -> Claim:
    """The claim that nearest neighbours read its codes better."""
    ours, papers = (
        Group(name, scores(results[name], "knn_accuracy").tolist(), (name,))
        for name in (OURS.format(z), PAPERS.format(z))
    )
    found = estimate(ours.values)
    statement = f"Nearest neighbours (k = 5) read convolutional codes of {z} numbers better than the paper's."
    claim = better(statement, ours, papers)
    return attrs.evolve(claim, measured=f"ours {found.said()}; {claim.measured}", source="ours")


def claims(results: Results, data: Digits) -> Sequence[Claim]:
    """Errors, readings and denoising beside the paper's networks; the bars were set before the results were known."""
    ours, wide = (
        Group(name, scores(results[name], f"denoised_psnr_at_{SEVERE}").tolist(), (name,)) for name in (DENOISER, WIDE)
    )
    restored = scores(results[DENOISER], f"denoised_psnr_at_{TRAINED}").tolist()
    beside = ", ".join(
        f"{name} {estimate(scores(results[group], f'{way}_psnr_at_{TRAINED}')).value:.2f}"
        for name, group, way in (
            ("the noisy digits", DENOISER, "noisy"),
            ("the linear filter", DENOISER, "filtered"),
            (DEEP, DEEP, "denoised"),
            (WIDE, WIDE, "denoised"),
        )
    )
    gain = at_least(
        f"At noise {TRAINED}, a convolutional denoiser is {GAIN} dB better than the network 784-512-784.",
        restored,
        WIDE_PSNR + GAIN,
        form="{:.2f}",
        bar=BEFORE,
    )
    severe = better(
        f"At noise {SEVERE}, on which neither was trained, it is better, too.",
        ours,
        wide,
        "a pixel that it restores depends on 21 x 21 pixels around it, whereas 784-512-784 sees the whole digit",
        PSNR,
    )
    gain = attrs.evolve(gain, measured=f"{gain.measured} ({WIDE_PSNR} after up to 200 epochs); here, in dB: {beside}")
    severe = attrs.evolve(severe, measured=f"PSNR {estimate(ours.values).said('{:.2f}', ' dB')}; {severe.measured}")
    found = [
        *of_digits(*(smaller_error(z, results) for z in DEPTHS)),
        *(read_better(z, results) for z in DEPTHS),
        *of_digits(attrs.evolve(gain, source="ours")),
        attrs.evolve(severe, source="ours"),
    ]
    return told_of(found, data)


RECIPE = Recipe(
    name="convolutional_autoencoder",
    text=__doc__,
    figure="",
    groups=GROUPS,
    score="test_mse",
    run=run,
    figures=figures,
    load=digits.load,
    claims=claims,
    paper=Size(5),
    first=Size(1, epochs=3, examples=10_000),
    quick=Size(1, epochs=1, examples=5000),
    finding=[
        Finding(
            "With codes of 32 numbers, a convolutional autoencoder",
            holds="At codes of 32 numbers, convolutions reconstruct better than the paper's best network (squared "
            "error {convolutional, 32 numbers}).",
            fails="At codes of 32 numbers, convolutions reconstruct worse than the paper's best network (squared error "
            "{convolutional, 32 numbers}).",
            undecided="Whether convolutions reconstruct better from codes of 32 numbers is undecided.",
        ),
        Finding(
            "At noise 0.2, a convolutional denoiser",
            holds="A convolutional denoiser is better than the network 784-512-784.",
            fails="A convolutional denoiser is not better than the network 784-512-784 by what was claimed.",
        ),
    ],
)
