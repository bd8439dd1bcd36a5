"""`index.json` of a layout: every manifest in it, changed by one writer at a time.

Writers take an exclusive lock on the layout's folder itself, so the lock needs no file of its own and a
killed writer leaves none. Readers need no lock: the file is replaced whole.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any, Final

from govern import canonical
from govern.errors import InvalidInput, NotFound, ProtocolError, Undecided
from govern.limits import MAX_LAYOUT_INDEX
from govern.oci.descriptor import Descriptor
from govern.oci.media_types import IMAGE_INDEX
from govern.store.layout.durable import disk_faults, sweep, write_whole
from govern.store.layout.entries import REF_NAME, Entries, read_entries, tag_of
from govern.store.regular_file import open_regular

_State = tuple[int, int, int, int, int]
_TICK: Final = 100_000_000
"""Nanoseconds: a file system's times move in steps, of 10 ms at most on those that are common."""

LAYOUT_FILE: Final = b'{"imageLayoutVersion":"1.0.0"}'


class IndexFile:
    """The index as readers see it, parsed once for every change of the file, by one of them at a time.

    Args:
        root: the layout.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._state: _State | None = None
        self._entries = Entries(())

    def read(self) -> Entries:
        """Return every entry; raise `NotFound` where there is no layout."""
        # An index of 64 MiB takes gigabytes while it is parsed, so two never are at once.
        with self._lock, _opened(self._root) as file:
            state = _state_of(file)
            if state != self._state:
                # Nothing is kept of what could not be read, and the old goes before the new is made.
                self._state, self._entries = None, Entries(())
                data = file.read(MAX_LAYOUT_INDEX.value + 1)
                self._entries = read_entries(data, _what(self._root), MAX_LAYOUT_INDEX)
                # A change within the same tick of the clock could look like this file, so it is read again.
                self._state = state if abs(time.time_ns() - state[1]) > _TICK and _state_of(file) == state else None
            return self._entries


def _state_of(file: FileIO) -> _State:
    status = os.fstat(file.fileno())
    return status.st_ino, status.st_mtime_ns, status.st_size, status.st_dev, status.st_ctime_ns


def read_layout_index(root: Path) -> Entries:
    """Return every entry of the index; raise `NotFound` where there is no layout."""
    return IndexFile(root).read()


def _what(root: Path) -> str:
    return f"the index of the layout {str(root)!r}"


@contextlib.contextmanager
def _opened(root: Path) -> Iterator[FileIO]:
    """Open the index of what says that it is a layout."""
    try:
        with open_regular(root / "oci-layout") as file:
            version = file.read(1024)
        with open_regular(root / "index.json") as file:
            check_version(root, version)
            yield file
    except FileNotFoundError as fault:
        raise NotFound(
            "there is no OCI image layout",
            got=f"{str(root)!r}",
            expected="a folder with oci-layout and index.json",
            hint="govern push makes one",
        ) from fault
    except OSError as fault:
        got = f"{fault.filename or str(root)!r}: {fault.strerror}"
        raise Undecided("the layout cannot be read", got=got) from fault


def check_version(root: Path, data: bytes) -> None:
    """Raise `ProtocolError` where `oci-layout` is not that of a layout of this version."""
    try:
        version = json.loads(data)["imageLayoutVersion"]
    except (ValueError, KeyError, TypeError, RecursionError):
        version = None
    if version != "1.0.0":
        raise ProtocolError(
            "this is not an OCI image layout",
            got=f"imageLayoutVersion {version!r} in {str(root / 'oci-layout')!r}",
            expected="1.0.0",
        )


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the layout for writing; make it where it is not there yet."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as fault:
        raise InvalidInput(
            "the layout cannot be written",
            got=f"{str(root)!r}: {fault.strerror}",
            expected="a folder that you may write",
        ) from fault
    try:
        with disk_faults(root):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _create(root)
            sweep(root)
            yield
    finally:
        os.close(descriptor)


def _create(root: Path) -> None:
    if (root / "index.json").exists() and (root / "oci-layout").exists():
        return
    if not (root / "oci-layout").exists() and set(os.listdir(root)) - {"ingest", "blobs", "index.json"}:
        # Never turn somebody's folder of other things into a store.
        raise InvalidInput(
            "the folder is not a layout and not empty",
            got=f"{str(root)!r}",
            expected="an OCI image layout, an empty folder, or none",
        )
    if (root / "oci-layout").exists():
        # It is written last, so there was an index once, with versions and records in it.
        raise InvalidInput(
            "the layout has lost its index.json",
            got=f"{str(root)!r} with oci-layout and without index.json",
            expected="both",
            hint="bring index.json back from a copy, or push to a new layout",
        )
    (root / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
    if not (root / "index.json").exists():
        _write(root, {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": []})
    with write_whole(root, root / "oci-layout") as file:
        file.write(LAYOUT_FILE)


def add_manifest(root: Path, descriptor: Descriptor, tag: str | None) -> None:
    """Enter a manifest into the index, under a tag or untagged. The caller holds the lock.

    A tag that pointed elsewhere moves; what it pointed to stays in the index, untagged, because records
    are never lost by a tag that moves.
    """
    with _opened(root) as file:
        data = file.read(MAX_LAYOUT_INDEX.value + 1)
    read_entries(data, _what(root), MAX_LAYOUT_INDEX)  # what readers refuse is not written on
    # Other tools write fields that we have no use for (a platform, say): all of them stay.
    document: dict[str, Any] = canonical.loads(data, _what(root), bound=MAX_LAYOUT_INDEX, error=ProtocolError)
    entries: list[dict[str, Any]] = document["manifests"]
    result: list[dict[str, Any]] = []
    bare = {"mediaType": descriptor.media_type, "digest": descriptor.digest, "size": descriptor.size}
    if descriptor.artifact_type:
        bare["artifactType"] = descriptor.artifact_type
    held = False
    tagged = {one["digest"] for one in entries if tag_of(one) not in (None, tag)}
    for one in entries:
        if one["digest"] == descriptor.digest and tag_of(one) == tag:
            held = True
            result.append(one)
        elif tag is not None and tag_of(one) == tag:
            if one["digest"] not in tagged:
                result.append(_without_tag(one))
        elif one["digest"] == descriptor.digest and tag_of(one) is None and tag is not None:
            continue  # it was untagged; the tagged entry below stands for it
        else:
            result.append(one)
    if not held:
        if tag is not None:
            bare["annotations"] = {REF_NAME: tag}
        elif descriptor.digest in {one["digest"] for one in result}:
            return
        result.append(bare)
    if result != entries:
        _write(root, document | {"manifests": result})


def _without_tag(entry: dict[str, Any]) -> dict[str, Any]:
    annotations = {key: value for key, value in entry["annotations"].items() if key != REF_NAME}
    rest = {key: value for key, value in entry.items() if key != "annotations"}
    return rest | ({"annotations": annotations} if annotations else {})


def _write(root: Path, document: dict[str, Any]) -> None:
    data = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    MAX_LAYOUT_INDEX.check(len(data), "the index of the layout")
    with write_whole(root, root / "index.json") as file:
        file.write(data)
