"""Bytes read forward: what comes out, what is stepped over, and that all work is counted."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import lzma
import zlib
from collections.abc import Callable, Iterator

import pytest

from govern.artifact import byte_streams
from govern.artifact.byte_streams import DEFLATED, EnoughError, Place, PlainStream, Stream, Work, packing, unpack
from govern.limits import Bound

DATA = bytes(range(256)) * 100


class Counting(io.BytesIO):
    """A file that knows how many bytes were read of it."""

    count = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data


def plain(data: bytes, start: int = 0, size: int | None = None) -> PlainStream:
    return PlainStream(Place(io.BytesIO(data), start, len(data) - start if size is None else size), Work())


def pieces(data: bytes, size: int = 3) -> Stream:
    return Stream(data[at : at + size] for at in range(0, len(data), size))


Make = Callable[[bytes], Stream]
both = pytest.mark.parametrize("make", [plain, pieces], ids=["of a file", "of pieces"])


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_streams, "MAX_PICKLE_OPCODES", Bound("MAX_PICKLE_OPCODES", 10, "opcodes"))


# --- a place -------------------------------------------------------------------------------------


def test_a_place_gives_nothing_of_what_lies_around_it() -> None:
    place = Place(io.BytesIO(b"before|inside|behind"), 7, 6)
    assert place.read(0, 6) == place.read(0, 100) == b"inside"
    assert place.read(4, 100) == b"de"
    assert place.read(6, 1) == place.read(100, 1) == b""


def test_a_stream_of_a_place_ends_where_the_place_does() -> None:
    stream = plain(b"before|inside|behind", 7, 6)
    assert stream.may_hold(6)
    assert not stream.may_hold(7)
    assert stream.peek(100) == b"inside"
    assert stream.take(7) is None
    assert not plain(b"before|inside|behind", 7, 6).skip(7)


# --- reading forward -----------------------------------------------------------------------------


@both
def test_a_look_ahead_does_not_move(make: Make) -> None:
    stream = make(b"0123456789")
    assert stream.peek(4) == stream.peek(4) == b"0123"
    assert stream.position == 0
    assert (stream.take(4), stream.position) == (b"0123", 4)
    assert (stream.peek(100), stream.position) == (b"456789", 4)


@both
def test_fewer_bytes_than_asked_for_are_none_at_all(make: Make) -> None:
    stream = make(b"0123456789")
    assert stream.take(11) is None
    assert stream.take(1) is None
    assert make(b"").take(0) == b""


@both
@pytest.mark.parametrize("count", [0, 1, 2, 3, 9, 10])
def test_a_step_leads_to_the_byte_behind_it(make: Make, count: int) -> None:
    stream = make(b"0123456789")
    stream.peek(2)
    assert stream.skip(count)
    assert (stream.position, stream.peek(100)) == (count, b"0123456789"[count:])


@both
@pytest.mark.parametrize("count", [1, 8_000, 8_192, 8_193, 20_000])
def test_a_step_from_the_middle_of_a_piece_leads_to_the_byte_behind_it(make: Make, count: int) -> None:
    stream = make(DATA)
    assert stream.take(1_003) == DATA[:1_003]
    assert stream.skip(count)
    assert stream.take(4) == DATA[1_003 + count :][:4]
    assert stream.position == 1_007 + count


@both
def test_a_step_beyond_the_end_is_none(make: Make) -> None:
    assert not make(b"0123456789").skip(11)


@both
def test_the_rest_is_everything_that_was_not_taken(make: Make) -> None:
    stream = make(DATA)
    stream.take(1_000)
    stream.peek(50)
    assert b"".join(stream.rest()) == DATA[1_000:]
    assert stream.position == len(DATA)


@both
def test_a_line_comes_without_its_end(make: Make) -> None:
    stream = make(b"one\n\ntwo three\nend")
    assert [stream.line(), stream.line(), stream.line()] == [b"one", b"", b"two three"]
    assert stream.position == 15
    # As the unpickler in Python reads it: the last byte is cut off, whatever it is.
    assert stream.line() == b"en"


@both
def test_a_long_line_is_cut_and_the_next_one_still_begins_behind_it(make: Make) -> None:
    stream = make(b"x" * 5_000 + b"\nnext\n")
    assert stream.line() == b"x" * 4096
    assert stream.line() == b"next"


def test_what_is_stepped_over_in_a_file_is_not_read() -> None:
    file = Counting(bytes(10_000_000) + b"behind")
    stream = PlainStream(Place(file, 0, 10_000_006), Work())
    stream.peek(1)
    assert stream.skip(10_000_000)
    assert stream.take(6) == b"behind"
    assert file.count < 20_000


def test_nobody_knows_how_long_a_compressed_stream_is() -> None:
    assert pieces(b"").may_hold(0)
    assert pieces(b"").may_hold(1 << 40)
    assert not pieces(b"").may_hold(-1)


# --- compressed streams --------------------------------------------------------------------------


def alone(data: bytes) -> bytes:
    return lzma.compress(data, format=lzma.FORMAT_ALONE)


def joblib(data: bytes) -> bytes:
    return b"ZF" + hex(len(data)).encode().ljust(19) + zlib.compress(data)


def joblib_of_python_2(data: bytes) -> bytes:
    return b"ZF" + hex(len(data)).encode().ljust(20) + zlib.compress(data)


PACKS = [zlib.compress, gzip.compress, bz2.compress, lzma.compress, alone, joblib, joblib_of_python_2]
packed_by = pytest.mark.parametrize("pack", PACKS)
Pack = Callable[[bytes], bytes]


def unpacked(data: bytes, work: Work | None = None) -> Stream:
    how = packing(data[:22])
    assert how is not None
    return unpack(plain(data), how, work or Work())


@packed_by
def test_what_was_compressed_comes_out(pack: Pack) -> None:
    assert b"".join(unpacked(pack(DATA)).rest()) == DATA
    assert b"".join(unpacked(pack(b"")).rest()) == b""


def test_a_member_of_a_zip_comes_out() -> None:
    machine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data = machine.compress(DATA) + machine.flush()
    assert b"".join(unpack(plain(data), DEFLATED, Work()).rest()) == DATA


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_streams_one_after_another_are_one(pack: Pack) -> None:
    assert b"".join(unpacked(pack(b"one ") + pack(b"") + pack(b"two")).rest()) == b"one two"


@packed_by
def test_a_stream_gives_what_came_before_it_broke(pack: Pack) -> None:
    noise = bytes(b ^ 0xFF for b in zlib.compress(DATA))
    data = pack(noise * 40)
    half = b"".join(unpacked(data[: len(data) // 2]).rest())
    # bzip2 gives nothing of a block that is not whole.
    assert (noise * 40).startswith(half)
    assert half or pack is bz2.compress
    assert list(unpacked(data[:22] + bytes(100)).rest()) == []


@pytest.mark.parametrize("head", [b"", b"PK\x03\x04", b"\x80\x04", b"BZ0", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18"])
def test_other_bytes_are_not_taken_for_compressed_ones(head: bytes) -> None:
    assert packing(head + bytes(22 - len(head))) is None


def test_little_is_unpacked_for_who_looks_at_little() -> None:
    work = Work()
    stream = unpacked(zlib.compress(bytes(50_000_000)), work)
    stream.peek(1)
    assert work._bytes <= 4096
    assert stream.skip(50_000_000)
    assert work._bytes == 50_000_000


def test_pieces_grow_and_have_a_largest_size() -> None:
    sizes = [len(one) for one in unpacked(zlib.compress(bytes(3_000_000))).rest()]
    assert sizes[:4] == [4096, 8192, 16384, 32768]
    assert max(sizes) == 256 * 1024


# --- work ----------------------------------------------------------------------------------------


def test_work_has_an_end_in_steps(few_steps: None) -> None:
    work = Work()
    for _ in range(10):
        work.step()
    with pytest.raises(EnoughError):
        work.step()


def test_work_has_an_end_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_streams, "MAX_PICKLE_UNPACKED", Bound("MAX_PICKLE_UNPACKED", 100))
    work = Work()
    work.unpacked(60)
    work.unpacked(40)
    with pytest.raises(EnoughError):
        work.unpacked(1)


def test_pieces_of_a_file_are_steps(few_steps: None) -> None:
    with pytest.raises(EnoughError):
        plain(bytes(200_000)).line()
    assert plain(bytes(200_000)).skip(200_000)


def test_empty_streams_without_end_are_steps(few_steps: None) -> None:
    empty = gzip.compress(b"")
    chunks: Iterator[bytes] = itertools.repeat(empty)
    how = packing(empty)
    assert how is not None
    with pytest.raises(EnoughError):
        unpack(Stream(chunks), how, Work()).peek(1)


def test_unpacked_bytes_are_counted_over_all_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_streams, "MAX_PICKLE_UNPACKED", Bound("MAX_PICKLE_UNPACKED", 1_000))
    work = Work()
    assert unpacked(zlib.compress(bytes(600)), work).skip(600)
    with pytest.raises(EnoughError):
        unpacked(zlib.compress(bytes(600)), work).skip(600)


def test_a_header_that_asks_for_gigabytes_is_not_obeyed_and_not_called_broken() -> None:
    data = alone(b"")
    with pytest.raises(EnoughError):
        unpacked(data[:1] + (0xC0000000).to_bytes(4, "little") + data[5:]).peek(1)
