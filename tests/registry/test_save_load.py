"""`save` and `load`: one file across an air gap; the same content is the same bytes, and none of them is believed."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from itertools import pairwise
from pathlib import Path

import pytest

import govern
from conftest import Cli
from govern.errors import ContentMismatch, Denied, GovernError, InvalidInput, NotFound, Undecided, UsageError
from govern.oci.content import BytesContent
from govern.oci.digest import Digest
from govern.progress import SILENT
from govern.store.archive import ArchiveStore, ArchiveWriter
from govern.store.layout import LayoutStore
from govern.store.stored_content import StoredContent
from support.everything import NAME, Source, everything, put_everything, verdict
from support.measured import measure
from support.parts import require_part
from support.records import signer
from support.refusal import snapshot
from support.registries import Running, unique_repository
from support.stores import artifact_of, put_artifact, put_record, record_of, some_blob


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder = tmp_path_factory.mktemp("source")
    return put_everything(f"layout:{folder}/fraud", folder, size=6 << 20)


@pytest.fixture(scope="module")
def saved(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole name in a file that nobody changes."""
    file = tmp_path_factory.mktemp("saved") / "fraud.tar"
    assert govern.save(source.place, file).copied.complete
    return file


@pytest.mark.parametrize("kind", ["layout", "distribution", "zot"])
def test_what_is_loaded_is_what_was_saved(
    kind: str, request: pytest.FixtureRequest, source: Source, saved: Path, tmp_path: Path
) -> None:
    if kind == "layout":
        place = f"layout:{tmp_path}/fraud"
    else:
        running: Running = request.getfixturevalue(kind)
        place = f"{running.host}/{unique_repository()}"
    loaded = govern.load(saved, place)
    assert loaded.complete
    both, tags = (source.digest, source.other), ("1.0.0", "2.0.0", "govern.line", "govern.freshness")
    assert everything(place, *both, tags=tags) == everything(source.place, *both, tags=tags)
    assert verdict(f"{place}:1.0.0") == verdict(f"{source.place}:1.0.0")
    assert govern.load(saved, place).sent.blobs == 0
    # The same content gives the same bytes, wherever it is.
    govern.save(place, tmp_path / "again.tar")
    assert (tmp_path / "again.tar").read_bytes() == saved.read_bytes()


def test_one_version_is_loaded_without_the_others(source: Source, tmp_path: Path) -> None:
    govern.save(f"{source.place}:1.0.0", tmp_path / "one.tar")
    loaded = govern.load(tmp_path / "one.tar", f"layout:{tmp_path}/fraud")
    assert loaded.complete
    assert [one.pinned.digest for one in loaded.names[0].artifacts] == [source.digest]
    assert "2.0.0 is registered and not part of" in loaded.notes[0]


def test_what_has_neither_tag_nor_registration_is_loaded_too(tmp_path: Path) -> None:
    store = LayoutStore(tmp_path / "source")
    raw = put_artifact(store)
    record = put_record(store, raw.digest, len(raw.data))
    govern.save(f"layout:{tmp_path}/source@{raw.digest}", tmp_path / "it.tar")
    loaded = govern.load(tmp_path / "it.tar", f"layout:{tmp_path}/fraud")
    assert [one.pinned.digest for one in loaded.names[0].artifacts] == [raw.digest]
    assert LayoutStore(tmp_path / "fraud").list_referrers(raw.digest)[0].digests == (record.digest,)


def test_other_tools_read_the_file(source: Source, saved: Path, tmp_path: Path) -> None:
    with tarfile.open(saved) as tar:
        members = tar.getmembers()
    assert [one.name for one in members[:2]] == ["oci-layout", "index.json"]
    assert [one.name for one in members[2:]] == sorted(one.name for one in members[2:])
    assert {(one.mode, one.mtime, one.uid, one.gid, one.uname, one.type) for one in members} == {
        (0o644, 0, 0, 0, "", tarfile.REGTYPE)
    }
    oras = require_part("oras")
    done = subprocess.run(
        [oras, "manifest", "fetch", "--oci-layout", f"{saved}:1.0.0"], capture_output=True, check=True
    )
    assert Digest.of(done.stdout) == source.digest
    subprocess.run([oras, "pull", "--oci-layout", f"{saved}:1.0.0", "-o", tmp_path / "out"], check=True)
    assert (tmp_path / "out" / "README.md").read_bytes() == b"# It\n"


def test_a_tar_that_another_tool_made_is_loaded(source: Source, tmp_path: Path) -> None:
    folder = source.place.removeprefix("layout:")
    subprocess.run(["tar", "-C", folder, "-cf", tmp_path / "gnu.tar", "."], check=True)
    assert govern.load(tmp_path / "gnu.tar", f"layout:{tmp_path}/fraud").complete
    both, tags = (source.digest, source.other), ("1.0.0", "2.0.0", "govern.line", "govern.freshness")
    assert everything(f"layout:{tmp_path}/fraud", *both, tags=tags) == everything(source.place, *both, tags=tags)


# --- verified on request -------------------------------------------------------------------------


def test_who_is_not_trusted_is_neither_saved_nor_loaded(source: Source, saved: Path, tmp_path: Path) -> None:
    stranger, ours = signer("stranger").public_key, signer().public_key
    with pytest.raises(Denied):
        govern.save(source.place, tmp_path / "it.tar", key=stranger, name=NAME)
    with pytest.raises(Denied):
        govern.load(saved, f"layout:{tmp_path}/fraud", key=stranger, name=NAME)
    assert list(tmp_path.iterdir()) == []
    # The expected name comes from where it goes, never from the file.
    with pytest.raises(Denied):
        govern.load(saved, f"layout:{tmp_path}/fraud", key=ours)
    assert govern.load(saved, f"layout:{tmp_path}/fraud", key=ours, name=NAME).verified


# --- a file that lies ----------------------------------------------------------------------------


def test_a_byte_that_was_changed_is_found(source: Source, saved: Path, tmp_path: Path) -> None:
    weights = max(govern.show(f"{source.place}:1.0.0").manifest.layers, key=lambda one: one.size)
    with tarfile.open(saved) as tar:
        offset = tar.getmember(f"blobs/sha256/{weights.id.encoded}").offset_data
    data = bytearray(saved.read_bytes())
    data[offset + weights.size // 2] ^= 1
    (tmp_path / "bent.tar").write_bytes(data)
    loaded = govern.load(tmp_path / "bent.tar", f"layout:{tmp_path}/fraud")
    assert not loaded.complete
    assert "not what its digest says" in " ".join(one.reason for one in loaded.not_carried)
    assert loaded.names[0].artifacts == ()


def test_nothing_is_written_outside_whatever_the_tar_says(saved: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    before = snapshot(tmp_path)
    for number, name in enumerate(["../escaped", "/tmp/escaped-by-govern", "blobs/../../escaped"]):
        evil = work / f"{number}.tar"
        evil.write_bytes(saved.read_bytes())
        with tarfile.open(evil, "a") as tar:
            info = tarfile.TarInfo(name)
            info.size = 5
            tar.addfile(info, io.BytesIO(b"evil\n"))
        with pytest.raises(InvalidInput, match="leads elsewhere"):
            govern.load(evil, f"layout:{work}/fraud")
        evil.unlink()
    assert snapshot(tmp_path) == before
    assert not Path("/tmp/escaped-by-govern").exists()


@pytest.mark.parametrize("index", [b"[]", b"{", b'{"schemaVersion":2,"manifests":{}}', b"[" * 10_000])
def test_an_index_that_is_none_is_refused(index: bytes, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "it.tar", "w") as tar:
        for name, data in (("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), ("index.json", index)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    with pytest.raises(GovernError) as refused:
        govern.load(tmp_path / "it.tar", f"layout:{tmp_path}/fraud")
    assert refused.value.exit_code in (2, 3)
    assert not (tmp_path / "fraud").exists()


def test_what_is_no_file_is_refused(tmp_path: Path, cli: Cli) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("just text\n" * 100)
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "empty", "text", "folder", "none"):
        ran = cli("load", name, "layout:fraud")
        assert ran.returncode == 2, (name, ran.stderr)
        assert ran.stderr.startswith("error: ")


# --- the file itself -----------------------------------------------------------------------------


def test_a_file_that_is_there_is_replaced_only_by_force(source: Source, tmp_path: Path) -> None:
    file = tmp_path / "it.tar"
    file.write_text("mine\n")
    with pytest.raises(InvalidInput, match="the file is there"):
        govern.save(source.place, file)
    assert file.read_text() == "mine\n"
    assert govern.save(source.place, file, force=True).size == file.stat().st_size
    with pytest.raises(InvalidInput, match="cannot be written"):
        govern.save(source.place, tmp_path / "none" / "it.tar")


def test_a_file_is_there_whole_or_not_at_all(source: Source, tmp_path: Path) -> None:
    place = tmp_path / "copy" / "fraud"
    govern.copy(source.place, f"layout:{place}")
    weights = max(govern.show(f"layout:{place}:1.0.0").manifest.layers, key=lambda one: one.size)
    (place / "blobs" / weights.digest.replace(":", "/")).write_bytes(bytes(weights.size))
    with pytest.raises(ContentMismatch):
        govern.save(f"layout:{place}:1.0.0", tmp_path / "it.tar")
    (place / "blobs" / weights.digest.replace(":", "/")).unlink()
    with pytest.raises(NotFound):
        govern.save(f"layout:{place}:1.0.0", tmp_path / "it.tar")
    assert [one.name for one in tmp_path.iterdir()] == ["copy"]


def test_two_who_write_one_file_do_not_mix(tmp_path: Path) -> None:
    with open(tmp_path / "it.tar.part", "xb") as other, ArchiveWriter(tmp_path / "it.tar", force=False) as writer:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Undecided, match="somebody else"):
            writer.finish(SILENT)


def test_a_writer_is_a_store_that_is_only_written(tmp_path: Path) -> None:
    with ArchiveWriter(tmp_path / "it.tar", force=False) as writer:
        with pytest.raises(InvalidInput, match="not there"):
            writer.put_manifest(artifact_of(some_blob().descriptor))
        first, second = put_artifact(writer, "1.0.0"), put_artifact(writer, "1.0.0")
        assert writer.get_manifest("1.0.0") == second
        assert writer.get_manifest(first.digest) == first
        assert writer.tags() == ("1.0.0",)
        layer = some_blob()
        writer.put_blob(layer, SILENT)
        record = record_of(layer.descriptor, second.digest)
        writer.attach(record, second.digest)
        for use in (writer.stream_blob, lambda one: writer.fetch_blob(one, tmp_path / "x", SILENT)):
            with pytest.raises(UsageError, match="is not read"):
                use(layer.descriptor)
        writer.finish(SILENT)
    with ArchiveStore(tmp_path / "it.tar") as store:
        assert store.get_manifest("1.0.0") == second
        assert store.list_referrers(second.digest)[0].digests == (record.digest,)
        store.fetch_blob(layer.descriptor, tmp_path / "layer", SILENT)
        assert Digest.of((tmp_path / "layer").read_bytes()) == layer.descriptor.id
        with pytest.raises(UsageError, match="only read"):
            put_artifact(store)


def test_content_that_a_store_cannot_vouch_for_ends_with_a_refusal(tmp_path: Path) -> None:
    store, blob = LayoutStore(tmp_path / "layout"), some_blob()
    store.put_blob(blob, SILENT)
    path = tmp_path / "layout" / "blobs" / blob.descriptor.digest.replace(":", "/")
    for data, says in ((b"x" * 1000, "not what its digest"), (b"x" * 999, "not as long"), (b"x" * 1001, "not as long")):
        path.write_bytes(data)
        content = StoredContent(store, blob.descriptor)
        with pytest.raises(ContentMismatch, match=says):
            assert sum(len(one) for one in content.chunks()) <= 1000
    assert BytesContent.of(b"", "x/y").descriptor.size == 0


# --- memory --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_no_weight_is_held_in_memory(tmp_path: Path, zot: Running, distribution: Running) -> None:
    original = put_everything(f"layout:{tmp_path}/source/fraud", tmp_path / "files", size=192 << 20)
    places = [original.place, f"{zot.host}/{unique_repository()}", f"{distribution.host}/{unique_repository()}"]
    peaks = {}
    govern_, one = Path(sys.executable), "1.0.0"
    for source, target in [*pairwise(places), (places[2], f"layout:{tmp_path}/mirror")]:
        ran = measure(govern_, "-m", "govern", "copy", f"{source}:{one}", target, cwd=tmp_path)
        assert ran.code == 0, ran.output
        peaks[f"copy to {target}"] = ran.peak_mib
    for words in (("save", f"{places[2]}:{one}", "it.tar"), ("load", "it.tar", f"layout:{tmp_path}/loaded")):
        ran = measure(govern_, "-m", "govern", *words, cwd=tmp_path)
        assert ran.code == 0, ran.output
        peaks[words[0]] = ran.peak_mib
    print(peaks)
    assert max(peaks.values()) < 160, peaks
    weights = max(govern.show(f"layout:{tmp_path}/loaded:{one}").manifest.layers, key=lambda layer: layer.size)
    with open(tmp_path / "loaded" / "blobs" / weights.digest.replace(":", "/"), "rb") as file:
        assert f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}" == weights.digest
    assert json.loads((tmp_path / "loaded" / "index.json").read_bytes())["schemaVersion"] == 2
