"""Lock files of package managers: which versions an environment was made of, by the digest of the file.

Nothing in them is read: what they say is for whoever has the file, and some hold addresses with passwords.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final

from govern.capture.materials import LOCK_FILE, Material
from govern.capture.project import Project
from govern.capture.redact import clean_text
from govern.capture.tree_file import UNREADABLE, Hashed, hash_below
from govern.limits import MAX_LOCK_SIZE, MAX_LOCKED, MAX_SCANNED

_NAME: Final = re.compile(
    r"(?:uv|poetry|pdm|pixi|yarn|renv|conda)\.lock|Pipfile\.lock|Cargo\.lock|go\.sum"
    r"|requirements[A-Za-z0-9._-]{0,60}\.(?:txt|lock)|pylock(?:\.[A-Za-z0-9_-]{1,60})?\.toml"
    r"|conda-[A-Za-z0-9_-]{1,40}\.lock|conda-lock(?:[._-][A-Za-z0-9._-]{1,60})?\.ya?ml"
    r"|[A-Za-z0-9_-]{1,60}\.conda-lock\.ya?ml|package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml"
)
"""uv, Poetry, PDM, Pixi, pip and pip-tools, PEP 751, Pipenv, conda-lock and explicit conda lists, npm, Yarn, pnpm,
renv, Cargo, Go."""


def find_lock_files(
    project: Project, named: Sequence[str], packed: Mapping[str, str], notes: list[str]
) -> tuple[Material, ...]:
    """Return the lock files beside what is pushed and in the folders around it, nearest first, and those named.

    Args:
        project: the tree; nothing outside of it is read, and no link in it is followed.
        named: paths in the pushed folder that the metadata file names.
        packed: sha256 of what is packed, by path in the pushed folder; of these nothing is read again.
        notes: what the person who pushes should know is added here.
    """
    paths = [project.path(one) for one in named]
    for folder in project.folders:
        paths += [posixpath.join(folder, name) for name in _names(project, folder, notes)]
    known = {project.path(path): sha256 for path, sha256 in packed.items()}
    found = []
    for path in dict.fromkeys(paths):
        sha256 = known.get(path) or _sha256(project, path, notes)
        if sha256 is not None:
            annotations = {"observed": "at-push", "role": LOCK_FILE}
            found.append(Material(clean_text(path), {"sha256": sha256}, annotations))
    if len(found) > MAX_LOCKED.value:
        notes.append(f"there are {len(found)} lock files; the record says the first {MAX_LOCKED.value}")
    return tuple(found[: MAX_LOCKED.value])


def _names(project: Project, folder: str, notes: list[str]) -> list[str]:
    try:
        with os.scandir(project.top / folder) as entries:
            first = [entry.name for entry in islice(entries, MAX_SCANNED.value + 1)]
    except OSError:
        return []
    if len(first) > MAX_SCANNED.value:
        # Which of them come first differs from machine to machine: better none than any.
        notes.append(f"a folder has more than {MAX_SCANNED.value} entries; lock files in it were not looked for")
        return []
    return sorted(name for name in first if _NAME.fullmatch(name))


def _sha256(project: Project, path: str, notes: list[str]) -> str | None:
    try:
        hashed: Hashed = hash_below(project.top, path, MAX_LOCK_SIZE)
    except UNREADABLE:
        notes.append(f"the lock file {clean_text(path)} is a link, too large or unreadable; it was not recorded")
        return None
    return hashed.sha256
