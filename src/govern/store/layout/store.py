"""The layout as a `Store`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from govern.errors import ContentMismatch, InvalidInput, LimitExceeded, NotFound, ProtocolError, Undecided
from govern.limits import BUFFER_BYTES, MAX_MANIFEST, Bound
from govern.oci.content import Content
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, read_index, read_manifest
from govern.oci.media_types import INDEXES
from govern.oci.reference import LayoutPlace
from govern.progress import Progress
from govern.store.layout.durable import disk_faults, write_whole
from govern.store.layout.entries import Entry
from govern.store.layout.index_file import IndexFile, add_manifest, locked
from govern.store.layout.manifest_type import type_of
from govern.store.protocol import Listing
from govern.store.regular_file import open_regular


class LayoutStore:
    """One OCI image layout.

    Args:
        path: its folder, which need not exist before the first write.
    """

    def __init__(self, path: Path) -> None:
        self._place = LayoutPlace(str(path))
        self._root = path
        # Manifests never change under their digest, so what was parsed once is kept.
        self._subjects: dict[Digest, Digest | None] = {}
        self._index = IndexFile(path)

    @property
    def place(self) -> LayoutPlace:
        """See `Store.place`."""
        return self._place

    def close(self) -> None:
        """Nothing is held between calls."""

    # --- manifests -------------------------------------------------------------------------------

    def get_manifest(self, key: Digest | str) -> RawManifest:
        """See `Manifests.get_manifest`."""
        if isinstance(key, Digest):
            entry = self._index.read().of_digest(key)
            if entry is None:
                raise NotFound(
                    "there is no such manifest", got=f"{key} in {self.place}", expected="a digest of the index"
                )
            data = self._read(key, MAX_MANIFEST, f"the manifest {key}")
            return RawManifest(type_of(data, entry.media_type), data)
        entries = self._index.read()
        entry = entries.of_tag(key)
        if entry is None:
            raise NotFound(
                "there is no such tag",
                got=f"{key!r} in {self.place}",
                expected=", ".join(entries.tags[:20]) or "a tag, but the layout has none",
            )
        data = self._read(entry.digest, MAX_MANIFEST, f"the manifest tagged {key!r}", entry.descriptor)
        return RawManifest(entry.media_type, data)

    def put_manifest(self, manifest: RawManifest, tag: str | None = None) -> None:
        """See `Manifests.put_manifest`."""
        kind = None
        if manifest.media_type in INDEXES:
            named = read_index(manifest, bound=MAX_MANIFEST).manifests
        else:
            parsed = read_manifest(manifest)
            named, kind = (parsed.config, *parsed.layers), parsed.kind
        with locked(self._root):
            self._require(named)
            self._write(manifest.digest, [manifest.data])
            descriptor = manifest.descriptor.model_copy(update={"artifact_type": kind})
            add_manifest(self._root, descriptor, tag)

    def _require(self, named: Sequence[Descriptor]) -> None:
        # What a registry refuses, a layout refuses too: no manifest before what it names.
        for one in named:
            if not self._path(one.id).exists():
                raise InvalidInput(
                    "a manifest names something that is not there",
                    got=one.digest,
                    expected="every blob before the manifest, every manifest before the index",
                )

    def tags(self) -> tuple[str, ...]:
        """See `Manifests.tags`."""
        return self._index.read().tags

    # --- blobs -----------------------------------------------------------------------------------

    def has_blob(self, descriptor: Descriptor) -> bool:
        """See `Blobs.has_blob`."""
        return self._path(descriptor.id).exists()

    def read_blob(self, descriptor: Descriptor, bound: Bound, what: str) -> bytes:
        """See `Blobs.read_blob`."""
        return self._read(descriptor.id, bound, what, descriptor)

    def fetch_blob(self, descriptor: Descriptor, target: Path, progress: Progress) -> None:
        """See `Blobs.fetch_blob`."""
        part = target.with_name(target.name + ".part")
        hasher = descriptor.id.hasher()
        view = memoryview(bytearray(min(BUFFER_BYTES, max(1, descriptor.size))))
        left = descriptor.size
        try:
            part.unlink(missing_ok=True)  # it may be a link, which an open would follow
            with open_regular(self._path(descriptor.id)) as source, open(part, "xb", buffering=0) as file:
                while count := source.readinto(view):
                    left -= count
                    if left < 0:
                        break
                    hasher.update(view[:count])
                    file.write(view[:count])
                    progress.advance(count)
        except OSError as fault:
            if not self._path(descriptor.id).exists():
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

    def put_blob(self, content: Content, progress: Progress) -> None:
        """See `Blobs.put_blob`."""
        descriptor = content.descriptor
        target = self._path(descriptor.id)
        with locked(self._root):
            pass  # makes the layout
        if self._holds(descriptor):
            progress.advance(descriptor.size)
            return
        hasher = hashlib.sha256()
        with disk_faults(self._root), write_whole(self._root, target) as file:
            size = 0
            for chunk in content.chunks():
                hasher.update(chunk)
                file.write(chunk)
                size += len(chunk)
                progress.advance(len(chunk))
            if size != descriptor.size or hasher.hexdigest() != descriptor.id.encoded:
                raise InvalidInput(
                    "the content changed while it was stored",
                    got=f"{size} bytes, sha256:{hasher.hexdigest()}",
                    expected=f"{descriptor.size} bytes, {descriptor.digest}",
                )

    def _holds(self, descriptor: Descriptor) -> bool:
        # A blob that is there is read again: pushing from the source is how a damaged copy is mended.
        hasher = descriptor.id.hasher()
        view = memoryview(bytearray(min(BUFFER_BYTES, max(1, descriptor.size))))
        try:
            with open_regular(self._path(descriptor.id)) as file:
                if os.fstat(file.fileno()).st_size != descriptor.size:
                    return False
                while count := file.readinto(view):
                    hasher.update(view[:count])
        except OSError:
            return False
        return bool(hasher.hexdigest() == descriptor.id.encoded)

    # --- referrers -------------------------------------------------------------------------------

    def list_referrers(self, subject: Digest) -> tuple[Listing, ...]:
        """See `Referrers.list_referrers`. A layout has no such list: every manifest is looked at."""
        try:
            entries = self._index.read()
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

    def attach(self, manifest: RawManifest, subject: Digest) -> None:  # noqa: ARG002 - the manifest says it
        """See `Referrers.attach`. In a layout, records are untagged entries of the index (FORMAT §6)."""
        self.put_manifest(manifest)

    # --- files -----------------------------------------------------------------------------------

    def _path(self, digest: Digest) -> Path:
        return self._root / "blobs" / digest.algorithm / digest.encoded

    def _write(self, digest: Digest, chunks: list[bytes]) -> None:
        target = self._path(digest)
        if target.exists() and digest.hasher().name == "sha256":
            with open_regular(target) as file:
                if Digest.of(file.read(MAX_MANIFEST.value + 1)) == digest:
                    return
        with write_whole(self._root, target) as file:
            for chunk in chunks:
                file.write(chunk)

    def _read(self, digest: Digest, bound: Bound, what: str, descriptor: Descriptor | None = None) -> bytes:
        if descriptor is not None:
            bound.check(descriptor.size, what)
        try:
            with open_regular(self._path(digest)) as file:
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
