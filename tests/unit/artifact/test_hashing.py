"""Hashing: the right digest of every file, once, and never of a file that changed meanwhile."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from govern.artifact.contents import FileContent
from govern.artifact.digest_cache import NoCache
from govern.artifact.hashing import hash_file, hash_files
from govern.artifact.walk import SourceFile, find_files
from govern.errors import InvalidInput
from govern.limits import BUFFER_BYTES
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.progress import Silent
from support.trees import write_tree


@dataclass
class Counted(Silent):
    """Progress that adds up."""

    total: int = 0
    done: int = 0

    def start(self, label: str, total: int) -> None:
        self.total += total

    def advance(self, count: int) -> None:
        self.done += count


@dataclass
class Known:
    """A memory that is a dictionary, and says what it was told."""

    digests: dict[str, Digest] = field(default_factory=dict)
    told: dict[str, Digest] = field(default_factory=dict)

    def lookup(self, files: Sequence[SourceFile]) -> dict[str, Digest]:
        return {one.path: self.digests[one.path] for one in files if one.path in self.digests}

    def remember(self, found: Sequence[tuple[SourceFile, Digest]]) -> None:
        self.told |= {one.path: digest for one, digest in found}


SIZES = (0, 1, BUFFER_BYTES - 1, BUFFER_BYTES, BUFFER_BYTES + 1, 3 * BUFFER_BYTES + 7)


@pytest.fixture
def files(tmp_path: Path) -> tuple[SourceFile, ...]:
    content = {f"{size}.bin": bytes(range(256)) * (size // 256) + bytes(size % 256) for size in SIZES}
    return find_files(write_tree(tmp_path / "tree", content))


def test_every_size_is_hashed_whole_and_counted(files: tuple[SourceFile, ...]) -> None:
    progress = Counted()
    digests = hash_files(files, NoCache(), progress=progress)
    assert digests == {one.path: f"sha256:{hashlib.sha256(Path(one.real).read_bytes()).hexdigest()}" for one in files}
    assert progress.total == progress.done == sum(SIZES)


def test_what_is_known_is_not_read_again_and_what_is_new_is_told(files: tuple[SourceFile, ...]) -> None:
    lie = Digest.of(b"not the content")
    cache, progress = Known({files[0].path: lie}), Counted()
    digests = hash_files(files, cache, progress=progress)
    assert digests[files[0].path] == lie
    assert set(cache.told) == {one.path for one in files[1:]}
    assert progress.done == sum(one.size for one in files[1:])


def test_no_files_are_no_digests() -> None:
    assert hash_files((), NoCache()) == {}


def _grow(file: Path) -> None:
    with file.open("ab") as target:
        target.write(b"x")


def _swap(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(file.read_bytes())
    other.replace(file)


def _rewrite_and_hide(file: Path) -> None:
    status = file.stat()
    file.write_bytes(bytes(status.st_size))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def _become_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


CHANGES = [_grow, _swap, _rewrite_and_hide, lambda file: os.truncate(file, 1)]


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changed_after_the_look_is_refused(
    files: tuple[SourceFile, ...], change: Callable[[Path], None]
) -> None:
    change(Path(files[-1].real))
    for attempt in (
        lambda: hash_file(files[-1]),
        lambda: hash_files(files, NoCache()),
        lambda: list(FileContent(Descriptor.of(b"", "a/b"), files[-1]).chunks()),
    ):
        with pytest.raises(InvalidInput, match="changed while it was packed"):
            attempt()


@pytest.mark.parametrize("change", [lambda file: file.unlink(), _become_a_folder])
def test_a_file_that_is_gone_is_refused(files: tuple[SourceFile, ...], change: Callable[[Path], None]) -> None:
    change(Path(files[-1].real))
    with pytest.raises(InvalidInput, match="a file cannot be read"):
        hash_file(files[-1])
    with pytest.raises(InvalidInput, match="a file cannot be read"):
        list(FileContent(Descriptor.of(b"", "a/b"), files[-1]).chunks())


def test_a_file_is_uploaded_from_one_buffer_and_again_from_its_start(files: tuple[SourceFile, ...]) -> None:
    for one in files:
        content = FileContent(Descriptor(media_type="a/b", digest=hash_file(one), size=one.size), one)
        for _ in range(2):
            hasher, largest = hashlib.sha256(), 0
            for chunk in content.chunks():
                hasher.update(chunk)
                largest = max(largest, len(chunk))
            assert f"sha256:{hasher.hexdigest()}" == content.descriptor.digest
            assert largest <= BUFFER_BYTES
