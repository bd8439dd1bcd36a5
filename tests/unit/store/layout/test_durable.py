"""A file has its name whole or not at all, and what a killed writer left is swept away a day later."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from govern.store.layout.durable import INGEST, STALE_SECONDS, sweep, write_whole


def files_below(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_a_file_appears_when_its_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "blobs" / "sha256" / "x"
    with write_whole(tmp_path, target) as file:
        file.write(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert files_below(tmp_path) == {"blobs/sha256/x"}


@pytest.mark.parametrize("fault", [ValueError(), KeyboardInterrupt(), SystemExit(1)])
def test_a_block_that_fails_leaves_what_was_there(tmp_path: Path, fault: BaseException) -> None:
    target = tmp_path / "index.json"
    target.write_bytes(b"before")

    def half() -> None:
        with write_whole(tmp_path, target) as file:
            file.write(b"half")
            raise fault

    with pytest.raises(type(fault)):
        half()
    assert target.read_bytes() == b"before"
    assert files_below(tmp_path) == {"index.json"}


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_that_fails_leaves_what_was_there(tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "index.json"
    target.write_bytes(b"before")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def write() -> None:
        with write_whole(tmp_path, target) as file:
            file.write(b"after")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space left"):
        write()
    monkeypatch.undo()
    assert target.read_bytes() == b"before"
    assert files_below(tmp_path) == {"index.json"}


def test_bytes_are_on_the_disk_before_their_name_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        order.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")
        fsync(descriptor)

    def replaced(source: Path, target: Path) -> None:
        order.append("name")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    with write_whole(tmp_path, tmp_path / "x") as file:
        file.write(b"x")
    assert order == ["file", "name", "folder"]


def test_two_writers_of_one_file_do_not_share_a_temporary_one(tmp_path: Path) -> None:
    target = tmp_path / "x"
    with write_whole(tmp_path, target) as first, write_whole(tmp_path, target) as second:
        first.write(b"first")
        second.write(b"second")
        assert len(files_below(tmp_path)) == 2
    # The outer block ends last.
    assert target.read_bytes() == b"first"
    assert files_below(tmp_path) == {"x"}


def test_what_is_left_for_a_day_is_swept(tmp_path: Path) -> None:
    sweep(tmp_path)
    (tmp_path / INGEST).mkdir()
    now = time.time()
    for name, age in (("old", STALE_SECONDS + 60), ("young", STALE_SECONDS - 60), ("new", 0)):
        path = tmp_path / INGEST / name
        path.write_bytes(b"")
        os.utime(path, (now - age, now - age))
    (tmp_path / INGEST / "folder").mkdir()
    os.utime(tmp_path / INGEST / "folder", (0, 0))
    sweep(tmp_path)
    assert {path.name for path in (tmp_path / INGEST).iterdir()} == {"young", "new", "folder"}
