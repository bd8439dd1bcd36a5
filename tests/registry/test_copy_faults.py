"""What a copy does where source, target or network are not as they should be, and how little it asks for."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import govern
from conftest import Cli
from govern.errors import ContentMismatch, NotFound, Undecided
from govern.limits import MAX_MANIFEST
from govern.line import line_of
from govern.names import FRESHNESS_TAG
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, read_index, read_manifest, write
from govern.oci.media_types import IMAGE_INDEX, IMAGE_MANIFEST
from govern.operations.copy_result import Copied
from govern.policy.template import policy_template
from govern.store.protocol import Store
from support.everything import (
    NAME,
    everything,
    open_place,
    put_claim,
    put_everything,
    put_freshness,
    verdict,
)
from support.fault_registry import FaultRegistry, Switches
from support.fault_registry.switches import Cut
from support.records import signer
from support.registries import Running, unique_repository
from support.stores import put_artifact, put_record

KINDS = ("layout", "distribution", "zot")


def said(copied: Copied) -> list[str]:
    return [f"{one.what}: {one.reason}" for one in copied.not_carried]


# --- what could not be carried -------------------------------------------------------------------


def blob_file(place: str, digest: str) -> Path:
    return Path(place.removeprefix("layout:")) / "blobs" / digest.replace(":", "/")


def test_what_is_gone_or_spoilt_is_said_item_by_item_and_the_rest_is_carried(tmp_path: Path, cli: Cli) -> None:
    original = put_everything(f"layout:{tmp_path}/source/fraud", tmp_path / "files")
    store = open_place(original.place)
    subject = store.get_manifest(original.digest)
    lost = put_record(store, subject.digest, len(subject.data))
    bent = put_record(store, subject.digest, len(subject.data))
    blob_file(original.place, read_manifest(lost).layers[0].digest).unlink()
    blob_file(original.place, read_manifest(bent).layers[0].digest).write_bytes(b"x" * 1000)
    ran = cli("copy", f"{original.place}:1.0.0", f"layout:{tmp_path}/mirror", "--format", "json")
    assert ran.returncode == 3, ran.stderr
    answer = json.loads(ran.stdout)
    assert answer["complete"] is False
    assert {one["digest"] for one in answer["notCarried"]} == {lost.digest, bent.digest}
    assert ran.stderr.count("WARNING: not carried: the record sha256:") == len(answer["notCarried"])
    assert verdict(f"layout:{tmp_path}/mirror:1.0.0")["outcome"] == "allowed"


def test_a_bundle_that_no_reader_takes_is_said(tmp_path: Path) -> None:
    original = put_everything(f"layout:{tmp_path}/source/fraud", tmp_path / "files")
    store = open_place(original.place)
    large = put_claim(store, store.get_manifest(line_of(NAME).digest), bytes(1024 * 1024 + 1))
    copied = govern.copy(f"{original.place}:1.0.0", f"layout:{tmp_path}/mirror")
    assert [one.digest for one in copied.not_carried] == [large.digest]
    assert "MAX_LINE_BUNDLE" in copied.not_carried[0].reason


def test_an_artifact_that_is_not_whole_gives_no_version(tmp_path: Path) -> None:
    original = put_everything(f"layout:{tmp_path}/source/fraud", tmp_path / "files")
    weights = max(govern.show(f"{original.place}:1.0.0").manifest.layers, key=lambda one: one.size)
    blob_file(original.place, weights.digest).unlink()
    place = f"layout:{tmp_path}/mirror"
    with pytest.raises(NotFound):
        govern.copy(f"{original.place}:1.0.0", place)
    assert open_place(place).tags() == ()
    # Of every version, those that are whole are carried; both share these weights, so there is none.
    copied = govern.copy(original.place, place)
    assert not copied.complete
    assert copied.names[0].artifacts == ()


# --- names of mirrors, mounts, requests ----------------------------------------------------------


def test_the_lines_entry_is_what_a_policy_needs(new_place: Callable[[str], str], cli: Cli, tmp_path: Path) -> None:
    original, place = put_everything(new_place("layout"), tmp_path / "files"), new_place("zot")
    ran = cli("copy", f"{original.place}:1.0.0", place)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == f"{place}@{original.digest}\n"
    assert f"lines:\n  {place}: {NAME}\n" in ran.stderr
    text = policy_template([("ci", signer().public_key)], ["acme/**"])
    (tmp_path / "policy.yaml").write_text(text.replace("lines: {}", f"lines:\n  {place}: {NAME}"))
    assert govern.verify(f"{place}:1.0.0", policy=tmp_path / "policy.yaml").outcome == "allowed"


def test_on_one_registry_blobs_are_mounted(fault_registry: FaultRegistry, tmp_path: Path) -> None:
    original = put_everything(f"{fault_registry.host}/acme/fraud", tmp_path / "files", size=1 << 20)
    received = fault_registry.bytes_in
    copied = govern.copy(f"{original.place}:1.0.0", f"{fault_registry.host}/mirror/fraud")
    assert copied.complete
    assert fault_registry.bytes_in - received < 100_000
    assert fault_registry.requests("GET", "/acme/fraud/blobs/") != []
    large = [one for one in govern.show(f"{original.place}:1.0.0").manifest.layers if one.size > 1 << 19]
    for one in large:
        assert fault_registry.requests("GET", f"/blobs/{one.digest}$") == []


def test_a_second_copy_asks_and_sends_nothing(fault_registry: FaultRegistry, tmp_path: Path) -> None:
    original = put_everything(f"{fault_registry.host}/acme/fraud", tmp_path / "files")
    place = f"{fault_registry.host}/mirror/fraud"
    govern.copy(f"{original.place}:1.0.0", place)
    before = len(fault_registry.requests())
    govern.copy(f"{original.place}:1.0.0", place)
    asked = fault_registry.requests()[before:]
    assert {one.method for one in asked} <= {"GET", "HEAD"}
    print(f"{len(asked)} requests")
    assert len(asked) < 120
    assert not [one for one in asked if one.method == "GET" and "/blobs/" in one.path and "/mirror/" in one.path]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_source_that_is_cut_is_gone_on_with(ranges: bool, fault_registry: FaultRegistry, tmp_path: Path) -> None:
    fault_registry.switches.range_unsupported = not ranges
    original = put_everything(f"{fault_registry.host}/acme/fraud", tmp_path / "files", size=4 << 20)
    weights = max(govern.show(f"{original.place}:1.0.0").manifest.layers, key=lambda one: one.size)
    sent = fault_registry.bytes_out
    fault_registry.switches.cut_download = Cut(3 << 20, times=2, path=f"/blobs/{weights.digest}")
    place = f"layout:{tmp_path}/mirror"
    assert govern.copy(f"{original.place}:1.0.0", place).complete
    if ranges:
        # What came before the cut is not asked for again.
        assert fault_registry.bytes_out - sent < 6 << 20
    assert everything(place, original.digest) == everything(original.place, original.digest)


def test_two_copies_at_once_are_one(new_place: Callable[[str], str], tmp_path: Path) -> None:
    original, place = put_everything(new_place("layout"), tmp_path / "files"), new_place("distribution")
    results: list[Copied] = []
    threads = [
        threading.Thread(target=lambda: results.append(govern.copy(f"{original.place}:1.0.0", place))) for _ in range(3)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert [one.complete for one in results] == [True] * 3
    assert everything(place, original.digest) == everything(original.place, original.digest)


def test_a_digest_that_only_a_listing_knows_hides_no_record_tag(
    start_fault_registry: Callable[..., FaultRegistry], tmp_path: Path
) -> None:
    registry = start_fault_registry(Switches(referrers_api=False, sparse=True))
    original = put_everything(f"{registry.host}/acme/fraud", tmp_path / "files")
    store = open_place(original.place)
    (listing,) = [one for one in store.list_referrers(original.digest) if one.source == "fallback index"]
    # Somebody writes an index whose digests begin as the records' own do, and lead nowhere.
    lies = [Digest(one[:-32] + "0" * 32) for one in listing.digests]
    entries = [{"mediaType": IMAGE_MANIFEST, "digest": one, "size": 1} for one in lies]
    index = write({"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": entries})
    store.put_manifest(index, f"sha256-{original.digest.encoded}")
    copied = govern.copy(f"{original.place}:1.0.0", f"layout:{tmp_path}/mirror")
    assert {one.digest for one in copied.not_carried} == set(lies)
    mirrored = open_place(f"layout:{tmp_path}/mirror").list_referrers(original.digest)[0].digests
    assert set(mirrored) == set(listing.digests)


# --- what other tools made -----------------------------------------------------------------------


def put_index(store: Store, tag: str | None, subject: RawManifest | None = None) -> RawManifest:
    """Put an index of two artifacts, as of two platforms."""
    children = [put_artifact(store) for _ in range(2)]
    document: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": IMAGE_INDEX,
        "artifactType": "application/vnd.govern.test",
        "manifests": [one.descriptor.to_json() for one in children],
    }
    if subject is not None:
        document["subject"] = subject.descriptor.to_json()
    raw = write(document)
    store.put_manifest(raw, tag)
    return raw


@pytest.mark.parametrize("target", KINDS)
def test_what_nobody_registered_is_copied_and_gets_no_line(
    target: str, new_place: Callable[[str], str], tmp_path: Path
) -> None:
    original, place = f"layout:{tmp_path}/source/fraud", new_place(target)
    store = open_place(original)
    raw, index = put_artifact(store, "1.0"), put_index(store, "2.0")
    copied = govern.copy(original, place)
    assert said(copied) == []
    mirror = open_place(place)
    assert set(mirror.tags()) == {"1.0", "2.0"}
    assert mirror.get_manifest("1.0") == raw
    assert mirror.get_manifest("2.0") == index
    for child in read_index(index, bound=MAX_MANIFEST).manifests:
        layers = read_manifest(mirror.get_manifest(child.id)).layers
        assert all(mirror.has_blob(one) for one in layers)


@pytest.mark.parametrize(("target", "shown"), [("zot", True), ("distribution", False), ("layout", False)])
def test_a_referrer_that_is_an_index_is_carried_or_said(
    target: str, shown: bool, zot: Running, new_place: Callable[[str], str]
) -> None:
    original, place = f"{zot.host}/{unique_repository()}", new_place(target)
    store = open_place(original)
    raw = put_artifact(store, "1.0")
    about = put_index(store, None, raw)
    copied = govern.copy(f"{original}:1.0", place)
    assert [one.digest for one in copied.not_carried] == ([] if shown else [about.digest])
    assert open_place(place).get_manifest("1.0") == raw


@pytest.mark.parametrize("target", KINDS)
def test_a_source_that_gives_other_bytes_gives_no_version(
    target: str, fault_registry: FaultRegistry, new_place: Callable[[str], str], tmp_path: Path
) -> None:
    original, place = put_everything(f"{fault_registry.host}/acme/fraud", tmp_path / "files"), new_place(target)
    weights = max(govern.show(f"{original.place}:1.0.0").manifest.layers, key=lambda one: one.size)
    fault_registry.switches.flip_byte = f"/blobs/{weights.digest}$"
    with pytest.raises(ContentMismatch, match="not what its digest says"):
        govern.copy(f"{original.place}:1.0.0", place)
    fault_registry.switches.flip_byte = ""
    fault_registry.switches.endless_body = f"/blobs/{weights.digest}$"
    with pytest.raises(ContentMismatch, match="not as long as its descriptor says"):
        govern.copy(f"{original.place}:1.0.0", place)
    with pytest.raises(NotFound):
        open_place(place).get_manifest("1.0.0")
    fault_registry.switches.endless_body = ""
    assert govern.copy(f"{original.place}:1.0.0", place).complete


def test_a_listing_that_cannot_be_read_stops_the_copy(
    fault_registry: FaultRegistry, new_place: Callable[[str], str], tmp_path: Path
) -> None:
    original, place = put_everything(f"{fault_registry.host}/acme/fraud", tmp_path / "files"), new_place("layout")
    fault_registry.switches.referrers_status = 403
    with pytest.raises(Undecided):
        govern.copy(f"{original.place}:1.0.0", place)
    assert open_place(place).tags() == ()


def test_a_registry_whose_tags_never_move_gets_freshness_by_number(
    start_fault_registry: Callable[..., FaultRegistry], tmp_path: Path
) -> None:
    registry = start_fault_registry(Switches(immutable_tags=409))
    original = put_everything(f"layout:{tmp_path}/source/fraud", tmp_path / "files")
    place = f"{registry.host}/mirror/fraud"
    assert govern.copy(f"{original.place}:1.0.0", place).complete
    newer = put_freshness(open_place(original.place), 8)
    copied = govern.copy(f"{original.place}:1.0.0", place, records_only=True)
    assert said(copied) == []
    assert open_place(place).get_manifest(f"{FRESHNESS_TAG}.8").digest == newer.digest
