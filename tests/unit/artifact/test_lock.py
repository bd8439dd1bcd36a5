"""`govern.lock`: written whole, read strictly, and never taken for none."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from govern.artifact.lock import Lock, LockedDecision, LockedFile, read_lock, write_lock
from govern.artifact.walk import LOCK_FILE
from govern.errors import InvalidInput
from govern.limits import MAX_LOCK
from govern.oci.digest import Digest

HEX = "ab" * 32
LOCK = Lock(
    reference=f"localhost:5000/acme/fraud@sha256:{HEX}",
    tag="1.0.0",
    name="acme/fraud",
    version="1.0.0",
    kind="model",
    digest=f"sha256:{HEX}",
    pulled_at="2026-11-21T09:30:00Z",
    verified=LockedDecision(policy=None, source="--key", records=(Digest.of(b"a"), Digest.of(b"b"))),
    selected=("include *.md", "role doc"),
    files=(LockedFile("README.md", HEX, 7), LockedFile("caf\u00e9.md", HEX, 0)),
)


def test_a_lock_reads_back_as_it_was_written(tmp_path: Path) -> None:
    assert write_lock(tmp_path, LOCK) == tmp_path / LOCK_FILE
    assert read_lock(tmp_path) == LOCK
    assert [path.name for path in tmp_path.iterdir()] == [LOCK_FILE]


def test_a_lock_is_json_that_a_person_can_read_and_compare(tmp_path: Path) -> None:
    text = write_lock(tmp_path, LOCK).read_text("utf-8")
    assert text.endswith("}\n")
    assert '"path": "caf\u00e9.md"' in text
    value = json.loads(text)
    assert list(value)[:3] == ["lockVersion", "reference", "tag"]
    assert value["pulledAt"] == "2026-11-21T09:30:00Z"
    assert value["files"][0] == {"path": "README.md", "sha256": HEX, "size": 7}


def test_an_unverified_pull_stays_visible(tmp_path: Path) -> None:
    write_lock(tmp_path, LOCK.model_copy(update={"verified": None}))
    read = read_lock(tmp_path)
    assert read is not None
    assert read.verified is None


def test_a_directory_without_a_lock_has_none(tmp_path: Path) -> None:
    assert read_lock(tmp_path) is None
    assert read_lock(tmp_path / "nowhere") is None
    (tmp_path / "file").write_bytes(b"")
    assert read_lock(tmp_path / "file") is None


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path)])
def test_a_lock_that_cannot_be_read_is_not_taken_for_none(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / LOCK_FILE)
    with pytest.raises(InvalidInput, match=r"the lock (cannot be read|is not a regular file)"):
        read_lock(tmp_path)


def changed(**changes: Any) -> bytes:
    value = LOCK.model_dump(by_alias=True, mode="json")
    return json.dumps({key: one for key, one in (value | changes).items() if one is not ...}).encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the lock"),
        (b"[]", "the lock"),
        (b'{"a":1,"a":2}', "twice|duplicate"),
        (changed(lockVersion="govern.lock/v9"), "lockVersion"),
        (changed(more=1), "more: unknown field"),
        (changed(digest=...), "digest"),
        (changed(digest="sha256:abc"), "digest"),
        (changed(pulledAt="yesterday"), "pulledAt"),
        (changed(files=[{"path": "a", "sha256": HEX[1:], "size": 1}]), r"files\.0\.sha256"),
        (changed(files=[{"path": "a", "sha256": HEX, "size": -1}]), r"files\.0\.size"),
        (changed(files=[{"path": "a", "sha256": HEX, "size": True}]), r"files\.0\.size"),
        (changed(files=[{"path": "a", "sha256": HEX, "size": 1, "mode": 1}]), r"files\.0\.mode"),
        (changed(files=[["a", HEX, 1]]), r"files\.0"),
        (changed(files=[{"path": 7, "sha256": HEX, "size": 1}]), r"files\.0\.path"),
        (changed(verified={"policy": None, "source": "--key"}), r"verified\.records"),
        (b"[" * 100_000, "the lock"),
        (b" " * (MAX_LOCK.value + 1), "MAX_LOCK"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_lock_that_is_not_valid_is_refused_with_the_place_of_the_fault(
    tmp_path: Path, data: bytes, said: str
) -> None:
    (tmp_path / LOCK_FILE).write_bytes(data)
    with pytest.raises(InvalidInput) as caught:
        read_lock(tmp_path)
    assert re.search(said, caught.value.message), caught.value.message
    assert LOCK_FILE in caught.value.message
