"""Protobuf fields where they lie: whole ones or a refusal, and never more work than the bound."""

from __future__ import annotations

import io

import pytest

from govern.artifact.headers import protobuf
from govern.artifact.headers.header import Window
from govern.artifact.headers.protobuf import BYTES, VARINT, Field, Wire
from govern.errors import InvalidInput
from govern.limits import MAX_PATH, Bound


def wire(data: bytes) -> Wire:
    return Wire(Window(io.BytesIO(data), len(data), "the file 'm'"))


def fields(data: bytes) -> list[Field]:
    return list(wire(data).fields(0, len(data)))


def only(data: bytes) -> Field:
    (field,) = fields(data)
    return field


def test_every_wire_type_is_told_with_the_place_of_its_content() -> None:
    data = b"\x08\x96\x01" + b"\x12\x03abc" + b"\x19" + bytes(8) + b"\x25" + bytes(4)
    assert fields(data) == [
        Field(1, VARINT, 150, 1, 3),
        Field(2, BYTES, 0, 5, 8),
        Field(3, 1, 0, 9, 17),
        Field(4, 5, 0, 18, 22),
    ]
    assert fields(b"") == []


def test_the_fields_of_a_message_end_with_it() -> None:
    data = b"\x0a\x04\x10\x01\x10\x02" + b"\x10\x03"
    reader = wire(data)
    outer = next(reader.fields(0, len(data)))
    assert [one.value for one in reader.fields(outer.start, outer.end)] == [1, 2]


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (b"\x00", 0),
        (b"\x7f", 127),
        (b"\x80\x01", 128),
        (b"\x80\x00", 0),
        (b"\xff" * 9 + b"\x01", (1 << 64) - 1),
        # What is beyond 64 bits falls off, as in other readers.
        (b"\xff" * 9 + b"\x7f", (1 << 64) - 1),
    ],
)
def test_a_varint_has_64_bits(number: bytes, value: int) -> None:
    assert only(b"\x08" + number).value == value


def test_a_field_number_may_take_five_bytes() -> None:
    assert only(b"\xf8\xff\xff\xff\x0f\x07").number == (1 << 29) - 1


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x08", "a number without end"),
        (b"\x08\x80", "a number without end"),
        (b"\x08" + b"\x80" * 10, "at most 10 bytes"),
        (b"\x08" + b"\xff" * 10 + b"\x01", "a number without end"),
        (b"\x80", "a number without end"),
        (b"\x12\x04abc", "ends at 6"),
        (b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01abc", "whole fields up to"),
        (b"\x19" + bytes(7), "ends at 9"),
        (b"\x25" + bytes(3), "ends at 5"),
        (b"\x00\x01", "a field 0"),
        (b"\x0b", "wire type 3"),
        (b"\x0c", "wire type 4"),
        (b"\x0e", "wire type 6"),
        (b"\x0f", "wire type 7"),
    ],
)
def test_bytes_that_are_no_whole_fields_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(InvalidInput, match=f"the file 'm' is not a valid protobuf.*{why}"):
        fields(data)


def test_a_field_does_not_reach_out_of_its_message() -> None:
    data = b"\x0a\x03\x12\x05ab" + b"cdefg"
    reader = wire(data)
    with pytest.raises(InvalidInput, match="whole fields up to 5"):
        list(reader.fields(2, 5))


def test_what_came_before_the_fault_was_told() -> None:
    reader = wire(b"\x08\x01\x12\x7f")
    found = reader.fields(0, 4)
    assert next(found).value == 1
    with pytest.raises(InvalidInput):
        next(found)
    assert reader.last == (2, BYTES)


def test_the_last_tag_is_known_also_where_its_field_is_refused() -> None:
    reader = wire(b"\x2b")
    with pytest.raises(InvalidInput):
        list(reader.fields(0, 1))
    assert reader.last == (5, 3)


def test_a_text_is_utf_8_and_no_longer_than_a_path() -> None:
    longest = MAX_PATH.value
    data = b"\x0a" + b"\xa0\x1f" + b"x" * longest
    assert wire(data).text(only(data)) == "x" * longest
    data = b"\x0a\x02\xc3\xa9"
    assert wire(data).text(only(data)) == "é"
    data = b"\x0a" + b"\xa1\x1f" + b"x" * (longest + 1)
    with pytest.raises(InvalidInput, match="MAX_PATH"):
        wire(data).text(only(data))
    data = b"\x0a\x01\xff"
    with pytest.raises(InvalidInput, match="not UTF-8"):
        wire(data).text(only(data))


@pytest.mark.parametrize("data", [b"\x08\x05", b"\x09" + bytes(8), b"\x0d" + bytes(4)])
def test_only_bytes_are_a_message_and_a_text(data: bytes) -> None:
    reader, field = wire(data), only(data)
    for ask in (reader.message, reader.text):
        with pytest.raises(InvalidInput, match="wire type 2"):
            ask(field)


def test_numbers_are_read_packed_or_not() -> None:
    for data, values in ((b"\x08\x96\x01", [150]), (b"\x0a\x03\x96\x01\x07", [150, 7]), (b"\x0a\x00", [])):
        assert list(wire(data).numbers(only(data))) == values


@pytest.mark.parametrize("data", [b"\x0a\x01\x80", b"\x0a\x02\x01\x80", b"\x0d" + bytes(4)])
def test_numbers_that_are_none_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        list(wire(data).numbers(only(data)))


def test_a_packed_number_does_not_reach_out_of_its_field() -> None:
    data = b"\x0a\x01\x80" + b"\x08\x01"
    field = next(wire(data).fields(0, 5))
    with pytest.raises(InvalidInput, match="a number without end"):
        list(wire(data).numbers(field))


def test_all_messages_of_a_file_share_one_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protobuf, "MAX_ONNX_SCAN", Bound("MAX_ONNX_SCAN", 5, "fields"))
    data = b"\x0a\x03\x01\x02\x03"
    reader = wire(data)
    field = next(reader.fields(0, len(data)))
    assert list(reader.numbers(field)) == [1, 2, 3]
    next(reader.fields(0, len(data)))
    with pytest.raises(InvalidInput, match=r"6 fields.*MAX_ONNX_SCAN"):
        next(reader.fields(0, len(data)))


def test_the_content_of_a_large_field_is_not_read() -> None:
    class Sparse(io.BytesIO):
        """Two fields around a gigabyte that nobody may ask for."""

        read_of_it = 0

        def read(self, size: int | None = -1) -> bytes:
            assert size is not None
            data = (head if self.tell() == 0 else tail)[:size].ljust(size, b"\0")
            self.read_of_it += size
            return data

    size = 1 << 30
    head, tail = b"\x0a" + b"\x80\x80\x80\x80\x04", b"\x10\x07"
    file = Sparse()
    reader = Wire(Window(file, len(head) + size + len(tail), "the file"))
    first, second = reader.fields(0, reader.window.size)
    assert (first.end - first.start, second.value) == (size, 7)
    assert file.read_of_it < 100_000
