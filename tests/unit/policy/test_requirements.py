"""What is said where a requirement is not satisfied: the cause, and not whatever else was refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from govern.errors import Denied
from govern.ledger.state import fold
from govern.oci.digest import Digest
from govern.policy.decision import Reason
from govern.policy.keys_only import policy_of_keys
from govern.policy.requirements import satisfying
from govern.predicates.kinds import SLSA_V1
from govern.predicates.registration import TYPE as REGISTRATION
from govern.trust.admit import admit
from govern.trust.identity import Identity
from govern.trust.records import Record, Rejected
from support.records import (
    ARTIFACT,
    AT,
    NAME,
    D,
    as_bytes,
    bundle_json,
    claim,
    claim_of,
    key_of,
    provenance_of,
    record,
    registration_of,
    trust,
)

JUNK = Rejected(Digest.of(b"junk"), Denied("not a bundle"))
ANOTHER = Rejected(Digest.of(b"another"), Denied("about another version"), REGISTRATION, about_another=True)


def rejected(label: str = "stranger", hint: str | None = None) -> Rejected:
    statement = provenance_of()
    offered = claim(statement, label) if hint is None else claim_of(bundle_json(as_bytes(statement), label, hint=hint))
    result = admit(offered, ARTIFACT, trust())
    assert isinstance(result, Rejected)
    return result


def reason(kind: str, records: Sequence[Record] = (), refused: Sequence[Rejected] = ()) -> Reason:
    policy = policy_of_keys([("ci", key_of())], NAME)
    found, (only,) = satisfying(policy, fold(records, AT), D, NAME, kind, refused)
    assert not found
    return only


def test_only_a_refused_claim_of_the_kind_that_is_missing_is_cited():
    assert reason(SLSA_V1, refused=[JUNK, ANOTHER]).message.endswith("for this content was found")
    mine = rejected()
    assert reason(SLSA_V1, refused=[JUNK, ANOTHER, mine]).message.endswith(
        f"was found (1 claim was refused: {mine.reason.message})"
    )


def test_where_a_stranger_signed_the_remedy_is_to_trust_them():
    assert "--key, or the policy's people" in reason(SLSA_V1, refused=[JUNK, rejected()]).hint
    assert "govern attest" in reason(SLSA_V1, refused=[JUNK]).hint
    assert "govern push" in reason(REGISTRATION, refused=[rejected()]).hint


def test_a_changed_signature_is_no_matter_of_trusting_another_key():
    found = reason(SLSA_V1, refused=[rejected(hint=key_of().hint)])
    assert "it was changed or is a forgery" in found.message
    assert "--key" not in found.hint


def test_a_record_from_later_is_said_to_be_there():
    later = registration_of(issuedAt="2027-01-01T00:00:00Z")
    found = reason(REGISTRATION, [record(later)])
    assert "it is from 2027-01-01T00:00:00Z, later than the moment asked about" in found.message
    assert "later than" not in reason(REGISTRATION, [record(later, "stranger")]).message


def test_evidence_that_is_missing_is_not_explained_by_what_is_about_another_thing():
    registered = record(registration_of(evidence=[record(provenance_of())]))
    assert "was refused" not in reason(REGISTRATION, [registered], [ANOTHER]).message
    assert "(1 claim was refused: not a bundle)" in reason(REGISTRATION, [registered], [ANOTHER, JUNK]).message


def test_an_identity_that_may_not_sign_is_named_with_who_vouches_for_it():
    certified = replace(
        record(registration_of(), "stranger"), certified=Identity("https://issuer.example", "a@b.example")
    )
    said = reason(REGISTRATION, [certified]).message
    assert "found one by a@b.example (certified by https://issuer.example), who may not sign it" in said
