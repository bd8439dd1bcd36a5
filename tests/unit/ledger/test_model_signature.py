"""Which OpenSSF model signature goes with an artifact."""

from __future__ import annotations

from dataclasses import replace

import pytest

from govern.ledger.model_signature import model_signature
from govern.ledger.state import fold
from govern.trust.records import Record
from support.oms import hashed, oms_of
from support.records import AT, D, provenance_of, record, registration_of


def oms(label: str = "ci", **files: str) -> Record:
    # How an OMS record is admitted is not the question here.
    return replace(record(provenance_of(), label), statement=oms_of(hashed(**files)))


MINE, OTHERS = oms(a="1"), oms("mallory", a="1")
BUILD = record(provenance_of())


@pytest.mark.parametrize(
    ("listed", "admitted", "chosen"),
    [
        ((BUILD, MINE), (OTHERS, MINE, BUILD), MINE),
        ((BUILD,), (MINE, BUILD), None),
        ((MINE,), (BUILD,), None),
        # The same statement, signed by somebody else.
        ((MINE,), (OTHERS,), None),
        ((BUILD,), (BUILD,), None),
    ],
)
def test_it_is_the_admitted_one_that_the_registration_lists(
    listed: tuple[Record, ...], admitted: tuple[Record, ...], chosen: Record | None
) -> None:
    state = fold([record(registration_of(evidence=listed)), *admitted], AT)
    assert model_signature(state.of_digest(D), state.records) == chosen


def test_without_a_registration_there_is_none() -> None:
    assert model_signature((), [MINE]) is None


def test_of_two_registrations_the_earlier_one_speaks_in_whatever_order_they_come() -> None:
    later = registration_of(evidence=[OTHERS], issuedAt="2026-11-21T10:00:00Z")
    records = [record(later, "mallory"), record(registration_of(evidence=[MINE])), MINE, OTHERS]
    state = fold(records, AT)
    registered = state.of_digest(D)
    assert len(registered) == 2
    assert model_signature(registered, state.records) == MINE
    assert model_signature(registered[::-1], reversed(state.records)) == MINE


def test_a_registration_that_lists_none_leaves_it_to_the_next() -> None:
    later = registration_of(evidence=[MINE], issuedAt="2026-11-21T10:00:00Z")
    state = fold([record(registration_of()), record(later), MINE], AT)
    assert model_signature(state.of_digest(D), state.records) == MINE
