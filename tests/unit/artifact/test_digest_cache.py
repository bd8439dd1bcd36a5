"""The digest cache: saves time, and is never believed about a file that may have changed."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from govern.artifact.digest_cache import YOUNG_SECONDS, FileCache, NoCache
from govern.artifact.hashing import hash_files
from govern.artifact.walk import SourceFile, find_files
from govern.oci.digest import Digest
from support.trees import write_tree

FILES = {f"{number}.bin": b"%d" % number * 9 for number in range(6)}


@pytest.fixture(scope="module")
def old_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree that nobody has touched for more than two seconds."""
    folder = write_tree(tmp_path_factory.mktemp("old") / "tree", FILES)
    # ctime cannot be set back, so there is nothing to do but wait.
    time.sleep(YOUNG_SECONDS + 0.05)
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> FileCache:
    return FileCache(tmp_path / "cache" / "digests.sqlite")


def digests_of(files: tuple[SourceFile, ...]) -> dict[str, Digest]:
    return hash_files(files, NoCache())


def remember(cache: FileCache, files: tuple[SourceFile, ...]) -> None:
    cache.remember([(one, Digest.of(Path(one.real).read_bytes())) for one in files])


def test_old_files_are_known_the_next_time(old_tree: Path, cache: FileCache, tmp_path: Path) -> None:
    files = find_files(old_tree)
    assert cache.lookup(files) == {}
    assert hash_files(files, cache) == digests_of(files)
    again = FileCache(tmp_path / "cache" / "digests.sqlite")
    assert again.lookup(find_files(old_tree)) == digests_of(files)
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


def test_young_files_are_not_remembered(tmp_path: Path, cache: FileCache) -> None:
    files = find_files(write_tree(tmp_path / "young", FILES))
    remember(cache, files)
    assert cache.lookup(files) == {}


def test_a_young_file_that_pretends_to_be_old_is_not_remembered(tmp_path: Path, cache: FileCache) -> None:
    folder = write_tree(tmp_path / "young", FILES)
    for path in folder.iterdir():
        os.utime(path, (1_000_000_000, 1_000_000_000))
    files = find_files(folder)
    remember(cache, files)
    assert cache.lookup(files) == {}


def _rewrite_and_hide(path: Path) -> None:
    status = path.stat()
    path.write_bytes(b"x" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _touch(path: Path) -> None:
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


def _swap(path: Path) -> None:
    other = path.with_suffix(".other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("1.bin", _rewrite_and_hide),
        ("2.bin", _touch),
        ("3.bin", _swap),
        ("4.bin", lambda path: path.chmod(0o600)),
        ("5.bin", lambda path: os.truncate(path, 3)),
    ],
)
def test_a_file_whose_status_changed_is_hashed_again(
    old_tree: Path, cache: FileCache, name: str, change: Callable[[Path], None]
) -> None:
    before = find_files(old_tree)
    remember(cache, before)
    change(old_tree / name)
    after = find_files(old_tree)
    assert name not in cache.lookup(after)
    assert "0.bin" in cache.lookup(after)
    assert hash_files(after, cache) == digests_of(after)


def test_a_moved_file_is_known_under_its_new_path(old_tree: Path, cache: FileCache) -> None:
    (first, *_) = find_files(old_tree)
    remember(cache, (first,))
    moved = SourceFile("elsewhere/x", first.real, first.size, first.identity)
    assert cache.lookup([moved]) == {"elsewhere/x": Digest.of(FILES["0.bin"])}


def _garbage(path: Path) -> None:
    path.write_bytes(b"this is no database" * 99)


def _folder(path: Path) -> None:
    path.mkdir()


def _other_schema(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE digests (x)")
    connection.close()


@pytest.mark.parametrize("damage", [_garbage, _folder, _other_schema])
def test_a_damaged_cache_only_costs_time(old_tree: Path, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    damage(tmp_path / "digests.sqlite")
    files, cache = find_files(old_tree), FileCache(tmp_path / "digests.sqlite")
    assert cache.lookup(files) == {}
    assert hash_files(files, cache) == digests_of(files)


@pytest.mark.parametrize("value", ["", "xyz", "A" * 64, 7, None])
def test_a_row_that_is_no_digest_is_not_believed(old_tree: Path, tmp_path: Path, value: object) -> None:
    path, files = tmp_path / "digests.sqlite", find_files(old_tree)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE digests (device INTEGER, inode INTEGER, size INTEGER, mtime INTEGER, ctime INTEGER, sha256)"
        )
        connection.executemany("INSERT INTO digests VALUES (?,?,?,?,?,?)", [(*one.identity, value) for one in files])
    connection.close()
    assert hash_files(files, FileCache(path)) == digests_of(files)


def test_a_cache_that_cannot_be_written_only_costs_time(old_tree: Path) -> None:
    files, cache = find_files(old_tree), FileCache(Path("/proc/nowhere/digests.sqlite"))
    assert hash_files(files, cache) == digests_of(files)


def test_a_memory_that_forgets_knows_nothing(old_tree: Path) -> None:
    files, cache = find_files(old_tree), NoCache()
    cache.remember([(files[0], Digest.of(b""))])
    assert cache.lookup(files) == {}
