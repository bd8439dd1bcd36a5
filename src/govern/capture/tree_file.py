"""Files below a folder that somebody else may have filled: regular ones, and no link on the way to them."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final

from govern.errors import LimitExceeded
from govern.limits import MAX_SEGMENTS, Bound, KiB

UNREADABLE: Final = (OSError, LimitExceeded)
"""What reading such a file may raise. The messages of these may hold paths of this machine."""

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Hashed:
    """What a file holds.

    Args:
        sha256: hex digits.
        md5: hex digits; only to compare with what another system recorded, never to trust.
        size: bytes.
    """

    sha256: str
    md5: str
    size: int


def open_below(folder: Path, path: str) -> FileIO:
    """Open a regular file for reading, without a buffer.

    Args:
        folder: where the path begins; links on the way to it are the caller's own.
        path: relative, with `/`.

    Raises:
        OSError: as `open`; for a link anywhere in `path`, and for what is no regular file.
    """
    *folders, name = _segments(path)
    here = os.open(folder, _FOLDER)
    try:
        for segment in folders:
            inner = os.open(segment, _FOLDER | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = inner
        # Without O_NONBLOCK the open itself would wait for the other end of a pipe.
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=here)
    finally:
        os.close(here)
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        return os.fdopen(opened, "rb", buffering=0)
    except BaseException:
        os.close(opened)
        raise


def read_below(folder: Path, path: str, bound: Bound) -> bytes:
    """Return the content of a file; see `open_below`.

    Raises:
        OSError: as `open_below`.
        LimitExceeded: beyond the bound.
    """
    with open_below(folder, path) as file:
        data = bytearray()
        while chunk := file.read(bound.value + 1 - len(data)):
            data += chunk
            bound.check(len(data), "a file")
    return bytes(data)


def hash_below(folder: Path, path: str, bound: Bound) -> Hashed:
    """Return the digests of a file; see `open_below`.

    Raises:
        OSError: as `open_below`, and for a file that changed meanwhile.
        LimitExceeded: beyond the bound.
    """
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    view, size = memoryview(bytearray(256 * KiB)), 0
    with open_below(folder, path) as file:
        before = os.fstat(file.fileno())
        bound.check(before.st_size, "a file")
        while count := file.readinto(view):
            size += count
            bound.check(size, "a file")
            sha256.update(view[:count])
            md5.update(view[:count])
        after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns, before.st_ctime_ns) != (size, after.st_mtime_ns, after.st_ctime_ns):
        raise OSError(errno.EAGAIN, "the file changed while it was read")
    return Hashed(sha256.hexdigest(), md5.hexdigest(), size)


def _segments(path: str) -> list[str]:
    segments = path.split("/")
    if len(segments) > MAX_SEGMENTS.value or "\x00" in path or not {"", ".", ".."}.isdisjoint(segments):
        raise OSError(errno.EINVAL, "not a path below a folder")
    return segments
