"""The folder in which a pull makes files: held by one pull at a time, and rid of all that no pull put there.

It stands where others may have prepared it: in a checkout, in a shared folder. A link in it, or a second name of
a file, would be written through.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

from govern.errors import InvalidInput, UsageError

FILES: Final = "files"
"""Where staged files stand under their final paths."""

LAYERS: Final = "layers"
"""Where layers stand that are not files themselves."""


def hold_stage(stage: Path, wanted: AbstractSet[str]) -> int:
    """Make the stage, or take over what a killed pull left; return the descriptor that holds it until it is closed.

    Args:
        stage: the folder.
        wanted: the paths that files may have in it. Others are of another artifact, and are removed.

    Raises:
        UsageError: while another pull holds it.
        InvalidInput: for one that is a link, another user's, or cannot be written.
    """
    descriptor = _opened(stage)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(descriptor), stage.lstat()):
            raise BlockingIOError  # the pull that held it ended meanwhile, and another one began
        _remove_strange(stage, os.fstat(descriptor).st_uid, wanted)
        for name in (FILES, LAYERS):
            (stage / name).mkdir(exist_ok=True)
    except BlockingIOError as fault:
        os.close(descriptor)
        raise UsageError(
            "another pull into this directory is running", got=f"{str(stage)!r} is held", expected="one at a time"
        ) from fault
    except OSError as fault:
        os.close(descriptor)
        raise InvalidInput(
            "an earlier pull left files that cannot be removed",
            got=f"{fault.filename!r}: {fault.strerror}",
            expected="a place that you may write",
        ) from fault
    return descriptor


def remove_if_empty(stage: Path) -> bool:
    """Remove a stage that holds nothing; return whether it is gone."""
    try:
        for place in (stage / FILES, stage / LAYERS, stage):
            place.rmdir()
    except OSError:
        return False
    return True


def _opened(stage: Path) -> int:
    for place in (stage, stage / FILES, stage / LAYERS):
        if place.is_symlink():
            raise InvalidInput("a link is in the way of the pull", got=str(place), expected="no such link")
    try:
        made = _made(stage)
        descriptor = os.open(stage, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as fault:
        raise InvalidInput(
            "the output cannot be written",
            got=f"{str(stage)!r}: {fault.strerror}",
            expected="a place that you may write",
        ) from fault
    owner = os.fstat(descriptor).st_uid
    # What was made just now is ours, also where a file server gives it to another number.
    if not made and owner != os.geteuid():
        os.close(descriptor)
        raise InvalidInput(
            "what an earlier pull left is another user's",
            got=f"{str(stage)!r} of user {owner}",
            expected=f"one of user {os.geteuid()}, or none",
            hint="its owner could change what comes: remove it, or pull into another directory",
        )
    return descriptor


def _made(stage: Path) -> bool:
    try:
        stage.mkdir(parents=True)
    except FileExistsError:
        return False
    return True


def _remove_strange(stage: Path, owner: int, wanted: AbstractSet[str]) -> None:
    for entry in sorted(stage.iterdir()):
        if entry.name not in (FILES, LAYERS) or not _is_own_folder(entry.lstat(), owner):
            _remove(entry)
    _sweep(stage / FILES, owner, wanted)
    _sweep(stage / LAYERS, owner, None)


def _sweep(top: Path, owner: int, wanted: AbstractSet[str] | None) -> None:
    """Leave regular files of our own with one name, at wanted paths, and the folders that they are in."""
    folders = [str(top)] if top.exists() else []
    for folder in folders:  # grows on the way: however deep somebody made it, this does not recurse
        with os.scandir(folder) as entries:
            for entry in list(entries):
                status = entry.stat(follow_symlinks=False)
                if _is_own_folder(status, owner):
                    folders.append(entry.path)
                elif not _is_own_file(status, owner) or (
                    wanted is not None and entry.path[len(str(top)) + 1 :] not in wanted
                ):
                    _remove(Path(entry.path))
    for folder in reversed(folders[1:]):
        # What is empty may stand in the way of a file of the same name.
        with contextlib.suppress(OSError):
            Path(folder).rmdir()


def _is_own_folder(status: os.stat_result, owner: int) -> bool:
    return stat.S_ISDIR(status.st_mode) and status.st_uid == owner


def _is_own_file(status: os.stat_result, owner: int) -> bool:
    return stat.S_ISREG(status.st_mode) and status.st_uid == owner and status.st_nlink == 1


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink()
