"""The `Store` protocol, sentence by sentence, over every kind of place: manifests, tags, and the store itself."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from govern.errors import ContentMismatch, GovernError, NotFound, Undecided
from govern.oci.content import BytesContent
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, write
from govern.oci.media_types import EMPTY, EMPTY_BLOB, IMAGE_INDEX, IMAGE_MANIFEST
from govern.progress import SILENT
from support.fault_registry import Burst
from support.stores import FAULTS, KINDS, Case, artifact_of, put_artifact, some_blob

NOWHERE = Digest.of(b"nothing that is anywhere")
everywhere = pytest.mark.parametrize("case", KINDS, indirect=True)
with_faults = pytest.mark.parametrize("case", list(FAULTS), indirect=True)


# --- manifests -----------------------------------------------------------------------------------


@everywhere
def test_a_manifest_comes_back_byte_for_byte_by_digest_and_by_tag(case: Case) -> None:
    store = case.open()
    canonical = put_artifact(store)
    # Not the bytes that we would write: other tools have other ideas of JSON.
    manifest = RawManifest(IMAGE_MANIFEST, json.dumps(json.loads(canonical.data), indent=3).encode())
    store.put_manifest(manifest, "1.0.0")
    for reader in (store, case.reader()):
        assert reader.get_manifest(manifest.digest) == manifest
        assert reader.get_manifest("1.0.0") == manifest
        assert reader.get_manifest(canonical.digest) == canonical


@everywhere
def test_an_index_is_a_manifest_too(case: Case) -> None:
    store = case.open()
    child = put_artifact(store)
    index = write({"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": [child.descriptor.to_json()]})
    store.put_manifest(index, "all")
    assert case.reader().get_manifest("all") == index
    assert case.reader().get_manifest(index.digest) == index


@everywhere
def test_an_unknown_manifest_is_not_found(case: Case) -> None:
    for _ in range(2):
        # First where nothing is at all, then beside something.
        for key in (NOWHERE, "1.0.1"):
            with pytest.raises(NotFound):
                case.reader().get_manifest(key)
        put_artifact(case.open(), "1.0.0")


@everywhere
def test_a_manifest_is_put_twice_and_its_tag_moves(case: Case) -> None:
    store = case.open()
    first, second = put_artifact(store, "1.0.0"), put_artifact(store)
    store.put_manifest(first, "1.0.0")
    store.put_manifest(first)
    assert case.reader().get_manifest("1.0.0") == first
    store.put_manifest(second, "1.0.0")
    assert case.reader().get_manifest("1.0.0") == second
    if not case.kind.startswith("zot"):
        # zot forgets a manifest with its last tag.
        assert case.reader().get_manifest(first.digest) == first
    assert case.reader().tags() == ("1.0.0",)


@everywhere
def test_a_manifest_is_refused_before_the_blobs_that_it_names(case: Case) -> None:
    if not case.checks_parts:
        pytest.skip("crane's registry takes any manifest")
    store, layer = case.open(), some_blob()
    store.put_blob(BytesContent.of(EMPTY_BLOB, EMPTY), SILENT)
    manifest = artifact_of(layer.descriptor)
    with pytest.raises(GovernError):
        store.put_manifest(manifest, "1.0.0")
    for key in (manifest.digest, "1.0.0"):
        with pytest.raises(NotFound):
            case.reader().get_manifest(key)
    store.put_blob(layer, SILENT)
    store.put_manifest(manifest, "1.0.0")


@everywhere
def test_an_index_is_refused_before_the_manifests_that_it_names(case: Case) -> None:
    child = artifact_of(some_blob().descriptor)
    index = write({"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": [child.descriptor.to_json()]})
    put_artifact(case.open())
    with pytest.raises(GovernError):
        case.open().put_manifest(index, "all")
    # distribution does not know a repository without a tag.
    with suppress(NotFound):
        assert case.reader().tags() == ()


@everywhere
def test_a_changed_manifest_is_never_handed_out(case: Case) -> None:
    manifest = put_artifact(case.open(), "1.0.0")
    if case.kind == "crane":
        pytest.skip("crane's registry keeps manifests in memory")
    case.tamper(manifest.digest)
    with pytest.raises((ContentMismatch, Undecided)):
        case.reader().get_manifest(manifest.digest)


# --- tags ----------------------------------------------------------------------------------------


@everywhere
def test_tags_are_complete(case: Case) -> None:
    store = case.open()
    # Whether a place that is not there has no tags, or is not found, is the store's to say.
    with suppress(NotFound):
        assert case.reader().tags() == ()
    manifest = put_artifact(store)
    wanted = {f"1.{number}" for number in range(7)} | {"v_1", "A" * 128}
    for tag in wanted:
        store.put_manifest(manifest, tag)
    for _ in range(4):
        assert case.reader().tags() == tuple(sorted(wanted))


@with_faults
def test_tags_come_whole_or_not_at_all(case: Case) -> None:
    assert case.fault is not None
    manifest = put_artifact(case.open())
    for tag in ("1", "2", "3"):
        case.open().put_manifest(manifest, tag)
    pages = 2 if case.fault.switches.page_size else 1
    case.fault.switches.status_burst.append(Burst(403, 1, path="last=" if pages > 1 else "tags/list"))
    with pytest.raises(Undecided):
        case.reader().tags()
    assert case.reader().tags() == ("1", "2", "3")


# --- the store itself ----------------------------------------------------------------------------


@everywhere
def test_a_store_says_where_it_is_and_closes_twice(case: Case) -> None:
    store = case.open()
    assert str(store.place).removeprefix("layout:") == case.reference[0]
    put_artifact(store)
    store.close()
    store.close()
