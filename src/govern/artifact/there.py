"""What stands at the paths of a directory, without being led out of it by a link."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from govern.artifact.walk import SourceFile, identity_of


def files_there(folder: Path, paths: Sequence[str]) -> list[SourceFile]:
    """Return the regular files that are at these paths; what is no file or lies outside is left out.

    Args:
        folder: the directory, resolved.
        paths: relative, with `/`.
    """
    found = []
    inside: dict[str, bool] = {}
    for path in paths:
        target, parent = folder / path, path.rpartition("/")[0]
        # Asked once for each folder: links are resolved segment by segment, which takes long for 100,000 files.
        if parent not in inside:
            inside[parent] = is_inside(folder, target)
        if not inside[parent]:
            continue
        with contextlib.suppress(OSError):
            status = target.lstat()
            if stat.S_ISREG(status.st_mode):
                found.append(SourceFile(path, str(target), status.st_size, identity_of(status)))
    return found


def is_inside(folder: Path, target: Path) -> bool:
    """Whether no link on the way to `target` leads out of the folder.

    Args:
        folder: the directory, resolved.
        target: a path below it.
    """
    # Not Path.resolve: until Python 3.13 it ends in a RuntimeError where links lead in a circle.
    return Path(os.path.realpath(target.parent)).is_relative_to(folder)


def is_occupied(target: Path) -> bool:
    """Whether anything is at a path: a file, a directory, a link to nowhere."""
    try:
        target.lstat()
    except OSError:
        return False
    return True


def is_folder(target: Path) -> bool:
    """Whether a folder is at a path, and no link to one; what cannot be looked at, a name too long say, is none."""
    try:
        return stat.S_ISDIR(target.lstat().st_mode)
    except OSError:
        return False
