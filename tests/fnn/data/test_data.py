"""A well-formed file gives its array back, every malformed one is refused, and the synthetic sets are what they say."""

import gzip
import io
import lzma
import pickle
import struct
import tracemalloc
import zlib

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnn.data import (
    DataFormatError,
    blobs,
    class_labels,
    line,
    one_hot,
    read_idx,
    read_labelled_images,
    split_at,
    xor,
)
from fnn.random import Key, split

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
COMPRESS = {
    "raw": bytes,
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "xz": lambda data: lzma.compress(data, preset=0),
}
HEADER = b"\0\0\x08\x01\0\0\0\x05"  # uint8, one dimension, five values


def header(code, *dims):
    return bytes((0, 0, code, len(dims))) + struct.pack(f">{len(dims)}I", *dims)


def idx(array):
    array = np.asarray(array)
    return header(CODES[array.dtype.str[1:]], *array.shape) + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture
def write(tmp_path):
    def write(data, name="file"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def refused(path, offset, message, read=read_idx, of="data"):
    """Assert that the file is refused with a message that names it and the byte."""
    with pytest.raises(DataFormatError, match=message) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: byte {offset} of the {of}: ")
    assert (error.value.path, error.value.offset) == (path, offset)


# ---- well-formed files


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


def test_the_array_cannot_be_written_to_even_by_insisting(write):
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


def test_what_is_expected_of_the_shape_is_checked(write):
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


# ---- malformed data, whether or not they are compressed

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


# ---- malformed streams

STREAMS = pytest.mark.parametrize("kind", ["gzip", "xz"])
VALUES = np.random.default_rng(0).integers(256, size=20_000, dtype="u1")  # noise: a stream of several chunks


@STREAMS
def test_a_stream_cut_anywhere_is_refused(write, kind):
    small = COMPRESS[kind](HEADER + b"12345")
    for whole in (small, COMPRESS[kind](idx(VALUES))):
        for end in {*range(1, len(small)), len(whole) - 1, len(whole) // 2}:
            path = write(whole[:end])
            if end >= 6:  # long enough to be known for what it is
                refused(path, end, "the file ends before the stream; is the file complete", of=f"{kind} stream")
            else:
                with pytest.raises(DataFormatError, match=str(path)):
                    read_idx(path)


@STREAMS
def test_a_flipped_bit_is_noticed_no_earlier_than_where_it_is(write, kind):
    whole = COMPRESS[kind](idx(VALUES))
    for at in (len(whole) // 2, len(whole) - 5, len(whole) - 1):
        bad = bytearray(whole)
        bad[at] ^= 0x10
        with pytest.raises(DataFormatError, match="the bytes before it cannot be decompressed") as error:
            read_idx(path := write(bytes(bad)))
        assert str(error.value).startswith(f"{path}: byte {error.value.offset} of the {kind} stream: ")
        assert at < error.value.offset <= len(whole)
        assert error.value.__cause__ is not None


@STREAMS
@pytest.mark.parametrize("values", [b"12345", VALUES], ids=["short", "long"])
@pytest.mark.parametrize("trailing", [b"\0", bytes(10_000), b"garbage"], ids=["a zero", "padding", "garbage"])
def test_trailing_bytes_are_noticed(write, kind, values, trailing):
    whole = COMPRESS[kind](idx(np.frombuffer(values, "u1")))
    message = "expected the end of the file, got trailing bytes"
    refused(write(whole + trailing), len(whole), message, of=f"{kind} stream")


@pytest.mark.parametrize("first", ["gzip", "xz"])
@pytest.mark.parametrize("second", ["gzip", "xz"])
def test_concatenated_streams_are_noticed_where_gzip_open_would_join_them(write, first, second):
    whole = COMPRESS[first](HEADER + b"12")
    path = write(whole + COMPRESS[second](b"345"))
    refused(path, len(whole), "got a second compressed stream", of=f"{first} stream")


def test_a_stream_that_ends_with_a_chunk_and_is_followed_by_another(write):
    def named(n):  # a gzip member whose header carries a name of n bytes
        buffer = io.BytesIO()
        with gzip.GzipFile("n" * n, "wb", fileobj=buffer, mtime=0) as file:
            file.write(HEADER + b"12345")
        return buffer.getvalue()

    whole = named(4096 - len(named(1)) + 1)
    assert len(whole) == 4096
    assert read_idx(write(whole)).tolist() == [*b"12345"]
    refused(write(whole + whole), 4096, "got a second compressed stream", of="gzip stream")


def peak_of(read):
    tracemalloc.start()
    try:
        with pytest.raises(DataFormatError) as error:
            read()
        return str(error.value), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", COMPRESS)
@pytest.mark.parametrize("claim", [5, 2**24])
def test_a_bomb_takes_no_more_memory_than_its_header_claims(write, kind, claim):
    path = write(COMPRESS[kind](header(0x08, claim) + bytes(2**25)))
    message, peak = peak_of(lambda: read_idx(path))
    assert f"expected the end after {claim} bytes" in message
    assert peak < claim + 2**20


@pytest.mark.parametrize("kind", COMPRESS)
def test_a_claim_above_the_limit_takes_no_memory(write, kind):
    path = write(COMPRESS[kind](header(0x08, 2**25) + bytes(2**25)))
    message, peak = peak_of(lambda: read_idx(path, limit=2**25 - 1))
    assert "exceed limit" in message
    assert peak < 2**20


def test_an_xz_stream_that_asks_for_a_huge_dictionary_is_refused(write):
    stream = lzma.compress(HEADER + b"12345", preset=0)
    end = 12 + (stream[12] + 1) * 4  # of the block's header, which begins at byte 12 and ends with its checksum
    block = bytearray(stream[12 : end - 4])
    assert block[2:4] == b"\x21\x01"  # LZMA2, with one byte of properties: the size of the dictionary
    block[4] = 40  # 4 GiB - 1
    path = write(stream[:12] + block + struct.pack("<I", zlib.crc32(block)) + stream[end:])
    message, peak = peak_of(lambda: read_idx(path))
    assert "xz stream: the bytes before it cannot be decompressed (Memory usage limit exceeded)" in message
    assert peak < 2**20


# ---- labelled images


IMAGES = np.arange(3 * 2 * 2, dtype="u1").reshape(3, 2, 2)
LABELS = np.array([0, 9, 4], "u1")


def test_labelled_images_come_back_read_only(write):
    images, labels = read_labelled_images(write(gzip.compress(idx(IMAGES)), "images"), write(idx(LABELS), "labels"))
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(labels, LABELS)
    assert not images.flags.writeable
    assert not labels.flags.writeable


@pytest.mark.parametrize(
    ("images", "labels", "culprit", "offset", "message"),
    [
        (LABELS, IMAGES, "images", 2, r"images must have 3 .* got 1 of uint8; are the two paths swapped"),
        (IMAGES, IMAGES, "labels", 2, r"labels must have 1 .* got 3 of uint8; are the two paths swapped"),
        (LABELS, LABELS, "images", 2, r"images must have 3"),
        (IMAGES.astype("f4"), LABELS, "images", 2, r"got 3 of float32"),
        (IMAGES, LABELS.astype("i4"), "labels", 2, r"got 1 of int32"),
        (IMAGES, LABELS[:2], "labels", 4, r"expected 3 labels, one for each image of .*images, got 2"),
        (IMAGES, LABELS[[0, 1, 2, 2]], "labels", 4, r"expected 3 labels, .* got 4"),
        (IMAGES, np.array([0, 10, 255], "u1"), "labels", 9, r"below n_classes=10, got 10"),
    ],
)
def test_files_that_are_no_labelled_images_are_refused(write, images, labels, culprit, offset, message):
    paths = {"images": write(idx(images), "images"), "labels": write(idx(labels), "labels")}
    refused(paths[culprit], offset, message, lambda path: read_labelled_images(paths["images"], paths["labels"]))


@pytest.mark.parametrize(("culprit", "limit"), [("images", 11), ("labels", 2)])
def test_the_callers_limit_holds_for_both_files(write, culprit, limit):
    paths = {"images": write(idx(IMAGES), "images"), "labels": write(idx(LABELS), "labels")}
    read = lambda path: read_labelled_images(paths["images"], paths["labels"], limit=limit)  # noqa: E731
    if culprit == "labels":
        paths["images"] = write(idx(IMAGES[:1, :1, :1]), "images")
    refused(paths[culprit], 4, f"exceed limit={limit} bytes", read)


def test_the_number_of_classes_is_the_callers(write):
    paths = write(idx(IMAGES), "images"), write(idx(LABELS), "labels")
    assert read_labelled_images(*paths, n_classes=256)[1].tolist() == [0, 9, 4]
    with pytest.raises(DataFormatError, match="below n_classes=9, got 9"):
        read_labelled_images(*paths, n_classes=9)


# ---- splits


@given(st.integers(0, 6).flatmap(lambda length: st.tuples(st.just(length), st.integers(-length, length))))
def test_the_two_sides_of_a_split_make_the_whole(length_and_n):
    length, n = length_and_n
    arrays = np.arange(length), np.arange(2 * length).reshape(length, 2)
    before, after = split_at(arrays, n)
    for whole, a, b in zip(arrays, before, after, strict=True):
        np.testing.assert_array_equal(np.concatenate([a, b]), whole)
        assert len(a) == n % length if n < 0 else len(a) == n


def test_a_split_is_made_of_views_and_keeps_them_read_only():
    x = np.arange(5)
    x.flags.writeable = False
    (a,), (b,) = split_at((x,), np.int64(3))
    assert np.shares_memory(a, x)
    assert np.shares_memory(b, x)
    assert not a.flags.writeable
    assert not b.flags.writeable


@pytest.mark.parametrize(
    ("arrays", "n", "message"),
    [
        (np.zeros((5, 2)), 2, r"expected a tuple of arrays, got one array; write split_at\(\(x,\), n\)"),
        ((np.zeros(5), np.zeros(4)), 2, r"equal length, got shapes \[\(5,\), \(4,\)\]"),
        ((np.zeros(5), np.float64(1)), 2, r"equal length, got shapes \[\(5,\), \(\)\]"),
        ((), 0, r"equal length, got shapes \[\]"),
        ((np.zeros(5),), 6, "integer from -5 to 5, got 6"),
        ((np.zeros(5),), -6, "integer from -5 to 5, got -6"),
        ((np.zeros(5),), 0.8, "integer from -5 to 5, got 0.8"),
        ((np.zeros(5),), True, "integer from -5 to 5, got True"),
    ],
)
def test_what_cannot_be_split_is_refused(arrays, n, message):
    with pytest.raises(ValueError, match=message):
        split_at(arrays, n)


# ---- labels


@given(st.lists(st.integers(0, 4), max_size=8))
def test_one_hot_is_undone_by_argmax_and_sums_to_one(labels):
    rows = one_hot(np.array(labels, int), 5)
    assert rows.shape == (len(labels), 5)
    assert rows.dtype == np.float32
    assert rows.argmax(axis=-1).tolist() == labels
    assert (rows.sum(axis=-1) == 1).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.uint64])
def test_one_hot_takes_any_integers_and_any_leading_axes(dtype):
    labels = np.array([[0, 1, 2], [2, 1, 0]], dtype)
    np.testing.assert_array_equal(one_hot(labels, 3, np.float64), np.eye(3)[labels])
    assert one_hot(labels, 3, np.float64).dtype == np.float64
    assert one_hot(dtype(1), 3).tolist() == [0, 1, 0]
    assert one_hot(labels, 1000).shape == (2, 3, 1000)


@pytest.mark.parametrize(
    ("labels", "n_classes", "message"),
    [
        ([0.0, 1.0], 2, r"the labels must be integers, got float64; convert them with astype\(int\)"),
        ([True, False], 2, "must be integers, got bool"),
        ([0, 2], 2, "must be from 0 to 1, got 2"),
        ([0, -1], 2, "must be from 0 to 1, got -1"),
        ([0], 0, "n_classes must be a positive integer, got 0"),
        ([0], 2.0, "n_classes must be a positive integer, got 2.0"),
    ],
)
def test_labels_that_are_none_are_refused(labels, n_classes, message):
    for check in (one_hot, lambda labels, n: class_labels("the labels", labels, n)):
        with pytest.raises(ValueError, match=message):
            check(np.array(labels), n_classes)


# ---- synthetic sets


def arrays_of(points):
    return (points.x, points.y) if attrs.has(type(points)) else points


@pytest.mark.parametrize("make", [line, blobs, xor])
def test_a_synthetic_set_is_a_read_only_function_of_its_key(make):
    a, again, other = (arrays_of(make(Key(seed))) for seed in (1, 1, 2))
    for one, two in zip(a, again, strict=True):
        np.testing.assert_array_equal(one, two)
        assert len(one) == 400
        assert not one.flags.writeable
    assert not np.array_equal(a[0], other[0])


@pytest.mark.parametrize("make", [line, blobs, xor])
def test_the_points_have_two_axes_and_the_paper_s_types(make):
    x, y = arrays_of(make(Key(0), n=8))
    assert x.dtype == np.float32
    assert (x.shape, y.shape, y.dtype) == (((8, 1), (8, 1), np.float32) if make is line else ((8, 2), (8,), np.int64))


@pytest.mark.parametrize(
    ("make", "n", "multiple"),
    [
        (line, 0, 1),
        (line, 4.0, 1),
        (line, True, 1),
        (line, "4", 1),
        (blobs, 0, 2),
        (blobs, 5, 2),
        (xor, 6, 4),
        (xor, -4, 4),
    ],
)
def test_a_set_that_cannot_be_balanced_is_refused(make, n, multiple):
    with pytest.raises(ValueError, match=f"{make.__name__}: n must be a positive multiple of {multiple}, got {n!r}"):
        make(Key(0), n=n)


def test_lines_are_equal_by_value():
    assert line(Key(1)) == line(Key(1))
    assert line(Key(1)) != line(Key(2))


def test_the_points_of_a_line_lie_about_it_with_deviation_one_half():
    points = line(Key(3), n=100_000)
    rest = points.y - (points.w * points.x + points.b)
    assert abs(rest.mean()) < 0.01
    assert abs(rest.std() - 0.5) < 0.01
    assert abs(np.corrcoef(rest[:, 0], points.x[:, 0])[0, 1]) < 0.02
    assert 0 <= points.x.min() < 0.01
    assert 9.99 < points.x.max() <= 10
    assert abs(points.x.mean() - 5) < 0.05


def test_the_coefficients_of_lines_are_uniform():
    w, b = np.array([(points.w, points.b) for points in (line(key, n=1) for key in split(Key(4), 2000))]).T
    for values, bound in ((w, 5), (b, 10)):
        assert -bound <= values.min() < -0.98 * bound
        assert 0.98 * bound < values.max() <= bound
        assert abs(values.mean()) < 0.05 * bound
        assert abs(values.std() - bound / 3**0.5) < 0.03 * bound
    assert abs(np.corrcoef(w, b)[0, 1]) < 0.05


def test_blobs_are_two_unit_gaussians_in_order():
    x, labels = blobs(Key(5), n=100_000)
    assert labels.tolist() == [0] * 50_000 + [1] * 50_000
    for label in (0, 1):
        group = x[labels == label]
        np.testing.assert_allclose(np.cov(group.T), np.eye(2), atol=0.03)
        assert (abs(group.mean(axis=0)) < 10.05).all()


def test_the_centres_of_blobs_are_uniform_on_a_square_of_side_twenty():
    centres = np.array([blobs(key, n=2)[0] for key in split(Key(6), 2000)]).reshape(-1)  # and unit noise
    assert abs(centres.mean()) < 0.3
    assert abs(centres.std() - (100 / 3 + 1) ** 0.5) < 0.15
    assert abs(centres).max() < 15


def test_xor_is_four_unit_gaussians_whose_labels_are_the_xor_of_signs():
    x, labels = xor(Key(7), n=100_000)
    groups, group_labels = x.reshape(4, -1, 2), labels.reshape(4, -1)
    signs = np.sign(groups.mean(axis=1))
    assert len({tuple(sign) for sign in signs}) == 4
    np.testing.assert_allclose(groups.mean(axis=1), 3 * signs, atol=0.03)
    for group, sign, label in zip(groups, signs, group_labels, strict=True):
        np.testing.assert_allclose(np.cov(group.T), np.eye(2), atol=0.04)
        assert (label == (sign[0] != sign[1])).all()
    # A point crosses an axis with probability 0.00135, so the signs of the points err on 0.27 %.
    assert abs((((x[:, 0] > 0) ^ (x[:, 1] > 0)) != labels).mean() - 0.0027) < 0.001
