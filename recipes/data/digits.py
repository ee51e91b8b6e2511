"""The digits: the MNIST files of this folder, or the four IDX files of another such set in any other directory."""

import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import attrs
import numpy as np

from fnn.arrays import read_only
from fnn.data import DataFormatError, read_labelled_images, split_at

__all__ = ["Digits", "first_of_each_class", "load", "read"]

HERE = Path(__file__).parent
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
# Fashion-MNIST is recognised by the labels of its first test images (Xiao, Rasul & Vollgraf 2017).
FASHION = "T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"
FIRST_OF_FASHION = (9, 2, 1, 1, 6, 1, 4, 6, 5, 7, 4, 5, 7, 3, 4, 1, 2, 4, 8, 0)
_NAME = re.compile(r"(?P<of>.*?)(?P<part>train|t10k|test)-(?P<kind>images[-.]idx3|labels[-.]idx1)-ubyte")
Labelled = tuple[np.ndarray, np.ndarray]


@attrs.frozen(eq=False)
class Digits:
    """Images as rows of pixels in [0, 1] (n, height * width), float32, with labels (n,), in three read-only parts."""

    train: Labelled
    validation: Labelled
    test: Labelled
    shape: tuple[int, int]
    n_classes: int
    checksums: Mapping[str, str]

    @property
    def is_mnist(self) -> bool:
        """Whether these are the digits of MNIST, on which the paper measured its numbers."""
        return dict(self.checksums) == SHA256

    @property
    def things(self) -> str:
        """What the images are called: "digits", or "images" for other data than MNIST."""
        return "digits" if self.is_mnist else "images"

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each class: of Fashion-MNIST a word, otherwise the number."""
        fashion = self.n_classes == len(FASHION) and tuple(self.test[1][: len(FIRST_OF_FASHION)]) == FIRST_OF_FASHION
        return FASHION if fashion else tuple(map(str, range(self.n_classes)))

    def on_numpy(self) -> "Digits":
        """The same digits on NumPy, wherever they rest."""
        train, validation, test = (
            (np.asarray(x), np.asarray(labels)) for x, labels in (self.train, self.validation, self.test)
        )
        return attrs.evolve(self, train=train, validation=validation, test=test)

    def first(self, n: int) -> "Digits":
        """The same digits with only the first `n` training examples."""
        x, labels = self.train
        return attrs.evolve(self, train=(x[:n], labels[:n]))


def _find(directory: Path) -> list[Path]:
    """The files of one data set in the order of SHA256, compressed or not.

    Other sets and tools vary MNIST's names: train-images.idx3-ubyte, emnist-letters-test-images-idx3-ubyte.
    """
    found: dict[str, dict[str, Path]] = {}
    for suffix in ("xz", "", "gz"):  # of several, the last one counts
        for path in directory.glob(f"*-ubyte.{suffix}" if suffix else "*-ubyte"):
            if path.is_file() and (match := _NAME.match(path.name)):
                part = match["part"].replace("test", "t10k")
                found.setdefault(match["of"], {})[f"{part}-{match['kind']}-ubyte".replace(".", "-")] = path
    if len(found) > 1 and "" not in found:
        raise FileNotFoundError(f"{directory} holds several data sets, {sorted(found)}; give each its own directory")
    files = found.get("") or next(iter(found.values()), {})
    if missing := [name for name in SHA256 if name not in files]:
        name = missing[0]
        raise FileNotFoundError(
            f"{directory} holds no {name}, {name}.gz or {name}.xz; --data takes a directory of IDX files like MNIST's"
        )
    return [files[name] for name in SHA256]


def _checksum(array: np.ndarray) -> str:
    """SHA-256 of the uncompressed IDX file of an array of bytes: a magic number, the dimensions, the elements."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return sha256(header + array.tobytes()).hexdigest()


def first_of_each_class(labels: np.ndarray) -> np.ndarray:
    """The index of the first example of each class, in the order of the classes.

    >>> first_of_each_class(np.array([7, 2, 1, 2]))
    array([2, 1, 0])
    """
    return np.unique(labels, return_index=True)[1]


def read(directory: str | None) -> Digits:
    """Read MNIST, or the files of `directory`; a sixth of the training images, the last ones, is for validation.

    Raises `FileNotFoundError` for a missing file, or a directory of several sets. Raises `DataFormatError` for a
    malformed file and, among MNIST's own files, for one whose checksum differs.
    """
    folder = HERE if directory is None else Path(directory)
    files = _find(folder)
    raw = [read_labelled_images(images, labels, n_classes=256) for images, labels in (files[:2], files[2:])]
    checksums = dict(zip(SHA256, map(_checksum, (a for pair in raw for a in pair)), strict=True))
    for name, path in zip(SHA256, files, strict=True) if directory is None else ():
        if checksums[name] != SHA256[name]:
            problem = f"expected SHA-256 {SHA256[name]}, got {checksums[name]}; restore the file"
            raise DataFormatError(path, 0, problem)

    def scaled(images: np.ndarray, labels: np.ndarray) -> Labelled:
        x, y = images.reshape(len(images), -1) / np.float32(255), labels.astype(np.int64)
        return read_only(x), read_only(y)  # all callers share them

    (train, validation), test = split_at(scaled(*raw[0]), -max(1, len(raw[0][0]) // 6)), scaled(*raw[1])
    n_classes = 1 + max(int(labels.max(initial=0)) for _, labels in raw)
    return Digits(train, validation, test, raw[0][0].shape[1:], n_classes, checksums)


_read_once = lru_cache(maxsize=1)(read)


def load(directory: str | None = None) -> Digits:
    """Like `read`, but the digits that were read last are kept in memory."""
    return _read_once(directory)
