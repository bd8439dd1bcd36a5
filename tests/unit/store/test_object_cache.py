"""Small objects that were read once: what comes back has its digest, and a cache that fails is no cache."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from govern.limits import CACHED_OBJECT
from govern.oci.digest import Digest
from govern.store.object_cache import ObjectCache

DATA = b'{"a": 1}'
DIGEST = Digest.of(DATA)


def only_file(folder: Path) -> Path:
    (found,) = [path for path in folder.rglob("*") if path.is_file()]
    return found


def test_what_was_put_comes_back_in_another_process_too(tmp_path: Path) -> None:
    ObjectCache(tmp_path).put(DIGEST, DATA)
    assert ObjectCache(tmp_path).get(DIGEST) == DATA
    assert ObjectCache(tmp_path).get(Digest.of(b"other")) is None


def test_a_cache_without_a_folder_forgets() -> None:
    cache = ObjectCache(None)
    cache.put(DIGEST, DATA)
    assert cache.get(DIGEST) is None


@pytest.mark.parametrize("data", [b"", b'{"a": 2}', DATA + b" ", DATA[:-1]])
def test_bytes_that_are_others_now_are_not_handed_out(tmp_path: Path, data: bytes) -> None:
    cache = ObjectCache(tmp_path)
    cache.put(DIGEST, DATA)
    only_file(tmp_path).write_bytes(data)
    assert cache.get(DIGEST) is None
    cache.put(DIGEST, DATA)
    assert cache.get(DIGEST) == DATA


def test_weights_are_not_kept(tmp_path: Path) -> None:
    cache = ObjectCache(tmp_path)
    for size, kept in ((CACHED_OBJECT.value, True), (CACHED_OBJECT.value + 1, False)):
        data = bytes(size)
        cache.put(Digest.of(data), data)
        assert (cache.get(Digest.of(data)) == data) is kept


def test_a_file_that_grew_is_not_read_to_its_end(tmp_path: Path) -> None:
    cache = ObjectCache(tmp_path)
    cache.put(DIGEST, DATA)
    os.truncate(only_file(tmp_path), 1 << 40)
    assert cache.get(DIGEST) is None


def test_only_the_user_looks_into_it(tmp_path: Path) -> None:
    ObjectCache(tmp_path / "cache").put(DIGEST, DATA)
    assert stat.S_IMODE(only_file(tmp_path).parent.stat().st_mode) == 0o700


def test_a_cache_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("in the way")
    cache = ObjectCache(tmp_path)
    cache.put(DIGEST, DATA)
    assert cache.get(DIGEST) is None


def test_nothing_is_left_of_a_write_that_failed(tmp_path: Path) -> None:
    cache = ObjectCache(tmp_path)
    place = tmp_path / "objects" / "sha256" / DIGEST.encoded[:2] / DIGEST.encoded
    (place / "in the way").mkdir(parents=True)
    cache.put(DIGEST, DATA)
    assert [one.name for one in place.parent.iterdir()] == [DIGEST.encoded]


def test_digests_of_other_algorithms_have_their_own_place(tmp_path: Path) -> None:
    cache = ObjectCache(tmp_path)
    hasher = Digest("sha512:" + "0" * 128).hasher()
    hasher.update(DATA)
    other = Digest(f"sha512:{hasher.hexdigest()}")
    cache.put(other, DATA)
    assert (cache.get(other), cache.get(DIGEST)) == (DATA, None)
