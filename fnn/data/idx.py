"""Reading LeCun's IDX files, strictly.

A file is bytes from somewhere else: every claim of its header is checked before it is believed, and whatever does not
hold raises an error that names the file and the byte.
"""

import os
from collections.abc import Iterator
from itertools import chain
from math import prod
from typing import Any, BinaryIO

import numpy as np

from fnn.values import FilePath, whole

__all__ = ["DataFormatError", "read_idx"]

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MAX_DIMENSIONS = 64  # NumPy's own limit
_GZIP, _XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"
_XZ_MEMORY = 2**27  # what an xz stream may ask for its dictionary: `xz -9` takes half of it
_CHUNK, _PIECE = 2**12, 2**16  # bytes taken from a compressed file at a time, and bytes handed on at a time


class DataFormatError(ValueError):
    """A file that does not hold what it should: `path`, the byte `offset`, the `problem`, and what is counted in.

    The offset counts in the `data`, decompressed if need be, or in the `gzip stream` or `xz stream` that is the file.

    >>> raise DataFormatError("labels.gz", 2, "unknown type code 0x07")
    Traceback (most recent call last):
    fnn.data.idx.DataFormatError: labels.gz: byte 2 of the data: unknown type code 0x07
    """

    def __init__(self, path: FilePath, offset: int, problem: str, of: str = "data") -> None:
        super().__init__(path, offset, problem, of)  # all of them, so that the error can be pickled
        self.path, self.offset, self.problem, self.of = path, offset, problem, of

    def __str__(self) -> str:
        return f"{os.fspath(self.path)}: byte {self.offset} of the {self.of}: {self.problem}"


def read_idx(path: FilePath, *, shape: tuple[int | None, ...] | None = None, limit: int = 2**30) -> np.ndarray:
    """The array of an IDX file: raw, gzip or xz. Read-only, of the file's type in native byte order.

    Two zero bytes, a type code, the number of dimensions, each size as a big-endian uint32, then the big-endian values
    in C order (LeCun, Cortes & Burges, The MNIST database, "The IDX file format"). Compression is recognised by the
    first bytes and not by the name, because download tools decompress on the fly and keep the name. The three cannot
    be confused: IDX begins with a zero.

    With `shape`, the file must hold exactly that shape; `None` in it stands for any size. `limit` is how many bytes of
    array the caller is willing to hold: no more is ever allocated (and 128 MiB for the dictionary of an xz stream),
    whatever the header claims and however much the stream expands.

    Raises `DataFormatError` where the file is anything else, down to a byte too few or too many, `ValueError` for a
    limit that is no whole number, and `TypeError` for what is no path.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "labels")
    ...     _ = path.write_bytes(b"\\0\\0\\x08\\1" + b"\\0\\0\\0\\3" + b"\\7\\2\\1")
    ...     read_idx(path)
    array([7, 2, 1], dtype=uint8)
    """
    limit = whole("read_idx(limit)", limit, 0)
    with open(os.fspath(path), "rb") as file:  # a descriptor is no path
        head, pieces = _take(_pieces(path, file), 4 + 4 * _MAX_DIMENSIONS)
        dtype, dims = _parse_header(path, head)
        if shape is not None and not _fits(dims, shape):
            raise DataFormatError(path, 3, f"expected an array of shape {shape} (None: any size), got {dims}")
        # Sizes of zero count as one: NumPy refuses (0, 2**32 - 1, 2**32 - 1) too, although it takes no memory.
        if dtype.itemsize * prod(max(n, 1) for n in dims) > limit:
            raise DataFormatError(
                path, 4, f"{dims} values of type {dtype.name} exceed limit={limit} bytes; raise it if the file is sound"
            )
        start = 4 + 4 * len(dims)
        data = _gather(path, chain([head[start:]], pieces), start, dtype.itemsize * prod(dims))
    if not dtype.isnative:
        data.view(dtype).byteswap(inplace=True)  # in place: a converted copy would take the memory twice
    data.flags.writeable = False
    return data.view(dtype.newbyteorder("=")).reshape(dims)


def _parse_header(path: FilePath, head: bytes) -> tuple[np.dtype, tuple[int, ...]]:
    """The type and the dimensions that the first bytes of an IDX file claim.

    >>> _parse_header("x", b"\\0\\0\\x0d\\2" + b"\\0\\0\\0\\3" + b"\\0\\0\\1\\0")
    (dtype('>f4'), (3, 256))
    """
    if not head:
        raise DataFormatError(path, 0, "expected an IDX file, got nothing: it is empty")
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise DataFormatError(path, 0, "looks like an HTML page: was the download blocked?")
    if any(head[:2]):
        raise DataFormatError(path, 0, f"an IDX file begins with two zero bytes, got 0x{head[:2].hex()}")
    if len(head) < 4:
        raise DataFormatError(path, len(head), f"expected the 4 bytes of the magic number, got {len(head)}")
    code, ndim = head[2:4]
    if code not in _TYPES:
        known = ", ".join(f"0x{known:02x}" for known in _TYPES)
        raise DataFormatError(path, 2, f"unknown type code 0x{code:02x}, expected one of {known}")
    if not 1 <= ndim <= _MAX_DIMENSIONS:
        raise DataFormatError(path, 3, f"expected 1 to {_MAX_DIMENSIONS} dimensions, got {ndim}")
    if len(head) < 4 + 4 * ndim:
        raise DataFormatError(path, len(head), f"the data end within the sizes of the {ndim} dimensions")
    return np.dtype(_TYPES[code]), tuple(np.frombuffer(head, ">u4", count=ndim, offset=4).tolist())


def _fits(dims: tuple[int, ...], shape: tuple[int | None, ...]) -> bool:
    """Whether the dimensions are those of `shape`, in which `None` stands for any size.

    >>> _fits((3, 28, 28), (None, 28, 28)), _fits((3,), (None, 28, 28))
    (True, False)
    """
    return len(dims) == len(shape) and all(want in (None, n) for n, want in zip(dims, shape, strict=True))


def _take(pieces: Iterator[bytes], n: int) -> tuple[bytes, Iterator[bytes]]:
    """The first `n` bytes, or all there are, and the pieces of what comes after them.

    >>> head, rest = _take(iter([b"ab", b"cd", b"ef"]), 3)
    >>> head, list(rest)
    (b'abc', [b'd', b'ef'])
    """
    head = b""
    while len(head) < n and (piece := next(pieces, None)) is not None:
        head += piece
    return head[:n], chain([head[n:]], pieces)


def _gather(path: FilePath, pieces: Iterator[bytes], start: int, n: int) -> np.ndarray:
    """The `n` bytes that must be all there is from byte `start` on.

    >>> _gather("x", iter([b"\\1\\2", b"\\3"]), 8, 3)
    array([1, 2, 3], dtype=uint8)
    """
    data = np.empty(n, np.uint8)
    filled = 0
    for piece in pieces:
        if filled + len(piece) > n:
            raise DataFormatError(path, start + n, f"expected the end after {n} bytes of values, but the data go on")
        data[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
        filled += len(piece)
    if filled < n:
        raise DataFormatError(
            path, start + filled, f"expected {n} bytes of values, got {filled}; is the file complete?"
        )
    return data


def _pieces(path: FilePath, file: BinaryIO) -> Iterator[bytes]:
    """The data of the file in small pieces, decompressed if it begins like a gzip or an xz stream."""
    magic = file.read(len(_XZ))
    file.seek(0)
    if magic.startswith(_GZIP):
        import zlib

        return _decompressed(path, file, zlib.decompressobj(wbits=31), "gzip stream", zlib.error)  # 31: gzip only
    if magic == _XZ:
        import lzma

        decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
        return _decompressed(path, file, decoder, "xz stream", lzma.LZMAError)
    return iter(lambda: file.read(_PIECE), b"")


def _decompressed(path: FilePath, file: BinaryIO, decoder: Any, name: str, error: type[Exception]) -> Iterator[bytes]:
    """The one stream that the file must hold, decompressed. Unlike `gzip.open`, it sees what follows the stream."""
    while not decoder.eof:
        chunk = file.read(_CHUNK)
        if not chunk:
            raise DataFormatError(path, file.tell(), "the file ends before the stream; is the file complete?", name)
        full = True
        while full and not decoder.eof:
            try:
                piece = decoder.decompress(chunk, _PIECE)
            except error as e:
                problem = f"the bytes before it cannot be decompressed ({e}); is the file damaged?"
                raise DataFormatError(path, file.tell(), problem, name) from e
            yield piece
            chunk = getattr(decoder, "unconsumed_tail", b"")  # zlib returns what it did not take, lzma keeps it
            full = len(piece) == _PIECE  # then more may come without further input
    end = file.tell() - len(decoder.unused_data)
    if after := decoder.unused_data + file.read(len(_XZ)):
        kind = "a second compressed stream" if after.startswith((_GZIP, _XZ)) else "trailing bytes"
        raise DataFormatError(path, end, f"expected the end of the file, got {kind}", name)
