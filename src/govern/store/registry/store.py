"""A repository as a `Store`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from govern.errors import ContentMismatch, LimitExceeded, Undecided
from govern.limits import Bound
from govern.oci.content import Content
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest
from govern.oci.reference import RegistryPlace
from govern.progress import Progress
from govern.settings import Settings
from govern.store.protocol import Listing
from govern.store.registry.ahead import Ahead
from govern.store.registry.blob_request import BlobRequest
from govern.store.registry.client import Client, read_only
from govern.store.registry.download import STREAMS, Download
from govern.store.registry.manifests import get_manifest, list_tags, put_manifest
from govern.store.registry.referrers import ReferrersOf
from govern.store.registry.stream import stream_blob
from govern.store.registry.upload import has_blob, put_blob


class _Longer(LimitExceeded):
    """A blob within the bound on all such blobs, and longer than its own descriptor says."""


class RegistryStore:
    """One repository of a registry.

    Args:
        place: host and repository.
        settings: everything that is set.
        mount_from: other repositories of the same registry that may hold the blobs of a push.
    """

    def __init__(self, place: RegistryPlace, settings: Settings, mount_from: Sequence[str] = ()) -> None:
        self._place = place
        self._client = Client(place.host, settings)
        self._repository = place.repository
        self._referrers = ReferrersOf(self._client, place.repository)
        self._slots = threading.Semaphore(max(STREAMS, settings.jobs))
        self.mount_from = tuple(mount_from)

    @property
    def place(self) -> RegistryPlace:
        """See `Store.place`."""
        return self._place

    def close(self) -> None:
        """See `Store.close`."""
        self._client.close()

    def get_manifest(self, key: Digest | str) -> RawManifest:
        """See `Manifests.get_manifest`."""
        return get_manifest(self._client, self._repository, key)

    def put_manifest(self, manifest: RawManifest, tag: str | None = None) -> None:
        """See `Manifests.put_manifest`."""
        put_manifest(self._client, self._repository, manifest, tag)

    def tags(self) -> tuple[str, ...]:
        """See `Manifests.tags`."""
        return list_tags(self._client, self._repository, must_exist=True)

    def has_blob(self, descriptor: Descriptor) -> bool:
        """See `Blobs.has_blob`."""
        return has_blob(self._client, self._repository, descriptor)

    def read_blob(self, descriptor: Descriptor, bound: Bound, what: str) -> bytes:
        """See `Blobs.read_blob`."""
        bound.check(descriptor.size, what)
        url = self._client.url(f"{self._repository}/blobs/{descriptor.digest}")
        exact = Bound(bound.name, descriptor.size)
        try:
            answer, data = self._client.get(url, read_only(self._repository), exact, what, error=_Longer)
        except _Longer as fault:
            raise ContentMismatch(
                f"{what} is not as long as its descriptor says",
                got=f"more than {descriptor.size} bytes",
                expected=f"{descriptor.size} bytes",
                hint=f"do not use it; its digest would have to be {descriptor.digest}",
            ) from fault
        if answer.status != 200:
            raise self._client.fault(answer, f"{what} ({descriptor.digest}) cannot be read")
        return descriptor.check(data, what)

    def fetch_blob(self, descriptor: Descriptor, target: Path, progress: Progress) -> None:
        """See `Blobs.fetch_blob`."""
        part = target.with_name(target.name + ".part")
        Download(self._client, self._repository, descriptor, part, progress, self._slots).run()
        try:
            part.replace(target)
        except OSError as fault:
            raise Undecided("a blob cannot be put in place", got=f"{str(target)!r}: {fault.strerror}") from fault

    def stream_blob(self, descriptor: Descriptor) -> Iterator[memoryview]:
        """See `Blobs.stream_blob`."""
        return stream_blob(BlobRequest(self._client, self._repository, descriptor))

    def put_blob(self, content: Content, progress: Progress) -> None:
        """See `Blobs.put_blob`."""
        put_blob(self._client, self._repository, content, progress, self.mount_from)

    def begin_blob(self, size: int, chunks: Callable[[], Iterator[bytes | memoryview]]) -> Ahead | None:
        """See `BeginsBlobs.begin_blob`."""
        if self._client.own.upload == "chunks" or self.mount_from:
            # In pieces it would have to be held; and a mount, which needs the digest, sends nothing at all.
            return None
        return Ahead(self._client, self._repository, size, chunks)

    def list_referrers(self, subject: Digest) -> tuple[Listing, ...]:
        """See `Referrers.list_referrers`."""
        return self._referrers.listings(subject)

    def attach(self, manifest: RawManifest, subject: Digest) -> None:
        """See `Referrers.attach`."""
        self._referrers.attach(manifest, subject)
