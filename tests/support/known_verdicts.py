"""Digits, coders and results made up so that the verdicts on the autoencoder recipes' claims are known."""

import numpy as np

from fnn import Key, generator
from recipes.autoencoders import autoencoder
from recipes.data.digits import SHA256, Digits


def rows_as_classes():
    """Digits of 4 x 4 pixels whose brightest row is their class."""

    def part(key, n):
        rng = generator(key)
        labels = rng.integers(4, size=n)
        images = rng.integers(100, size=(n, 4, 4))
        images[np.arange(n), labels] += 100
        return images.reshape(n, 16) / np.float32(255), labels

    parts = [part(Key(i), n) for i, n in enumerate((500, 100, 100))]
    return Digits(*parts, shape=(4, 4), n_classes=4, checksums={})


DATA = rows_as_classes()


def of_classes(n_classes, n=400, shape=(3, 3), noise=0.01):
    """Images of constant grey: each pixel has the value of the class, from 0 to 1, and noise. They pass for MNIST."""

    def part(key, n):
        labels = np.arange(n) % n_classes
        off = noise * (generator(key).random((n, shape[0] * shape[1])) - 0.5)
        return np.clip(labels[:, None] / (n_classes - 1) + off, 0, 1).astype(np.float32), labels

    return Digits(*(part(Key(i), n) for i in range(3)), shape=shape, n_classes=n_classes, checksums=SHA256)


def with_coder(monkeypatch, encode, decode, untrained=None):
    """Replace the trained coders, which have empty parameters here, by (encode, decode), and the untrained ones."""
    null = (encode, decode) if untrained is None else untrained
    monkeypatch.setattr(autoencoder, "coder", lambda config, params: null if params else (encode, decode))


def rows(x):
    """The means of the rows of digits of 4 x 4 pixels, which tell the classes of `DATA` apart."""
    return x.reshape(-1, 4, 4).mean(axis=2)


def verdicts(claims):
    """The verdict on each claim."""
    return [claim.verdict for claim in claims]


def planted(recipe, n=5):
    """Equal good results of n runs for each group of a recipe; their parameters are empty, see `with_coder`."""
    found = {"test_mse": 0.01, "coordinates_used": 21}
    return {name: n * [{"params": {}, "scores": found}] for name in recipe.groups}


def same(x):
    """A perfect coder's reconstruction."""
    return x


def blurred(x):
    """Each row of pixels blurred: a coder's reconstruction that is worse but not useless."""
    images = np.pad(x.reshape(-1, 4, 4), ((0, 0), (1, 1), (1, 1)), mode="edge")
    return ((images[:, 1:-1, :-2] + images[:, 1:-1, 1:-1] + images[:, 1:-1, 2:]) / 3).reshape(len(x), -1)
