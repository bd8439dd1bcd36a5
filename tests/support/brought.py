"""Files brought into a directory as a pull brings them, without a store: two versions, and what is there afterwards."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from govern.artifact.digest_cache import NoCache
from govern.artifact.file_list import Entry
from govern.artifact.lock import Lock, LockedFile
from govern.artifact.model_sig import MODEL_SIG
from govern.artifact.tree import commit, kept_and_edited, look_at, refuse_loss, staged
from govern.artifact.walk import LOCK_FILE
from govern.oci.digest import Digest
from support.trees import Files

ONE: Final[Files] = {"README.md": b"one\n", "a/b/old.txt": b"old\n", "a/same.txt": b"same\n", "w.bin": b"\x00one"}
TWO: Final[Files] = {"README.md": b"two\n", "a/same.txt": b"same\n", "a/c/new.txt": b"new\n", "w.bin": b"\x00two"}


def entries_of(files: Files) -> tuple[Entry, ...]:
    return tuple(
        Entry(Digest.of(data), 0, path, Digest.of(data).encoded, len(data)) for path, data in sorted(files.items())
    )


def lock_of(files: Files, selected: tuple[str, ...] = ()) -> Lock:
    return Lock(
        reference=f"localhost:5000/acme/fraud@{Digest.of(b'it')}",
        tag="1.0.0",
        name="acme/fraud",
        version="1.0.0",
        kind="model",
        digest=Digest.of(b"it"),
        pulled_at="2026-11-21T09:30:00Z",
        verified=None,
        selected=selected,
        files=tuple(LockedFile(path=one.path, sha256=one.sha256, size=one.size) for one in entries_of(files)),
    )


def bring(folder: Path, files: Files, *, force: bool = False, selected: tuple[str, ...] = ()) -> set[str]:
    """Bring files into a directory as a pull does; return the paths that were there already."""
    tree, entries = look_at(folder), entries_of(files)
    kept, edited = kept_and_edited(tree, entries, NoCache())
    refuse_loss(tree, edited, force=force)
    with staged(tree, entries):
        for path, data in files.items():
            if path not in kept:
                (tree.files / path).parent.mkdir(parents=True, exist_ok=True)
                (tree.files / path).write_bytes(data)
        assert commit(tree, entries, kept, lock_of(files, selected)) == folder.resolve() / LOCK_FILE
    return kept


def content(folder: Path) -> dict[str, bytes]:
    """Return what is below a folder, with links and empty folders, but for the lock and the model signature."""
    found = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = b"-> " + os.fsencode(path.readlink())
        elif path.is_dir():
            if not any(path.iterdir()):
                found[name + "/"] = b""
        elif name not in (LOCK_FILE, MODEL_SIG):
            found[name] = path.read_bytes()
    return found
