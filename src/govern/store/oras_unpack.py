"""Layers that a script pulls: to a safe place in its directory, whole or not at all.

A layer that is a directory's tar, as oras-py and oras push one, is unpacked under these rules, all judged before the
first file is written: every member is a file or a directory under the layer's own title, no links, no devices, no
`..`, nothing twice, and not more than the bounds say. Any other layer stays the file that it is.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import struct
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, cast

from govern.errors import InvalidInput, ProtocolError
from govern.limits import BUFFER_BYTES, FREE_OF_RATIO, MAX_FILES, MAX_MEMBER_HEADER, MAX_RATIO
from govern.paths import TAR_FOLDER, check_collisions, check_path

_FILES: Final = (tarfile.REGTYPE, tarfile.AREGTYPE)
_BLOCK: Final = 512
_FAULTS: Final = (tarfile.TarError, EOFError, ValueError, OverflowError, LookupError, RecursionError, struct.error)
_HINT: Final = "do not unpack it; download_blob(target, digest, FILE) writes the layer as it is"


def check_title(title: str) -> str:
    """Return the path that a layer's title names; raise `ProtocolError` for one that may not be written."""
    path = title.removeprefix("./").rstrip("/")
    # govern's own tars have a folder that no file of a user's may be in; here they are files like others.
    check_path(path.removeprefix(f"{TAR_FOLDER}/"), "a layer", ProtocolError)
    return path


def place(root: Path, path: str) -> Path:
    """Return where a path goes below `root`, with its folders made.

    Args:
        root: the script's directory, resolved.
        path: from `check_title`.

    Raises:
        InvalidInput: where a link or a file is in the way: it would lead out of the directory.
    """
    make_folder(root, path.rpartition("/")[0])
    target = root / path
    if target.is_dir() and not target.is_symlink():
        raise InvalidInput("a directory is in the way of a layer", got=repr(str(target)), expected="a file, or nothing")
    return target


def make_folder(root: Path, path: str) -> None:
    """Make a directory below `root`, and those on the way; see `place`."""
    parent = root
    for segment in filter(None, path.split("/")):
        parent = parent / segment
        if parent.is_symlink() or (parent.exists() and not parent.is_dir()):
            raise InvalidInput(
                "something is in the way of a layer",
                got=f"{str(parent)!r}, which is no directory",
                expected="a directory, or nothing",
                hint="pull into an empty directory",
            )
        parent.mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def part_of(target: Path) -> Iterator[Path]:
    """Yield a new name beside `target`; what is there at the end becomes `target`, and nothing is left of a failure."""
    part = target.with_name(f".{os.urandom(12).hex()}.part")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def unpack_folder(layer: Path, root: Path, title: str) -> bool:
    """Unpack a directory's tar; return whether it was one.

    Args:
        layer: the file, whose digest was checked.
        root: the script's directory, resolved.
        title: from `check_title`: the directory's path.

    Raises:
        ProtocolError: for a directory's tar that breaks the rules above; nothing is written then.
    """
    with tempfile.TemporaryFile(dir=root) as plain:
        if not _gunzip(layer, plain, title):
            return False
        try:
            members = _judged(plain, title)
        except _FAULTS as fault:
            raise _refused(title, str(fault)[:200], "a tar of one directory") from fault
        for info, path in members:
            _write(plain, info, root, path)
        return bool(members)


def _refused(title: str, got: str, expected: str) -> ProtocolError:
    return ProtocolError(f"the layer {title!r} is not unpacked", got=got, expected=expected, hint=_HINT)


def _gunzip(layer: Path, plain: IO[bytes], title: str) -> bool:
    """Decompress within the bound; return whether it is gzip at all."""
    size, most = 0, max(FREE_OF_RATIO.value, layer.stat().st_size * MAX_RATIO.value)
    with layer.open("rb") as source:
        if source.read(2) != b"\x1f\x8b":
            return False
    with gzip.open(layer, "rb") as unzipped:
        try:
            while data := unzipped.read(BUFFER_BYTES):
                size += len(data)
                if size > most:
                    bound = f"at most {MAX_RATIO.value} {MAX_RATIO.unit} ({MAX_RATIO.name})"
                    raise _refused(title, f"over {most} bytes", bound)
                plain.write(data)
        except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
            raise _refused(title, str(fault)[:200], "gzip") from fault
    return True


class _Guarded:
    """A file out of which tarfile cannot read a name of any length into memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.close = file.seek, file.tell, file.close

    def read(self, size: int) -> bytes:
        MAX_MEMBER_HEADER.check(size if size >= 0 else MAX_MEMBER_HEADER.value + 1, "a name in a tar", ProtocolError)
        return self._file.read(size)


def _judged(plain: IO[bytes], title: str) -> list[tuple[tarfile.TarInfo, str]]:
    """Return the members with their paths below the root; empty for a tar that is of no directory of this name."""
    members: list[tuple[tarfile.TarInfo, str]] = []
    top: str | None = None
    plain.seek(0)
    with tarfile.open(fileobj=cast("IO[bytes]", _Guarded(plain)), mode="r:") as tar:
        for info in tar:
            name = info.name.removeprefix("./").rstrip("/")
            if top is None:
                top = _top(name, title)
            if top is None:
                return []
            MAX_FILES.check(len(members) + 1, f"the layer {title!r}", ProtocolError)
            members.append((info, _path(info, name, top, title)))
        end = tar.offset
    plain.seek(end)
    if plain.read(_BLOCK) != bytes(_BLOCK):
        raise _refused(title, "a member that cannot be read", "an end of the tar")
    files = [path for info, path in members if info.type in _FILES]
    folders = {path for info, path in members if info.type not in _FILES}
    check_collisions(files, ProtocolError)
    if both := sorted(folders.intersection(files)):
        raise _refused(title, f"{both[0]!r} as a file and as a directory", "one of them")
    return members


def _top(name: str, title: str) -> str | None:
    # oras names the members by the whole title, oras-py by its last segment.
    return next((top for top in (title, title.rpartition("/")[2]) if f"{name}/".startswith(f"{top}/")), None)


def _path(info: tarfile.TarInfo, name: str, top: str, title: str) -> str:
    if info.type not in (*_FILES, tarfile.DIRTYPE) or info.issparse() or info.size < 0:
        raise _refused(title, f"{name[:200]!r}, a link, a device or something rarer", "files and directories")
    if name == top and info.type == tarfile.DIRTYPE:
        return title
    if not name.startswith(f"{top}/"):
        raise _refused(title, repr(name[:200]), f"everything under {top!r}")
    return f"{title}/{check_path(name[len(top) + 1 :], 'a member of a layer', ProtocolError)}"


def _write(plain: IO[bytes], info: tarfile.TarInfo, root: Path, path: str) -> None:
    if info.type == tarfile.DIRTYPE:
        make_folder(root, path)
        return
    with part_of(place(root, path)) as part, part.open("xb") as file:
        plain.seek(info.offset_data)
        left = info.size
        while left > 0 and (data := plain.read(min(left, BUFFER_BYTES))):
            file.write(data)
            left -= len(data)
        if left:
            raise ProtocolError("a layer ends in the middle of a file", got=repr(path), hint=_HINT)
        if info.mode & 0o100:
            mode = os.fstat(file.fileno()).st_mode
            # Who may read it may run it; what the umask took away stays away.
            os.fchmod(file.fileno(), mode | (mode & 0o444) >> 2)
