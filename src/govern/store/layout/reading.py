"""An image layout as it is read, wherever its files are: in a folder, or in one file that holds them all."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from govern.errors import ContentMismatch, LimitExceeded, NotFound, ProtocolError, Undecided
from govern.limits import BUFFER_BYTES, MAX_MANIFEST, Bound
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, read_manifest
from govern.oci.media_types import INDEXES
from govern.oci.reference import LayoutPlace
from govern.progress import Progress
from govern.store.layout.entries import Entries, Entry
from govern.store.layout.manifest_type import type_of
from govern.store.protocol import Listing


class Reader(Protocol):
    """Bytes of one blob, from the first one on."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; fewer only at the end."""
        ...

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a buffer; return how many bytes came, 0 at the end."""
        ...


class LayoutReading(ABC):
    """The reading half of a layout's `Store`.

    Args:
        path: where it is, for messages.
    """

    def __init__(self, path: Path) -> None:
        self._place = LayoutPlace(str(path))
        # Manifests never change under their digest, so what was parsed once is kept.
        self._subjects: dict[Digest, Digest | None] = {}

    @abstractmethod
    def _entries(self) -> Entries:
        """Return what `index.json` lists; raise `NotFound` where there is no layout."""

    @abstractmethod
    def _has(self, digest: Digest) -> bool:
        """Whether there is a blob of this name."""

    @abstractmethod
    def _open(self, digest: Digest) -> AbstractContextManager[Reader]:
        """Open a blob; raise `FileNotFoundError` where it is not there, and `OSError` for other trouble."""

    @property
    def place(self) -> LayoutPlace:
        """See `Store.place`."""
        return self._place

    # --- manifests -------------------------------------------------------------------------------

    def get_manifest(self, key: Digest | str) -> RawManifest:
        """See `Manifests.get_manifest`."""
        entries = self._entries()
        if isinstance(key, Digest):
            entry = entries.of_digest(key)
            if entry is None:
                raise NotFound(
                    "there is no such manifest", got=f"{key} in {self.place}", expected="a digest of the index"
                )
            data = self._read(key, MAX_MANIFEST, f"the manifest {key}")
            return RawManifest(type_of(data, entry.media_type), data)
        entry = entries.of_tag(key)
        if entry is None:
            raise NotFound(
                "there is no such tag",
                got=f"{key!r} in {self.place}",
                expected=", ".join(entries.tags[:20]) or "a tag, but the layout has none",
            )
        data = self._read(entry.digest, MAX_MANIFEST, f"the manifest tagged {key!r}", entry.descriptor)
        return RawManifest(entry.media_type, data)

    def tags(self) -> tuple[str, ...]:
        """See `Manifests.tags`."""
        return self._entries().tags

    # --- blobs -----------------------------------------------------------------------------------

    def has_blob(self, descriptor: Descriptor) -> bool:
        """See `Blobs.has_blob`."""
        return self._has(descriptor.id)

    def read_blob(self, descriptor: Descriptor, bound: Bound, what: str) -> bytes:
        """See `Blobs.read_blob`."""
        return self._read(descriptor.id, bound, what, descriptor)

    def stream_blob(self, descriptor: Descriptor) -> Iterator[memoryview]:
        """See `Blobs.stream_blob`."""
        view = memoryview(bytearray(min(BUFFER_BYTES, max(1, descriptor.size))))
        what = f"the blob {descriptor.digest}"
        try:
            with self._open(descriptor.id) as source:
                while count := source.readinto(view):
                    yield view[:count]
        except FileNotFoundError as fault:
            raise self._missing(descriptor.id, what) from fault
        except OSError as fault:
            raise Undecided(f"{what} cannot be read", got=str(fault.strerror)) from fault

    def fetch_blob(self, descriptor: Descriptor, target: Path, progress: Progress) -> None:
        """See `Blobs.fetch_blob`."""
        part = target.with_name(target.name + ".part")
        hasher = descriptor.id.hasher()
        view = memoryview(bytearray(min(BUFFER_BYTES, max(1, descriptor.size))))
        left = descriptor.size
        try:
            part.unlink(missing_ok=True)  # it may be a link, which an open would follow
            with self._open(descriptor.id) as source, open(part, "xb", buffering=0) as file:
                while count := source.readinto(view):
                    left -= count
                    if left < 0:
                        break
                    hasher.update(view[:count])
                    file.write(view[:count])
                    progress.advance(count)
        except OSError as fault:
            if not self._has(descriptor.id):
                raise self._missing(descriptor.id, f"the blob {descriptor.digest}") from fault
            raise Undecided("a blob cannot be copied", got=f"{descriptor.digest}: {fault.strerror}") from fault
        what = f"the blob {descriptor.digest}"
        if left != 0:
            part.unlink(missing_ok=True)
            raise ContentMismatch(
                f"{what} is not as long as its descriptor says",
                got="more bytes" if left < 0 else f"{descriptor.size - left} bytes",
                expected=f"{descriptor.size} bytes",
            )
        try:
            descriptor.id.check_hex(hasher.hexdigest(), what)
        except ContentMismatch:
            part.unlink(missing_ok=True)
            raise
        try:
            os.replace(part, target)
        except OSError as fault:
            raise Undecided("a blob cannot be copied", got=f"{descriptor.digest}: {fault.strerror}") from fault

    # --- referrers -------------------------------------------------------------------------------

    def list_referrers(self, subject: Digest) -> tuple[Listing, ...]:
        """See `Referrers.list_referrers`. A layout has no such list: every manifest is looked at."""
        try:
            entries = self._entries()
        except NotFound:
            return (Listing("layout"),)  # what is not there yet has no referrers; a push makes it
        found = []
        # An index may hold one manifest many times, and thousands that are not there.
        for entry in {(one.digest, one.media_type): one for one in entries}.values():
            try:
                known = self._subject(entry)
            except ContentMismatch:
                # It cannot be told what a damaged manifest was about: it stays a candidate of every
                # subject, and is refused where it is read.
                found.append(entry.digest)
                continue
            if known == subject:
                found.append(entry.digest)
        return (Listing("layout", tuple(dict.fromkeys(found))),)

    def _subject(self, entry: Entry) -> Digest | None:
        if entry.digest not in self._subjects:
            what = f"the manifest {entry.digest}"
            try:
                # Not the entry's word for its size: a record is not hidden by another number.
                data = self._read(entry.digest, MAX_MANIFEST, what)
                raw = RawManifest(type_of(data, entry.media_type), data)
                subject = None if raw.media_type in INDEXES else read_manifest(raw, what).subject
            except (NotFound, ProtocolError, LimitExceeded):
                # Readers take no such thing for a record, whatever the index calls it.
                if entry.media_type not in INDEXES:
                    raise
                return None
            self._subjects[entry.digest] = subject.id if subject else None
        return self._subjects[entry.digest]

    # --- files -----------------------------------------------------------------------------------

    def _read(self, digest: Digest, bound: Bound, what: str, descriptor: Descriptor | None = None) -> bytes:
        if descriptor is not None:
            bound.check(descriptor.size, what)
        try:
            with self._open(digest) as file:
                data = file.read(bound.value + 1)
        except FileNotFoundError as fault:
            raise self._missing(digest, what) from fault
        except OSError as fault:
            raise Undecided(f"{what} cannot be read", got=str(fault.strerror)) from fault
        bound.check(len(data), what)
        if descriptor is not None:
            return descriptor.check(data, what)
        return digest.check(data, what)

    def _missing(self, digest: Digest, what: str) -> NotFound:
        return NotFound(
            f"{what} is not there",
            got=f"no blobs/{digest.algorithm}/{digest.encoded} in {self.place}",
            expected="every blob that a manifest names",
            hint="copy it from where it was pushed, or push again from the source",
        )
