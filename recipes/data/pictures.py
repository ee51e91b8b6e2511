"""Pictures of one's own, made into images like those of MNIST by the procedure with which MNIST was made.

"The original black and white images were size normalized to fit in a 20x20 pixel box while preserving their aspect
ratio. The resulting images contain grey levels as a result of the anti-aliasing [...]. The images were centered in a
28x28 image by computing the center of mass of the pixels, and translating the image so as to position this point at the
center of the 28x28 field." (LeCun, Cortes and Burges, The MNIST database of handwritten digits; LeCun et al. 1998)
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

__all__ = ["like_mnist", "read_picture"]

BOX = 20 / 28  # the longer side of a digit, as a share of that of its image
FAINT = 0.3  # ink that is fainter than this share of the darkest does not widen the digit
FAINTEST = 0.1  # the least contrast of a picture, from 0 to 1, that is not blank


def read_picture(path: str | Path, side: int = 28) -> np.ndarray:
    """The digit in a picture file, as MNIST has it: (side, side), from 0 for paper to 1 for ink, float32.

    Light pictures, such as pen on paper, are inverted. Raises `ValueError` for a file that is no picture, or a blank
    one, and `FileNotFoundError` if there is none.
    """
    try:
        with Image.open(path) as file:
            upright = ImageOps.exif_transpose(file).convert("RGBA")
    except UnidentifiedImageError as error:
        raise ValueError(f"{path} is no picture that Pillow can read") from error
    white = Image.new("RGBA", upright.size, "white")
    grey = np.asarray(Image.alpha_composite(white, upright).convert("L"), dtype=np.float32) / 255
    try:
        return like_mnist(grey, side)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def like_mnist(grey: np.ndarray, side: int = 28) -> np.ndarray:
    """The digit in a grey picture (h, w), inverted if it is light, scaled and centred: (side, side), in [0, 1].

    grey   from 0 for black to 1 for white; its edge shows the paper
    side   the length of a side

    >>> picture = np.ones((50, 40)); picture[10:40, 5:8] = 0.2  # a stroke, 30 by 3 pixels
    >>> digit = like_mnist(picture)
    >>> np.flatnonzero(digit.max(axis=1))[[0, -1]], np.flatnonzero(digit.max(axis=0))  # 20 by 2 pixels
    (array([ 4, 23]), array([14, 15]))
    """
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(edge))
    ink = np.maximum(paper - grey if paper > 0.5 else grey - paper, 0)
    if (darkest := float(ink.max(initial=0))) < FAINTEST:
        raise ValueError("the picture is blank: it shows no digit darker or lighter than its edge")
    ink = without_shades(ink / darkest)
    rows, columns = (np.flatnonzero((ink > FAINT).any(axis=axis)) for axis in (1, 0))
    digit = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX * side / max(digit.shape)
    h, w = (max(1, round(scale * n)) for n in digit.shape)
    scaled = Image.fromarray(digit.astype(np.float32)).resize((w, h), Image.Resampling.BICUBIC)
    return _centred(np.asarray(scaled), side)


def without_shades(ink: np.ndarray) -> np.ndarray:
    """Ink from 0 to 1, without the shades of the paper: those up to two standard deviations above its mean are 0.

    What is paper is told by Otsu's threshold, the one that best separates two classes of pixels (Otsu 1979).
    """
    counts, edges = np.histogram(ink, bins=64, range=(0, 1))
    below, sums = np.cumsum(counts)[:-1] / ink.size, np.cumsum(counts * edges[:-1])[:-1] / ink.size
    mean = float(counts @ edges[:-1]) / ink.size
    between = (mean * below - sums) ** 2 / np.maximum(below * (1 - below), 1e-9)  # the variance between the classes
    threshold = edges[1 + int(between.argmax())]
    paper = ink[ink <= threshold]
    shade = min(float(threshold), float(paper.mean() + 2 * paper.std()))
    return np.maximum(ink - shade, 0) / (1 - shade)


def _centred(digit: np.ndarray, side: int) -> np.ndarray:
    """An image (side, side) with the digit's centre of mass at its centre, as near as whole pixels allow."""
    image = np.zeros((side, side), np.float32)
    (h, w), mass = digit.shape, digit.sum()
    down = np.arange(h) @ digit.sum(axis=1) / mass
    across = np.arange(w) @ digit.sum(axis=0) / mass
    top, left = (int(np.clip(round(side / 2 - at), 0, side - n)) for at, n in ((float(down), h), (float(across), w)))
    image[top : top + h, left : left + w] = np.clip(digit / digit.max(), 0, 1)
    return image
