"""Content in memory: described by its bytes, and there as often as somebody asks."""

from __future__ import annotations

from govern.oci.content import BytesContent
from govern.oci.digest import Digest


def test_bytes_are_described_by_what_they_are() -> None:
    content = BytesContent.of(b"data", "a/b")
    assert (content.descriptor.media_type, content.descriptor.size) == ("a/b", 4)
    assert content.descriptor.id == Digest.of(b"data")


def test_bytes_come_again_from_the_first_one() -> None:
    content = BytesContent.of(b"data", "a/b")
    assert b"".join(content.chunks()) == b"".join(content.chunks()) == b"data"


def test_no_bytes_are_no_chunk() -> None:
    assert list(BytesContent.of(b"", "a/b").chunks()) == []
