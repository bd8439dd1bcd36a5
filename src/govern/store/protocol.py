"""What every store can do, in four small protocols. One behavioural test suite runs over all of them.

A store hands out bytes by digest and checks them; it never judges what they say. Listings are hints about
where to look (DESIGN §5): who reads them fetches every candidate by digest and checks its `subject`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from govern.limits import Bound
from govern.oci.content import Content
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest
from govern.oci.reference import Place
from govern.progress import Progress

Source = Literal["layout", "referrers API", "fallback index", "record tags"]


@dataclass(frozen=True, slots=True)
class Listing:
    """Where claims about a subject may be, as one source says.

    Args:
        source: which source.
        digests: manifests to look at.
        tags: tags to look at, for sources that know no digest.
    """

    source: Source
    digests: tuple[Digest, ...] = ()
    tags: tuple[str, ...] = ()


class Manifests(Protocol):
    """Manifests, by digest or by tag."""

    def get_manifest(self, key: Digest | str) -> RawManifest:
        """Return a manifest; by digest, its bytes were checked. Raises NotFound, ContentMismatch, Undecided."""
        ...

    def put_manifest(self, manifest: RawManifest, tag: str | None = None) -> None:
        """Store a manifest by digest, or by a tag too. What it names must be there already."""
        ...

    def tags(self) -> tuple[str, ...]:
        """Return every tag, in lexical order, complete or not at all. Raises NotFound for a place that is not known."""
        ...


class Blobs(Protocol):
    """Blobs, by digest."""

    def has_blob(self, descriptor: Descriptor) -> bool:
        """Whether a blob of this digest is there."""
        ...

    def read_blob(self, descriptor: Descriptor, bound: Bound, what: str) -> bytes:
        """Return a small blob, checked. Raises NotFound, ContentMismatch, LimitExceeded, Undecided."""
        ...

    def stream_blob(self, descriptor: Descriptor) -> Iterator[memoryview]:
        """Yield a blob's bytes as they come, each view until the next; who reads them checks them.

        Cuts are mended on the way. Raises NotFound, Undecided.
        """
        ...

    def fetch_blob(self, descriptor: Descriptor, target: Path, progress: Progress) -> None:
        """Write a blob to `target`: checked first, then renamed, so that no wrong byte has that name."""
        ...

    def put_blob(self, content: Content, progress: Progress) -> None:
        """Store a blob unless it is there. Raises if the bytes are not what the descriptor says."""
        ...


class BegunBlob(Protocol):
    """A blob on its way that has no digest yet."""

    def finish(self, descriptor: Descriptor, progress: Progress) -> bool:
        """Wait until it is sent, and name it; False where it was not stored and has to be sent as usual."""
        ...

    def cancel(self) -> None:
        """Give it up."""
        ...


@runtime_checkable
class BeginsBlobs(Protocol):
    """A store to which a blob may be sent while its digest is still being computed."""

    def begin_blob(self, size: int, chunks: Callable[[], Iterator[bytes | memoryview]]) -> BegunBlob | None:
        """Begin to send `size` bytes, or return None where this store is better told the digest first."""
        ...


class Referrers(Protocol):
    """Claims about a subject."""

    def list_referrers(self, subject: Digest) -> tuple[Listing, ...]:
        """Return what every source of this store lists, each complete; raises where one could not be read."""
        ...

    def attach(self, manifest: RawManifest, subject: Digest) -> None:
        """Store a manifest that has this subject, so that every reader finds it."""
        ...


class Store(Manifests, Blobs, Referrers, Protocol):
    """One repository, or one layout."""

    @property
    def place(self) -> Place:
        """Where it is."""
        ...

    def close(self) -> None:
        """Give back connections and locks. Safe to call twice."""
        ...
