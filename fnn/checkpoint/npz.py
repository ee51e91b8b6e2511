"""The bytes of a checkpoint: a text and named arrays as an uncompressed .npz archive, with a SHA-256 at its end.

The members are dated 1980 and have 64-bit sizes (PKWARE, APPNOTE 6.3, sections 4.3 and 4.5.3). The text comes first, as
an array of bytes, and the numbers of each array begin at a multiple of 64 bytes. The archive's comment, its last 64
bytes, is the SHA-256 of all bytes before it. The same text and arrays always give the same bytes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from struct import Struct
from typing import Any
from zlib import crc32

import numpy as np

__all__ = ["SIGNATURE", "archive", "consists_of", "read_arrays", "read_text", "with_digest"]

_TEXT = "checkpoint.json"
_LOCAL, _CENTRAL = Struct("<4s5H3I2H"), Struct("<4s6H3I5H2I")  # a member's headers: before it, and in the directory
_END_64, _LOCATOR, _END = Struct("<4sQ2H2I4Q"), Struct("<4sIQI"), Struct("<4s4H2IH")  # the end of the archive
_SIZES, _PLACE = Struct("<2H2Q"), Struct("<2H3Q")  # the 64-bit fields after each of a member's headers
_ZIP_64, _DATE, _SHORT, _LONG = 45, 0x21, 0xFFFF, 0xFFFFFFFF  # version needed, 1 January 1980, "see the 64-bit field"
_NPY = Struct("<8sH")
_DIGEST = 64  # hexadecimal digits of the SHA-256

SIGNATURE = re.compile(rb"PK\x03\x04.{%d}checkpoint\.json\.npy" % (_LOCAL.size - 4), re.DOTALL)  # how each file begins


def _local_size(name: str) -> int:
    return _LOCAL.size + len(f"{name}.npy") + _SIZES.size


def _npy_header(dtype: str, shape: tuple[int, ...], start: int) -> bytes:
    """The header of an .npy member that begins at `start`, padded so that the numbers begin at a multiple of 64."""
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    padding = -(start + _NPY.size + len(text) + 1) % 64
    return _NPY.pack(b"\x93NUMPY\x01\x00", len(text) + padding + 1) + text + b" " * padding + b"\n"


def archive(text: bytes, arrays: Mapping[str, np.ndarray]) -> Iterator[Any]:
    """The bytes of the archive, in chunks, up to its digest. Arrays must be C-contiguous and their names ASCII."""
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


def with_digest(chunks: Iterable[Any]) -> Iterator[Any]:
    """The chunks of a file, followed by the SHA-256 of them all.

    >>> b"".join(with_digest([b"a", b"bc"]))[:12]
    b'abcba7816bf8'
    """
    digest = sha256()
    for chunk in chunks:
        digest.update(chunk)
        yield chunk
    yield digest.hexdigest().encode()


def read_text(content: bytes, limit: int) -> bytes:
    """The text in a file. Raises `ValueError` if the digest is wrong, or if the text has more than `limit` bytes."""
    if sha256(memoryview(content)[:-_DIGEST]).hexdigest().encode() != content[-_DIGEST:]:
        raise ValueError("damaged or cut short: its SHA-256 is not the one it was written with")
    start = _local_size(_TEXT)
    size, _ = Struct("<2Q").unpack_from(content, start - 16)
    begin, end = start + _NPY.size + _NPY.unpack_from(content, start)[1], start + size
    if end - begin > limit:
        raise ValueError(f"its description has {end - begin} bytes, at most {limit} are read")
    return content[begin:end]


def read_arrays(
    content: bytes, text: bytes, types: Iterable[tuple[str, Any]], max_letters: int
) -> dict[str, np.ndarray]:
    """The arrays in a file, by name: read-only views of its content.

    `types` are their names, dtypes and shapes, in the order of the file. Raises `ValueError` if a name occurs twice, if
    the names together have more than `max_letters` letters, or if a dtype is not one of numbers.
    """
    arrays: dict[str, np.ndarray] = {}
    start = _local_size(_TEXT)
    start += len(_npy_header("|u1", (len(text),), start)) + len(text)
    for name, (dtype, shape) in types:
        if name in arrays or (max_letters := max_letters - len(name)) < 0:
            raise ValueError(f"{name[:80]}: this name occurs twice, or the names are too long")
        if not re.fullmatch(r"[<>|][fiubc]\d{1,2}", dtype):
            raise ValueError(f"{name}: {dtype!r} is not a dtype of numbers")
        start += _local_size(name)
        start += len(_npy_header(dtype, tuple(shape), start))
        arrays[name] = np.ndarray(tuple(shape), np.dtype(dtype), content, start)
        start += arrays[name].nbytes
    return arrays


def consists_of(content: bytes, chunks: Iterable[Any]) -> bool:
    """Whether a file has exactly the bytes of these chunks, followed by a digest of any value.

    >>> consists_of(b"abc" + bytes(64), [b"a", b"bc"]), consists_of(b"abc" + bytes(64), [b"a", b"b"])
    (True, False)
    """
    start = 0
    for chunk in chunks:
        for i in range(0, len(chunk), 2**20):  # by the megabyte, since bytes() makes a copy
            block = bytes(chunk[i : i + 2**20])
            if not content.startswith(block, start):
                return False
            start += len(block)
    return start + _DIGEST == len(content)
