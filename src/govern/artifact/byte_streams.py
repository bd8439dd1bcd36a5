"""Bytes read forward from a place in a file, as they are or unpacked, with the work counted.

What is stepped over in a file is not read; what is stepped over in a compressed stream is unpacked and let
go. Memory is a few buffers either way.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from govern.limits import MAX_LZMA, MAX_PICKLE_OPCODES, MAX_PICKLE_UNPACKED

_CHUNK: Final = 8 * 1024
_FIRST: Final = 4 * 1024
_LARGEST: Final = 256 * 1024
"""Nearly every stream is told by its first bytes, so little is unpacked at first, and more if it goes on."""
_LZMA_REFUSAL: Final = "Memory usage limit exceeded"

_LINE: Final = 4 * 1024
"""How much of a line is kept. What has a meaning in a line is far shorter."""


class EnoughError(Exception):
    """All that may be spent on a file is spent; it never leaves this package."""


class Work:
    """What may be spent on one file and all that is packed into it.

    Both counts are of `govern.limits`: MAX_PICKLE_OPCODES and MAX_PICKLE_UNPACKED.
    """

    __slots__ = ("_bytes", "_steps")

    def __init__(self) -> None:
        self._bytes = 0
        self._steps = 0

    def step(self) -> None:
        """Count one opcode, one piece of a file or one start of a decompressor.

        Raises:
            EnoughError: if there were too many.
        """
        self._steps += 1
        if self._steps > MAX_PICKLE_OPCODES.value:
            raise EnoughError

    def unpacked(self, count: int) -> None:
        """Count bytes that were unpacked; raise `EnoughError` if they were too many."""
        self._bytes += count
        if self._bytes > MAX_PICKLE_UNPACKED.value:
            raise EnoughError


@dataclass(frozen=True, slots=True)
class Place:
    """A run of bytes in a seekable file.

    Args:
        file: where it is.
        start: where it begins.
        size: how long it is.
    """

    file: BinaryIO
    start: int
    size: int

    def read(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes from `offset` of this place, never beyond its end."""
        self.file.seek(self.start + offset)
        return self.file.read(max(0, min(count, self.size - offset)))


class Stream:
    """Forward reading of chunks.

    Args:
        chunks: the bytes, in pieces that are not empty.
    """

    __slots__ = ("_at", "_buffer", "_chunks", "position")

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.position = 0
        """How many bytes were passed."""
        self._chunks = chunks
        self._buffer = b""
        self._at = 0

    def peek(self, count: int) -> bytes:
        """Return up to `count` bytes without moving; fewer only at the end."""
        while len(self._buffer) - self._at < count and (chunk := next(self._chunks, b"")):
            self._buffer = self._buffer[self._at :] + chunk
            self._at = 0
        return self._buffer[self._at : self._at + count]

    def take(self, count: int) -> bytes | None:
        """Return exactly `count` bytes, or None if there are not so many."""
        data = self.peek(count)
        self._pass(len(data))
        return data if len(data) == count else None

    def line(self) -> bytes:
        """Return a line without its last byte, which is its end unless the stream ends before; cut to 4 KiB."""
        kept = b""
        while data := self.peek(1) and self._buffer[self._at :]:
            end = data.find(b"\n")
            kept = (kept + (data if end < 0 else data[:end]))[:_LINE]
            self._pass(len(data) if end < 0 else end + 1)
            if end >= 0:
                return kept
        # The unpickler in Python cuts the last byte off without a look, so this is what it reads.
        return kept[:-1]

    def may_hold(self, count: int) -> bool:
        """Whether `count` bytes may follow; True where nobody knows."""
        return count >= 0

    def skip(self, count: int) -> bool:
        """Step over `count` bytes; False if there are not so many."""
        while count:
            here = min(count, len(self._buffer) - self._at)
            self._pass(here)
            count -= here
            if count and not self.peek(1):
                return False
        return True

    def rest(self) -> Iterator[bytes]:
        """Yield what is left, in pieces."""
        while data := self.peek(1) and self._buffer[self._at :]:
            self._pass(len(data))
            yield data

    def _pass(self, count: int) -> None:
        self._at += count
        self.position += count


class PlainStream(Stream):
    """A place in a file, read forward; long steps are seeks.

    Args:
        place: what to read.
        work: every piece is a step of it, so that long lines have an end.
    """

    __slots__ = ("_next", "_place", "_work")

    def __init__(self, place: Place, work: Work) -> None:
        super().__init__(self._pieces())
        self._place = place
        self._work = work
        self._next = 0

    def skip(self, count: int) -> bool:
        """Step over `count` bytes; False if there are not so many."""
        beyond = count - (len(self._buffer) - self._at)
        if beyond <= 0:
            self._pass(count)
            return True
        self.position += count
        self._at = len(self._buffer)
        self._next += beyond
        return self._next <= self._place.size

    def may_hold(self, count: int) -> bool:
        """Whether `count` bytes follow."""
        return self.position + count <= self._place.size

    def _pieces(self) -> Iterator[bytes]:
        while self._next < self._place.size and (data := self._place.read(self._next, _CHUNK)):
            self._work.step()
            self._next += len(data)
            yield data


@dataclass(frozen=True, slots=True)
class Packing:
    """How a stream is compressed.

    Args:
        skip: bytes before the compressed ones.
        maker: makes a decompressor.
    """

    skip: int
    maker: Callable[[], Any]


def packing(head: bytes) -> Packing | None:
    """Return how what begins with these 22 bytes is compressed, or None.

    These are what joblib writes and the standard library reads. lz4 and Zstandard are not among them.
    """
    if head.startswith(b"ZF"):
        # joblib before 0.9.3: the length in 19 characters, in old Pythons one more, then zlib.
        return Packing(22 if head[21:22] == b" " else 21, _zlib)
    if head.startswith((b"\x1f\x8b", b"\x78")):
        return Packing(0, _zlib)
    if head.startswith(b"BZh"):
        return Packing(0, bz2.BZ2Decompressor)
    if head.startswith((b"\xfd7zXZ\x00", b"\x5d\x00")):
        return Packing(0, lambda: lzma.LZMADecompressor(memlimit=MAX_LZMA.value))
    return None


def _zlib() -> Any:
    return zlib.decompressobj(32 + zlib.MAX_WBITS)  # with a zlib or a gzip header


DEFLATED: Final = Packing(0, lambda: zlib.decompressobj(-zlib.MAX_WBITS))
"""A compressed member of a zip."""


def unpack(packed: Stream, how: Packing, work: Work) -> Stream:
    """Return what a compressed stream holds, up to where it is broken.

    Args:
        packed: the stream.
        how: how it is compressed.
        work: what may be spent; reading on beyond it raises `EnoughError`.
    """
    chunks = packed.rest() if packed.skip(how.skip) else iter(())
    return Stream(_unpacked(chunks, how.maker, work))


def _unpacked(packed: Iterator[bytes], maker: Callable[[], Any], work: Work) -> Iterator[bytes]:
    data = next(packed, b"")
    largest = _FIRST
    # One file may be several streams, one after another; gzip and joblib read them all.
    while data:
        work.step()
        machine = maker()
        while not machine.eof:
            try:
                chunk = machine.decompress(data, largest)
            except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as fault:
                # Others may unpack with more memory, so this stream is not broken: nobody knows what it holds.
                if str(fault) == _LZMA_REFUSAL:
                    raise EnoughError from fault
                return
            data = getattr(machine, "unconsumed_tail", b"")
            if chunk:
                work.unpacked(len(chunk))
                largest = min(2 * largest, _LARGEST)
                yield chunk
            elif not data and not machine.eof:
                data = next(packed, b"")
                if not data:
                    return
        data = machine.unused_data or next(packed, b"")
