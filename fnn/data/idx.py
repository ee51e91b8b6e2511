"""A strict reader of IDX files, the format in which MNIST is distributed: each error names the file and the byte."""

import os
from collections.abc import Callable, Iterator
from itertools import chain
from math import prod
from typing import Any, BinaryIO

import numpy as np

from fnn.values import FilePath, whole

__all__ = ["DataFormatError", "read_idx", "read_labelled_images"]

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MAX_DIMENSIONS = 64  # NumPy's own limit
_GZIP, _XZ = b"\x1f\x8b", b"\xfd7zXZ\x00"  # the first bytes of such a stream
_XZ_MEMORY = 2**27  # bytes of the largest dictionary of an xz stream; `xz -9` uses half of this
_READ, _PIECE = 2**12, 2**16  # bytes read, and bytes decompressed, at a time


class DataFormatError(ValueError):
    """A file has the wrong format: its `path`, the byte `offset` and the `problem` found there.

    `of` says what the offset counts in: the "data" after any decompression, or the "gzip stream" or "xz stream" itself.

    >>> raise DataFormatError("labels.gz", 2, "unknown type code 0x07")
    Traceback (most recent call last):
    fnn.data.idx.DataFormatError: labels.gz: byte 2 of the data: unknown type code 0x07
    """

    def __init__(self, path: FilePath, offset: int, problem: str, of: str = "data") -> None:
        super().__init__(path, offset, problem, of)  # pickle passes all of them on
        self.path, self.offset, self.problem, self.of = path, offset, problem, of

    def __str__(self) -> str:
        return f"{os.fspath(self.path)}: byte {self.offset} of the {self.of}: {self.problem}"


def read_idx(path: FilePath, *, shape: tuple[int | None, ...] | None = None, limit: int = 2**30) -> np.ndarray:
    """Read the array in an IDX file, plain or compressed with gzip or xz: read-only, in native byte order.

    An IDX file consists of two zero bytes, a type code, the number of dimensions, each size as a big-endian uint32, and
    the big-endian values in C order (LeCun, Cortes & Burges, The MNIST database, "The IDX file format"). The first
    bytes of the file, not its name, tell whether it is compressed, in one stream or several.

    `shape` is the expected shape, with `None` for any size. `limit` is the largest number of bytes that the array may
    take: no more are allocated, except up to 128 MiB for the dictionary of an xz stream.

    Raises `DataFormatError` if the file is damaged, has another format or shape, exceeds `limit`, or has a byte too few
    or too many; `ValueError` unless `limit` is a non-negative integer; and `TypeError` unless `path` is a path.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "labels")
    ...     _ = path.write_bytes(b"\\0\\0\\x08\\1" + b"\\0\\0\\0\\3" + b"\\7\\2\\1")
    ...     read_idx(path)
    array([7, 2, 1], dtype=uint8)
    """
    limit = whole("read_idx(limit)", limit, 0)
    with open(os.fspath(path), "rb") as file:  # fspath refuses a file descriptor, which open would take
        head, pieces = _take(_pieces(path, file), 4 + 4 * _MAX_DIMENSIONS)
        dtype, dims = _parse_header(path, head)
        wanted = dims if shape is None else shape
        if len(wanted) != len(dims) or any(want not in (None, n) for want, n in zip(wanted, dims, strict=True)):
            raise DataFormatError(path, 3, f"expected an array of shape {shape} (None: any size), got {dims}")
        # A size of 0 counts as 1, since NumPy refuses (0, 2**32 - 1, 2**32 - 1).
        if dtype.itemsize * prod(max(n, 1) for n in dims) > limit:
            problem = f"{dims} values of type {dtype.name} exceed limit={limit} bytes; raise it if the file is sound"
            raise DataFormatError(path, 4, problem)
        start = 4 + 4 * len(dims)
        data = _gather(path, chain([head[start:]], pieces), start, dtype.itemsize * prod(dims))
    if not dtype.isnative:
        data.view(dtype).byteswap(inplace=True)
    data.flags.writeable = False  # not of a view: this cannot be undone through the array returned
    return data.view(dtype.newbyteorder("=")).reshape(dims)


def read_labelled_images(
    images_path: FilePath, labels_path: FilePath, n_classes: int = 10, *, limit: int = 2**30
) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, height, width) and their labels (n,), both uint8 and read-only.

    Raises `DataFormatError` if a file is not such an IDX file, if an array takes more than `limit` bytes, if there
    are more images than labels or fewer, or if a label is not below `n_classes`.
    """
    images, labels = read_idx(images_path, limit=limit), read_idx(labels_path, limit=limit)
    for path, array, name, ndim in ((images_path, images, "images", 3), (labels_path, labels, "labels", 1)):
        if array.ndim != ndim or array.dtype != np.uint8:
            got = f"{array.ndim} of {array.dtype}"
            problem = f"{name} must have {ndim} dimension(s) of uint8, got {got}; are the two paths swapped?"
            raise DataFormatError(path, 2, problem)
    if len(labels) != len(images):
        problem = f"expected {len(images)} labels, one for each image of {os.fspath(images_path)}, got {len(labels)}"
        raise DataFormatError(labels_path, 4, problem)
    if (bad := np.flatnonzero(labels >= n_classes)).size:
        problem = f"labels must be below n_classes={n_classes}, got {labels[bad[0]]}"
        raise DataFormatError(labels_path, 8 + int(bad[0]), problem)
    return images, labels


def _parse_header(path: FilePath, head: bytes) -> tuple[np.dtype, tuple[int, ...]]:
    """The dtype and the shape that the header of an IDX file states."""
    if not head:
        raise DataFormatError(path, 0, "expected an IDX file, but it is empty")
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


def _take(pieces: Iterator[bytes], n: int) -> tuple[bytes, Iterator[bytes]]:
    """The first `n` bytes, or all if there are fewer, and an iterator over the remaining pieces."""
    head = b""
    while len(head) < n and (piece := next(pieces, None)) is not None:
        head += piece
    return head[:n], chain([head[n:]], pieces)


def _gather(path: FilePath, pieces: Iterator[bytes], start: int, n: int) -> np.ndarray:
    """All bytes of the pieces, which begin at `start`, as one array. Raises `DataFormatError` unless there are `n`."""
    data = np.empty(n, np.uint8)
    filled = 0
    for piece in pieces:
        if filled + len(piece) > n:
            raise DataFormatError(path, start + n, f"expected the end after {n} bytes of values, but the data go on")
        data[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
        filled += len(piece)
    if filled < n:
        problem = f"expected {n} bytes of values, got {filled}; is the file complete?"
        raise DataFormatError(path, start + filled, problem)
    return data


def _pieces(path: FilePath, file: BinaryIO) -> Iterator[bytes]:
    """The data of the file in small pieces, decompressed if the file begins like a gzip or an xz stream."""
    magic = file.read(len(_XZ))
    file.seek(0)
    if magic.startswith(_GZIP):
        import zlib

        return _decompressed(path, file, lambda: zlib.decompressobj(wbits=31), _GZIP, "gzip stream", zlib.error)
    if magic == _XZ:
        import lzma

        decoder = lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)  # noqa: E731
        return _decompressed(path, file, decoder, _XZ, "xz stream", lzma.LZMAError)
    return iter(lambda: file.read(_PIECE), b"")


def _decompressed(
    path: FilePath, file: BinaryIO, new: Callable[[], Any], magic: bytes, name: str, error: type[Exception]
) -> Iterator[bytes]:
    """Decompress a file of one or more streams of one kind. Unlike `gzip.open`, refuse other bytes after them."""
    chunk = file.read(_READ)
    while chunk:
        decoder = new()
        while not decoder.eof:
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
                chunk = getattr(decoder, "unconsumed_tail", b"")  # of zlib: the input not yet used; lzma keeps it
                full = len(piece) == _PIECE  # then the decoder may have more output without further input
            chunk = b"" if decoder.eof else file.read(_READ)
        end = file.tell() - len(decoder.unused_data)
        chunk = decoder.unused_data + file.read(len(magic))
        if chunk and not chunk.startswith(magic):
            raise DataFormatError(path, end, f"expected the end of the file or another {name}, got other bytes", name)
