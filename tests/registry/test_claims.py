"""Every claim about a subject is looked at; where one cannot be, that is said, and never reads as "there is none"."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from govern.errors import Undecided
from govern.names import RECORD_TAG_DIGITS
from govern.oci.content import BytesContent
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.media_types import BUNDLE, EMPTY, EMPTY_BLOB, IMAGE_INDEX, IMAGE_MANIFEST
from govern.operations.claims import Claims, find_claims
from govern.predicates.kinds import Wrapping
from govern.progress import SILENT
from govern.store.object_cache import ObjectCache
from govern.store.registry import RegistryStore, retry
from govern.store.registry.fallback import fallback_tag, record_tag
from govern.trust.wrapping import wrap_record
from support.fault_registry import Burst, FaultRegistry, Switches
from support.fault_registry.content import Repository
from support.stores import open_repository, put_artifact, put_record

NAME = "acme/fraud"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "_FIRST_WAIT", 0.001)


@pytest.fixture(params=[True, False], ids=["with the API", "without the API"])
def registry(
    request: pytest.FixtureRequest, start_fault_registry: Callable[[Switches], FaultRegistry]
) -> FaultRegistry:
    return start_fault_registry(Switches(referrers_api=request.param))


@pytest.fixture
def store(registry: FaultRegistry) -> Iterator[RegistryStore]:
    with contextlib.closing(open_repository(registry.host, NAME)) as opened:
        yield opened


def claims_of(store: RegistryStore, subject: Digest) -> Claims:
    return find_claims(store, subject, ObjectCache(None), jobs=4)


def put_claim(store: RegistryStore, subject: Descriptor, data: bytes = b"{}") -> Digest:
    """Attach what looks like a record; whether it is one is not asked here."""
    wrapped = wrap_record(
        subject, data, predicate_type="x:y", created="2026-11-20T10:00:00Z", wrapping=Wrapping.READING
    )
    for content in (BytesContent.of(data, BUNDLE), BytesContent.of(EMPTY_BLOB, EMPTY)):
        store.put_blob(content, SILENT)
    store.attach(wrapped, subject.id)
    return wrapped.digest


@pytest.fixture
def subject(store: RegistryStore) -> Descriptor:
    return put_artifact(store, "1.0.0").descriptor


def test_a_record_that_only_its_tag_knows_is_found_beside_others(
    registry: FaultRegistry, store: RegistryStore, subject: Descriptor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A registry that was given the API later shows what came since, and not what was there."""
    hidden = put_claim(store, subject, b'{"a": "denial"}')
    shown = put_claim(store, subject, b'{"junk": 1}')
    repository = registry.content.repositories[NAME]
    repository.tags[record_tag(subject.id, hidden)] = [hidden]
    repository.tags.pop(fallback_tag(subject.id), None)
    registry.switches.referrers_api = True
    every = Repository.referrers

    def some(self: Repository, digest: str, kind: str | None) -> list[dict[str, Any]]:
        return [one for one in every(self, digest, kind) if one["digest"] != hidden]

    monkeypatch.setattr(Repository, "referrers", some)
    with contextlib.closing(open_repository(registry.host, NAME)) as fresh:
        assert {one.manifest for one in claims_of(fresh, subject.id).found} == {hidden, shown}


def test_a_digest_that_leads_nowhere_hides_no_tag_that_begins_alike(
    registry: FaultRegistry, store: RegistryStore, subject: Descriptor
) -> None:
    registry.switches.referrers_api = False
    record = put_claim(store, subject)
    dead = f"sha256:{record.encoded[:RECORD_TAG_DIGITS]}{'0' * 32}"
    index = {
        "schemaVersion": 2,
        "mediaType": IMAGE_INDEX,
        "manifests": [{"mediaType": IMAGE_MANIFEST, "digest": dead, "size": 3}],
    }
    repository = registry.content.repositories[NAME]
    data = json.dumps(index).encode()
    repository.manifests[str(Digest.of(data))] = (IMAGE_INDEX, data)
    repository.tags[fallback_tag(subject.id)] = [str(Digest.of(data))]
    with contextlib.closing(open_repository(registry.host, NAME)) as fresh:
        assert [one.manifest for one in claims_of(fresh, subject.id).found] == [record]


def test_a_record_tag_that_was_moved_makes_it_undecided(
    registry: FaultRegistry, store: RegistryStore, subject: Descriptor
) -> None:
    registry.switches.referrers_api = False
    record = put_claim(store, subject)
    junk = put_record(store, put_artifact(store).digest)
    repository = registry.content.repositories[NAME]
    repository.tags[record_tag(subject.id, record)] = [str(junk.digest)]
    repository.tags.pop(fallback_tag(subject.id))
    with contextlib.closing(open_repository(registry.host, NAME)) as fresh:
        claims = claims_of(fresh, subject.id)
    assert [type(one).__mro__[1] for one in claims.failures] == [Undecided]
    assert "another record" in claims.failures[0].message


@pytest.mark.parametrize("what", ["manifests", "blobs"])
@pytest.mark.parametrize("status", [400, 403, 410, 418, 503])
def test_a_listed_record_that_the_registry_does_not_give_makes_it_undecided(
    registry: FaultRegistry, store: RegistryStore, subject: Descriptor, status: int, what: str
) -> None:
    record = put_claim(store, subject)
    wanted = record if what == "manifests" else Digest.of(b"{}")
    registry.switches.status_burst.append(Burst(status, 100, path=f"/{what}/{wanted}"))
    with contextlib.closing(open_repository(registry.host, NAME)) as fresh:
        claims = claims_of(fresh, subject.id)
    assert claims.failures


def test_a_content_type_that_lies_hides_nothing(
    registry: FaultRegistry, store: RegistryStore, subject: Descriptor
) -> None:
    record = put_claim(store, subject)
    media, data = registry.content.repositories[NAME].manifests[record]
    assert media == IMAGE_MANIFEST
    lie = "application/vnd.docker.distribution.manifest.v2+json"
    registry.content.repositories[NAME].manifests[record] = (lie, data)
    with contextlib.closing(open_repository(registry.host, NAME)) as fresh:
        assert [one.manifest for one in claims_of(fresh, subject.id).found] == [record]
