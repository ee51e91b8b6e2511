"""A denoiser of digits: its training, and its test in comparison with a linear filter."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import attrs
import numpy as np
from toolz import pluck

import fnn
from fnn.metrics import psnr
from recipes.autoencoders import autoencoder
from recipes.autoencoders.autoencoder import noisy
from recipes.classifiers import classifier
from recipes.data import digits
from recipes.training import Run, result

__all__ = ["SEVERE", "SIGMAS", "TRAINED", "linear_filter", "run"]

TRAINED, SEVERE = 0.2, 0.6  # the noise of training, and the paper's "severe" noise
SIGMAS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
# Trained on clean digits, it reads 97 % of them.
CLASSIFIER = classifier.Config(hidden=(64, 32), activation="relu", rate=1e-3, batch_size=128, epochs=10, patience=5)
RIDGE = 1e-5  # see linear_filter
Denoiser = Callable[[np.ndarray], np.ndarray]


def linear_filter(x: np.ndarray, sigma: float, key: fnn.Key) -> Denoiser:
    """The affine map that removes noise best in the least-squares sense: a closed form, without training.

    The matrix W that minimises |X̃ W - X|² + ε n |W|² solves (X̃ᵀ X̃ + ε n) W = X̃ᵀ X, where X̃ holds the n noisy digits
    and a column of ones. It is computed in float64. Clipped noise gives every pixel a variance of at least σ²/3, far
    above the ridge ε, which only keeps the equations regular if there is hardly any noise.
    """
    n = x.shape[1] + 1
    gram, cross = np.zeros((n, n)), np.zeros((n, n - 1))
    for i, (clean,) in enumerate(fnn.batches(None, (x,), 1000)):
        seen = np.pad(noisy(clean, sigma, fnn.fold_in(key, i)).astype(np.float64), ((0, 0), (0, 1)), constant_values=1)
        gram, cross = gram + seen.T @ seen, cross + seen.T @ clean
    w = np.linalg.solve(gram + RIDGE * len(x) * np.eye(n), cross).astype(x.dtype)
    return lambda seen: np.clip(seen @ w[:-1] + w[-1], 0, 1)


def run(config: autoencoder.Config, key: fnn.Key, data: digits.Digits) -> Run:
    """The training of a denoiser; its test trains a classifier on clean digits, too, and reads denoised digits with it.

    Only the denoiser's progress is kept: a run that is resumed trains the classifier, a few epochs, from the start.
    """
    denoiser_key, *keys = fnn.split(key, 4)
    training = autoencoder.run(config, denoiser_key, data)
    return attrs.evolve(training, finish=lambda end: tested(config, training.finish(end), keys, data))


def tested(
    config: autoencoder.Config, trained: Mapping[str, Any], keys: Sequence[fnn.Key], data: digits.Digits
) -> dict[str, Any]:
    """The test of a denoiser.

    config   its configuration
    trained  the result of its training
    keys     those of the classifier, of the filter's noise and of the test digits' noise
    data     the digits
    """
    data, (classifier_key, filter_key, noise_key) = data.on_numpy(), keys
    reader = result(classifier.run(CLASSIFIER, classifier_key, data))["params"]
    read = partial(fnn.predict, classifier.network(CLASSIFIER, data.n_classes), reader)
    ways: dict[str, Denoiser] = {
        "noisy": lambda seen: seen,
        "filtered": linear_filter(data.train[0], TRAINED, filter_key),
        "denoised": partial(autoencoder.reconstruct, config, trained["params"]),
    }
    (x, labels), shown = data.test, digits.first_of_each_class(data.test[1])
    measured: dict[float, dict[str, float]] = {}
    examples: dict[str, Mapping[str, np.ndarray]] = {}
    for sigma in SIGMAS:
        seen = noisy(x, sigma, noise_key)  # the same draw for all levels, and for all groups of one seed
        images = {way: f(seen) for way, f in ways.items()}
        ratios = {f"{way}_psnr": psnr(y, x) for way, y in images.items()}
        shares = {f"{way}_accuracy": float(np.mean(read(y).argmax(axis=-1) == labels)) for way, y in images.items()}
        measured[sigma] = {**ratios, **shares}
        if sigma in (TRAINED, SEVERE):
            examples[f"{sigma}"] = {"clean": x[shown], **{way: y[shown] for way, y in images.items()}}
    curves = {name: np.array(list(pluck(name, measured.values()))) for name in measured[TRAINED]}
    return {
        "scores": {
            "best_epoch": trained["scores"]["best_epoch"],
            "clean_accuracy": measured[0.0]["noisy_accuracy"],
            **{f"{way}_psnr_at_0.0": measured[0.0][f"{way}_psnr"] for way in ("filtered", "denoised")},
            **{f"{name}_at_{sigma}": measured[sigma][name] for name in curves for sigma in (TRAINED, SEVERE)},
        },
        # Without noise, the ratio of the untouched digits is infinite: the curves of ratios begin at the next level.
        "curves": {**trained["curves"], **{k: y[1:] if k in ratios else y for k, y in curves.items()}},
        "examples": examples,
        "params": {"denoiser": trained["params"], "classifier": reader},
    }
