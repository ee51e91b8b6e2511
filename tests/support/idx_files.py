"""IDX files: arrays as their bytes, and a small data set for tests of recipes."""

import struct

import numpy as np
import pytest

from fnn import Key, fold_in, generator
from fnn.data import DataFormatError, read_idx

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def header(code, *dims):
    return bytes((0, 0, code, len(dims))) + struct.pack(f">{len(dims)}I", *dims)


def idx(array):
    array = np.asarray(array)
    return header(CODES[array.dtype.str[1:]], *array.shape) + array.astype(array.dtype.newbyteorder(">")).tobytes()


def refused(path, offset, message, read=read_idx, of="data"):
    """Assert that reading the file raises an error that names the file and the byte."""
    with pytest.raises(DataFormatError, match=message) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: byte {offset} of the {of}: ")
    assert (error.value.path, error.value.offset) == (path, offset)


def write_idx(path, array):
    """Write an array of integers from 0 to 255 as an IDX file."""
    path.write_bytes(idx(array.astype(np.uint8)))


def write_noise(folder, n=1200):
    """Write n + 100 images of 8 x 8 random pixels, each with one of ten labels, and return the folder's name."""
    for i, (part, size) in enumerate((("train", n), ("t10k", 100))):
        rng = generator(fold_in(Key(0), i))
        write_idx(folder / f"{part}-images-idx3-ubyte", rng.integers(256, size=(size, 8, 8)))
        write_idx(folder / f"{part}-labels-idx1-ubyte", rng.integers(10, size=size))
    return str(folder)


def write_bright_rows(folder):
    """Write 600 + 100 images of 4 x 4 pixels, whose class is their brightest row, and return the folder's name."""
    rng = generator(Key(0))
    for part, n in (("train", 600), ("t10k", 100)):
        labels = rng.integers(4, size=n)
        images = rng.integers(100, size=(n, 4, 4))
        images[np.arange(n), labels] += 100
        write_idx(folder / f"{part}-images-idx3-ubyte", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte", labels)
    return str(folder)
