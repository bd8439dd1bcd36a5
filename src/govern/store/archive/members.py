"""Where the files of a layout are inside of a tar. Its headers are read; nothing is ever unpacked.

What is refused here, others would unpack, and go where its paths and links lead.

Source: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Header Block"; GNU tar, "Basic Tar Format".
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

from govern.errors import InvalidInput, shortened
from govern.limits import MAX_ARCHIVE_MEMBERS, MAX_MEMBER_HEADER

BLOCK: Final = 512
_KEPT: Final = re.compile(r"oci-layout|index\.json|blobs/sha256/[0-9a-f]{64}|blobs/sha512/[0-9a-f]{128}")
_COMPRESSED: Final = {b"\x1f\x8b": "gunzip", b"\x28\xb5": "unzstd", b"BZ": "bunzip2", b"\xfd7": "unxz"}
_RECORD: Final = re.compile(rb"([1-9][0-9]{0,7}) ")


@dataclass(frozen=True, slots=True)
class Member:
    """Where a file's bytes are.

    Args:
        offset: of the first one, in the tar.
        size: how many.
    """

    offset: int
    size: int


@dataclass(slots=True)
class _Extended:
    """What an extended header says of the member after it."""

    path: str | None = None
    size: int | None = None


def find_members(file: int, what: str) -> dict[str, Member]:
    """Return the files of a layout in a tar, by their paths; others are passed over.

    Args:
        file: a file descriptor.
        what: the tar, for messages.

    Raises:
        InvalidInput: for what is no plain tar, is cut off, holds links, devices or paths that lead out of a folder,
            or a file of the layout twice: readers differ in which of the two they take.
    """
    end = os.fstat(file).st_size
    found: dict[str, Member] = {}
    position, count, extended = 0, 0, _Extended()
    while True:
        header = os.pread(file, BLOCK, position)
        if len(header) != BLOCK:
            raise _cut(what, end)
        if not any(header):
            return found
        if not position and header[:2] in _COMPRESSED:
            raise InvalidInput(
                f"{what} is compressed", expected="a plain tar", hint=f"unpack it first: {_COMPRESSED[header[:2]]}"
            )
        count += 1
        MAX_ARCHIVE_MEMBERS.check(count, f"the list of files of {what}", InvalidInput)
        _check_sum(header, what)
        kind, size = header[156:157], _number(header[124:136], what)
        if kind not in (b"x", b"g", b"L", b"K") and extended.size is not None:
            size = extended.size
        start = position + BLOCK
        following = start + -(-size // BLOCK) * BLOCK
        if start + size > end:
            raise _cut(what, end)
        match kind:
            case b"x" | b"g" | b"L" | b"K":
                MAX_MEMBER_HEADER.check(size, f"a header of {what}", InvalidInput)
                _extend(extended, kind, os.pread(file, size, start), what)
            case b"0" | b"\0" | b"5":
                path = _path(extended.path if extended.path is not None else _plain_path(header, what), what)
                if kind != b"5" and _KEPT.fullmatch(path):
                    if path in found:
                        raise InvalidInput(f"{what} holds a file twice", got=path, expected="each once")
                    found[path] = Member(start, size)
                extended = _Extended()
            case _:
                raise InvalidInput(
                    f"{what} holds something that is no file",
                    got=f"a member of the type {kind!r}",
                    expected="files and folders",
                    hint="an image layout has no links and no devices: do not unpack it",
                )
        position = following


def _cut(what: str, end: int) -> InvalidInput:
    return InvalidInput(
        f"{what} is cut off, or is no tar",
        got=f"{end} bytes",
        expected="a plain tar to its end",
        hint="copy it again from where it was saved",
    )


def _check_sum(header: bytes, what: str) -> None:
    blank = sum(header[:148]) + 8 * 0x20 + sum(header[156:])
    if _number(header[148:156], what) != blank:
        raise InvalidInput(f"{what} is no plain tar", got="a header whose sum is wrong", expected="a tar of a layout")


def _number(text: bytes, what: str) -> int:
    if text[0] == 0x80:
        # GNU tar's way for sizes from 8 GiB on.
        return int.from_bytes(text[1:], "big")
    digits = text.strip(b" \0")
    if not all(byte in b"01234567" for byte in digits):
        raise InvalidInput(f"{what} is no plain tar", got=shortened(text), expected="a number in a header")
    return int(digits or b"0", 8)


def _extend(extended: _Extended, kind: bytes, data: bytes, what: str) -> None:
    if kind == b"L":
        extended.path = _text(data.rstrip(b"\0"), what)
        return
    if kind == b"K":
        return  # the name of a link, which is refused itself
    while data:
        match = _RECORD.match(data)
        length = int(match[1]) if match is not None else 0
        if match is None or length > len(data) or length <= match.end() or data[length - 1 : length] != b"\n":
            raise InvalidInput(f"{what} has a malformed header", expected="records of a length, a key and a value")
        key, _, value = data[match.end() : length - 1].partition(b"=")
        data = data[length:]
        if key.startswith(b"GNU.sparse") or (kind == b"g" and key in (b"path", b"size")):
            raise InvalidInput(f"{what} is no plain tar", got=f"the header {shortened(key)}", expected="plain files")
        if key == b"path":
            extended.path = _text(value, what)
        elif key == b"size":
            if not value.isdigit() or len(value) > 16:
                raise InvalidInput(f"{what} has a malformed header", got=shortened(value), expected="a size")
            extended.size = int(value)


def _plain_path(header: bytes, what: str) -> str:
    name, prefix = header[:100].partition(b"\0")[0], b""
    if header[257:263] == b"ustar\0":
        prefix = header[345:500].partition(b"\0")[0]
    return _text(prefix + b"/" + name if prefix else name, what)


def _text(data: bytes, what: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise InvalidInput(f"{what} holds a path that is no text", got=shortened(data)) from fault


def _path(text: str, what: str) -> str:
    """Return a path without `./` before it; raise for one that leads out of the folder it is unpacked in."""
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.startswith("/") or ".." in parts or "\0" in text or "\\" in text:
        raise InvalidInput(
            f"{what} holds a path that leads elsewhere",
            got=shortened(text),
            expected="paths inside of the layout",
            hint="do not unpack it: somebody made it to overwrite files",
        )
    return "/".join(parts)
