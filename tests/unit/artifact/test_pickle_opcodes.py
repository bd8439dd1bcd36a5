"""Opcodes followed with the kinds of what would be on the stack: what runs is found, and what only looks so is not."""

from __future__ import annotations

import io
import pickle
import pickletools
import struct
from collections.abc import Iterator

import pytest

from govern.artifact import byte_streams
from govern.artifact.byte_streams import EnoughError, Place, PlainStream, Stream, Work
from govern.artifact.pickle_opcodes import is_pickle
from govern.limits import Bound

IMPORT = b"cos\nsystem\n"
BAD = b"\xff"
"""No opcode: whatever was not told before is none."""


def judge(data: bytes) -> bool:
    work = Work()
    return is_pickle(PlainStream(Place(io.BytesIO(data), 0, len(data)), work), work)


def frame(length: int) -> bytes:
    return b"\x95" + struct.pack("<Q", length)


# --- when a stream is one ------------------------------------------------------------------------


@pytest.mark.parametrize("opening", [b"\x80\x02", b"\x80\x05", b"N0\x80\x03"])
@pytest.mark.parametrize("imports", [IMPORT, b"ios\nsystem\n", b"Vos\nVsystem\n\x93", b"cwith-a-dash\nany name\n"])
def test_behind_proto_an_import_is_enough(opening: bytes, imports: bytes) -> None:
    assert judge(opening + imports + BAD)


@pytest.mark.parametrize("imports", [IMPORT, b"Vos\nVsystem\n\x93"])
def test_without_proto_an_import_needs_a_call(imports: bytes) -> None:
    assert not judge(imports + BAD)
    assert judge(imports + b")R" + BAD)


@pytest.mark.parametrize(
    "call",
    [
        IMPORT + b"(tR",
        IMPORT + b")R",
        IMPORT + b"N\x85R",
        IMPORT + b"]R",
        IMPORT + b"Vtext\nR",
        IMPORT + b")\x81",
        IMPORT + b")}\x92",
        IMPORT + b"}b",
        IMPORT + b"N\x85b",
        b"(" + IMPORT + b"No",
        b"(" + IMPORT + b"o",
        b"(Nios\nsystem\n",
        IMPORT + b"2)R",
        IMPORT + b"\x940h\x00)R",
    ],
)
def test_every_way_to_call_is_one(call: bytes) -> None:
    assert judge(call + BAD)


@pytest.mark.parametrize(
    "call",
    [
        IMPORT + b"K\x01R",
        IMPORT + b"NR",
        b")R",
        IMPORT + b"0)R",
        IMPORT + b"Nb",
        b"(o",
        b")" + IMPORT + b"R",
        IMPORT + b"(o",
    ],
)
def test_what_the_unpickler_would_not_call_is_none(call: bytes) -> None:
    assert not judge(call + BAD)


def test_without_proto_the_stop_must_be_the_last_byte() -> None:
    assert judge(b"I1\n.")
    assert not judge(b"I1\n. and so on")
    assert judge(b"\x80\x02I1\n. and so on")


def test_a_stop_needs_something_to_return() -> None:
    for data in (b".", b"(.", b"N0.", b"\x80\x04.", b"\x80\x04(."):
        assert not judge(data)


def test_a_protocol_of_the_future_is_none_of_ours() -> None:
    assert judge(b"\x80\x05N.")
    assert not judge(b"\x80\x06N.")


# --- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "value",
    [
        None, True, -1, 255, 70_000, 1 << 40, -(1 << 4000), 1.5, b"", b"x" * 300, b"x" * 70_000, "", "\u00e9" * 300,
        bytearray(b"x"), (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], list(range(1_001)), {}, {1: 2}, {1, 2},
        frozenset({1}), complex, ValueError("x"), [[1], [1]],
    ],
    ids=str,
)  # fmt: skip
def test_what_python_writes_is_a_pickle(value: object, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    assert judge(data)
    assert not judge(data[: max(1, len(data) // 2)]) or protocol > 1 or b"c" in data


@pytest.mark.parametrize(
    "one", [one for one in pickletools.opcodes if one.arg is not None and one.arg.n > 0], ids=lambda one: one.name
)
def test_a_short_argument_that_is_cut_off_is_refused(one: pickletools.OpcodeInfo) -> None:
    assert one.arg is not None
    assert not judge(b"N" + one.code.encode("latin-1") + bytes(one.arg.n - 1))


@pytest.mark.parametrize(
    ("head", "size"),
    [(b"U", 1), (b"C", 1), (b"\x8c", 1), (b"\x8a", 1), (b"T", 4), (b"B", 4), (b"X", 4), (b"\x8b", 4), (b"\x8e", 8)],
)
def test_a_long_argument_is_stepped_over_to_its_very_end(head: bytes, size: int) -> None:
    data = head + (100).to_bytes(size, "little")
    assert judge(data + bytes(100) + b".")
    assert not judge(data + bytes(99))
    # Inside it, nothing has a meaning.
    assert not judge(data + (IMPORT + b")R").ljust(100, b"\0") + BAD)


class Sparse(io.BytesIO):
    """A file of zeros behind a head, with a STOP as its last byte; nothing of it is held."""

    def __init__(self, head: bytes, size: int) -> None:
        super().__init__(head)
        self.size = size

    def read(self, count: int | None = -1) -> bytes:
        at, data = self.tell(), super().read(count)
        assert count is not None
        return data or bytes(count - 1) + (b"." if at + count == self.size else b"\0")


@pytest.mark.parametrize("head", [b"B", b"X"])
def test_a_length_beyond_two_gigabytes_is_not_negative(head: bytes) -> None:
    size = 5 + (1 << 31) + 8 + 1
    work = Work()
    place = Place(Sparse(head + ((1 << 31) + 8).to_bytes(4, "little"), size), 0, size)
    assert is_pickle(PlainStream(place, work), work)


@pytest.mark.parametrize("head", [b"T", b"\x8b"])
def test_a_negative_length_is_refused(head: bytes) -> None:
    assert not judge(IMPORT + head + (-1).to_bytes(4, "little", signed=True) + b"0)R")


@pytest.mark.parametrize(
    ("line", "right"),
    [
        (b"I12\n", True),
        (b"I-7\n", True),
        (b"I 7 \n", True),
        (b"I01\n", True),
        (b"I\0rest\n", True),
        (b"I7\0rest\n", True),
        (b"Ifoo\n", False),
        (b"I\n", False),
        (b"L5L\n", True),
        (b"Lx\n", False),
        (b"F1e5\n", True),
        (b"Fnan\n", True),
        (b"Foo\n", False),
        (b"S'x'\n", True),
        (b'S"x"\n', True),
        (b"Sx\n", False),
        (b"S'\n", False),
        (b"Vanything at all\n", True),
    ],
)
def test_a_line_is_judged_as_the_unpickler_would(line: bytes, right: bool) -> None:
    assert judge(line + b".") is right


@pytest.mark.parametrize("lines", [b"c\nx\n", b"cos\n\n", b"ca b\nx\n", b"(i\nx\n", b"(ia-b\nx\n", b"(ios\n\n"])
def test_a_text_that_begins_with_c_or_i_is_none(lines: bytes) -> None:
    assert not judge(lines + b")R" + BAD)


# --- stack and memo ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"0N.", b"1N.", b"2N.", b"t.", b"Na.", b"]a.", b"}Ns.", b"e.", b"NNs.", b"(a.", b"\x85.", b"N\x86.", b"NN\x87.",
        b"(\x85.", b"(N\x86.", b"l.", b"d.", b"\x91.", b"h\x00.", b"g0\n.", b"Np0\ng1\n.", b"q\x00.", b"p0\n.",
        b"\x94.", b"(\x94.", b"\x93.", b"N\x93.", b"R.", b"b.", b"\x81.",
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_not_on_the_stack_or_in_the_memo_is_refused(data: bytes) -> None:
    assert not judge(data)
    assert not judge(b"\x80\x04" + data)


@pytest.mark.parametrize(
    "data",
    [
        b"(0N.", b"(1N.", b"N2.", b"]Na.", b"](NNe.", b"}NNs.", b"}(NNu.", b"N(t.", b"(NNl.", b"(d.", b"\x8f(N\x90.",
        b"Np7\n0g7\n.", b"Nq\x070h\x07.", b"Nr\x07\0\0\x000j\x07\0\0\0.", b"N\x940h\x00.", b"NN\x94h\x00\x86\x94h\x01.",
        b"](](K\x01ee.",
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_there_is_used(data: bytes) -> None:
    assert judge(data)


def test_only_the_two_on_top_are_the_names_of_an_import() -> None:
    assert judge(b"NVos\nVsystem\n\x93)R" + BAD)
    assert not judge(b"VosNVsystem\n\x93)R" + BAD)


def test_the_memo_keeps_what_a_thing_is() -> None:
    assert judge(IMPORT + b"q\x050N" + b"h\x05)R" + BAD)
    assert not judge(b"Vos\nq\x050h\x05)" + b"K\x01\x93" + BAD)
    assert judge(b"Vos\nq\x050h\x05h\x05\x93)R" + BAD)


# --- frames --------------------------------------------------------------------------------------


def test_an_opcode_across_the_end_of_a_frame_makes_it_a_pickle() -> None:
    assert judge(frame(3) + b"X\x04\0\0\0text" + BAD)
    assert not judge(frame(9) + b"X\x04\0\0\0text" + BAD)
    assert judge(frame(2) + b"(ix\ny\n" + BAD)


def test_a_wrong_argument_that_ends_with_its_frame_is_only_wrong() -> None:
    assert not judge(frame(4) + b"Ifo\n" + BAD)
    assert judge(frame(3) + b"Ifo\n" + BAD)


def test_a_frame_beyond_the_end_of_the_file_is_none() -> None:
    assert not judge(frame(1_000) + b"X\xff\0\0\0text" + BAD)


def test_a_frame_in_a_frame_that_reaches_further_makes_it_a_pickle() -> None:
    assert judge(frame(20) + frame(30) + bytes(40))
    assert not judge(frame(20) + frame(5) + BAD + bytes(40))


# --- bounds --------------------------------------------------------------------------------------


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_streams, "MAX_PICKLE_OPCODES", Bound("MAX_PICKLE_OPCODES", 2_000, "opcodes"))


def test_a_long_run_of_right_opcodes_is_a_pickle(few: None) -> None:
    assert judge(b"N0" * 2_000)


def test_a_run_that_proto_began_is_one_however_short(few: None) -> None:
    work = Work()
    for _ in range(1_990):
        work.step()
    data = b"\x80\x02" + b"N0" * 100
    assert is_pickle(PlainStream(Place(io.BytesIO(data), 0, len(data)), work), work)


def test_what_could_not_be_told_is_not_called_harmless(few: None) -> None:
    work = Work()
    for _ in range(1_990):
        work.step()
    data = b"N0" * 100
    with pytest.raises(EnoughError):
        is_pickle(PlainStream(Place(io.BytesIO(data), 0, len(data)), work), work)


def test_a_fault_in_the_bytes_is_no_fault_of_ours() -> None:
    def chunks() -> Iterator[bytes]:
        yield from (bytes([one]) for one in IMPORT + b")R")

    assert is_pickle(Stream(chunks()), Work())
