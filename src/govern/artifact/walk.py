"""Which files of a directory are packed, and where their bytes really are.

Links are followed to regular files inside the tree or a named root, and never recreated. A Hugging Face
cache is all links into its `blobs` folder; that layout is recognised and said aloud.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from govern.errors import InvalidInput
from govern.limits import MAX_FILES, MAX_METADATA
from govern.paths import check_collisions, check_path, order

METADATA_FILE: Final = "govern.yaml"
LOCK_FILE: Final = "govern.lock"
IGNORE_FILE: Final = ".governignore"
PART_FOLDER: Final = ".govern-part"

# In a worktree or a submodule `.git` is a file, with a path of this machine in it.
NEVER_FILES: Final = frozenset({METADATA_FILE, LOCK_FILE, IGNORE_FILE, "model.sig", ".DS_Store", "Thumbs.db", ".git"})
OWN_FILES: Final = frozenset({METADATA_FILE, LOCK_FILE, IGNORE_FILE, "model.sig"})
VERSION_CONTROL: Final = frozenset({".git", "git~1", ".hg", ".svn", ".dvc"})
NEVER_FOLDERS: Final = frozenset(
    {".git", ".hg", ".svn", ".dvc", "__pycache__", ".cache", ".ipynb_checkpoints", ".pytest_cache", ".mypy_cache",
     ".ruff_cache", ".venv", PART_FOLDER}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to pack.

    Args:
        path: its path in the artifact.
        real: where its bytes are.
        size: bytes.
        identity: (device, inode, size, mtime_ns, ctime_ns): changes when the content may have changed.
        folder: the directory that was packed, as it was typed; only messages say it.
    """

    path: str
    real: str
    size: int
    identity: tuple[int, int, int, int, int]
    folder: str = field(default="", compare=False)

    @property
    def given(self) -> str:
        """The path as who packs it would type it."""
        return os.path.join(self.folder, self.path)


def identity_of(status: os.stat_result) -> tuple[int, int, int, int, int]:
    """Return what a digest of a file's content is remembered by."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def is_reserved(path: str) -> bool:
    """Whether a file of this path, once pulled, would tell a tool what to do (on any file system).

    Those are govern's own files, of which a push leaves out the plain ones, and those of version control: git runs
    what a `.git/config` names.
    """
    folded = path.casefold()
    segments = folded.split("/")
    return folded in OWN_FILES or segments[0] == PART_FOLDER or not VERSION_CONTROL.isdisjoint(segments)


def find_files(
    root: Path, *, link_roots: Sequence[Path] = (), note: Callable[[str], None] = lambda _message: None
) -> tuple[SourceFile, ...]:
    """Return the files to pack, in the order of FORMAT §3.

    Args:
        root: a directory, or one regular file.
        link_roots: further directories that links may point into.
        note: told when a known layout of links was recognised.

    Raises:
        InvalidInput: for links elsewhere, links to folders, special files, paths that an artifact
            cannot hold, and an empty tree.
    """
    try:
        top = root.resolve(strict=True)
    except (OSError, RuntimeError) as fault:
        raise InvalidInput(
            "there is nothing to pack",
            got=f"{str(root)!r}: {fault.strerror if isinstance(fault, OSError) else fault}",
            expected="a directory or a file",
        ) from fault
    if not top.is_dir():
        found = [_source(top.name, top, root.parent)]
    else:
        roots = [top, *(Path(os.path.realpath(one)) for one in link_roots)]
        if (cache := _hugging_face_blobs(top)) is not None:
            roots.append(cache)
            note(f"this is a Hugging Face cache: links into {cache} are followed")
        ignored = _ignore_rules(top)
        found = []
        for path, real in _walk(top, top, roots, ignored):
            MAX_FILES.check(len(found) + 1, "the number of files", InvalidInput)
            found.append(_source(path, real, root))
    if not found:
        raise InvalidInput("there is nothing to pack", got=f"no file in {str(root)!r}", expected="at least one file")
    for one in found:
        check_path(one.path, "the file")
        if is_reserved(one.path):
            raise InvalidInput(
                "a file has a name that govern keeps for itself",
                got=repr(one.path),
                hint="rename it, or leave it out with .governignore",
            )
    check_collisions(one.path for one in found)
    return tuple(sorted(found, key=lambda one: order(one.path)))


def _source(path: str, real: Path, folder: Path) -> SourceFile:
    try:
        status = real.stat()
    except OSError as fault:
        raise InvalidInput("a file cannot be read", got=f"{str(real)!r}: {fault.strerror}") from fault
    if not stat.S_ISREG(status.st_mode):
        raise InvalidInput(
            "this is not a regular file",
            got=repr(path),
            expected="files and folders",
            hint="leave it out with .governignore",
        )
    return SourceFile(path, str(real), status.st_size, identity_of(status), str(folder))


def _walk(
    folder: Path, top: Path, roots: Sequence[Path], ignored: Callable[[str, bool], bool]
) -> Iterator[tuple[str, Path]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as fault:
        raise InvalidInput("a folder cannot be read", got=f"{str(folder)!r}: {fault.strerror}") from fault
    for entry in entries:
        path = Path(entry.path).relative_to(top).as_posix()
        is_folder = entry.is_dir(follow_symlinks=False)
        if entry.name in (NEVER_FOLDERS if is_folder else NEVER_FILES) or ignored(path, is_folder):
            continue
        if is_folder:
            yield from _walk(Path(entry.path), top, roots, ignored)
        elif entry.is_symlink():
            yield path, _follow(Path(entry.path), path, roots)
        else:
            yield path, Path(entry.path)


def _follow(link: Path, path: str, roots: Sequence[Path]) -> Path:
    try:
        real = link.resolve(strict=True)
    except (OSError, RuntimeError) as fault:
        raise InvalidInput(
            "a link points nowhere",
            got=f"{path!r} → {_target(link)!r}",
            expected="a link to a file",
            hint="remove the link, or leave it out with .governignore",
        ) from fault
    if not real.is_file() or not any(real.is_relative_to(one) for one in roots):
        raise InvalidInput(
            "a link leaves the tree or points to a folder",
            got=f"{path!r} → {_target(link)!r}",
            expected="a link to a regular file inside the tree",
            hint=f"copy the file, or name its folder: --link-root {real.parent}",
        )
    return real


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return "?"


def _hugging_face_blobs(top: Path) -> Path | None:
    # …/models--org--name/snapshots/<revision>/ whose files are links to ../../blobs/<hash>.
    home = top.parent.parent
    if top.parent.name == "snapshots" and "--" in home.name and (home / "blobs").is_dir():
        return (home / "blobs").resolve()
    return None


def _ignore_rules(top: Path) -> Callable[[str, bool], bool]:
    file = top / IGNORE_FILE
    if not file.is_file():
        return lambda _path, _is_folder: False
    # Imported only where the file exists: most trees have none.
    from pathspec import GitIgnoreSpec

    try:
        with file.open("rb") as source:
            data = source.read(MAX_METADATA.value + 1)
    except OSError as fault:
        raise InvalidInput(f"{IGNORE_FILE} cannot be read", got=str(fault.strerror), expected="a text file") from fault
    MAX_METADATA.check(len(data), IGNORE_FILE, InvalidInput)
    try:
        spec = GitIgnoreSpec.from_lines(data.decode("utf-8").splitlines())
    except ValueError as fault:
        raise InvalidInput(f"{IGNORE_FILE} cannot be read", got=str(fault), expected="gitignore patterns") from fault
    return lambda path, is_folder: spec.match_file(path + "/" if is_folder else path)
