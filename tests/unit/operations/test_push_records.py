"""What a push signs: evidence first, a registration of exactly this content last, and never a second set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from govern.artifact.inspect import Rules
from govern.artifact.pack import Packed
from govern.capture.provenance import Input
from govern.errors import InvalidInput, Undecided
from govern.limits import Bound
from govern.line import line_of
from govern.names import Name
from govern.oci.digest import Digest
from govern.oci.reference import parse
from govern.operations.ahead import SentAhead
from govern.operations.attach import Signed, attach_record, put_line
from govern.operations.context import Context
from govern.operations.journal import Journal
from govern.operations.push_plan import Plan, PushOptions, pack_planned, plan_push
from govern.operations.push_records import push_records
from govern.operations.taken import read_taken
from govern.operations.upload import upload
from govern.policy.keys_only import policy_of_keys
from govern.predicates import registration
from govern.predicates.kinds import OMS_V1, SLSA_V1
from govern.settings import Settings
from govern.signing.key_file import KeySigner
from govern.signing.key_record_signer import KeyRecordSigner
from govern.signing.timestamp_client import TimestampClient
from support.records import HEX, key_of, signer
from support.trees import write_tree

DIGEST = Digest.from_hex(HEX)
AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@dataclass
class Desk:
    """One model that is about to be pushed into a layout, as often as a test wants."""

    context: Context
    model: Path
    place: str
    journal: Journal
    options: PushOptions = field(default_factory=PushOptions)

    def packed(self) -> tuple[Plan, Packed]:
        plan = plan_push(self.context, self.model, parse(f"layout:{self.place}:1.0.0"), self.options)
        return plan, pack_planned(self.context, self.model, plan, self.options)

    def sign(
        self, by: KeySigner | KeyRecordSigner | None = None, at: datetime = AT, inputs: tuple[Input, ...] = ()
    ) -> tuple[Signed, ...]:
        own = by if isinstance(by, KeyRecordSigner) else KeyRecordSigner(by or signer())
        plan, packed = self.packed()
        store = self.context.store(plan.reference.place)
        before = read_taken(self.context, store, plan.name, plan.version, own, None)
        return push_records(self.context, self.model, plan, packed, before, self.journal, own, inputs, at, self.options)

    def attach(self, *records: Signed) -> None:
        plan, packed = self.packed()
        store, line = self.context.store(plan.reference.place), line_of(plan.name)
        upload(self.context, SentAhead(store, 1), packed)
        store.put_manifest(packed.manifest)
        put_line(store, line)
        for one in records:
            attach_record(store, one, packed.manifest.descriptor)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    model = write_tree(tmp_path / "model", {"README.md": b"# It\n", "config.json": b"{}\n"})
    with Context(Settings()) as context:
        yield Desk(context, model, f"{tmp_path}/store/fraud", Journal(None))


@pytest.fixture
def journaled(desk: Desk, tmp_path: Path) -> Desk:
    return replace(desk, journal=Journal(tmp_path / "journal.json"))


def written(one: Signed) -> dict[str, Any]:
    return dict(one.statement.predicate)


def bundles(records: tuple[Signed, ...]) -> list[bytes]:
    return [one.bundle.data for one in records]


# --- what is signed ------------------------------------------------------------------------------


def test_a_registration_lists_the_evidence_that_goes_with_it(desk: Desk) -> None:
    provenance, signature, registered = desk.sign()
    plan, packed = desk.packed()
    types = [one.statement.predicate_type for one in (provenance, signature, registered)]
    assert types == [SLSA_V1, OMS_V1, registration.TYPE]
    listed = [one.reference(packed.manifest.descriptor).to_json() for one in (provenance, signature)]
    assert written(registered)["evidence"] == listed
    about = [(one.name, f"sha256:{one.sha256}") for one in registered.statement.subjects]
    assert about == [("fraud@1.0.0", packed.digest), ("fraud", line_of(plan.name).digest)]
    assert [one.name for one in provenance.statement.subjects] == ["fraud@1.0.0"]


def test_a_registration_says_what_was_packed_and_nothing_that_was_not_said(desk: Desk) -> None:
    registered = written(desk.sign()[-1])
    _, packed = desk.packed()
    count, digest, size = packed.files.summary()
    assert registered["files"] == {"count": count, "digest": {"sha256": digest.encoded}, "size": size}
    assert (count, size) == (2, 8)
    assert registered["issuedAt"] == "2026-11-21T09:30:00Z"
    assert registered.keys().isdisjoint({"reason", "policy", "metadata", "waived"})


def test_reason_policy_metadata_and_waivers_are_signed(desk: Desk) -> None:
    (desk.model / "govern.yaml").write_text("owners: [fraud-team]\n")
    (desk.model / "w.pkl").write_bytes(b"\x80\x04cos\nsystem\n.")
    (desk.model / ".env").write_text("A=b\n")
    policy = replace(policy_of_keys([("ci", key_of())], Name("fraud")), digest=DIGEST)
    desk.options = PushOptions(
        reason="the old one drifts", policy=policy, rules=Rules(allow_pickle=True, allow_secrets=(".env",))
    )
    registered = written(desk.sign()[-1])
    assert registered["reason"] == "the old one drifts"
    assert registered["policy"] == {"sha256": DIGEST.encoded}
    assert registered["metadata"] == {"owners": ["fraud-team"]}
    assert registered["waived"] == [
        {"rule": "pickle", "paths": ["w.pkl"]},
        {"rule": "secret", "paths": [".env"]},
    ]


def test_inputs_stand_in_the_provenance(desk: Desk) -> None:
    one = Input("acme/data@1", f"oci://r.example.com/acme/data@{DIGEST}", DIGEST, "train", "lock")
    provenance, *_ = desk.sign(inputs=(one,))
    listed = written(provenance)["buildDefinition"]["resolvedDependencies"]
    assert [item["uri"] for item in listed if item.get("name") == "acme/data@1"] == [one.uri]


# --- a second set is never made ------------------------------------------------------------------


def test_a_push_that_was_killed_sends_the_same_bytes(journaled: Desk) -> None:
    first = journaled.sign()
    assert bundles(journaled.sign(at=AT.replace(year=2027))) == bundles(first)


def test_what_was_signed_is_written_down_before_anybody_could_send_it(journaled: Desk) -> None:
    signed = journaled.sign()
    assert bundles(journaled.journal.read(KeyRecordSigner(signer()))) == bundles(signed)


def test_a_journal_of_another_key_is_not_used(journaled: Desk) -> None:
    journaled.sign()
    assert {one.signer for one in journaled.sign(signer("other"))} == {key_of("other").signer}


def test_a_journal_of_other_content_is_not_used(journaled: Desk) -> None:
    first = journaled.sign()
    (journaled.model / "README.md").write_bytes(b"# Other\n")
    second = journaled.sign()
    _, packed = journaled.packed()
    assert {one.identity for one in first}.isdisjoint(one.identity for one in second)
    assert f"sha256:{second[-1].statement.subjects[0].sha256}" == packed.digest


def test_a_journal_that_lost_its_evidence_is_not_used(journaled: Desk) -> None:
    *_, registered = journaled.sign()
    journaled.journal.write([registered])
    again = journaled.sign(at=AT.replace(year=2027))
    assert len(again) == 3
    assert again[-1].identity != registered.identity


def test_without_a_journal_what_is_attached_is_used_again(desk: Desk) -> None:
    first = desk.sign()
    desk.attach(*first)
    assert bundles(desk.sign(at=AT.replace(year=2027))) == bundles(first)


def test_evidence_that_is_attached_is_registered_and_not_signed_again(desk: Desk) -> None:
    provenance, signature, _ = desk.sign()
    desk.attach(provenance, signature)
    again, same, registered = desk.sign(at=AT.replace(year=2027))
    assert same.bundle.data == signature.bundle.data
    assert again.bundle.data == provenance.bundle.data
    assert written(registered)["issuedAt"].startswith("2027")
    assert written(registered)["evidence"][0]["statement"] == {"sha256": provenance.statement.digest.encoded}


def test_a_model_signature_of_other_files_is_no_evidence(desk: Desk) -> None:
    _, other, _ = desk.sign()
    (desk.model / "README.md").write_bytes(b"# Other\n")
    desk.attach(other)
    _, signature, registered = desk.sign()
    assert signature.identity != other.identity
    assert written(registered)["evidence"][1]["statement"] == {"sha256": signature.statement.digest.encoded}


def test_a_dataset_has_no_model_signature(desk: Desk) -> None:
    desk.options = PushOptions(kind="dataset")
    assert [one.statement.predicate_type for one in desk.sign()] == [SLSA_V1, registration.TYPE]


def test_who_begins_to_be_timestamped_does_not_send_the_old_records(desk: Desk, journaled: Desk) -> None:
    for one in (desk, journaled):
        one.attach(*one.sign())
        timed = KeyRecordSigner(signer(), TimestampClient(("http://127.0.0.1:9/",), Settings()))
        with pytest.raises(Undecided, match="timestamp authority"):
            one.sign(timed)


def test_what_somebody_else_attached_is_no_evidence_of_ours(desk: Desk) -> None:
    desk.attach(*desk.sign(signer("other")))
    assert {one.signer for one in desk.sign()} == {key_of().signer}


def test_of_several_provenances_one_is_registered(desk: Desk) -> None:
    first, *_ = desk.sign()
    second, *_ = desk.sign(at=AT.replace(year=2025))
    assert first.identity != second.identity
    desk.attach(first, second)
    again, _, registered = desk.sign(at=AT.replace(year=2027))
    assert len(written(registered)["evidence"]) == 2
    assert again.identity == min(first.identity, second.identity)


def test_what_would_not_fit_on_the_line_is_refused_and_not_written_down(
    journaled: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("govern.operations.push_records.MAX_LINE_BUNDLE", Bound("MAX_LINE_BUNDLE", 1_000))
    with pytest.raises(InvalidInput, match="MAX_LINE_BUNDLE"):
        journaled.sign()
    assert journaled.journal.read(KeyRecordSigner(signer())) == ()
