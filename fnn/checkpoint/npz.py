"""The file of a checkpoint: a text and named arrays as an .npz archive, of which every byte follows from what it holds.

Members are stored uncompressed, dated 1980, with 64-bit sizes throughout (PKWARE, APPNOTE 6.3, 4.3 and 4.5.3). The
text comes first, as bytes. Each array begins at a multiple of 64 bytes. The archive's comment, at the very end, is the
SHA-256 of all that stands before it. Since there is one way only to write something, a reader need not judge what it
finds: it takes what the text claims to be there, writes that once more, and compares.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from struct import Struct
from typing import Any
from zlib import crc32

import numpy as np

__all__ = ["SIGNATURE", "holds", "pieces", "sealed", "spec", "text_of", "views"]

_TEXT = "checkpoint.json"
_LOCAL, _CENTRAL = Struct("<4s5H3I2H"), Struct("<4s6H3I5H2I")  # a member's headers: in front of it, in the directory
_END_64, _LOCATOR, _END = Struct("<4sQ2H2I4Q"), Struct("<4sIQI"), Struct("<4s4H2IH")  # the archive's end
_SIZES, _PLACE = Struct("<2H2Q"), Struct("<2H3Q")  # the 64-bit fields behind each header
_ZIP_64, _DATE, _SHORT, _LONG = 45, 0x21, 0xFFFF, 0xFFFFFFFF  # version needed, 1 January 1980, "see the 64-bit field"
_NPY = Struct("<8sH")
_DIGEST = 64  # hexadecimal digits

SIGNATURE = b"PK\x03\x04", _LOCAL.size, f"{_TEXT}.npy".encode()  # the file's first bytes, and where its first name is


def spec(array: np.ndarray) -> list[Any]:
    """What must be known of an array to find it in a file: its dtype and shape.

    >>> spec(np.zeros((2, 3), np.float32))
    ['<f4', [2, 3]]
    """
    return [array.dtype.str, list(array.shape)]


def _local_size(name: str) -> int:
    return _LOCAL.size + len(f"{name}.npy") + _SIZES.size


def _npy_header(dtype: str, shape: tuple[int, ...], start: int) -> bytes:
    """The header of an .npy member that begins at `start`, padded so that its data begin at a multiple of 64."""
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    padding = -(start + _NPY.size + len(text) + 1) % 64
    return _NPY.pack(b"\x93NUMPY\x01\x00", len(text) + padding + 1) + text + b" " * padding + b"\n"


def pieces(text: bytes, arrays: Mapping[str, np.ndarray]) -> Iterator[Any]:
    """The file, piece by piece, up to its digest. Arrays must be C-contiguous, their names ASCII."""
    directory, offset = [], 0
    for name, array in {_TEXT: np.frombuffer(text, np.uint8), **arrays}.items():
        header = _npy_header(array.dtype.str, array.shape, offset + _local_size(name))
        data = array.reshape(-1).view(np.uint8).data
        file, size, crc = f"{name}.npy".encode(), len(header) + len(data), crc32(data, crc32(header))
        common = _ZIP_64, 0, 0, 0, _DATE, crc, _LONG, _LONG, len(file)
        yield _LOCAL.pack(b"PK\x03\x04", *common, _SIZES.size) + file + _SIZES.pack(1, 16, size, size) + header
        yield data
        central = _CENTRAL.pack(b"PK\x01\x02", _ZIP_64, *common, _PLACE.size, 0, 0, 0, 0, _LONG)
        directory.append(central + file + _PLACE.pack(1, 24, size, size, offset))
        offset += _local_size(name) + size
    n, listing = len(directory), b"".join(directory)
    yield listing
    yield _END_64.pack(b"PK\x06\x06", _END_64.size - 12, _ZIP_64, _ZIP_64, 0, 0, n, n, len(listing), offset)
    yield _LOCATOR.pack(b"PK\x06\x07", 0, offset + len(listing), 1)
    yield _END.pack(b"PK\x05\x06", 0, 0, _SHORT, _SHORT, _LONG, _LONG, _DIGEST)


def sealed(parts: Iterable[Any]) -> Iterator[Any]:
    """Pieces of a file, and behind them their SHA-256.

    >>> b"".join(sealed([b"a", b"bc"]))[:12]
    b'abcba7816bf8'
    """
    digest = sha256()
    for part in parts:
        digest.update(part)
        yield part
    yield digest.hexdigest().encode()


def text_of(content: bytes, limit: int) -> bytes:
    """The text of a file; raises `ValueError` where the digest is wrong, and for a text of more than `limit` bytes."""
    if sha256(memoryview(content)[:-_DIGEST]).hexdigest().encode() != content[-_DIGEST:]:
        raise ValueError("damaged or cut short: its SHA-256 is not the one it was written with")
    start = _local_size(_TEXT)
    size, _ = Struct("<2Q").unpack_from(content, start - 16)
    begin, end = start + _NPY.size + _NPY.unpack_from(content, start)[1], start + size
    if end - begin > limit:
        raise ValueError(f"its description has {end - begin} bytes, at most {limit} are read")
    return content[begin:end]


def views(content: bytes, text: bytes, specs: Iterable[tuple[str, Any]], letters: int) -> dict[str, np.ndarray]:
    """The arrays of these specs, one behind the other after the text: read-only, of the content's own memory.

    Raises `ValueError` where their names have more than so many letters together.
    """
    arrays: dict[str, np.ndarray] = {}
    start = _local_size(_TEXT)
    start += len(_npy_header("|u1", (len(text),), start)) + len(text)
    for name, (dtype, shape) in specs:
        if name in arrays or (letters := letters - len(name)) < 0:
            raise ValueError(f"{name[:80]}: a name that occurs twice, or too much of names")
        if not re.fullmatch(r"[<>|][fiubc]\d{1,2}", dtype):
            raise ValueError(f"{name}: {dtype!r} is no dtype of numbers")
        start += _local_size(name)
        start += len(_npy_header(dtype, tuple(shape), start))
        arrays[name] = np.ndarray(tuple(shape), np.dtype(dtype), content, start)
        start += arrays[name].nbytes
    return arrays


def holds(content: bytes, parts: Iterable[Any]) -> bool:
    """Whether a file consists of just these pieces and a digest."""
    start = 0
    for part in parts:
        for i in range(0, len(part), 2**20):
            if content[start + i : start + min(i + 2**20, len(part))] != bytes(part[i : i + 2**20]):
                return False
        start += len(part)
    return start + _DIGEST == len(content)
