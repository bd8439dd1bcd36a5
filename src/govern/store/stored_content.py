"""Content that another store has: read from there while it is sent, and never held."""

from __future__ import annotations

from collections.abc import Iterator

from govern.errors import ContentMismatch
from govern.oci.descriptor import Descriptor
from govern.store.protocol import Blobs


class StoredContent:
    """A blob of a store as `Content`. Each time that it is read it is checked against its digest again.

    Args:
        store: where it is.
        descriptor: which.
    """

    def __init__(self, store: Blobs, descriptor: Descriptor) -> None:
        self._store = store
        self.descriptor = descriptor
        self.read = False
        """Whether somebody asked for the bytes; else they were where they were to go."""

    def is_there(self) -> bool:
        """Whether the store has it now."""
        return self._store.has_blob(self.descriptor)

    def chunks(self) -> Iterator[memoryview]:
        """See `Content.chunks`.

        Raises:
            ContentMismatch: at the end, before anybody gave the bytes their name, or as soon as there are too many.
        """
        self.read = True
        digest, what = self.descriptor.id, f"the blob {self.descriptor.digest}"
        hasher, size = digest.hasher(), 0
        for data in self._store.stream_blob(self.descriptor):
            size += len(data)
            if size > self.descriptor.size:
                break
            hasher.update(data)
            yield data
        if size != self.descriptor.size:
            raise ContentMismatch(
                f"{what} is not as long as its descriptor says",
                got=f"{size} bytes" if size < self.descriptor.size else "more bytes",
                expected=f"{self.descriptor.size} bytes",
                hint="do not use it: somebody or something changed these bytes",
            )
        digest.check_hex(hasher.hexdigest(), what)
