"""Paths inside an artifact: relative, inside the tree, NFC, without case collisions (DESIGN §4).

The same rules hold in both directions: what may not be unpacked may not be packed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from govern.errors import GovernError, InvalidInput, shortened
from govern.limits import MAX_PATH, MAX_SEGMENT, MAX_SEGMENTS, MAX_TREE

TAR_FOLDER: Final = ".govern-tar"
"""Where the titles of bundled layers live (FORMAT §3). No file of a user's may."""


def check_path(path: str, what: str = "the file", error: type[GovernError] = InvalidInput) -> str:
    """Return `path` if it may stand in an artifact.

    Args:
        path: relative, with `/`.
        what: whose path it is, for messages.
        error: the class to raise.

    Raises:
        error: for absolute paths, `..`, `.` and empty segments, backslashes, control characters, text
            that is not NFC, over-long paths, and `.govern-tar/`.
    """

    def refuse(reason: str) -> GovernError:
        return error(
            f"{what} has a path that an artifact cannot hold",
            got=f"{path[:200]!r}: {reason}",
            expected="a relative path inside the tree, in NFC, without control characters or backslashes",
            hint="rename the file, or leave it out with .governignore",
        )

    try:
        size = len(path.encode("utf-8"))
    except UnicodeEncodeError:
        raise refuse("not Unicode") from None
    MAX_PATH.check(size, f"the path of {what}", error)
    if not path or path.startswith("/"):
        raise refuse("absolute or empty")
    if "\\" in path:
        raise refuse("a backslash")
    if not path.isascii() and unicodedata.normalize("NFC", path) != path:
        raise refuse("not in Unicode normal form C")
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") for letter in path):
        raise refuse("a control or invisible character")
    segments = path.split("/")
    if any(segment in ("", ".", "..") for segment in segments):
        raise refuse("a segment that is empty, . or ..")
    MAX_SEGMENTS.check(len(segments), f"the path of {what}", error)
    for segment in segments:
        MAX_SEGMENT.check(len(segment.encode("utf-8")), f"a segment of the path of {what}", error)
    if _folded(segments[0]) == TAR_FOLDER:
        raise refuse(f"{TAR_FOLDER}/ is reserved")
    return path


def check_collisions(paths: Iterable[str], error: type[GovernError] = InvalidInput) -> None:
    """Refuse paths that would meet on a file system without case, and a path that is another's folder.

    Args:
        paths: all paths of one artifact.
        error: the class to raise.
    """
    # A tree of folders by number, so that memory grows with the segments and not with the prefixes.
    nodes: dict[tuple[int, str], tuple[int, str]] = {}
    files: set[int] = set()
    folders: set[int] = set()
    for path in paths:
        at = 0
        for segment in path.split("/"):
            if at in files:
                raise error("a path is a file and a folder", got=shortened(path), expected="one of them")
            folders.add(at)
            # Every folder on the way counts too: `A/x` and `a/y` are two folders here and one there.
            at, spelled = nodes.setdefault((at, _folded(segment)), (len(nodes) + 1, segment))
            MAX_TREE.check(len(nodes), "the tree of paths", error)
            if spelled != segment:
                raise error(
                    "two paths differ only in case",
                    got=f"{shortened(path)}: {shortened(segment)} and {shortened(spelled)}",
                    expected="paths that stay apart on every file system",
                    hint="rename one of them",
                )
        if at in files:
            raise error("two files have the same path", got=shortened(path), expected="every path once")
        if at in folders:
            raise error("a path is a file and a folder", got=shortened(path), expected="one of them")
        files.add(at)


def _folded(segment: str) -> str:
    # Canonical caseless matching (Unicode 3.13, D145): folding may leave text that is not normal.
    return (
        segment.lower()
        if segment.isascii()
        else unicodedata.normalize("NFD", unicodedata.normalize("NFD", segment).casefold())
    )


def order(path: str) -> bytes:
    """The sort key of FORMAT §3: UTF-8 bytes of the path."""
    return path.encode("utf-8")
