"""A layout that means harm: files that are none, an index that lies, one tag for two manifests, and sheer mass."""

from __future__ import annotations

import json
import os
import threading
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from typing import Any, Final

import pytest

from govern.errors import ProtocolError, Undecided
from govern.limits import MAX_CONFIG, Bound, MiB
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, write
from govern.oci.media_types import DOCKER_LIST, IMAGE_INDEX, IMAGE_MANIFEST
from govern.progress import SILENT
from govern.store.layout import LayoutStore, index_file
from govern.store.layout.entries import Entries, read_entries
from govern.store.layout.index_file import add_manifest, locked
from support.stores import put_artifact, put_record, shown, some_blob

Change = Callable[[list[dict[str, Any]]], object]


@pytest.fixture
def store(tmp_path: Path) -> LayoutStore:
    return LayoutStore(tmp_path / "layout")


def root_of(store: LayoutStore) -> Path:
    return Path(str(store.place).removeprefix("layout:"))


def blob_of(store: LayoutStore, digest: str) -> Path:
    return root_of(store) / "blobs" / digest.replace(":", "/")


def change(store: LayoutStore, make: Change) -> None:
    """Change the entries of the index, as somebody who may write that one file."""
    path = root_of(store) / "index.json"
    document = json.loads(path.read_bytes())
    make(document["manifests"])
    path.write_text(json.dumps(document))


def settled(store: LayoutStore) -> None:
    """Make the index as old as one that nobody is writing."""
    os.utime(root_of(store) / "index.json", (1_700_000_000, 1_700_000_000))


# --- files that are none -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["oci-layout", "index.json"])
def test_a_pipe_for_a_file_of_the_layout_is_refused_and_not_waited_for(name: str, store: LayoutStore) -> None:
    put_artifact(store, "1.0.0")
    (root_of(store) / name).unlink()
    os.mkfifo(root_of(store) / name)
    for act in (store.tags, lambda: put_artifact(store, "1.0.1")):
        with pytest.raises(Undecided, match="not a regular file"):
            act()


def test_a_pipe_or_a_device_for_a_manifest_or_a_blob_is_refused(store: LayoutStore, tmp_path: Path) -> None:
    artifact, blob = put_artifact(store, "1.0.0"), some_blob()
    store.put_blob(blob, SILENT)
    for make in (os.mkfifo, lambda path: path.symlink_to("/dev/zero")):
        for digest in (artifact.digest, blob.descriptor.digest):
            blob_of(store, digest).unlink()
            make(blob_of(store, digest))
        for act in (
            lambda: store.get_manifest("1.0.0"),
            lambda: store.get_manifest(artifact.digest),
            lambda: store.list_referrers(artifact.digest),
            lambda: store.read_blob(blob.descriptor, MAX_CONFIG, "the blob"),
            lambda: store.fetch_blob(blob.descriptor, tmp_path / "out", SILENT),
        ):
            with pytest.raises(Undecided, match="not a regular file"):
                act()
    store.put_blob(blob, SILENT)
    assert store.read_blob(blob.descriptor, MAX_CONFIG, "the blob") == blob.data


@pytest.mark.parametrize("way", ["symlink_to", "hardlink_to"])
def test_a_fetch_writes_through_no_link(way: str, store: LayoutStore, tmp_path: Path) -> None:
    blob, victim = some_blob(), tmp_path / "bashrc"
    store.put_blob(blob, SILENT)
    victim.write_bytes(b"PRECIOUS")
    getattr(tmp_path / "weights.part", way)(victim)
    store.fetch_blob(blob.descriptor, tmp_path / "weights", SILENT)
    assert victim.read_bytes() == b"PRECIOUS"
    assert (tmp_path / "weights").read_bytes() == blob.data
    assert not (tmp_path / "weights").is_symlink()


# --- an index that lies --------------------------------------------------------------------------


def test_a_tag_of_two_manifests_is_refused_by_both_digests(store: LayoutStore) -> None:
    good, evil = put_artifact(store, "1.0.0"), put_artifact(store, "evil")
    change(store, lambda entries: entries[1].update(annotations=entries[0]["annotations"]))
    with pytest.raises(ProtocolError, match=r"the tag '1\.0\.0' is ambiguous") as caught:
        store.get_manifest("1.0.0")
    assert good.digest in caught.value.got
    assert evil.digest in caught.value.got
    assert store.get_manifest(good.digest).data == good.data
    store.put_manifest(good, "1.0.0")
    assert store.get_manifest("1.0.0").data == good.data


def test_a_tag_that_stands_twice_at_one_manifest_is_none_of_these(store: LayoutStore) -> None:
    good = put_artifact(store, "1.0.0")
    change(store, lambda entries: entries.append(entries[0]))
    assert store.get_manifest("1.0.0").data == good.data


LIES: Final[dict[str, dict[str, Any]]] = {
    "an index": {"mediaType": IMAGE_INDEX},
    "Docker's list": {"mediaType": DOCKER_LIST},
    "no manifest at all": {"mediaType": "application/octet-stream"},
    "smaller": {"size": 1},
    "larger than any manifest": {"size": 1 << 40},
    "an index, larger than any": {"mediaType": IMAGE_INDEX, "size": 1 << 40},
    "another artifact type": {"artifactType": "application/vnd.example"},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_record_is_found_whatever_the_index_calls_it(lie: dict[str, Any], store: LayoutStore) -> None:
    subject = put_artifact(store, "1.0.0")
    record = put_record(store, subject.digest, len(subject.data))
    change(store, lambda entries: entries[1].update(lie))
    reader = LayoutStore(root_of(store))
    assert shown(reader, subject.digest) == {record.digest}
    # Who reads it must be told what it is, or it is refused as something else.
    assert reader.get_manifest(record.digest) == RawManifest(IMAGE_MANIFEST, record.data)


def test_an_index_in_a_layout_is_no_record_and_stands_in_nobodys_way(store: LayoutStore) -> None:
    subject = put_artifact(store, "1.0.0")
    record = put_record(store, subject.digest, len(subject.data))
    several = write({"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": [subject.descriptor.to_json()]})
    store.put_manifest(several, "all")
    # Without its own word, as Docker and older tools write it.
    bare = RawManifest(IMAGE_INDEX, b'{"schemaVersion":2,"manifests":[]}')
    store.put_manifest(bare, "bare")
    missing = {"mediaType": IMAGE_INDEX, "digest": Digest.of(b"elsewhere"), "size": 9}
    garbage, large = (Digest.of(data) for data in (b"no JSON", bytes(5 * MiB)))
    blob_of(store, garbage).write_bytes(b"no JSON")
    blob_of(store, large).write_bytes(bytes(5 * MiB))
    change(store, lambda entries: entries.extend([missing, missing | {"digest": garbage}, missing | {"digest": large}]))
    for one in (several, bare):
        assert store.get_manifest(one.digest) == one
    assert store.get_manifest("all") == several
    assert shown(store, subject.digest) == {record.digest}


def test_a_manifest_that_came_after_it_was_missed_is_found(store: LayoutStore) -> None:
    subject = put_artifact(store, "1.0.0")
    record = put_record(store, subject.digest, len(subject.data))
    change(store, lambda entries: entries[1].update(mediaType=IMAGE_INDEX))
    blob_of(store, record.digest).unlink()
    assert shown(store, subject.digest) == set()
    blob_of(store, record.digest).write_bytes(record.data)
    assert shown(store, subject.digest) == {record.digest}


# --- mass ----------------------------------------------------------------------------------------


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows whenever the index is parsed."""
    parsed: list[int] = []

    def count(data: bytes, what: str, bound: Bound) -> Entries:
        parsed.append(len(data))
        return read_entries(data, what, bound)

    monkeypatch.setattr(index_file, "read_entries", count)
    return parsed


def test_an_index_is_parsed_once_however_many_manifests_are_read(
    store: LayoutStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = [put_artifact(store, f"1.0.{number}") for number in range(20)]
    settled(store)
    parsed = counted(monkeypatch)
    for one in artifacts:
        store.get_manifest(one.digest)
        store.list_referrers(one.digest)
    store.get_manifest("1.0.7")
    assert len(store.tags()) == 20
    assert len(parsed) == 1


@pytest.mark.parametrize("old", [True, False])
def test_a_change_by_another_writer_is_seen_at_once(old: bool, store: LayoutStore) -> None:
    subject = put_artifact(store, "1.0.0")
    others = [put_record(LayoutStore(root_of(store)), subject.digest, len(subject.data)).digest]
    for _ in range(20):
        if old:
            settled(store)
        assert shown(store, subject.digest) == set(others)
        other = LayoutStore(root_of(store))
        others.append(put_record(other, subject.digest, len(subject.data)).digest)


def test_a_change_in_place_of_the_same_length_is_seen_at_once(
    store: LayoutStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def coarse(file: FileIO) -> tuple[int, int, int, int, int]:
        # Other tools write the file itself, and a file system's clock ticks every few milliseconds.
        status, tick = os.fstat(file.fileno()), 10_000_000
        changed, made = status.st_mtime_ns // tick * tick, status.st_ctime_ns // tick * tick
        return status.st_ino, changed, status.st_size, status.st_dev, made

    monkeypatch.setattr(index_file, "_state_of", coarse)
    one, two = put_artifact(store, "1.0.0"), put_artifact(store, "2.0.0")
    for number in range(50):
        change(store, lambda entries: [entry.update(annotations=None) for entry in entries])
        tagged = number % 2
        annotations = {"org.opencontainers.image.ref.name": "latest"}
        change(store, lambda entries, tagged=tagged, a=annotations: entries[tagged].update(annotations=a))  # type: ignore[misc]
        assert store.get_manifest("latest").digest == (one, two)[tagged].digest


def test_what_was_refused_is_not_kept(store: LayoutStore) -> None:
    put_artifact(store, "1.0.0")
    good = (root_of(store) / "index.json").read_bytes()
    (root_of(store) / "index.json").write_bytes(b"{")
    settled(store)
    for _ in range(2):
        with pytest.raises(ProtocolError):
            store.tags()
    (root_of(store) / "index.json").write_bytes(good)
    assert store.tags() == ("1.0.0",)


def test_annotations_are_not_kept_and_are_read_by_one_at_a_time(
    store: LayoutStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = put_artifact(store, "1.0.0")
    many = {f"{number:x}": "x" * 5_000 for number in range(900)}
    change(store, lambda entries: entries[0]["annotations"].update(many))
    settled(store)
    inside, most, lock = 0, 0, threading.Lock()

    def slowly(*arguments: Any) -> Any:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.02)
        try:
            return read_entries(*arguments)
        finally:
            with lock:
                inside -= 1

    monkeypatch.setattr(index_file, "read_entries", slowly)
    tracemalloc.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: store.get_manifest("1.0.0"), range(16)))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert {one.digest for one in found} == {artifact.digest}
    assert most == 1
    assert held < MiB
    # A writer leaves them where they are.
    with locked(root_of(store)):
        add_manifest(root_of(store), artifact.descriptor, "1.0.1")
    entries = json.loads((root_of(store) / "index.json").read_bytes())["manifests"]
    assert entries[0]["annotations"].keys() >= many.keys()


@pytest.mark.parametrize("annotations", [7, "x", [], {"org.opencontainers.image.ref.name": 7}])
def test_annotations_that_are_none_are_refused(annotations: object, store: LayoutStore) -> None:
    put_artifact(store, "1.0.0")
    change(store, lambda entries: entries[0].update(annotations=annotations))
    with pytest.raises(ProtocolError, match=r"manifests\.0\.annotations"):
        store.tags()


def test_annotations_without_end_are_refused_for_reading_and_for_writing(store: LayoutStore) -> None:
    artifact = put_artifact(store, "1.0.0")
    change(store, lambda entries: entries[0]["annotations"].update({f"{number:x}": "" for number in range(1_001)}))
    for act in (store.tags, lambda: store.put_manifest(artifact, "2.0.0")):
        with pytest.raises(ProtocolError, match="MAX_ANNOTATIONS"):
            act()
