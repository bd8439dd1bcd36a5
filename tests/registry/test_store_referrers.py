"""The `Store` protocol, sentence by sentence, over every kind of place: claims about a subject."""

from __future__ import annotations

import re

import pytest

from govern.errors import GovernError, Undecided
from govern.oci.digest import Digest
from govern.progress import SILENT
from support.discover import oras_discovers
from support.fault_registry import Burst
from support.stores import FAULTS, KINDS, Case, artifact_of, put_artifact, put_record, record_of, shown, some_blob

WITH_API = re.compile("layout|zot|fault, (API|small)")
NOWHERE = Digest.of(b"nothing that is anywhere")
everywhere = pytest.mark.parametrize("case", KINDS, indirect=True)
with_faults = pytest.mark.parametrize("case", list(FAULTS), indirect=True)


# --- referrers -----------------------------------------------------------------------------------


@everywhere
def test_what_is_attached_is_found_by_every_reader(case: Case) -> None:
    store = case.open()
    subject, other = put_artifact(store, "1.0.0"), put_artifact(store, "1.0.1")
    wanted = {put_record(store, subject.digest, len(subject.data)).digest for _ in range(5)}
    elsewhere = put_record(case.open(), other.digest, len(other.data)).digest
    for reader in (store, case.open(), case.reader()):
        assert shown(reader, subject.digest) == wanted
        assert shown(reader, other.digest) == {elsewhere}
    assert discovered(case, "1.0.0") == wanted


def discovered(case: Case, tag: str) -> set[str]:
    place, options = case.reference
    return oras_discovers(f"{place}:{tag}", *options)


@pytest.mark.parametrize("case", [kind for kind in KINDS if WITH_API.search(kind)], indirect=True)
def test_what_another_tool_put_is_found_where_the_registry_lists_it(case: Case) -> None:
    store, layer = case.open(), some_blob()
    subject = put_artifact(store)
    wanted = {put_record(store, subject.digest).digest}
    store.put_blob(layer, SILENT)
    for size in range(1, 6):
        # The same record about subjects of several sizes: other bytes, and so other manifests.
        record = record_of(layer.descriptor, subject.digest, size)
        store.put_manifest(record)
        wanted.add(record.digest)
    assert shown(case.reader(), subject.digest) == wanted


@everywhere
def test_attaching_twice_is_attaching_once(case: Case) -> None:
    store = case.open()
    subject = put_artifact(store, "1.0.0")
    record = put_record(store, subject.digest, len(subject.data))
    before = store.tags()
    for again in (store, case.open()):
        again.attach(record, subject.digest)
    for listing in case.reader().list_referrers(subject.digest):
        assert len(listing.digests) + len(listing.tags) == 1
    assert case.reader().tags() == before
    assert discovered(case, "1.0.0") == {record.digest}


@everywhere
def test_an_unknown_subject_has_an_empty_listing(case: Case) -> None:
    for _ in range(2):
        # First where nothing is at all, then beside something.
        assert shown(case.reader(), NOWHERE) == set()
        subject = put_artifact(case.open(), "1.0.0")
        put_record(case.open(), subject.digest, len(subject.data))


@everywhere
def test_a_record_may_come_before_its_subject(case: Case) -> None:
    store = case.open()
    layer = some_blob()
    subject = artifact_of(layer.descriptor)
    record = put_record(store, subject.digest, len(subject.data))
    assert shown(case.reader(), subject.digest) == {record.digest}
    store.put_blob(layer, SILENT)
    store.put_manifest(subject, "1.0.0")
    assert shown(case.reader(), subject.digest) == {record.digest}


@everywhere
def test_a_record_is_refused_before_the_blobs_that_it_names(case: Case) -> None:
    if not case.checks_parts:
        pytest.skip("crane's registry takes any manifest")
    store = case.open()
    subject = put_artifact(store)
    with pytest.raises(GovernError):
        store.attach(record_of(some_blob().descriptor, subject.digest), subject.digest)
    assert shown(case.reader(), subject.digest) == set()


@with_faults
@pytest.mark.parametrize("broken", ["referrers/", "manifests/sha256-[0-9a-f]{64}$", "tags/list"])
def test_a_listing_that_fails_is_never_an_empty_one(case: Case, broken: str) -> None:
    assert case.fault is not None
    subject = put_artifact(case.open())
    put_record(case.open(), subject.digest)
    case.fault.switches.status_burst.append(Burst(403, 1000, path=broken))
    with pytest.raises(Undecided):
        shown(case.reader(), subject.digest)
