"""What a decision shows of the records: all of them, each with who said it and what that is worth."""

from __future__ import annotations

from dataclasses import replace

from govern.errors import Denied
from govern.ledger.state import fold
from govern.names import Name
from govern.oci.digest import Digest
from govern.policy.keys_only import policy_of_keys
from govern.policy.record_views import refused_claims, seen_records
from govern.trust.records import Record, Rejected
from support.records import (
    AT,
    NAME,
    OTHER,
    TIME,
    VERSION,
    D,
    annotation_of,
    key_of,
    provenance_of,
    record,
    registration_of,
)

MADE = policy_of_keys([("ci", key_of())], NAME)
POLICY = replace(MADE, owners={**MADE.owners, key_of("guest").signer: "anna"})
REGISTERED = record(registration_of())
BUILT = record(provenance_of())


def seen(*records: Record, name: Name = NAME, digest: Digest = D):
    return seen_records(POLICY, fold(records, AT), digest, name)


def test_a_record_is_shown_with_who_said_what_and_when() -> None:
    (view,) = seen(REGISTERED)
    assert (view.word, view.type) == ("registration", REGISTERED.statement.predicate_type)
    assert (view.statement, view.signer) == REGISTERED.identity
    assert (view.person, view.authorised, view.note) == ("ci", True, "")
    assert (view.manifest, view.issued_at) == (REGISTERED.claim.manifest, TIME)
    assert view.about == f"{NAME}@{VERSION}"
    assert [(one.step, one.made) for one in view.checks] == [(one.step, one.made) for one in REGISTERED.checks]
    assert view.checks


def test_a_record_without_a_time_of_its_own_shows_none() -> None:
    (view,) = seen(BUILT)
    assert view.issued_at is None


def test_what_the_line_lists_of_other_versions_is_not_shown() -> None:
    later = record(registration_of(OTHER, "1.5.0", issuedAt="2027-01-01T00:00:00Z"))
    assert seen(record(registration_of(OTHER, "1.3.0")), later) == ()
    assert len(seen(record(registration_of(OTHER, "1.3.0")), later, digest=OTHER)) == 2


def test_who_may_not_say_it_is_shown_as_such() -> None:
    views = seen(record(annotation_of(), "guest"), record(annotation_of(), "stranger"))
    assert {(one.person, one.authorised, one.note) for one in views} == {
        ("anna", False, "not authorised under --key"),
        (None, False, "not authorised under --key"),
    }
    (elsewhere,) = seen(REGISTERED, name=Name("acme/other"))
    assert not elsewhere.authorised


def test_a_record_of_after_the_moment_says_so_and_nothing_else() -> None:
    (view,) = seen(record(registration_of(issuedAt="2027-01-01T00:00:00Z"), "stranger"))
    assert view.note == "claims to be written later than the moment asked about"


def test_the_order_is_the_same_however_the_records_came() -> None:
    notes = [record(annotation_of(issuedAt=f"2026-11-{day}T00:00:00Z")) for day in (12, 11)]
    records = [REGISTERED, BUILT, *notes]
    views = seen(*records)
    assert views == seen(*reversed(records))
    assert [one.word for one in views] == ["annotation", "annotation", "provenance", "registration"]
    assert [one.issued_at for one in views[:2]] == ["2026-11-11T00:00:00Z", "2026-11-12T00:00:00Z"]


def test_a_refused_claim_keeps_its_reason_and_what_it_claimed() -> None:
    first, second = sorted((Digest.of(b"one"), Digest.of(b"two")))
    views = refused_claims(
        [
            Rejected(second, Denied("no trusted key made this signature")),
            Rejected(first, Denied("it is about another name"), "a:type", "a hint", about_another=True),
        ]
    )
    assert [(one.manifest, one.claimed_type, one.claimed_signer, one.about_another) for one in views] == [
        (first, "a:type", "a hint", True),
        (second, "", "", False),
    ]
    assert views[1].reason == "no trusted key made this signature"
