"""IDX files: a well-formed file gives its array back, and a malformed one is refused with the byte."""

import gzip
import lzma
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnn.data import DataFormatError, read_idx
from tests.support.idx_files import CODES, header, idx, refused

COMPRESS = {
    "raw": bytes,
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "xz": lambda data: lzma.compress(data, preset=0),
}
HEADER = b"\0\0\x08\x01\0\0\0\x05"  # uint8, one dimension, five values


@pytest.mark.parametrize("compress", COMPRESS.values(), ids=COMPRESS)
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("shape", [(7,), (3, 4), (2, 3, 5), (0, 28, 28), (1,) * 64])
def test_an_array_comes_back_as_it_was_written(write, compress, code, shape):
    array = np.random.default_rng(0).integers(-(2**31), 2**31, shape).astype(code)
    got = read_idx(write(compress(idx(array))))
    assert got.shape == shape
    assert got.dtype == np.dtype(code)
    assert got.dtype.isnative
    np.testing.assert_array_equal(got, array)


def test_the_array_cannot_be_made_writable(write):
    got = read_idx(write(idx(np.arange(5, dtype="i4"))))
    with pytest.raises(ValueError, match="read-only"):
        got[0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        got.flags.writeable = True


@pytest.mark.parametrize("name", ["images.gz", "images.xz", "images"])
@pytest.mark.parametrize("compress", COMPRESS.values(), ids=COMPRESS)
def test_the_name_of_the_file_does_not_matter(write, compress, name):
    assert read_idx(str(write(compress(idx(np.arange(5, dtype="u1"))), name))).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("compress", COMPRESS.values(), ids=COMPRESS)
@pytest.mark.parametrize("high", [1, 256], ids=["compressible", "noise"])
def test_files_larger_than_any_buffer(write, compress, high):
    array = np.random.default_rng(0).integers(high, size=2**19 + 1, dtype="u1")
    np.testing.assert_array_equal(read_idx(write(compress(idx(array)))), array)


def test_the_expected_shape_is_checked(write):
    path = write(idx(np.zeros((5, 28, 28), "u1")))
    for shape in ((5, 28, 28), (None, 28, 28), (None, None, None)):
        assert read_idx(path, shape=shape).shape == (5, 28, 28)
    for shape in ((6, 28, 28), (None, 784), (None, 28, 27), ()):
        with pytest.raises(DataFormatError, match=r"expected an array of shape .* got \(5, 28, 28\)") as error:
            read_idx(path, shape=shape)
        assert error.value.offset == 3


def test_the_limit_is_inclusive_and_counts_bytes(write):
    path = write(idx(np.zeros(3, "f8")))
    assert read_idx(path, limit=24).nbytes == 24
    with pytest.raises(DataFormatError, match="exceed limit=23 bytes; raise it"):
        read_idx(path, limit=23)


MALFORMED = {  # the data, the offset, what the message says
    "empty": (b"", 0, "it is empty"),
    "a magic number of one byte": (b"\0", 1, "4 bytes of the magic number, got 1"),
    "a magic number of three bytes": (b"\0\0\x08", 3, "4 bytes of the magic number, got 3"),
    "first byte not zero": (b"\1\0\x08\x01\0\0\0\0", 0, "two zero bytes, got 0x0100"),
    "second byte not zero": (b"\0\1\x08\x01\0\0\0\0", 0, "two zero bytes, got 0x0001"),
    "little-endian magic number": (b"\x01\x08\0\0\5\0\0\0", 0, "two zero bytes"),
    "unknown type code": (b"\0\0\x0a\x01\0\0\0\0", 2, "unknown type code 0x0a"),
    "no dimensions": (b"\0\0\x08\0", 3, "1 to 64 dimensions, got 0"),
    "65 dimensions": (header(0x08, *(1,) * 65) + b"\0", 3, "1 to 64 dimensions, got 65"),
    "255 dimensions": (header(0x08, *(1,) * 255) + b"\0", 3, "1 to 64 dimensions, got 255"),
    "sizes cut short": (b"\0\0\x08\x02\0\0\0\5\0\0\0", 11, "the data end within the sizes of the 2 dimensions"),
    "sizes missing": (b"\0\0\x08\x01", 4, "the data end within the sizes"),
    "above the limit": (header(0x08, 2**30 + 1), 4, "exceed limit=1073741824 bytes"),
    "a product above 2**64": (header(0x0E, *(2**32 - 1,) * 3), 4, "exceed limit"),
    "a product above any float": (header(0x0E, *(2**32 - 1,) * 64), 4, "exceed limit"),
    "a product that wraps around to zero": (header(0x08, *(2**16,) * 4), 4, "exceed limit"),
    "a product of zero that NumPy refuses": (header(0x08, 0, 2**32 - 1, 2**32 - 1), 4, "exceed limit"),
    "one byte short": (HEADER + b"1234", 12, "expected 5 bytes of values, got 4"),
    "one byte short of a wider type": (header(0x0E, 2) + bytes(15), 23, "expected 16 bytes of values, got 15"),
    "one byte long": (HEADER + b"123456", 13, "expected the end after 5 bytes"),
    "much too long": (HEADER + bytes(10**6), 13, "expected the end after 5 bytes"),
    "all values missing": (HEADER, 8, "expected 5 bytes of values, got 0"),
    "one byte after no values": (header(0x08, 0) + b"1", 8, "expected the end after 0 bytes"),
    "an HTML page": (b"<!DOCTYPE html><html><body>403</body></html>", 0, "HTML page: was the download blocked"),
    "an HTML page after blank lines": (b"\xef\xbb\xbf\r\n  <html>", 0, "HTML page: was the download blocked"),
}


@pytest.mark.parametrize("compress", COMPRESS.values(), ids=COMPRESS)
@pytest.mark.parametrize(("data", "offset", "message"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_data_are_refused(write, compress, data, offset, message):
    refused(write(compress(data)), offset, message)


@given(st.binary(max_size=40), st.sampled_from([b"", b"\0\0", b"\0\0\x08\x01\0\0\0", b"\x1f\x8b\x08\0", b"\xfd7zXZ\0"]))
def test_any_bytes_are_an_array_or_a_data_format_error(tmp_path_factory, data, prefix):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(prefix + data)
    got = array_or_none(path)
    assert got is None or idx(got) == prefix + data


def array_or_none(path):
    try:
        return read_idx(path, limit=2**20)
    except DataFormatError:
        return None


def test_a_missing_file_is_the_operating_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "nowhere")


def test_the_error_survives_pickling():
    error = pickle.loads(pickle.dumps(DataFormatError("file", 3, "problem", "xz stream")))
    assert str(error) == "file: byte 3 of the xz stream: problem"
    assert (error.path, error.offset, error.problem, error.of) == ("file", 3, "problem", "xz stream")
