"""Files that are there whole or not at all: temporary file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from govern.errors import Undecided

INGEST: Final = "ingest"
"""Where temporary files are; the name that oras uses for the same purpose."""

STALE_SECONDS: Final = 24 * 3600


@contextlib.contextmanager
def write_whole(root: Path, target: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that takes the name `target` if the block ends well, and vanishes if not.

    Args:
        root: the layout, whose `ingest` folder is on the same file system.
        target: the final path.
    """
    folder = root / INGEST
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{os.getpid()}-{time.monotonic_ns():x}-{os.urandom(4).hex()}"
    try:
        with open(temporary, "xb", buffering=0) as file:
            yield file
            os.fsync(file.fileno())
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(temporary, target)
        sync_folder(target.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


@contextlib.contextmanager
def disk_faults(root: Path) -> Iterator[None]:
    """Raise `Undecided` for whatever the disk refuses while the layout `root` is written."""
    try:
        yield
    except OSError as fault:
        raise Undecided("the layout cannot be written", got=f"{str(root)!r}: {fault.strerror}") from fault


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(root: Path) -> None:
    """Remove temporary files that a killed writer left a day ago."""
    limit = time.time() - STALE_SECONDS
    with contextlib.suppress(OSError):
        for entry in os.scandir(root / INGEST):
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_mtime < limit:
                    os.unlink(entry.path)
