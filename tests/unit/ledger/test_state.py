"""The fold: what a set of records says at a time."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from govern.ledger.state import CLOCK_SKEW, fold
from govern.oci.digest import Digest
from govern.predicates.annotation import TYPE as ANNOTATION
from govern.predicates.kinds import SLSA_V1
from govern.predicates.registration import TYPE as REGISTRATION
from govern.times import write_time
from support.records import AT, LINE, OTHER, D, annotation_of, provenance_of, record, registration_of

ONE = record(registration_of())
ELSEWHERE = record(registration_of(OTHER, "1.3.0"), on=LINE)
NOTE = record(annotation_of(), "auditor")
BUILD = record(provenance_of())


def test_nothing_says_nothing():
    state = fold([], AT)
    assert (state.records, state.later, state.registered, state.annotations) == ((), (), (), ())


def test_registrations_are_found_by_version_and_by_content():
    state = fold([ONE, ELSEWHERE, NOTE, BUILD], AT)
    assert [(one.version, one.digest) for one in state.of_version("1.4.0")] == [("1.4.0", D)]
    assert [(one.version, one.digest) for one in state.of_digest(OTHER)] == [("1.3.0", OTHER)]
    assert state.of_version("9") == ()
    assert state.annotations == (NOTE,)


def test_records_are_found_by_type_and_content():
    state = fold([ONE, ELSEWHERE, NOTE, BUILD], AT)
    assert state.of_type(REGISTRATION, D) == (ONE,)
    assert state.of_type(REGISTRATION, OTHER) == (ELSEWHERE,)
    assert state.of_type(ANNOTATION, D) == (NOTE,)
    assert state.of_type(SLSA_V1, D) == (BUILD,)
    assert state.of_type(SLSA_V1, OTHER) == ()


def test_a_registration_is_about_its_artifact_and_not_about_the_line_as_an_artifact():
    assert fold([ONE, ELSEWHERE], AT).of_type(REGISTRATION, LINE) == ()


def test_a_record_found_in_several_places_is_one_record():
    copies = [record(registration_of(), on=place) for place in (D, LINE, OTHER)]
    assert len({copy.claim.manifest for copy in copies}) == 3
    for order in itertools.permutations(copies):
        assert [one.claim.manifest for one in fold(order, AT).records] == [min(copy.claim.manifest for copy in copies)]


def test_the_same_words_of_two_signers_are_two_records():
    state = fold([record(registration_of(), "ci"), record(registration_of(), "other")], AT)
    assert len(state.records) == len(state.registered) == 2


def test_order_and_repetition_do_not_matter():
    records = [ONE, ELSEWHERE, NOTE, BUILD]
    for order in itertools.permutations(records):
        assert fold(order, AT) == fold(records + records[::2], AT)


@pytest.mark.parametrize(
    ("ahead", "counts"), [(0, True), (300, True), (301, False), (86_400, False), (-86_400 * 9, True)]
)
def test_a_record_from_the_future_is_set_aside(ahead, counts):
    one = record(registration_of(issuedAt=write_time(AT + timedelta(seconds=ahead))))
    state = fold([one], AT)
    assert (one in state.records, one in state.later) == (counts, not counts)
    assert len(state.registered) == int(counts)
    assert timedelta(seconds=300) == CLOCK_SKEW


def test_a_registration_from_the_future_registers_nothing_and_its_version_is_not_free():
    ahead = record(registration_of(OTHER, "9", issuedAt=write_time(AT + timedelta(days=1))), on=LINE)
    state = fold([ONE, ahead], AT)
    assert [one.digest for one in state.of_version("9")] == [OTHER]
    assert state.of_digest(OTHER) == ()
    assert [one.record for one in state.announced] == [ahead]
    # Asked about a moment of the past, it is simply later, and was never announced.
    assert fold([ONE, ahead], AT, AT + timedelta(days=2)).announced == ()


def test_a_record_without_a_claimed_time_counts_at_any_time():
    assert fold([BUILD], datetime(1970, 1, 1, tzinfo=UTC)).records == (BUILD,)


@pytest.mark.parametrize("at", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 54, 59, tzinfo=UTC)])
def test_the_past_and_the_far_future_can_be_asked_about(at):
    fold([ONE, NOTE, BUILD], at)


def test_the_last_second_can_be_asked_about():
    fold([ONE], datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))


def test_a_record_about_neither_is_no_registration_of_this_content():
    assert fold([ELSEWHERE], AT).of_digest(Digest.of(b"x")) == ()
