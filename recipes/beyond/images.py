"""Digits as images: rows of pixels get their height, width and channel, and in training also a random change."""

from collections.abc import Sequence

import numpy as np

import fnn

__all__ = ["changed", "images"]

Batch = Sequence[np.ndarray]


def images(batch: Batch, key: fnn.Key | None = None, *, shape: tuple[int, int]) -> tuple[np.ndarray, ...]:
    """A batch (x, ...) whose rows x (n, h · w) become images (n, h, w, 1); draws nothing. A `prepare` of `fnn.batches`.

    >>> images((np.zeros((5, 6)), np.arange(5)), shape=(2, 3))[0].shape
    (5, 2, 3, 1)
    """
    x, *rest = batch
    return x.reshape(-1, *shape, 1), *rest


def between(x: np.ndarray, down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """The grey of images x (n, h, w) at places (n, points) between their pixels, by linear interpolation; 0 outside.

    >>> x = np.array([[[0.0, 1.0], [0.0, 1.0]]])
    >>> between(x, np.array([[0.0, 0.5, 0.0]]), np.array([[1.0, 0.25, 1.5]]))
    array([[1.  , 0.25, 0.5 ]])
    """
    n, h, w = x.shape
    grey = np.pad(x, ((0, 0), (1, 1), (1, 1))).ravel()  # with a frame of zeros, where all places outside end
    down, across = np.clip(down + 1, 0, h + 1), np.clip(across + 1, 0, w + 1)
    i, j = np.minimum(np.floor(down), h), np.minimum(np.floor(across), w)
    corner = (np.arange(n)[:, None] * (h + 2) + i.astype(int)) * (w + 2) + j.astype(int)

    def in_row(left: np.ndarray) -> np.ndarray:
        return grey[left] + (across - j) * (grey[left + 1] - grey[left])

    above = in_row(corner)
    return above + (down - i) * (in_row(corner + w + 2) - above)


def changed(
    batch: Batch, key: fnn.Key, *, shape: tuple[int, int], turn: float, stretch: float, shift: float
) -> tuple[np.ndarray, ...]:
    """A batch of images as `images` makes it, each of them changed a little. A `prepare` of `fnn.batches`.

        y[p] = x[c + R(α) S (p - c) + t]

    for each pixel p, with the image's centre c. The angle α of the rotation R, the two factors of the diagonal matrix
    S and the shift t are drawn for each image, evenly up to the largest change.

    batch     (x, ...) with x (n, h · w)
    key       what is drawn
    shape     (h, w)
    turn      the largest angle, in degrees
    stretch   the largest distance of a factor from 1
    shift     the largest shift along each axis, in pixels
    """
    (x, *rest), (h, w) = batch, shape
    drawn = fnn.generator(key).uniform(-1, 1, (5, len(x), 1)).astype(x.dtype)
    angle, down, across = turn * np.pi / 180 * drawn[0], shift * drawn[1], shift * drawn[2]
    high, wide = 1 + stretch * drawn[3], 1 + stretch * drawn[4]
    p, q = (at.ravel() - (n - 1) / 2 for at, n in zip(np.mgrid[:h, :w].astype(x.dtype), shape, strict=True))
    cos, sin = np.cos(angle), np.sin(angle)
    rows = cos * high * p - sin * wide * q + down + (h - 1) / 2
    columns = sin * high * p + cos * wide * q + across + (w - 1) / 2
    return between(x.reshape(-1, h, w), rows, columns).reshape(-1, h, w, 1), *rest
