"""A saved file as a `Store` that is only read: an index of offsets, and every blob checked as anywhere else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from govern.errors import InvalidInput, UsageError
from govern.limits import MAX_CONFIG, MAX_LAYOUT_INDEX, MAX_MANIFEST
from govern.oci.content import Content
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, read_index
from govern.oci.media_types import INDEXES
from govern.progress import Progress
from govern.store.archive.members import Member, find_members
from govern.store.layout.entries import Entries, read_entries
from govern.store.layout.index_file import check_version
from govern.store.layout.reading import LayoutReading
from govern.store.regular_file import open_regular


class ArchiveStore(LayoutReading):
    """A layout in one file.

    Args:
        path: the file.

    Raises:
        InvalidInput: for a file that is not there, is no plain tar, or holds no layout.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        what = f"the file {str(path)!r}"
        try:
            self._file = open_regular(path)
        except OSError as fault:
            raise InvalidInput(
                "the file cannot be read", got=f"{str(path)!r}: {fault.strerror}", expected="what govern save wrote"
            ) from fault
        try:
            self._members = find_members(self._file.fileno(), what)
            for needed in ("oci-layout", "index.json"):
                if needed not in self._members:
                    raise InvalidInput(
                        f"{what} holds no OCI image layout", got=f"no {needed}", expected="what govern save wrote"
                    )
            check_version(path, self._all("oci-layout", MAX_CONFIG.value))
            index = self._all("index.json", MAX_LAYOUT_INDEX.value + 1)
            self._listed = read_entries(index, f"the index of {what}", MAX_LAYOUT_INDEX)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """See `Store.close`."""
        self._file.close()

    def _all(self, name: str, most: int) -> bytes:
        return _Slice(self._file.fileno(), self._members[name]).read(most)

    def _entries(self) -> Entries:
        return self._listed

    def _has(self, digest: Digest) -> bool:
        return f"blobs/{digest.algorithm}/{digest.encoded}" in self._members

    @contextmanager
    def _open(self, digest: Digest) -> Iterator[_Slice]:
        member = self._members.get(f"blobs/{digest.algorithm}/{digest.encoded}")
        if member is None:
            raise FileNotFoundError(str(digest))
        yield _Slice(self._file.fileno(), member)

    def loose(self) -> tuple[Digest, ...]:
        """Return what is neither tagged, nor about something else, nor part of an index: artifacts without a version.

        Raises:
            GovernError: for a manifest that is listed and cannot be read.
        """
        indexes = (self.get_manifest(one.digest) for one in self._listed if one.media_type in INDEXES)
        parts = {child.id for raw in indexes for child in read_index(raw, bound=MAX_MANIFEST).manifests}
        tagged = {one.digest for one in self._listed if one.tag is not None}
        found = [one for one in self._listed if one.digest not in parts | tagged]
        return tuple(dict.fromkeys(one.digest for one in found if self._subject(one) is None))

    # --- nothing is written ----------------------------------------------------------------------

    def put_manifest(self, manifest: RawManifest, tag: str | None = None) -> None:  # noqa: ARG002 - refused
        """See `Manifests.put_manifest`; refused."""
        raise self._only_read()

    def put_blob(self, content: Content, progress: Progress) -> None:  # noqa: ARG002 - refused
        """See `Blobs.put_blob`; refused."""
        raise self._only_read()

    def attach(self, manifest: RawManifest, subject: Digest) -> None:  # noqa: ARG002 - refused
        """See `Referrers.attach`; refused."""
        raise self._only_read()

    def _only_read(self) -> UsageError:
        return UsageError(
            "a saved file is only read", got=str(self.place), hint="load it into a registry or layout first"
        )


class _Slice:
    """The bytes of one member. Each has a position of its own, so that several threads read one file."""

    def __init__(self, file: int, member: Member) -> None:
        self._file = file
        self._at = member.offset
        self._end = member.offset + member.size

    def read(self, size: int, /) -> bytes:
        """See `Reader.read`."""
        data = os.pread(self._file, min(size, self._end - self._at), self._at)
        self._at += len(data)
        return data

    def readinto(self, buffer: memoryview, /) -> int:
        """See `Reader.readinto`."""
        room = buffer[: self._end - self._at]
        count = os.preadv(self._file, [room], self._at) if room else 0
        self._at += count
        return count
