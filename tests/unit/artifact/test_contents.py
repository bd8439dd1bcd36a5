"""Layers as content: the same bytes as often as somebody asks, and no others than those that were hashed."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from govern.artifact.contents import FileContent, HashedTar, TarContent, hash_tar
from govern.artifact.walk import SourceFile, find_files
from govern.errors import InvalidInput
from govern.limits import BUFFER_BYTES
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from support.trees import write_tree

FILES = {"a.txt": b"a\n", "block.bin": b"x" * 512, "deep/\u00e9.md": b"accent\n", "empty": b""}


@pytest.fixture
def members(tmp_path: Path) -> tuple[SourceFile, ...]:
    return find_files(write_tree(tmp_path / "tree", FILES))


def whole(content: FileContent | TarContent) -> bytes:
    return b"".join(bytes(chunk) for chunk in content.chunks())


def file_content(file: SourceFile) -> FileContent:
    return FileContent(Descriptor(media_type="a/b", digest=Digest.of(b""), size=file.size), file)


def tar_content(members: tuple[SourceFile, ...], hashed: HashedTar) -> TarContent:
    return TarContent(Descriptor(media_type="a/b", digest=hashed.digest, size=hashed.size), members)


@pytest.mark.parametrize("size", [0, 1, BUFFER_BYTES - 1, BUFFER_BYTES, BUFFER_BYTES + 1, 2 * BUFFER_BYTES])
def test_a_file_is_its_own_layer_as_often_as_it_is_asked_for(tmp_path: Path, size: int) -> None:
    data = os.urandom(1024) * (size // 1024 + 1)
    (file,) = find_files(write_tree(tmp_path / "tree", {"w.bin": data[:size]}))
    content = file_content(file)
    assert whole(content) == whole(content) == data[:size]
    assert all(len(chunk) <= BUFFER_BYTES for chunk in content.chunks())


def test_chunks_of_a_file_come_out_of_one_buffer(tmp_path: Path) -> None:
    (file,) = find_files(write_tree(tmp_path / "tree", {"w.bin": bytes(2 * BUFFER_BYTES)}))
    first, second = (chunk.obj for chunk in file_content(file).chunks() if isinstance(chunk, memoryview))
    assert first is second


def test_a_file_that_is_another_one_now_is_refused(tmp_path: Path) -> None:
    (file,) = find_files(write_tree(tmp_path / "tree", {"w.bin": b"good"}))
    (tmp_path / "other").write_bytes(b"evil")
    (tmp_path / "other").replace(file.real)
    with pytest.raises(InvalidInput, match="changed"):
        whole(file_content(file))


def test_a_file_that_is_gone_is_refused(members: tuple[SourceFile, ...]) -> None:
    Path(members[0].real).unlink()
    for content in (file_content(members[0]), TarContent(file_content(members[0]).descriptor, members)):
        with pytest.raises(InvalidInput, match=r"a file cannot be read: got 'a\.txt'"):
            whole(content)


def test_a_tar_is_what_was_hashed(members: tuple[SourceFile, ...]) -> None:
    hashed = hash_tar(members)
    data = whole(tar_content(members, hashed))
    assert (Digest.of(data), len(data)) == (hashed.digest, hashed.size)
    assert data == whole(tar_content(members, hashed))


def test_every_member_lies_where_its_offset_says(members: tuple[SourceFile, ...]) -> None:
    hashed = hash_tar(members)
    data = whole(tar_content(members, hashed))
    for one, offset, digest in zip(members, hashed.offsets, hashed.digests, strict=True):
        content = data[offset : offset + one.size]
        assert content == FILES[one.path]
        assert digest == hashlib.sha256(content).hexdigest()


def test_other_readers_find_the_same_files(members: tuple[SourceFile, ...]) -> None:
    data = whole(tar_content(members, hash_tar(members)))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        found = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
        assert [one.offset_data for one in tar] == list(hash_tar(members).offsets)
    assert found == FILES


@pytest.mark.parametrize("data", [b"a", b"a\nb", b"b\n"])
def test_a_member_that_changed_is_refused_while_it_is_hashed_and_while_it_is_sent(
    members: tuple[SourceFile, ...], data: bytes
) -> None:
    content = tar_content(members, hash_tar(members))
    Path(members[0].real).write_bytes(data)
    with pytest.raises(InvalidInput, match=r"changed.*a\.txt"):
        whole(content)
    with pytest.raises(InvalidInput, match=r"changed.*a\.txt"):
        hash_tar(members)
