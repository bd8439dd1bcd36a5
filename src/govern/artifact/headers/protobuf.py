"""Protobuf fields, read where they lie: what is not asked for is stepped over, never held.

Source: protobuf, "Encoding". Groups (wire types 3 and 4) are refused: no format here has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from govern.artifact.headers.header import Window
from govern.errors import InvalidInput
from govern.limits import MAX_ONNX_SCAN, MAX_PATH

VARINT: Final = 0
BYTES: Final = 2
_FIXED: Final = {1: 8, 5: 4}
_U64: Final = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message.

    Args:
        number: which one.
        wire: its wire type.
        value: of a varint, as unsigned 64 bits; otherwise 0.
        start: where its content begins in the file.
        end: where its content ends.
    """

    number: int
    wire: int
    value: int
    start: int
    end: int


class Wire:
    """The fields of messages at any place of one file, all counted against one bound.

    Args:
        window: the file.
    """

    __slots__ = ("_count", "last", "window")

    def __init__(self, window: Window) -> None:
        self.window = window
        self.last = (0, 0)
        """Number and wire type of the tag that was read last, also where its field does not fit."""
        self._count = 0

    def fields(self, start: int, end: int) -> Iterator[Field]:
        """Yield the fields of the message from `start` to `end`.

        Raises:
            InvalidInput: for bytes that are no whole fields, and beyond `MAX_ONNX_SCAN`.
        """
        while start < end:
            self._charge()
            tag, start = self._varint(start, end)
            number, wire = tag >> 3, tag & 7
            self.last = (number, wire)
            value, begin = 0, start
            if wire == VARINT:
                value, start = self._varint(start, end)
            elif wire == BYTES:
                length, begin = self._varint(start, end)
                start = begin + length
            elif wire in _FIXED:
                start += _FIXED[wire]
            else:
                raise self._broken(f"wire type {wire}", "0, 1, 2 or 5")
            if number == 0 or start > end:
                raise self._broken(f"a field {number} that ends at {start}", f"whole fields up to {end}")
            yield Field(number, wire, value, begin, start)

    def message(self, field: Field) -> Field:
        """Return `field` if it holds bytes; raise `InvalidInput` otherwise."""
        if field.wire != BYTES:
            raise self._broken(f"a field {field.number} of wire type {field.wire}", f"wire type {BYTES}")
        return field

    def text(self, field: Field) -> str:
        """Return a text no longer than a path; raise `InvalidInput` for a longer one and for other bytes."""
        length = MAX_PATH.check(self.message(field).end - field.start, f"a text of {self.window.what}", InvalidInput)
        try:
            return self.window.read(field.start, length).decode("utf-8")
        except UnicodeDecodeError:
            raise self._broken("a text that is not UTF-8", "UTF-8") from None

    def numbers(self, field: Field) -> Iterator[int]:
        """Yield the values of a repeated integer, packed or not, as unsigned 64 bits."""
        if field.wire == VARINT:
            yield field.value
            return
        start = self.message(field).start
        while start < field.end:
            self._charge()
            value, start = self._varint(start, field.end)
            yield value

    def _charge(self) -> None:
        self._count += 1
        MAX_ONNX_SCAN.check(self._count, f"the graph of {self.window.what}", InvalidInput)

    def _varint(self, start: int, end: int) -> tuple[int, int]:
        value = 0
        for shift, byte in enumerate(self.window.read(start, min(10, end - start))):
            value |= (byte & 0x7F) << (7 * shift)
            if byte < 0x80:
                return value & _U64, start + shift + 1
        raise self._broken("a number without end", "at most 10 bytes")

    def _broken(self, got: str, expected: str) -> InvalidInput:
        return InvalidInput(
            f"{self.window.what} is not a valid protobuf", got=got, expected=expected, hint="copy or download it again"
        )
