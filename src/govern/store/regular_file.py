"""Opening what somebody else may have put there: regular files only, and nothing that waits or leads elsewhere."""

from __future__ import annotations

import errno
import os
import stat
from io import FileIO
from pathlib import Path

from govern.limits import BUFFER_BYTES
from govern.oci.descriptor import Descriptor


def open_regular(path: Path, *, follow: bool = True) -> FileIO:
    """Open a regular file for reading, without a buffer.

    Args:
        path: which.
        follow: whether a link to the file is as good. Where content is checked by its digest, it is.

    Raises:
        OSError: as `open`, and for pipes, devices and folders: reading from a pipe may wait for ever.
    """
    return _opened(path, os.O_RDONLY | (0 if follow else os.O_NOFOLLOW), shared=True)


def holds(path: Path, descriptor: Descriptor, *, follow: bool = True) -> bool:
    """Whether a file is there and has the content of a descriptor: it is read and hashed.

    Args:
        path: which.
        descriptor: size and digest of the content.
        follow: see `open_regular`.
    """
    hasher = descriptor.id.hasher()
    view = memoryview(bytearray(min(BUFFER_BYTES, max(1, descriptor.size))))
    try:
        with open_regular(path, follow=follow) as file:
            if os.fstat(file.fileno()).st_size != descriptor.size:
                return False
            while count := file.readinto(view):
                hasher.update(view[:count])
    except OSError:
        return False
    return bool(hasher.hexdigest() == descriptor.id.encoded)


def open_own(path: Path) -> FileIO:
    """Open a file of our own for reading and writing, without a buffer; make it where it is not there.

    Raises:
        OSError: as `open`, and for links and files with a second name, through which something else would be
            written, and for what is no regular file.
    """
    return _opened(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, shared=False)


def _opened(path: Path, flags: int, *, shared: bool) -> FileIO:
    # Without O_NONBLOCK the open itself waits for the other end of a pipe. Regular files do not know it.
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        if not shared and status.st_nlink != 1:
            raise OSError(errno.EMLINK, "a file that has another name too", str(path))
        return os.fdopen(descriptor, "rb" if shared else "r+b", buffering=0)
    except BaseException:
        os.close(descriptor)
        raise
