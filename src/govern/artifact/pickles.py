"""Python pickles, found by their bytes, wherever they are packed.

Loading a pickle runs what it says, so `govern` packs none unless told to. Names say nothing: a pickle may
be called `.safetensors`. Looked into are the file itself, what joblib compresses, `.npy` arrays of Python
objects, and zips (`.pt`, TorchScript, `.npz`), inside of each other as well. Not looked into are tar files,
and lz4 and Zstandard streams, which the standard library does not read.

Source: pickletools; numpy.lib.format; torch.serialization; PKWARE APPNOTE 4.3, 4.4.4.
"""

from __future__ import annotations

import ast
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, BinaryIO, Final, cast

from govern.artifact.byte_streams import DEFLATED, EnoughError, Place, PlainStream, Stream, Work, packing, unpack
from govern.artifact.pickle_opcodes import is_pickle
from govern.errors import InvalidInput
from govern.limits import (
    MAX_NESTED_ZIP,
    MAX_NPY_HEADER,
    MAX_PICKLE_OPCODES,
    MAX_PICKLE_UNPACKED,
    MAX_ZIP_DEPTH,
    MAX_ZIP_DIRECTORY,
    MAX_ZIP_MEMBERS,
)

_ZIP_STARTS: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_TAIL: Final = 22 + 65_535
"""The end record of a zip and the longest comment behind it."""
_ZIP_LOCAL: Final = 30
_ENCRYPTED: Final = 0x41
_STORED_OR_DEFLATED: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

_NPY: Final = b"\x93NUMPY"
_NPY_PLAIN: Final = re.compile(r"[<>|=]?[biufcmMSUVa][0-9]*(?:\[[0-9A-Za-z]+\])?")
"""Element types that hold no Python objects. `numpy.dtype` reads many spellings; these are what numpy writes."""


@dataclass(frozen=True, slots=True)
class PickleFound:
    """Where a pickle is.

    Args:
        member: "" for the file itself, else the path inside the zip; `a!b` for b in the zip a.
    """

    member: str


def find_pickle(file: BinaryIO, size: int, what: str) -> PickleFound | None:
    """Return the first pickle in a file, or None. Nothing is unpickled.

    Args:
        file: seekable and binary; its position is moved.
        size: its length in bytes.
        what: the file, for messages ("the file 'model.pt'").

    Raises:
        InvalidInput: for what cannot be looked into, which is never taken for a no: a zip that is broken,
            encrypted, compressed in a rare way, too deep in others, or beyond a bound; an `.npy` header
            that cannot be read.
    """
    try:
        return _Search(what).place(Place(file, 0, size), "", 0)
    except EnoughError:
        raise InvalidInput(
            f"it cannot be told whether {what} holds pickles",
            got="more than may be looked through",
            expected=f"at most {MAX_PICKLE_OPCODES.value} steps and {MAX_PICKLE_UNPACKED.value} unpacked bytes",
            hint="push what is packed in it as files of their own",
        ) from None


class _Search:
    """One look through one file and all that is packed into it."""

    __slots__ = ("_members", "_what", "_work")

    def __init__(self, what: str) -> None:
        self._what = what
        self._work = Work()
        self._members = 0

    def place(self, place: Place, path: str, depth: int) -> PickleFound | None:
        """Look through bytes that can be sought in."""
        starts = place.read(0, 4) in _ZIP_STARTS
        # Zips are found from their end, so one may follow other bytes; readers of such files open files.
        if starts or (depth == 0 and _ZIP_END in place.read(max(0, place.size - _ZIP_TAIL), _ZIP_TAIL)):
            for member in self._directory(place, path, certain=starts):
                if (found := self._member(place, member, path, depth)) is not None:
                    return found
        return self._stream(lambda: PlainStream(place, self._work), path, depth)

    def _stream(self, start: Callable[[], Stream], path: str, depth: int) -> PickleFound | None:
        """Look through bytes that come one after another; `start` gives them from the beginning."""
        stream = start()
        head = stream.peek(22)
        if head.startswith(_NPY) and self._holds_objects(start(), path):
            return PickleFound(path)
        how = packing(head)
        if how is not None and unpack(start(), how, self._work).peek(1):
            self._deeper(path, depth)
            found = self._packed(lambda: unpack(start(), how, self._work), path, depth + 1)
            if found is not None:
                return found
        return PickleFound(path) if is_pickle(stream, self._work) else None

    def _packed(self, start: Callable[[], Stream], path: str, depth: int) -> PickleFound | None:
        """Look through bytes that are unpacked on the way; a zip among them is held to be sought in."""
        if start().peek(4) not in _ZIP_STARTS:
            return self._stream(start, path, depth)
        data = bytearray()
        for piece in start().rest():
            data += piece
            MAX_NESTED_ZIP.check(len(data), f"the compressed zip {self._inside(path)}", InvalidInput)
        return self.place(Place(io.BytesIO(data), 0, len(data)), path, depth)

    def _directory(self, place: Place, path: str, *, certain: bool) -> list[zipfile.ZipInfo]:
        """Return the members of a zip, or none of what only ends like one."""
        view = _View(place, self._inside(path))
        try:
            with zipfile.ZipFile(cast("IO[bytes]", view)) as archive:
                members = archive.infolist()
        except _BROKEN as fault:
            if certain:
                raise self._refusal(path, f"a broken zip: {str(fault)[:100]}") from fault
            return []
        self._members += len(members)
        MAX_ZIP_MEMBERS.check(self._members, f"the zip of {self._inside(path)}", InvalidInput)
        return members

    def _member(self, place: Place, member: zipfile.ZipInfo, path: str, depth: int) -> PickleFound | None:
        if not member.compress_size:
            return None
        inside = f"{path}!{member.filename}" if path else member.filename
        self._deeper(inside, depth)
        if member.flag_bits & _ENCRYPTED:
            raise self._refusal(inside, "an encrypted member")
        if member.compress_type not in _STORED_OR_DEFLATED:
            raise self._refusal(inside, f"compression method {member.compress_type}")
        local = place.read(member.header_offset, _ZIP_LOCAL) if member.header_offset >= 0 else b""
        if len(local) < _ZIP_LOCAL or not local.startswith(_ZIP_STARTS[0]):
            raise self._refusal(inside, "a member without a header")
        offset = member.header_offset + _ZIP_LOCAL + sum(struct.unpack("<2H", local[26:30]))
        if offset + member.compress_size > place.size:
            raise self._refusal(inside, "a member that is cut off")
        data = Place(place.file, place.start + offset, member.compress_size)
        if member.compress_type == zipfile.ZIP_STORED:
            return self.place(data, inside, depth + 1)
        return self._packed(lambda: unpack(PlainStream(data, self._work), DEFLATED, self._work), inside, depth + 1)

    def _holds_objects(self, stream: Stream, path: str) -> bool:
        """Whether an .npy array is one of Python objects, which numpy stores as a pickle."""
        version = (stream.take(8) or b"").ljust(8, b"\0")[6]
        length = int.from_bytes(stream.take(2 if version == 1 else 4) or b"", "little")
        MAX_NPY_HEADER.check(length, f"the .npy header of {self._inside(path)}", InvalidInput)
        text = (stream.take(length) or b"").decode("utf-8", "replace")
        if "\\" in text:
            # numpy writes no escapes here; they could hide any element type.
            return True
        try:
            header = ast.literal_eval(re.sub(r"(?<=[0-9])L\b", "", text).strip())
            return not _is_plain(header["descr"])
        except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError) as fault:
            raise self._refusal(path, "an .npy header that is not valid") from fault

    def _deeper(self, path: str, depth: int) -> None:
        MAX_ZIP_DEPTH.check(depth + 1, f"the packing of {self._inside(path)}", InvalidInput)

    def _inside(self, path: str) -> str:
        return f"{path!r} in {self._what}" if path else self._what

    def _refusal(self, path: str, got: str) -> InvalidInput:
        return InvalidInput(
            f"{self._inside(path)} cannot be searched for pickles",
            got=got,
            expected="content that can be looked into",
            hint="push what is in it as files of their own",
        )


_BROKEN: Final = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    IndexError,
)
"""What `zipfile` raises on what is no zip, or one it does not read."""


class _View:
    """A place as a file of its own, for `zipfile`: it reads the directory, and nothing that is larger."""

    __slots__ = ("_place", "_position", "_what")

    def __init__(self, place: Place, what: str) -> None:
        self._place = place
        self._position = 0
        self._what = what

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        position = offset + (0, self._position, self._place.size)[whence]
        if position < 0:
            raise OSError("a position before the beginning")
        self._position = position
        return position

    def read(self, count: int = -1) -> bytes:
        left = max(0, self._place.size - self._position)
        count = left if count < 0 else min(count, left)
        MAX_ZIP_DIRECTORY.check(count, f"the directory of the zip {self._what}", InvalidInput)
        data = self._place.read(self._position, count)
        self._position += len(data)
        return data


def _is_plain(descr: object) -> bool:
    """Whether numpy's description of an element type has no Python objects in it."""
    match descr:
        case str():
            return _NPY_PLAIN.fullmatch(descr) is not None
        case tuple() if len(descr) == 2:
            return _is_plain(descr[0])
        case list():
            return all(isinstance(one, tuple) and len(one) in (2, 3) and _is_plain(one[1]) for one in descr)
        case _:
            return False
