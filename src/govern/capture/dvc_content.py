"""Whether what lies in the tree is what DVC recorded. Only then does its sha256 say what DVC's id means."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final, Literal, NamedTuple

from govern.capture.dir_hash import dir_hash
from govern.capture.dvc_files import Tracked
from govern.capture.tree_file import Hashed, hash_below, read_below
from govern.errors import LimitExceeded
from govern.limits import MAX_DVC_FILE, MAX_DVC_HASHED, MAX_DVC_TREE, Bound

Found = Literal["as-recorded", "differs", "absent", "not-read"]
"""What the tree holds: what DVC recorded, something else, nothing; or nobody looked: it is a link, larger than
`MAX_DVC_HASHED` leaves room for, or has an id that is not the MD5 of bytes."""

_IGNORE: Final = ".dvcignore"


class Content(NamedTuple):
    """What was found.

    Args:
        found: how it compares.
        digests: `sha256` of a file or `dirHash` of a directory; empty unless it is as recorded.
    """

    found: Found
    digests: Mapping[str, str]


_NOT_READ: Final = Content("not-read", {})
_DIFFERS: Final = Content("differs", {})


class Contents:
    """Content of a tree, each thing read once, and all together no more than `MAX_DVC_HASHED`.

    Args:
        top: the tree.
        own: names of files of ours, which DVC need not know: they may come to a directory after it was recorded.
    """

    def __init__(self, top: Path, own: AbstractSet[str]) -> None:
        self._top = top
        self._own = own
        self._left = MAX_DVC_HASHED.value
        self._known: dict[tuple[str, str], Content] = {}

    def compare(self, one: Tracked) -> Content:
        """Return how the tree compares with what DVC recorded."""
        if not one.path or one.id is None:
            return _NOT_READ
        key = (one.path, one.id)
        if key not in self._known:
            self._known[key] = self._compare(one.path, one.id, one.hash)
        return self._known[key]

    def _compare(self, path: str, recorded: str, algorithm: str) -> Content:
        if not os.path.lexists(self._top / path):
            return Content("absent", {})
        if algorithm != "md5":
            return _NOT_READ
        try:
            if recorded.endswith(".dir"):
                return self._folder(path, recorded)
            hashed = self._hash(path)
        except (OSError, ValueError, LimitExceeded):
            return _NOT_READ
        return Content("as-recorded", {"sha256": hashed.sha256}) if hashed.md5 == recorded else _DIFFERS

    def _folder(self, path: str, recorded: str) -> Content:
        files = {name: self._hash(f"{path}/{name}") for name in _files(self._top / path)}
        recordable = {name: one for name, one in files.items() if name not in self._own}
        for listed in (files, recordable):
            if _list_id(listed) == recorded:
                return Content("as-recorded", {"dirHash": dir_hash({name: one.sha256 for name, one in listed.items()})})
        # Which files belong to a directory is for these rules to say, and they are DVC's to read.
        return _NOT_READ if _has_rules(self._top) else _DIFFERS

    def _hash(self, path: str) -> Hashed:
        hashed = hash_below(self._top, path, Bound(MAX_DVC_HASHED.name, self._left))
        self._left -= hashed.size
        return hashed


def _list_id(files: Mapping[str, Hashed]) -> str:
    """Return DVC's id of a directory. Source: dvc-data 3, `hashfile/tree.py`, `Tree.digest`."""
    listed = [{"md5": files[name].md5, "relpath": name} for name in sorted(files)]
    return f"{hashlib.md5(json.dumps(listed, sort_keys=True).encode(), usedforsecurity=False).hexdigest()}.dir"


def _files(top: Path) -> list[str]:
    """Return the files of a directory; OSError where it holds a link, or rules of DVC's about what belongs to it."""
    found: list[str] = []
    seen = 0
    for folder, folders, names in os.walk(top, onerror=_raise):
        seen += 1 + len(names)
        MAX_DVC_TREE.check(seen, "a directory under DVC")
        if _IGNORE in names or any(Path(folder, one).is_symlink() for one in folders):
            raise OSError(errno.EINVAL, "not only files and folders")
        found += [Path(folder, name).relative_to(top).as_posix() for name in names]
    return found


def _raise(fault: OSError) -> None:
    raise fault


def _has_rules(top: Path) -> bool:
    try:
        lines = read_below(top, _IGNORE, MAX_DVC_FILE).splitlines()
    except (OSError, LimitExceeded):
        return os.path.lexists(top / _IGNORE)
    return any(line.strip() and not line.startswith(b"#") for line in lines)
