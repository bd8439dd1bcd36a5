"""A writer of DER (ITU-T X.690), as far as timestamps and certificate promises need it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

NULL = b"\x05\x00"


def item(tag: int, content: bytes) -> bytes:
    """Return one item with the shortest length."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*parts: bytes) -> bytes:
    """Return a SEQUENCE."""
    return item(0x30, b"".join(parts))


def set_of(parts: Iterable[bytes], tag: int = 0x31) -> bytes:
    """Return a SET OF, in the order that DER asks for."""
    return item(tag, b"".join(sorted(parts)))


def integer(value: int) -> bytes:
    """Return a non-negative INTEGER."""
    return item(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(data: bytes) -> bytes:
    """Return an OCTET STRING."""
    return item(0x04, data)


def text(value: str) -> bytes:
    """Return a UTF8String."""
    return item(0x0C, value.encode())


def time(moment: datetime) -> bytes:
    """Return a GeneralizedTime in whole seconds."""
    return item(0x18, moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())


def oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    content = bytes([first * 40 + second])
    for arc in rest:
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(0x80 | arc & 0x7F)
        content += bytes(reversed(digits))
    return item(0x06, content)
