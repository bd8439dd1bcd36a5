"""Manifests and blobs from one store to another: what is there is not sent, and no weight is held."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence

from govern.errors import AuthError, ContentMismatch, GovernError, NetworkError, NotFound
from govern.limits import MAX_GRAPH, MAX_MANIFEST
from govern.oci.content import BytesContent, Content
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, read_index, read_manifest
from govern.oci.media_types import EMPTY, EMPTY_BLOB, EMPTY_DIGEST, INDEXES
from govern.operations.context import Context
from govern.operations.copy_result import NotCarried, Sent
from govern.operations.workers import run_all
from govern.progress import SILENT, Progress
from govern.store.protocol import Store
from govern.store.stored_content import StoredContent


class Transfer:
    """Everything that goes from one place to another. Safe to use from several threads.

    Args:
        context: `jobs` says how many at once.
        source: where from.
        target: where to.
    """

    def __init__(self, context: Context, source: Store, target: Store) -> None:
        self.context = context
        self.source = source
        self.target = target
        self.sent = Sent()
        self.records: set[Digest] = set()
        self.not_carried: list[NotCarried] = []
        self._lock = threading.Lock()
        self._there: set[str] = set()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._tags: tuple[str, ...] | None = None

    # --- what is said ----------------------------------------------------------------------------

    def lacks(self, what: str, fault: GovernError, digest: str = "") -> None:
        """Note what could not be carried; trouble that would meet everything else as well ends the copy.

        Args:
            what: which, for people.
            fault: why.
            digest: its digest, where it is known.
        """
        if isinstance(fault, NetworkError | AuthError):
            raise fault
        with self._lock:
            self.not_carried.append(NotCarried(what, digest, fault.message))

    def carried(self, record: Digest) -> None:
        """Note a record that is at the target now."""
        with self._lock:
            self.records.add(record)

    @property
    def source_tags(self) -> tuple[str, ...]:
        """Every tag at the source; none where it knows no tags."""
        if self._tags is None:
            try:
                self._tags = self.source.tags()
            except NotFound:
                self._tags = ()
        return self._tags

    # --- blobs -----------------------------------------------------------------------------------

    def put_blob(self, descriptor: Descriptor, progress: Progress = SILENT) -> None:
        """Bring a blob to the target unless it is there.

        Raises:
            NotFound: where the source has no such blob.
            ContentMismatch: where it has other bytes.
        """
        # One at a time for each: distribution rewrites a link in place, which others may read half-written.
        with self._lock:
            lock = self._locks[descriptor.digest]
        with lock:
            if descriptor.digest in self._there:
                progress.advance(descriptor.size)
                return
            self._put(descriptor, progress)
            self._there.add(descriptor.digest)

    def _put(self, descriptor: Descriptor, progress: Progress) -> None:
        if descriptor.digest == EMPTY_DIGEST:
            # Every record has it, and nobody needs to read it to know it.
            self.put_own(BytesContent.of(EMPTY_BLOB, EMPTY), progress)
            return
        content = StoredContent(self.source, descriptor)
        self.target.put_blob(content, progress)
        if content.read:
            self._count(Sent(blobs=1, size=descriptor.size))

    def put_own(self, content: Content, progress: Progress = SILENT) -> None:
        """Bring bytes that are known without the source."""
        if not self.target.has_blob(content.descriptor):
            self.target.put_blob(content, progress)
            self._count(Sent(blobs=1, size=content.descriptor.size))

    def put_blobs(self, descriptors: Sequence[Descriptor], progress: Progress) -> None:
        """Bring blobs, several at once, the largest first: the last one to start should not be the longest."""
        ordered = sorted(descriptors, key=lambda one: (-one.size, one.digest))
        run_all(self.put_blob, ordered, jobs=self.context.settings.jobs, progress=progress)

    # --- manifests -------------------------------------------------------------------------------

    def graph(self, raw: RawManifest) -> tuple[RawManifest, ...]:
        """Return what an index leads to, each once and before what names it; of a manifest, only itself."""
        found: dict[Digest, RawManifest] = {}
        self._descend(raw, found)
        return tuple(found.values())

    def _descend(self, raw: RawManifest, found: dict[Digest, RawManifest], trail: tuple[Digest, ...] = ()) -> None:
        MAX_GRAPH.check(len(found) + len(trail), f"what {raw.digest} leads to")
        for child in _children(raw):
            # By digest nothing can contain itself, so there is an end.
            if child.id not in found:
                self._descend(self.source.get_manifest(child.id), found, (*trail, raw.digest))
        found[raw.digest] = raw

    def put_manifest(self, raw: RawManifest, tag: str | None = None) -> None:
        """Bring a manifest, whose blobs are there, under a tag too where one is given."""
        self.target.put_manifest(raw, tag)
        self._count(Sent(manifests=1))

    def put_graph(self, raw: RawManifest) -> None:
        """Bring a small manifest with everything that it names, untagged."""
        for one in self.graph(raw):
            for blob in blobs_of(one):
                self.put_blob(blob)
            if not self.is_at_target(one.digest):
                self.put_manifest(one)

    def attach(self, raw: RawManifest, subject: Digest) -> None:
        """Attach a manifest, whose blobs are there, at the target."""
        self.target.attach(raw, subject)
        self._count(Sent(manifests=1))

    def is_at_target(self, digest: Digest) -> bool:
        """Whether the target has a manifest, whole."""
        try:
            self.target.get_manifest(digest)
        except (NotFound, ContentMismatch):
            return False  # what is spoiled is written again
        return True

    def _count(self, sent: Sent) -> None:
        with self._lock:
            self.sent += sent


def _children(raw: RawManifest) -> Iterator[Descriptor]:
    if raw.media_type in INDEXES:
        yield from read_index(raw, bound=MAX_MANIFEST).manifests


def blobs_of(raw: RawManifest) -> tuple[Descriptor, ...]:
    """Return every blob that a manifest names; an index names none."""
    if raw.media_type in INDEXES:
        return ()
    return tuple({one.digest: one for one in read_manifest(raw).named}.values())


def tag_at(store: Store, tag: str) -> RawManifest | None:
    """Return what a tag of a store leads to, or None where there is no such tag."""
    try:
        return store.get_manifest(tag)
    except NotFound:
        return None
