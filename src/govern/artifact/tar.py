"""Deterministic tar layers for many small files (FORMAT §3), written to the byte by ourselves.

Libraries change what they write into the fields that nobody reads; these bytes are signed for ten years.
Every field of the header is fixed here:

    name      the path where it is ASCII and at most 100 bytes; else a pax header before it carries the
              path, and this field its first 100 bytes with every byte beyond ASCII as `_`
    mode      0000644, uid and gid 0000000, mtime 00000000000, owners empty, device numbers 0000000
    typeflag  `0`; for the pax header `x`, named `././@PaxHeader`, holding one record, `path`
    magic     `ustar`, version `00`, no prefix

Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block".
"""

from __future__ import annotations

from typing import Final

BLOCK: Final = 512
END: Final = bytes(2 * BLOCK)
BUNDLED_SIZE: Final = 4 * 1024 * 1024
"""Larger files are layers of their own (FORMAT §3)."""

MAX_TAR: Final = 268_435_456
"""A new tar starts when the whole blob would exceed this many bytes (FORMAT §3)."""

_PAX_NAME: Final = b"././@PaxHeader"


def member_header(path: str, size: int) -> bytes:
    """Return everything that stands before a member's content.

    Args:
        path: the path in the artifact.
        size: the content's size in bytes, at most 8 GiB less one.
    """
    name = path.encode("utf-8")
    if path.isascii() and len(name) <= 100:
        return _header(name, size, b"0")
    record = _pax_record(b"path", name)
    short = bytes(byte if byte < 0x80 else 0x5F for byte in name[:100])
    return _header(_PAX_NAME, len(record), b"x") + record + padding(len(record)) + _header(short, size, b"0")


def padding(size: int) -> bytes:
    """Return the zeros that fill a content of `size` bytes up to a block."""
    return bytes(-size % BLOCK)


def member_size(path: str, size: int) -> int:
    """Return how many bytes a member takes: header, content, padding."""
    return len(member_header(path, size)) + size + -size % BLOCK


def _pax_record(key: bytes, value: bytes) -> bytes:
    # The length counts its own digits.
    rest = len(key) + len(value) + 3
    length = rest
    while length != rest + len(str(length)):
        length = rest + len(str(length))
    return b"%d %b=%b\n" % (length, key, value)


def _header(name: bytes, size: int, kind: bytes) -> bytes:
    fields = b"".join(
        (
            name.ljust(100, b"\0"),
            b"0000644\0",
            b"0000000\0",
            b"0000000\0",
            b"%011o\0" % size,
            b"00000000000\0",
            b" " * 8,
            kind,
            bytes(100),
            b"ustar\x0000",
            bytes(32),
            bytes(32),
            b"0000000\0",
            b"0000000\0",
            bytes(155),
            bytes(12),
        )
    )
    checksum = b"%06o\0 " % sum(fields)
    return fields[:148] + checksum + fields[156:]
