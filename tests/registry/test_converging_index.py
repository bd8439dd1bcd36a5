"""The fallback index holds every record in the end, whoever else writes it, and whatever became of them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator

import pytest
import requests

from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest
from govern.oci.media_types import DOCKER_LIST, IMAGE_INDEX
from govern.progress import SILENT
from govern.store.registry import RegistryStore, referrers
from govern.store.registry.client import Client
from govern.store.registry.fallback import fallback_tag, record_tag
from govern.store.registry.manifests import put_manifest
from support.fault_registry import FaultRegistry, Switches
from support.registries import Running
from support.stores import open_repository, put_artifact, put_record, record_of, shown, some_blob

NAME = "acme/fraud"


@pytest.fixture
def registry(start_fault_registry: Callable[[Switches], FaultRegistry]) -> FaultRegistry:
    """A registry without the referrers API."""
    return start_fault_registry(Switches(referrers_api=False))


@pytest.fixture
def store(registry: FaultRegistry) -> Iterator[RegistryStore]:
    with contextlib.closing(open_repository(registry.host, NAME)) as opened:
        yield opened


def index_of(registry: FaultRegistry, subject: Digest) -> set[str]:
    """Return what other tools see."""
    with registry.content.lock:
        repository = registry.content.repository(NAME)
        _, body = repository.manifests[repository.resolve(fallback_tag(subject))]
    return {one["digest"] for one in json.loads(body)["manifests"]}


def put_unmerged(store: RegistryStore, subject: Digest) -> RawManifest:
    """Do what a writer does that is killed before it merges: a record under its own tag, and no more."""
    blob = some_blob()
    store.put_blob(blob, SILENT)
    record = record_of(blob.descriptor, subject)
    store.put_manifest(record, record_tag(subject, record.digest))
    return record


def test_a_writer_that_was_written_over_writes_again(
    registry: FaultRegistry, store: RegistryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = put_artifact(store).digest
    first = put_record(store, subject)
    tag, put, late = fallback_tag(subject), put_manifest, 3

    def overtaken(client: Client, name: str, manifest: RawManifest, key: str | None) -> object:
        nonlocal late
        answer = put(client, name, manifest, key)
        if key == tag and late:
            # Another writer had read the index before ours came, and writes only now.
            late -= 1
            with registry.content.lock:
                history = registry.content.repository(NAME).tags[tag]
                history.append(history[0])
        return answer

    monkeypatch.setattr(referrers, "put_manifest", overtaken)
    second = put_record(store, subject)
    assert late == 0
    assert index_of(registry, subject) == {first.digest, second.digest}


def test_who_died_before_it_merged_is_written_for(registry: FaultRegistry, store: RegistryStore) -> None:
    subject = put_artifact(store).digest
    # Several, so that one of them should have written before us.
    unmerged = {put_unmerged(store, subject).digest for _ in range(4)}
    mine = put_record(store, subject)
    assert index_of(registry, subject) == unmerged | {mine.digest}
    assert shown(store, subject) == unmerged | {mine.digest}


def test_a_record_tag_that_leads_nowhere_stops_nobody(registry: FaultRegistry, store: RegistryStore) -> None:
    subject = put_artifact(store).digest
    gone = put_unmerged(store, subject)
    with registry.content.lock:
        del registry.content.repository(NAME).manifests[gone.digest]
    mine = put_record(store, subject)
    assert index_of(registry, subject) == {mine.digest}


def test_what_other_tools_listed_stays_listed(registry: FaultRegistry, store: RegistryStore) -> None:
    subject = put_artifact(store).digest
    blob = some_blob()
    store.put_blob(blob, SILENT)
    foreign = record_of(blob.descriptor, subject)
    store.put_manifest(foreign)
    entry = foreign.descriptor.to_json() | {"artifactType": "application/vnd.example.sbom", "annotations": {"a": "b"}}
    index = json.dumps({"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": [entry]})
    store.put_manifest(RawManifest(IMAGE_INDEX, index.encode()), fallback_tag(subject))
    mine = put_record(store, subject)
    assert index_of(registry, subject) == {foreign.digest, mine.digest}
    kept = json.loads(store.get_manifest(fallback_tag(subject)).data)["manifests"]
    assert entry in kept


@pytest.mark.parametrize("kind", ["fault registry", "distribution"])
def test_an_entry_whose_manifest_was_collected_is_left_out(
    kind: str, registry: FaultRegistry, distribution: Running, repository: str
) -> None:
    host = registry.host if kind == "fault registry" else distribution.host
    with contextlib.closing(open_repository(host, repository)) as store:
        subject = put_artifact(store).digest
        gone, kept = put_record(store, subject), put_record(store, subject)
        # As a garbage collector does: the manifest, and its own tag with it.
        url = f"http://{host}/v2/{repository}/manifests/{gone.digest}"
        assert requests.delete(url).status_code == 202
        mine = put_record(store, subject)
        listed = json.loads(store.get_manifest(fallback_tag(subject)).data)["manifests"]
        assert {one["digest"] for one in listed} == {kept.digest, mine.digest}


@pytest.mark.parametrize("status", [400, 403, 409, 412])
def test_where_tags_may_not_move_record_tags_carry_the_records(
    status: int, registry: FaultRegistry, store: RegistryStore
) -> None:
    registry.switches.immutable_tags = status
    subject = put_artifact(store, "1.0.0").digest
    wanted = {put_record(store, subject).digest for _ in range(3)}
    assert shown(store, subject) == wanted


def test_a_tag_that_is_the_subject_itself_is_never_written(registry: FaultRegistry, store: RegistryStore) -> None:
    registry.switches.gitlab_alias = True
    subject = put_artifact(store, "1.0.0")
    wanted = {put_record(store, subject.digest).digest for _ in range(2)}
    assert shown(store, subject.digest) == wanted
    assert store.get_manifest("1.0.0") == subject
    assert not registry.requests("PUT|DELETE", f"/manifests/{fallback_tag(subject.digest)}$")


def test_a_docker_list_at_the_fallback_tag_is_no_index_of_records(
    registry: FaultRegistry, store: RegistryStore
) -> None:
    subject = put_artifact(store, "1.0.0").digest
    theirs = RawManifest(
        DOCKER_LIST, json.dumps({"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": []}).encode()
    )
    store.put_manifest(theirs, fallback_tag(subject))
    wanted = {put_record(store, subject).digest for _ in range(2)}
    assert shown(store, subject) == wanted
    assert store.get_manifest(fallback_tag(subject)) == theirs


@pytest.mark.parametrize("says", ["always", "never"])
@pytest.mark.parametrize("api", [True, False])
def test_the_header_that_names_the_subject_is_not_believed(
    says: str, api: bool, registry: FaultRegistry, store: RegistryStore
) -> None:
    registry.switches.referrers_api = api
    registry.switches.oci_subject = "always" if says == "always" else "never"
    subject = put_artifact(store).digest
    record = put_record(store, subject)
    assert shown(store, subject) == {record.digest}
    # Where the API tells everything no tag is written, which a registry would keep for ever.
    assert bool(registry.requests("PUT", "/manifests/sha256-")) is not api


@pytest.mark.parametrize("reads", [1, 3])
def test_reads_that_lag_behind_lose_nothing(reads: int, registry: FaultRegistry, store: RegistryStore) -> None:
    subject = put_artifact(store).digest
    wanted = {put_record(store, subject).digest for _ in range(2)}
    registry.switches.stale_tag_reads = reads
    wanted.add(put_record(store, subject).digest)
    assert index_of(registry, subject) == wanted
