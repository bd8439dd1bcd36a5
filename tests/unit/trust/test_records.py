"""What a record says of itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from govern.oci.digest import Digest
from govern.times import write_time
from govern.trust.records import Check, Record, unite
from govern.trust.trusted_time import TrustedTime
from support.records import TIME, annotation_of, claim_of, key_of, provenance_of, record, registration_of


@pytest.mark.parametrize(
    ("statement", "word", "issued"),
    [
        (registration_of(), "registration", TIME),
        (annotation_of(), "annotation", TIME),
        (provenance_of(), "provenance", None),
    ],
)
def test_a_record_has_a_word_a_signer_and_a_claimed_time(statement, word, issued):
    one = record(statement)
    assert (one.word, one.signer) == (word, key_of().signer)
    assert (write_time(one.issued_at) if one.issued_at else None) == issued
    assert (one.content is None) == (issued is None)
    assert one.predicate == one.statement.predicate


# --- one record in several wrappings -------------------------------------------------------------

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ONE = record(annotation_of())


def wrapped(number: int, *hours: int, logged: bool = False) -> Record:
    """Return the same record, found in another manifest, with other proofs; its checks say which it is."""
    return replace(
        ONE,
        claim=claim_of(ONE.claim.bundle, Digest.of(str(number).encode())),
        times=tuple(TrustedTime(AT + hour * HOUR, "timestamp", "clock") for hour in hours),
        logged=logged,
        checks=(Check("wrapping", True, str(number)),),
    )


def test_several_wrappings_are_one_record_with_all_that_any_of_them_proves():
    (one,) = unite([wrapped(1), wrapped(2, 5, 3), wrapped(3, 3, 1), wrapped(4, logged=True)])
    assert [time.at for time in one.times] == [AT + hour * HOUR for hour in (1, 3, 5)]
    assert one.logged
    assert one.claim.manifest == min(wrapped(number).claim.manifest for number in range(1, 5))
    assert one.checks[0].detail == "4"


def test_a_copy_without_its_proofs_takes_nothing_away():
    rich, poor = wrapped(1, 2, logged=True), wrapped(2)
    for order in ((rich, poor), (poor, rich), (poor, rich, poor)):
        (one,) = unite(order)
        assert (one.times, one.logged, one.checks) == (rich.times, True, rich.checks)


def test_the_same_wrappings_are_one_record_in_every_order():
    # Of three, two by two, the order would choose whose checks are shown.
    found = [wrapped(1, logged=True), wrapped(2, 1), wrapped(3, 2, logged=True), wrapped(4)]
    first = unite(found)
    assert all(unite(order) == first for order in permutations(found))
    assert unite(found + found) == first
    assert unite(first) == first


def test_records_by_two_signers_stay_two():
    assert len(unite([record(annotation_of()), record(annotation_of(), "anna"), record(annotation_of())])) == 2
    assert unite([]) == []
