"""Files that a script pushes: hashed once, sent out of one buffer, a directory as one tar.

A directory's tar says nothing of the person or the machine, so the same files give the same layer. Data that does not
compress is not compressed: weights take 24 s a gibibyte for nothing.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from govern.errors import InvalidInput
from govern.limits import BUFFER_BYTES, MAX_FILES, MiB
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.paths import check_path
from govern.store.oras_errors import NoSuchFile

_OCTETS: Final = "application/octet-stream"
_Identity = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class FileBlob:
    """A file as content to upload; refused if it is not the same file when it is read.

    Args:
        descriptor: digest and size.
        path: where it is.
        identity: (device, inode, size, mtime_ns, ctime_ns) of the file that was described.
    """

    descriptor: Descriptor
    path: Path
    identity: _Identity

    def chunks(self) -> Iterator[bytes | memoryview]:
        """See `Content.chunks`."""
        view = memoryview(bytearray(min(BUFFER_BYTES, max(1, self.descriptor.size))))
        with _reading(self.path) as file:
            if _identity(os.fstat(file.fileno())) != self.identity:
                raise _changed(self.path)
            while count := file.readinto(view):
                yield view[:count]


def describe_file(path: Path, digest: str | None = None, size: int | None = None) -> FileBlob:
    """Return a file as content.

    Args:
        path: a file, or `/dev/null`, which scripts for oras-py push as an empty config.
        digest: what the script says that it is; None to hash it.
        size: what the script says that it has; None for the file's own.

    Raises:
        NoSuchFile: for one that is not there.
        InvalidInput: for one that is no file, cannot be read, changes meanwhile, or has another size.
    """
    hasher = hashlib.sha256()
    view = memoryview(bytearray(BUFFER_BYTES))
    with _reading(path) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) and str(path) != os.devnull:
            raise InvalidInput("this is not a file", got=repr(str(path)), expected="a regular file")
        if size is not None and size != status.st_size:
            raise InvalidInput(
                "a layer is not as long as its file",
                got=f"{size!r} for {str(path)!r}",
                expected=str(status.st_size),
                hint="describe the file again; somebody may have written it meanwhile",
            )
        while digest is None and (count := file.readinto(view)):
            hasher.update(view[:count])
        if _identity(os.fstat(file.fileno())) != _identity(status):
            raise _changed(path)
    found = Digest(digest) if digest is not None else Digest.from_hex(hasher.hexdigest())
    return FileBlob(Descriptor(media_type=_OCTETS, digest=found, size=status.st_size), path, _identity(status))


def _reading(path: Path):  # type: ignore[no-untyped-def]  # noqa: ANN202 - an unbuffered file has no public type
    try:
        return open(path, "rb", buffering=0)
    except FileNotFoundError as fault:
        raise NoSuchFile(f"{path} does not exist.", expected="a file to push") from fault
    except OSError as fault:
        raise InvalidInput("a file cannot be read", got=f"{str(path)!r}: {fault.strerror}") from fault


def _identity(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _changed(path: Path) -> InvalidInput:
    return InvalidInput(
        "a file changed while it was pushed",
        got=repr(str(path)),
        expected="files that nobody writes during a push",
        hint="wait until it is written, then push again",
    )


def folder_name(folder: Path) -> str:
    """Return the name of a directory as it stands in its layer, also for `.`."""
    return folder.resolve().name


def pack_folder(folder: Path, target: Path) -> None:
    """Write a directory as the tar+gzip that oras-py and oras make of one: every member under its name.

    Args:
        folder: the directory.
        target: a new file.

    Raises:
        InvalidInput: for links that leave the directory or point to none of its files, special files, and names that
            an artifact cannot hold.
    """
    top = folder.resolve()
    members = sorted(_members(top, top), key=lambda one: one[0].encode())
    MAX_FILES.check(len(members), "the number of files", InvalidInput)
    name = folder_name(folder)
    level = _level(members)
    with (
        target.open("xb") as written,
        gzip.GzipFile(filename="", mode="wb", fileobj=written, mtime=0, compresslevel=level) as zipped,
        tarfile.open(fileobj=zipped, mode="w:", format=tarfile.PAX_FORMAT) as tar,
    ):
        tar.addfile(_member(name, top.stat()))
        for path, real in members:
            check_path(path, "a file of the directory")
            if real.is_dir():
                tar.addfile(_member(f"{name}/{path}", real.stat()))
                continue
            with _reading(real) as file:
                info = _member(f"{name}/{path}", os.fstat(file.fileno()))
                try:
                    tar.addfile(info, file)
                except OSError as fault:
                    # tarfile's own word for a file that ended early.
                    raise _changed(real) from fault


def _members(folder: Path, top: Path) -> Iterator[tuple[str, Path]]:
    for entry in folder.iterdir():
        path = entry.relative_to(top).as_posix()
        if entry.is_symlink():
            real = _followed(entry)
            if real is None or not real.is_file() or not real.is_relative_to(top):
                raise InvalidInput(
                    "a link leaves the directory or points to none of its files",
                    got=repr(path),
                    expected="a link to a regular file inside the directory",
                    hint="copy the file to where the link is",
                )
            yield path, real
        elif entry.is_dir():
            yield path, entry
            yield from _members(entry, top)
        elif entry.is_file():
            yield path, entry
        else:
            raise InvalidInput("this is neither a file nor a directory", got=repr(path), expected="one of them")


def _followed(link: Path) -> Path | None:
    try:
        return link.resolve(strict=True)
    except (OSError, RuntimeError):
        return None  # to nowhere, or in a circle


def _member(name: str, status: os.stat_result) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    if stat.S_ISDIR(status.st_mode):
        info.type, info.mode = tarfile.DIRTYPE, 0o755
    else:
        info.size, info.mode = status.st_size, 0o755 if status.st_mode & stat.S_IXUSR else 0o644
    return info


def _level(members: list[tuple[str, Path]]) -> int:
    """Return 0 where the largest file does not compress, else 1."""
    sizes = [(real.stat().st_size, real) for _, real in members if real.is_file()]
    if not sizes:
        return 1
    _, largest = max(sizes, key=lambda one: one[0])
    with _reading(largest) as file:
        sample = file.read(MiB)
    return 0 if len(zlib.compress(sample, 1)) > 0.95 * len(sample) else 1
