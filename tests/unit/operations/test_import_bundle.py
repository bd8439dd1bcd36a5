"""`attest --import`: attached as it is, once, and only what a reader could take."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from govern import api
from govern.errors import Denied, InvalidInput
from govern.intoto.statement import Statement, write_statement
from govern.limits import MAX_IMPORTED
from govern.names import NAMESPACE, Name
from govern.oci.digest import Digest
from govern.oci.media_types import CREATED
from govern.oci.reference import parse
from govern.operations.attest import Attested
from govern.operations.claims import find_claims
from govern.operations.context import Context
from govern.operations.import_bundle import import_bundles
from govern.predicates import annotation, registration
from govern.predicates.kinds import SLSA_V1
from govern.settings import Settings
from govern.signing.signer import sign_statement
from support.records import OTHER, TIME, bundle_json, noted, registered, signer
from support.tiny_sigstore import TinySigstore, signed_bundle
from support.trees import write_tree
from support.verify_vectors.keys import key

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
INSTANCE = TinySigstore()


@dataclass
class Place:
    """A model that was pushed into a layout."""

    context: Context
    reference: str
    digest: Digest

    def bring(self, data: bytes, name: str | None = None) -> Sequence[Attested]:
        return import_bundles(self.context, parse(self.reference), data, "the bundle x.json", name=name)

    def refused(self, data: bytes, kind: type[Exception] = Denied) -> str:
        before = self.attached()
        with pytest.raises(kind) as refusal:
            self.bring(data)
        # Half of a file would be neither done nor not done.
        assert self.attached() == before
        return str(refusal.value)

    def attached(self) -> set[str]:
        store = self.context.store(parse(self.reference).place)
        return {str(one.manifest) for one in find_claims(store, self.digest, self.context.objects, jobs=1).found}

    def created(self, manifest: str) -> str | None:
        store = self.context.store(parse(self.reference).place)
        annotations = json.loads(store.get_manifest(Digest(manifest)).data)["annotations"]
        return str(annotations[CREATED])

    def statement(self, kind: str = SLSA_V1, predicate: Any = None, *, digest: Digest | None = None) -> Statement:
        return write_statement([("fraud@1.0.0", digest or self.digest)], kind, predicate or {"x": "1"})


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Digest]:
    root = tmp_path_factory.mktemp("import")
    write_tree(root / "model", {"README.md": b"# It\n"})
    reference = f"layout:{root}/store/fraud:1.0.0"
    return reference, api.push(root / "model", reference, key=signer()).pinned.digest


@pytest.fixture
def place(pushed: tuple[str, Digest]) -> Iterator[Place]:
    with Context(Settings(), clock=lambda: NOW) as context:
        yield Place(context, *pushed)


# --- what is attached ----------------------------------------------------------------------------


def test_a_bundle_is_attached_byte_for_byte(place: Place):
    data = sign_statement(place.statement(predicate={"a": "1"}), signer("builder")).data
    (found,) = place.bring(data)
    assert (found.word, found.type, found.about) == ("provenance", SLSA_V1, "fraud@1.0.0")
    assert place.created(found.manifest) == "2026-11-22T12:00:00Z"
    store = place.context.store(parse(place.reference).place)
    manifest = json.loads(store.get_manifest(Digest(found.manifest)).data)
    assert manifest["layers"][0]["digest"] == Digest.of(data)
    assert place.bring(b"\n " + data + b"\n\n")[0].manifest == found.manifest


def test_a_bundle_spread_over_lines_is_one(place: Place):
    data = sign_statement(place.statement(predicate={"a": "2"}), signer("builder")).data
    assert len(place.bring(json.dumps(json.loads(data), indent=2).encode())) == 1


def test_several_lines_are_several_bundles(place: Place):
    lines = [sign_statement(place.statement(predicate={"n": str(n)}), signer("builder")).data for n in range(3)]
    for data in (b"\n".join(lines), b"\r\n\n".join(lines) + b"\n"):
        assert [one.statement for one in place.bring(data)] == [
            place.statement(predicate={"n": str(n)}).digest for n in range(3)
        ]


def test_a_certificates_bundle_is_attached_if_it_holds_by_itself(place: Place):
    leaf = INSTANCE.leaf()
    good = signed_bundle(leaf.key, [leaf.der], payload=place.statement(predicate={"c": "1"}).data)
    (found,) = place.bring(good.data)
    assert found.signer == "certificate"
    stolen = signed_bundle(key("thief"), [leaf.der], payload=place.statement(predicate={"c": "2"}).data)
    assert "does not belong to these bytes" in place.refused(stolen.data)
    junk = signed_bundle(leaf.key, [b"junk"], payload=place.statement(predicate={"c": "3"}).data)
    assert "X.509" in place.refused(junk.data)


def test_a_record_of_ours_is_the_same_however_often_it_is_imported(place: Place):
    data = sign_statement(place.statement(annotation.TYPE, noted()), signer("anna")).data
    (found,) = place.bring(data)
    assert place.created(found.manifest) == TIME
    with Context(Settings(), clock=lambda: NOW + timedelta(days=1)) as later:
        assert Place(later, place.reference, place.digest).bring(data)[0].manifest == found.manifest


def test_the_time_of_a_log_is_when_it_was_signed(place: Place):
    entry = {
        "logIndex": "1", "logId": {"keyId": "AAAA"}, "kindVersion": {"kind": "dsse", "version": "0.0.1"},
        "integratedTime": "1780000000", "canonicalizedBody": "AAAA",
    }  # fmt: skip
    for number, (seconds, created) in enumerate(
        [("1780000000", "2026-05-28T20:26:40Z"), ("0", "2026-11-22T12:00:00Z"), ("9999999999", "2026-11-22T12:00:00Z")]
    ):
        bundle = bundle_json(place.statement(predicate={"t": str(number)}).data, "builder")
        bundle["verificationMaterial"]["tlogEntries"] = [entry | {"integratedTime": seconds}]
        assert place.created(place.bring(json.dumps(bundle).encode())[0].manifest) == created


# --- what is not ---------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"\n\n", b"junk", b"junk\njunk", b"[]", b"{}", b'{"a": 1}\n', b"\xff\xfe"])
def test_what_is_no_bundle_is_the_users_own_fault(place: Place, data: bytes):
    message = place.refused(data, InvalidInput)
    assert "x.json is not a Sigstore bundle" in message
    assert "expected a bundle v0.3 over a DSSE envelope" in message


def test_one_line_that_is_none_spoils_all(place: Place):
    good = sign_statement(place.statement(predicate={"g": "1"}), signer("builder")).data
    assert place.refused(good + b'\n{"mediaType": "x"}', InvalidInput)


def test_the_bound_is_named(place: Place):
    assert "MAX_IMPORTED" in place.refused(b" " * (MAX_IMPORTED.value + 1), InvalidInput)


def test_one_record_about_something_else_spoils_all(place: Place):
    good = sign_statement(place.statement(predicate={"g": "2"}), signer("builder")).data
    other = sign_statement(place.statement(digest=OTHER), signer("builder")).data
    assert "about other content" in place.refused(good + b"\n" + other)
    named = write_statement([("other@1.0.0", place.digest)], annotation.TYPE, noted())
    assert "about another name" in place.refused(sign_statement(named, signer("anna")).data)
    version = write_statement([("fraud@2.0.0", place.digest)], annotation.TYPE, noted())
    assert "another version" in place.refused(sign_statement(version, signer("anna")).data)


def test_another_payload_and_another_number_of_signatures_are_refused(place: Place):
    payload = place.statement(predicate={"p": "1"}).data
    assert "the envelope holds something else" in place.refused(
        json.dumps(bundle_json(payload, payload_type="text/plain")).encode()
    )
    assert "several signatures" in place.refused(json.dumps(bundle_json(payload, "ci", "anna")).encode())
    assert place.refused(json.dumps(bundle_json(b"no statement")).encode())


def test_what_belongs_to_the_line_is_written_by_its_own_verb(place: Place):
    from govern.line import line_of

    subjects = [("fraud@1.0.0", place.digest), ("fraud", line_of(Name("fraud")).digest)]
    statement = write_statement(subjects, registration.TYPE, registered())
    message = place.refused(sign_statement(statement, signer("ci")).data)
    assert "a registration belongs to the line as well" in message
    assert "govern push" in message


@pytest.mark.parametrize("changes", [{"issuedAt": "today"}, {"issuedAt": None}, {"entries": {}}, {"entries": None}])
def test_a_record_of_ours_that_no_reader_would_take_is_not_attached(place: Place, changes: dict[str, Any]):
    statement = place.statement(annotation.TYPE, noted(**changes))
    assert "annotation" in place.refused(sign_statement(statement, signer("anna")).data)


def test_a_kind_of_a_newer_govern_is_not_attached(place: Place):
    statement = place.statement(f"{NAMESPACE}verdict/v9", {"issuedAt": TIME})
    assert "does not know" in place.refused(sign_statement(statement, signer("anna")).data)


def test_one_line_that_cannot_be_read_is_named_by_its_number(place: Place):
    good = sign_statement(place.statement(predicate={"g": "3"}), signer("builder")).data
    assert "x.json, line 3" in place.refused(good + b'\n\n{"mediaType": "x"}\n', InvalidInput)


def test_what_hangs_there_is_not_attached_again_a_second_later(place: Place):
    data = sign_statement(place.statement(predicate={"again": "1"}), signer("builder")).data
    (found,) = place.bring(data)
    before = place.attached()
    with Context(Settings(), clock=lambda: NOW + timedelta(seconds=1)) as later:
        assert Place(later, place.reference, place.digest).bring(data + b"\n" + data)[1].manifest == found.manifest
    assert place.attached() == before
