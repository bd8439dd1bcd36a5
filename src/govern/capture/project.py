"""The tree that a push is made from: the work tree around what is pushed, or that alone."""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from govern.limits import MAX_SEGMENTS


@dataclass(frozen=True, slots=True)
class Project:
    """A tree, and the folder in it that a push is about.

    Args:
        top: the folder with `.git`; without one, the folder itself: nobody said that what is above belongs to it.
        inside: the folder's path below `top`, or "" for `top` itself.
    """

    top: Path
    inside: str

    @property
    def folders(self) -> tuple[str, ...]:
        """The folder and those around it, up to and with `top`."""
        found = [self.inside]
        while found[-1]:
            found.append(posixpath.dirname(found[-1]))
        return tuple(found)

    def path(self, name: str) -> str:
        """Return the path below `top` of a file in the folder."""
        return posixpath.join(self.inside, name)


def find_project(folder: Path) -> Project:
    """Return the tree around a folder.

    Git is not asked for it: a repository's configuration may call any folder of the machine its work tree.

    Args:
        folder: one that exists.
    """
    here = folder.resolve()
    for one in islice((here, *here.parents), MAX_SEGMENTS.value):
        if os.path.lexists(one / ".git"):
            inside = here.relative_to(one).as_posix()
            return Project(one, "" if inside == "." else inside)
    return Project(here, "")
