"""A directory that files are pulled into: what is there, what would be lost, and how the new comes in.

Files are made beside their final place and renamed. A new directory appears whole; in one that exists,
every file is replaced whole and the lock is written last.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from govern.artifact.digest_cache import DigestCache
from govern.artifact.file_list import Entry
from govern.artifact.hashing import hash_files
from govern.artifact.lock import Lock, read_lock, write_lock
from govern.artifact.stage import FILES, LAYERS, hold_stage, remove_if_empty
from govern.artifact.there import files_there, is_folder, is_inside, is_occupied
from govern.artifact.walk import LOCK_FILE, PART_FOLDER, is_reserved
from govern.errors import GovernError, InvalidInput, ProtocolError, Undecided

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Tree:
    """A target directory, looked at once.

    Args:
        folder: where the files will be.
        fresh: whether the directory is not there yet, or empty.
        lock: the lock of an earlier pull, or None.
        stage: where files are made.
        begun: whether a pull that was killed left its stage inside the directory.
    """

    folder: Path
    fresh: bool
    lock: Lock | None
    stage: Path
    begun: bool = False

    @property
    def files(self) -> Path:
        """Where staged files stand under their final paths."""
        return self.stage / FILES

    @property
    def parts(self) -> Path:
        """Where layers stand that are not files themselves."""
        return self.stage / LAYERS


def look_at(folder: Path) -> Tree:
    """Look at a target directory; raise `InvalidInput` for something that is none."""
    try:
        return _look_at(folder)
    except (OSError, RuntimeError) as fault:
        # Pythons before 3.13 raise RuntimeError for links in a circle.
        raise InvalidInput(
            "the output cannot be looked at",
            got=f"{str(folder)!r}: {fault.strerror if isinstance(fault, OSError) else 'links in a circle'}",
            expected="a directory of yours, or a new name",
        ) from fault


def _look_at(folder: Path) -> Tree:
    target = folder.absolute()
    if target.is_symlink() and not target.exists():
        raise InvalidInput("the output is a link to nowhere", got=str(target), expected="a directory, or a new name")
    target = target.resolve()
    if target.exists() and not target.is_dir():
        raise InvalidInput("the output is a file", got=str(target), expected="a directory, or a new name")
    if target == Path(target.anchor):
        raise InvalidInput("the output is the root of the file system", expected="a directory of its own")
    exists = target.exists()
    if not exists:
        return Tree(target, True, None, _beside(target))
    names = {entry.name for entry in os.scandir(target)}
    begun = PART_FOLDER in names
    return Tree(target, not names - {PART_FOLDER}, read_lock(target), target / PART_FOLDER, begun)


def _beside(folder: Path) -> Path:
    """Return where the files of a directory that is not there yet are made."""
    return folder.parent / f".{folder.name}{PART_FOLDER}"


@contextlib.contextmanager
def staged(tree: Tree, entries: Sequence[Entry]) -> Iterator[None]:
    """Hold the stage against another pull into the same directory; a killed pull leaves it to the next.

    Args:
        tree: where.
        entries: what will stand there. Anything else in the stage is of another artifact, and is removed.
    """
    descriptor = hold_stage(tree.stage, {one.path for one in entries})
    try:
        yield
    except GovernError as fault:
        if not remove_if_empty(tree.stage):
            kept = f"what came is kept in {tree.stage.name!r}: the same command goes on from there"
            fault.hint = f"{fault.hint}; {kept}" if fault.hint else kept
        raise
    finally:
        os.close(descriptor)


def check_reserved(entries: Sequence[Entry]) -> None:
    """Refuse artifacts whose files would stand in for our own."""
    for one in entries:
        if is_reserved(one.path):
            raise ProtocolError("the artifact holds a file that govern keeps for itself", got=repr(one.path))


def kept_and_edited(tree: Tree, entries: Sequence[Entry], cache: DigestCache) -> tuple[set[str], tuple[str, ...]]:
    """Return (paths that are there already with the right bytes, what a person would lose).

    Lost would be: files that are not what the lock says, and files under a path of the artifact that no
    lock knows. A file that is already what the artifact wants is no loss, so a pull that was killed while
    it replaced files goes on.
    """
    if tree.fresh:
        return set(), ()
    wanted = {one.path: one.sha256 for one in entries}
    locked = {one.path: one.sha256 for one in tree.lock.files} if tree.lock else {}
    there = files_there(tree.folder, sorted(wanted.keys() | locked.keys()))
    digests = hash_files(there, cache)
    kept: set[str] = set()
    edited: list[str] = []
    for path in sorted(wanted.keys() | locked.keys()):
        found = digests.get(path)
        if found is None:
            if is_occupied(tree.folder / path):
                edited.append(f"{path} (not a regular file)")
            continue
        if found.encoded == wanted.get(path):
            kept.add(path)
        elif found.encoded != locked.get(path):
            edited.append(path if path in locked else f"{path} (not from a pull)")
    return kept, tuple(edited)


def refuse_loss(tree: Tree, edited: Sequence[str], *, force: bool) -> None:
    """Raise unless nothing is lost, or `--force` was given."""
    if force:
        return
    if edited:
        rest = len(edited) - _SHOWN
        listed = "".join(f"\n  {one}" for one in edited[:_SHOWN]) + (f"\n  and {rest} more" if rest > 0 else "")
        raise InvalidInput(
            f"files in {str(tree.folder)!r} were changed and would be lost:{listed}",
            hint="keep them elsewhere, pull into another directory, or say --force",
        )
    if not tree.fresh and tree.lock is None and not tree.begun:
        raise InvalidInput(
            "the output directory holds other things",
            got=str(tree.folder),
            expected="a new directory, an empty one, or one of an earlier pull",
            hint="pull into another directory, or say --force",
        )


def refuse_folders(tree: Tree, entries: Sequence[Entry]) -> None:
    """Refuse to replace a folder that holds files of somebody else by a file: `--force` gives up edits, not these."""
    locked = {one.path for one in tree.lock.files} if tree.lock else set()
    for one in entries:
        target = tree.folder / one.path
        if not is_folder(target):
            continue
        for folder, _, names in os.walk(target):
            strange = [
                name for name in names if (Path(folder) / name).relative_to(tree.folder).as_posix() not in locked
            ]
            if strange:
                raise InvalidInput(
                    "a folder stands where a file of the artifact goes",
                    got=f"{str(target)!r}, with {strange[0]!r} in it",
                    expected="a file, or nothing",
                    hint="move the folder away: --force does not remove what is in it",
                )


def check_space(tree: Tree, needed: int) -> None:
    """Raise `Undecided` before the first byte if the file system has too little room."""
    free = shutil.disk_usage(tree.stage).free
    if needed > free:
        raise Undecided(
            "there is not enough room",
            got=f"{free} bytes free at {str(tree.folder)!r}",
            expected=f"{needed} bytes",
            hint="free some, or pull less: --include PATTERN, --role ROLE",
        )


def commit(tree: Tree, entries: Sequence[Entry], kept: set[str], lock: Lock) -> Path:
    """Bring the staged files to their places, the lock last; return the lock's path."""
    try:
        if not tree.folder.exists():
            write_lock(tree.files, lock)
            tree.files.rename(tree.folder)
        else:
            for one in entries:
                if one.path not in kept:
                    _place(tree, one.path)
            _remove_old(tree, {one.path for one in entries}, lock)
            write_lock(tree.stage, lock).replace(tree.folder / LOCK_FILE)
        for stage in {tree.stage, _beside(tree.folder)}:
            shutil.rmtree(stage, ignore_errors=True)
    except OSError as fault:
        raise Undecided(
            "the files cannot be put in place",
            got=f"{fault.filename!r}: {fault.strerror}",
            expected="a directory that nobody else changes",
        ) from fault
    return tree.folder / LOCK_FILE


def _place(tree: Tree, path: str) -> None:
    target = tree.folder / path
    parent = tree.folder
    for segment in Path(path).parts[:-1]:
        parent = parent / segment
        # A link in the way would lead out of the target.
        if parent.is_symlink() or (parent.exists() and not parent.is_dir()):
            parent.unlink()
        parent.mkdir(exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    (tree.files / path).replace(target)


def _remove_old(tree: Tree, wanted: set[str], lock: Lock) -> None:
    if tree.lock is None or lock.selected:
        return
    for one in tree.lock.files:
        if one.path in wanted:
            continue
        target = tree.folder / one.path
        if not is_inside(tree.folder, target):
            continue
        if target.is_file() and not target.is_symlink():
            target.unlink()
        # A pull that was killed here may have left the folders of a file that is gone.
        for parent in target.relative_to(tree.folder).parents[:-1]:
            with contextlib.suppress(OSError):
                (tree.folder / parent).rmdir()
