"""`index.json` of a layout: what is read from it, what is refused, and what a writer leaves of others' entries."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from govern.errors import GovernError, InvalidInput, LimitExceeded, NotFound, ProtocolError, Undecided
from govern.limits import Bound
from govern.oci.descriptor import Descriptor
from govern.oci.media_types import IMAGE_INDEX, IMAGE_MANIFEST
from govern.progress import SILENT
from govern.store.layout import LayoutStore, index_file
from govern.store.layout.entries import REF_NAME
from govern.store.layout.index_file import add_manifest, locked, read_layout_index
from support.stores import put_artifact, put_record, shown, some_blob

A, B, C = (Descriptor.of(text, IMAGE_MANIFEST) for text in (b"a", b"b", b"c"))


def layout(root: Path, *entries: dict[str, Any], **more: Any) -> Path:
    """Write a layout as another tool would, without `mediaType`."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (root / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": list(entries), **more}))
    return root


def entry(descriptor: Descriptor, tag: str | None = None, **more: Any) -> dict[str, Any]:
    return descriptor.to_json() | ({"annotations": {REF_NAME: tag}} if tag else {}) | more


def index_of(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "index.json").read_bytes())
    return found


def tags_of(root: Path) -> list[tuple[str, str | None]]:
    """Return (letter, tag) of every entry, in order."""
    letters = {one.digest: letter for letter, one in (("A", A), ("B", B), ("C", C))}
    entries = index_of(root)["manifests"]
    return [(letters[one["digest"]], (one.get("annotations") or {}).get(REF_NAME)) for one in entries]


# --- reading -------------------------------------------------------------------------------------


def test_a_place_without_a_layout_is_not_found(tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(NotFound, match="there is no OCI image layout"):
            read_layout_index(folder)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "7", '{"imageLayoutVersion": "2.0.0"}', '{"imageLayoutVersion": 1}', "{" * 1000, "\xff"]
)
def test_another_version_of_the_layout_is_refused(text: str, tmp_path: Path) -> None:
    layout(tmp_path)
    (tmp_path / "oci-layout").write_bytes(text.encode("latin-1"))
    with pytest.raises(ProtocolError, match="this is not an OCI image layout"):
        read_layout_index(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"schemaVersion": 2}',
        '{"schemaVersion": 1, "manifests": []}',
        '{"schemaVersion": 2, "manifests": {}}',
        '{"schemaVersion": 2, "manifests": [7]}',
        '{"schemaVersion": 2, "manifests": [{"digest": "sha256:../../x", "mediaType": "a/b", "size": 1}]}',
        '{"schemaVersion": 2, "manifests": [], "manifests": []}',
        '{"schemaVersion": 2, "manifests": [], "layers": []}',
        '{"schemaVersion": 2, "manifests": [], "mediaType": "application/vnd.oci.image.manifest.v1+json"}',
        "[" * 100_000,
    ],
)
def test_an_index_that_is_none_is_refused_for_reading_and_for_writing(text: str, tmp_path: Path) -> None:
    layout(tmp_path)
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(Undecided):
        read_layout_index(tmp_path)
    with pytest.raises(Undecided), locked(tmp_path):
        add_manifest(tmp_path, A, "1.0.0")
    assert (tmp_path / "index.json").read_text() == text


def test_an_index_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout(tmp_path, entry(A))
    monkeypatch.setattr(index_file, "MAX_LAYOUT_INDEX", Bound("MAX_LAYOUT_INDEX", 300))
    assert len(read_layout_index(tmp_path)) == 1
    with pytest.raises(LimitExceeded, match="MAX_LAYOUT_INDEX"), locked(tmp_path):
        add_manifest(tmp_path, B, "a" * 128)
    assert tags_of(tmp_path) == [("A", None)]
    layout(tmp_path, entry(A), entry(B), entry(C))
    with pytest.raises(Undecided, match="MAX_LAYOUT_INDEX"):
        read_layout_index(tmp_path)


def test_an_index_that_cannot_be_read_is_no_empty_one(tmp_path: Path) -> None:
    layout(tmp_path)
    (tmp_path / "index.json").unlink()
    (tmp_path / "index.json").mkdir()
    with pytest.raises(Undecided, match="the layout cannot be read") as caught:
        read_layout_index(tmp_path)
    assert not isinstance(caught.value, NotFound)


# --- entries -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "added", "after"),
    [
        ([], (A, None), [("A", None)]),
        ([], (A, "1"), [("A", "1")]),
        # Twice is once.
        ([(A, None)], (A, None), [("A", None)]),
        ([(A, "1")], (A, "1"), [("A", "1")]),
        # A tag stands for the untagged entry, and needs none beside it.
        ([(A, None)], (A, "1"), [("A", "1")]),
        ([(A, "1")], (A, None), [("A", "1")]),
        # Two tags are two entries.
        ([(A, "1")], (A, "2"), [("A", "1"), ("A", "2")]),
        # A tag moves, and what it pointed to stays: a record is never lost by a tag that moves.
        ([(A, "1")], (B, "1"), [("A", None), ("B", "1")]),
        ([(A, "1"), (A, "2")], (B, "1"), [("A", "2"), ("B", "1")]),
        ([(A, "1"), (B, "2")], (B, "1"), [("A", None), ("B", "2"), ("B", "1")]),
        ([(A, None), (B, "1"), (C, None)], (C, "1"), [("A", None), ("B", None), ("C", "1")]),
    ],
)
def test_an_entry_is_added(
    before: list[tuple[Descriptor, str | None]],
    added: tuple[Descriptor, str | None],
    after: list[tuple[str, str | None]],
    tmp_path: Path,
) -> None:
    layout(tmp_path, *(entry(*one) for one in before))
    for _ in range(2):
        with locked(tmp_path):
            add_manifest(tmp_path, *added)
        assert tags_of(tmp_path) == after


def test_what_another_tool_wrote_stays_letter_for_letter(tmp_path: Path) -> None:
    platform = {"architecture": "arm64", "os": "linux", "variant": "v8"}
    other = entry(A, "arm", platform=platform, urls=["https://example.com/a"], artifactType="a/b")
    nulls = entry(C) | {"annotations": None}
    layout(tmp_path, other, nulls, annotations={"com.example.built": "today"}, extension={"n": [1, None, True]})
    with locked(tmp_path):
        add_manifest(tmp_path, B, "1.0.0")
    found = index_of(tmp_path)
    assert found["manifests"] == [other, nulls, entry(B, "1.0.0")]
    assert found["annotations"] == {"com.example.built": "today"}
    assert found["extension"] == {"n": [1, None, True]}
    with locked(tmp_path):
        add_manifest(tmp_path, B, "arm")
    moved = index_of(tmp_path)["manifests"][0]
    assert moved == {key: value for key, value in other.items() if key != "annotations"}


def test_a_change_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    layout(tmp_path, entry(A, "1"))
    before = (tmp_path / "index.json").stat()
    with locked(tmp_path):
        add_manifest(tmp_path, A, "1")
        add_manifest(tmp_path, A, None)
    after = (tmp_path / "index.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_an_artifact_type_is_kept_in_its_entry(tmp_path: Path) -> None:
    with locked(tmp_path):
        add_manifest(tmp_path, A.model_copy(update={"artifact_type": "application/vnd.example"}), "1")
    assert index_of(tmp_path)["manifests"][0]["artifactType"] == "application/vnd.example"
    assert index_of(tmp_path)["mediaType"] == IMAGE_INDEX


# --- the lock ------------------------------------------------------------------------------------


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    inside, most = 0, 0

    def write() -> None:
        nonlocal inside, most
        with locked(tmp_path):
            inside += 1
            most = max(most, inside)
            time.sleep(0.02)
            inside -= 1

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_writer_that_failed_leaves_the_lock_to_the_next(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path):
        _ = 1 // 0
    with locked(tmp_path):
        add_manifest(tmp_path, A, "1")


@pytest.mark.parametrize("half", [[], ["ingest"], ["blobs"], ["ingest", "blobs"], ["blobs", "index.json"]])
def test_a_layout_that_was_half_made_is_made_whole(half: list[str], tmp_path: Path) -> None:
    for name in half:
        if name == "index.json":
            (tmp_path / name).write_text('{"schemaVersion": 2, "manifests": []}')
        else:
            (tmp_path / name).mkdir()
    with locked(tmp_path):
        assert not read_layout_index(tmp_path)


@pytest.mark.parametrize("name", ["README.md", "index.html", ".git"])
def test_a_folder_of_other_things_is_not_made_a_layout(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("somebody's work")
    with pytest.raises(InvalidInput, match="the folder is not a layout and not empty"), locked(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_layout_may_hold_other_things(tmp_path: Path) -> None:
    layout(tmp_path)
    (tmp_path / "README.md").write_text("somebody's work")
    with locked(tmp_path):
        add_manifest(tmp_path, A, "1")


def test_a_file_is_no_layout(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for path in (file, file / "below"):
        with pytest.raises(InvalidInput, match="the layout cannot be written"), locked(path):
            pass


def test_every_writer_sweeps_what_killed_ones_left(tmp_path: Path) -> None:
    store = LayoutStore(tmp_path)
    put_artifact(store)
    left = tmp_path / "ingest" / "1-left"
    left.write_bytes(b"half a blob")
    os.utime(left, (0, 0))
    store.put_blob(some_blob(), SILENT)
    assert not left.exists()


# --- a disk that fails ---------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
def test_a_disk_that_fails_is_said_and_changes_nothing(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, blob = LayoutStore(tmp_path), some_blob()
    subject = put_artifact(store, "1.0.0")
    record = put_record(store, subject.digest)
    before = (tmp_path / "index.json").read_bytes()

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(GovernError) as caught:
        store.put_blob(blob, SILENT)
    assert os.strerror(number) in caught.value.message
    with pytest.raises(GovernError, match=os.strerror(number)):
        store.put_manifest(subject, "1.0.1")
    monkeypatch.undo()
    assert not store.has_blob(blob.descriptor)
    assert (tmp_path / "index.json").read_bytes() == before
    assert shown(store, subject.digest) == {record.digest}


def test_a_damaged_blob_is_mended_by_a_push_from_the_source(tmp_path: Path) -> None:
    store, blob = LayoutStore(tmp_path), some_blob()
    path = tmp_path / "blobs" / blob.descriptor.digest.replace(":", "/")
    for _ in range(2):
        store.put_blob(blob, SILENT)
        assert path.read_bytes() == blob.data
        path.write_bytes(bytes(1000))
