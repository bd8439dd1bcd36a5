"""What a blob is made of: a descriptor, and its bytes as often as somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from govern.oci.descriptor import Descriptor


class Content(Protocol):
    """Bytes to upload. `chunks` may be called again: a repeated request starts from the first byte."""

    @property
    def descriptor(self) -> Descriptor:
        """Media type, digest and size, known before the first byte moves."""
        ...

    def chunks(self) -> Iterator[bytes | memoryview]:
        """Yield the bytes in order; a chunk is valid until the next one is asked for."""
        ...


@dataclass(frozen=True, slots=True)
class BytesContent:
    """Content that is in memory.

    Args:
        descriptor: what it is.
        data: the bytes.
    """

    descriptor: Descriptor
    data: bytes

    @classmethod
    def of(cls, data: bytes, media_type: str) -> BytesContent:
        """Describe `data`."""
        return cls(Descriptor.of(data, media_type), data)

    def chunks(self) -> Iterator[bytes | memoryview]:
        """See `Content.chunks`."""
        if self.data:
            yield self.data
