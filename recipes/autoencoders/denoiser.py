"""A denoiser of digits: its training, and what it makes of noise beside a linear filter and beside nothing."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from toolz import compose

import fnn
from fnn.metrics import psnr
from recipes.autoencoders import autoencoder
from recipes.autoencoders.autoencoder import noisy
from recipes.classifiers import classifier
from recipes.data import digits
from recipes.training import Watch, unwatched

__all__ = ["SEVERE", "SIGMAS", "TRAINED", "linear_filter", "run"]

TRAINED, SEVERE = 0.2, 0.6  # the noise of training, and the paper's "severe" noise
SIGMAS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
CLASSIFIER = classifier.Config(epochs=10)  # 784-64-32-10, trained on clean digits; it reads 97 % of them
RIDGE = 1e-5  # see linear_filter
Denoiser = Callable[[np.ndarray], np.ndarray]


def linear_filter(x: np.ndarray, sigma: float, key: fnn.Key) -> Denoiser:
    """The affine map that takes noise off best in the least-squares sense: a closed form, without training.

    The W with the least |X̃ W - X|² + ε n |W|², X̃ being the n noisy digits with a column of ones, solves
    (X̃ᵀ X̃ + ε n) W = X̃ᵀ X, here in float64. Noise gives every pixel a variance of σ²/3 or more, clipped as it is, so
    that the ridge ε far below only keeps the equations regular where there is hardly any noise.
    """
    n = x.shape[1] + 1
    gram, cross = np.zeros((n, n)), np.zeros((n, n - 1))
    for i, (clean,) in enumerate(fnn.batches(None, (x,), 1000)):
        seen = np.pad(noisy(clean, sigma, fnn.fold_in(key, i)).astype(np.float64), ((0, 0), (0, 1)), constant_values=1)
        gram, cross = gram + seen.T @ seen, cross + seen.T @ clean
    w = np.linalg.solve(gram + RIDGE * len(x) * np.eye(n), cross).astype(x.dtype)
    return lambda seen: np.clip(seen @ w[:-1] + w[-1], 0, 1)


def run(config: autoencoder.Config, key: fnn.Key, data: digits.Digits, watch: Watch = unwatched) -> dict[str, Any]:
    """Train a denoiser and, beside it, a filter and a reader of clean digits; then take the three to noisy digits.

    The watch sees the denoiser's training alone: a run that is resumed trains the reader, a few epochs, from the start.
    """
    denoiser_key, reader_key, filter_key, noise_key = fnn.split(key, 4)
    trained = autoencoder.run(config, denoiser_key, data, watch)
    reader = classifier.run(CLASSIFIER, reader_key, data)["params"]
    read = partial(fnn.predict, classifier.network(CLASSIFIER, data.n_classes), reader)
    encode, decode = autoencoder.coder(config, trained["params"])
    ways: dict[str, Denoiser] = {
        "noisy": lambda seen: seen,
        "filtered": linear_filter(data.train[0], TRAINED, filter_key),
        "denoised": compose(decode, encode),
    }
    (x, labels), shown = data.test, digits.first_of_each_class(data.test[1])
    ratio: dict[str, list[float]] = {way: [] for way in ways}
    right: dict[str, list[float]] = {way: [] for way in ways}
    examples: dict[str, Mapping[str, np.ndarray]] = {}
    for sigma in SIGMAS:
        seen = noisy(x, sigma, noise_key)  # one draw for all levels, and for all groups of one seed
        images = {way: f(seen) for way, f in ways.items()}
        for way, y in images.items():
            right[way].append(float(np.mean(read(y).argmax(axis=-1) == labels)))
            if sigma > 0:  # without noise, the ratio of the untouched digits is infinite
                ratio[way].append(psnr(y, x))
        if sigma in (TRAINED, SEVERE):
            examples[f"{sigma}"] = {"clean": x[shown], **{way: y[shown] for way, y in images.items()}}
    levels = {f"{sigma}": SIGMAS.index(sigma) for sigma in (TRAINED, SEVERE)}
    return {
        "scores": {
            "best_epoch": trained["scores"]["best_epoch"],
            "clean_accuracy": right["noisy"][0],
            **{f"{way}_psnr_at_{level}": ratio[way][i - 1] for way in ways for level, i in levels.items()},
            **{f"{way}_accuracy_at_{level}": right[way][i] for way in ways for level, i in levels.items()},
        },
        "curves": {
            **trained["curves"],
            **{f"{way}_psnr": np.array(ratio[way]) for way in ways},
            **{f"{way}_accuracy": np.array(right[way]) for way in ways},
        },
        "examples": examples,
        "params": {"denoiser": trained["params"], "classifier": reader},
    }
