"""Writes a layout into one tar: the same content gives the same bytes, wherever it came from and in which order.

Small things wait in a file without a name until the tar is written; what is large is read from its own store then.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, NoReturn, Self

from govern import canonical
from govern.errors import InvalidInput, NotFound, Undecided, UsageError
from govern.limits import BUFFER_BYTES, CACHED_OBJECT, MAX_LAYOUT_INDEX, Bound
from govern.oci.content import Content
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, read_either
from govern.oci.media_types import IMAGE_INDEX
from govern.oci.reference import LayoutPlace
from govern.progress import Progress
from govern.store.archive.members import BLOCK, Member
from govern.store.layout.durable import sync_folder
from govern.store.layout.entries import REF_NAME
from govern.store.layout.index_file import LAYOUT_FILE
from govern.store.protocol import Listing
from govern.store.regular_file import open_own
from govern.store.stored_content import StoredContent

_PART: Final = ".part"


@dataclass(slots=True)
class _Manifest:
    media_type: str
    kind: str | None
    tags: set[str] = field(default_factory=set)


class ArchiveWriter:
    """A store that is written once, and becomes a file by `finish`. Use it in a `with`.

    Args:
        path: the file.
        force: whether a file that is there is replaced.

    Raises:
        InvalidInput: where it cannot be written, or is there.
    """

    def __init__(self, path: Path, *, force: bool) -> None:
        self._path = path
        self._force = force
        self._lock = threading.Lock()
        self._manifests: dict[Digest, _Manifest] = {}
        self._small: dict[Digest, Member] = {}
        self._large: dict[Digest, Content] = {}
        self._refuse_loss()
        try:
            self._spool: IO[bytes] = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 - closed by `close`
        except OSError as fault:
            raise InvalidInput(
                "the file cannot be written", got=f"{str(path)!r}: {fault.strerror}", expected="a folder that is there"
            ) from fault

    @contextlib.contextmanager
    def _disk_faults(self) -> Iterator[None]:
        try:
            yield
        except OSError as fault:
            raise Undecided("the file cannot be written", got=f"{str(self._path)!r}: {fault.strerror}") from fault

    def _refuse_loss(self) -> None:
        if self._path.is_dir():
            raise InvalidInput("the file is a folder", got=str(self._path), expected="the name of a file")
        if not self._force and os.path.lexists(self._path):
            raise InvalidInput(
                "the file is there", got=str(self._path), expected="a name that is free", hint="replace it with --force"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def place(self) -> LayoutPlace:
        """See `Store.place`."""
        return LayoutPlace(str(self._path))

    def close(self) -> None:
        """See `Store.close`; what was not finished is gone."""
        self._spool.close()

    # --- what is put -----------------------------------------------------------------------------

    def put_manifest(self, manifest: RawManifest, tag: str | None = None) -> None:
        """See `Manifests.put_manifest`."""
        parsed = read_either(manifest)
        for one in parsed.named:
            if not self.has_blob(one):
                raise InvalidInput("a manifest names something that is not there", got=one.digest)
        self._keep(manifest.digest, [manifest.data])
        with self._lock:
            held = self._manifests.setdefault(manifest.digest, _Manifest(manifest.media_type, parsed.kind))
            if tag is not None:
                for other in self._manifests.values():
                    other.tags.discard(tag)
                held.tags.add(tag)

    def put_blob(self, content: Content, progress: Progress) -> None:
        """See `Blobs.put_blob`. What is large is only looked for now."""
        descriptor = content.descriptor
        if self.has_blob(descriptor):
            progress.advance(descriptor.size)
        elif descriptor.size <= CACHED_OBJECT.value:
            self._keep(descriptor.id, content.chunks())
            progress.advance(descriptor.size)
        elif isinstance(content, StoredContent) and not content.is_there():
            raise NotFound("a blob is not at the source", got=descriptor.digest, expected="every blob that is named")
        else:
            self._large[descriptor.id] = content

    def attach(self, manifest: RawManifest, subject: Digest) -> None:  # noqa: ARG002 - the manifest says it
        """See `Referrers.attach`."""
        self.put_manifest(manifest)

    def _keep(self, digest: Digest, chunks: Any) -> None:
        data = b"".join(bytes(chunk) for chunk in chunks)
        with self._lock, self._disk_faults():
            if digest not in self._small:
                offset = self._spool.seek(0, os.SEEK_END)
                self._spool.write(data)
                self._small[digest] = Member(offset, len(data))

    # --- what was put ----------------------------------------------------------------------------

    def get_manifest(self, key: Digest | str) -> RawManifest:
        """See `Manifests.get_manifest`."""
        with self._lock:
            digest = key if isinstance(key, Digest) else self._tagged(key)
            if digest is None or digest not in self._manifests:
                raise NotFound("there is no such manifest yet", got=f"{key} in {self.place}")
            return RawManifest(self._manifests[digest].media_type, self._read(self._small[digest]))

    def _tagged(self, tag: str) -> Digest | None:
        return next((digest for digest, one in self._manifests.items() if tag in one.tags), None)

    def tags(self) -> tuple[str, ...]:
        """See `Manifests.tags`."""
        return tuple(sorted(tag for one in self._manifests.values() for tag in one.tags))

    def has_blob(self, descriptor: Descriptor) -> bool:
        """See `Blobs.has_blob`."""
        return descriptor.id in self._small or descriptor.id in self._large

    def list_referrers(self, subject: Digest) -> tuple[Listing, ...]:  # noqa: ARG002 - nothing was there before
        """See `Referrers.list_referrers`."""
        return (Listing("layout"),)

    def read_blob(self, descriptor: Descriptor, bound: Bound, what: str) -> bytes:  # noqa: ARG002 - refused
        """See `Blobs.read_blob`; refused."""
        return self._only_written()

    def stream_blob(self, descriptor: Descriptor) -> Iterator[memoryview]:  # noqa: ARG002 - refused
        """See `Blobs.stream_blob`; refused."""
        return self._only_written()

    def fetch_blob(self, descriptor: Descriptor, target: Path, progress: Progress) -> None:  # noqa: ARG002 - refused
        """See `Blobs.fetch_blob`; refused."""
        self._only_written()

    def _only_written(self) -> NoReturn:
        raise UsageError("a file that is being saved is not read", got=str(self.place))

    def _read(self, member: Member) -> bytes:
        self._spool.seek(member.offset)
        return self._spool.read(member.size)

    # --- the tar ---------------------------------------------------------------------------------

    def finish(self, progress: Progress) -> int:
        """Write the tar, and give it its name once it is whole.

        Returns:
            Its size in bytes.

        Raises:
            ContentMismatch: for a blob that is not what its digest says.
            Undecided: where the disk refuses, or a blob cannot be read; then nothing has the name.
        """
        part = self._path.with_name(self._path.name + _PART)
        with self._disk_faults(), open_own(part) as file:
            try:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as fault:
                raise Undecided("somebody else writes this file now", got=str(part)) from fault
            try:
                file.truncate(0)
                size = self._write(file, progress)
                os.fsync(file.fileno())
                self._refuse_loss()
                os.replace(part, self._path)
                sync_folder(self._path.parent)
            except BaseException:
                with contextlib.suppress(OSError):
                    part.unlink()
                raise
        return size

    def _write(self, file: FileIO, progress: Progress) -> int:
        _add(file, "oci-layout", len(LAYOUT_FILE), [LAYOUT_FILE])
        index = canonical.dumps({"manifests": self._entries(), "mediaType": IMAGE_INDEX, "schemaVersion": 2})
        MAX_LAYOUT_INDEX.check(len(index), "the index of the layout")
        _add(file, "index.json", len(index), [index])
        progress.start("saving", sum(one.descriptor.size for one in self._large.values()))
        for digest in sorted({*self._small, *self._large}):
            path = f"blobs/{digest.algorithm}/{digest.encoded}"
            member = self._small.get(digest)
            if member is not None:
                _add(file, path, member.size, [self._read(member)])
            else:
                content = self._large[digest]
                _add(file, path, content.descriptor.size, _told(content.chunks(), progress))
        _put(file, bytes(2 * BLOCK))
        return file.tell()

    def _entries(self) -> list[dict[str, Any]]:
        found = []
        for digest, one in sorted(self._manifests.items()):
            entry: dict[str, Any] = {"mediaType": one.media_type, "digest": digest, "size": self._small[digest].size}
            if one.kind is not None:
                entry["artifactType"] = one.kind
            found += [entry | {"annotations": {REF_NAME: tag}} for tag in sorted(one.tags)] or [entry]
        return found


def _add(file: FileIO, path: str, size: int, chunks: Any) -> None:
    """Write one member: ustar, and a pax header only where a size or path does not fit (FORMAT §3 does the same)."""
    info = tarfile.TarInfo(path)
    info.size, info.mode = size, 0o644
    _put(file, info.tobuf(tarfile.PAX_FORMAT))
    for chunk in chunks:
        _put(file, chunk)
    _put(file, bytes(-size % BLOCK))


def _put(file: FileIO, data: bytes | memoryview) -> None:
    """Write all of it: a disk that fills up takes a part, and says so only the next time."""
    view = memoryview(data)
    while view:
        view = view[file.write(view[:BUFFER_BYTES]) :]


def _told(chunks: Iterator[bytes | memoryview], progress: Progress) -> Iterator[bytes | memoryview]:
    for chunk in chunks:
        yield chunk
        progress.advance(len(chunk))
