"""Compressed IDX files: damaged streams, bytes after a stream, and streams that would take too much memory."""

import gzip
import io
import lzma
import struct
import tracemalloc
import zlib

import numpy as np
import pytest

from fnn.data import DataFormatError, read_idx
from tests.fnn.data.test_idx import COMPRESS, HEADER
from tests.support.idx_files import header, idx, refused

STREAMS = pytest.mark.parametrize("kind", ["gzip", "xz"])
VALUES = np.random.default_rng(0).integers(256, size=20_000, dtype="u1")  # noise, so that a stream takes several chunks


@STREAMS
def test_a_stream_cut_anywhere_is_refused(write, kind):
    small = COMPRESS[kind](HEADER + b"12345")
    for whole in (small, COMPRESS[kind](idx(VALUES))):
        for end in {*range(1, len(small)), len(whole) - 1, len(whole) // 2}:
            path = write(whole[:end])
            if end >= 6:  # long enough to be recognised
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
    for streams in (whole, COMPRESS[kind](b"") + whole):
        message = f"expected the end of the file or another {kind} stream, got other bytes"
        refused(write(streams + trailing), len(streams), message, of=f"{kind} stream")


@STREAMS
def test_streams_one_behind_the_other_are_read(write, kind):
    data = idx(VALUES)
    for cuts in ([1], [7], [4096, 4097], [*range(100)], [len(data)]):
        pieces = [data[i:j] for i, j in zip([0, *cuts], [*cuts, None], strict=True)]
        whole = b"".join(map(COMPRESS[kind], pieces))
        np.testing.assert_array_equal(read_idx(write(whole)), VALUES)
        with pytest.raises(DataFormatError, match=f"of the {kind} stream: the file ends before the stream"):
            read_idx(write(whole[:-1]))


@pytest.mark.parametrize(("first", "second"), [("gzip", "xz"), ("xz", "gzip")])
def test_a_stream_of_another_kind_is_noticed(write, first, second):
    whole = COMPRESS[first](HEADER + b"12")
    path = write(whole + COMPRESS[second](b"345"))
    refused(path, len(whole), f"another {first} stream, got other bytes", of=f"{first} stream")


@pytest.mark.parametrize("unused", [1, 2, 5, 6])
def test_a_second_stream_that_begins_at_the_end_of_a_chunk(write, unused):
    def named(n):  # a gzip stream whose header contains a name of n bytes
        buffer = io.BytesIO()
        with gzip.GzipFile("n" * n, "wb", fileobj=buffer, mtime=0) as file:
            file.write(HEADER + b"12")
        return buffer.getvalue()

    whole = named(4096 - unused - len(named(1)) + 1)
    assert len(whole) == 4096 - unused
    assert read_idx(write(whole + COMPRESS["gzip"](b"345"))).tolist() == [*b"12345"]


def test_a_stream_that_ends_with_a_chunk_and_is_followed_by_another(write):
    def named(n):  # a gzip stream whose header contains a name of n bytes
        buffer = io.BytesIO()
        with gzip.GzipFile("n" * n, "wb", fileobj=buffer, mtime=0) as file:
            file.write(HEADER + b"12345")
        return buffer.getvalue()

    whole = named(4096 - len(named(1)) + 1)
    assert len(whole) == 4096
    assert read_idx(write(whole)).tolist() == [*b"12345"]
    refused(write(whole + whole), 13, "expected the end after 5 bytes of values, but the data go on")


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
def test_a_stream_that_expands_takes_no_more_memory_than_its_header_states(write, kind, claim):
    path = write(COMPRESS[kind](header(0x08, claim) + bytes(2**25)))
    message, peak = peak_of(lambda: read_idx(path))
    assert f"expected the end after {claim} bytes" in message
    assert peak < claim + 2**20


@pytest.mark.parametrize("kind", COMPRESS)
def test_a_size_above_the_limit_takes_no_memory(write, kind):
    path = write(COMPRESS[kind](header(0x08, 2**25) + bytes(2**25)))
    message, peak = peak_of(lambda: read_idx(path, limit=2**25 - 1))
    assert "exceed limit" in message
    assert peak < 2**20


def test_an_xz_stream_that_asks_for_a_huge_dictionary_is_refused(write):
    stream = lzma.compress(HEADER + b"12345", preset=0)
    end = 12 + (stream[12] + 1) * 4  # the end of the block's header, which begins at byte 12 and ends with its checksum
    block = bytearray(stream[12 : end - 4])
    assert block[2:4] == b"\x21\x01"  # LZMA2, with one byte of properties: the size of the dictionary
    block[4] = 40  # 4 GiB - 1
    path = write(stream[:12] + block + struct.pack("<I", zlib.crc32(block)) + stream[end:])
    message, peak = peak_of(lambda: read_idx(path))
    assert "xz stream: the bytes before it cannot be decompressed (Memory usage limit exceeded)" in message
    assert peak < 2**20
