"""Heads: what a writer says that it saw."""

from __future__ import annotations

import itertools

from govern.ledger.heads import heads, links_of
from govern.limits import MAX_SAW
from support.records import annotation_of, provenance_of, record, registration_of

BUILD = record(provenance_of())
ONE = record(registration_of(evidence=[BUILD]))
NOTE = record(annotation_of(saw=[ONE.reference.to_json()]))
LOOSE = record(annotation_of(entries={"other": 1}))


def test_links_are_saw_and_evidence():
    assert list(links_of(BUILD)) == []
    assert list(links_of(ONE)) == [BUILD.identity]
    assert list(links_of(NOTE)) == [ONE.identity]


def test_what_is_reached_through_another_is_no_head():
    assert heads([]) == ()
    assert heads([BUILD]) == (BUILD.reference,)
    assert heads([BUILD, ONE]) == (ONE.reference,)
    assert heads([BUILD, ONE, NOTE]) == (NOTE.reference,)
    assert set(map(str, heads([BUILD, ONE, NOTE, LOOSE]))) == {str(NOTE.reference), str(LOOSE.reference)}


def test_heads_do_not_depend_on_the_order():
    assert len({heads(order) for order in itertools.permutations([BUILD, ONE, NOTE, LOOSE])}) == 1


def test_a_link_to_the_same_words_of_another_signer_reaches_nothing():
    other = record(provenance_of(), "other")
    assert BUILD.statement == other.statement
    assert set(map(str, heads([other, ONE]))) == {str(other.reference), str(ONE.reference)}


def test_of_too_many_the_newest_by_their_own_word_are_kept():
    notes = [
        record(annotation_of(issuedAt=f"2026-11-21T{number // 60:02}:{number % 60:02}:00Z"))
        for number in range(MAX_SAW.value + 6)
    ]
    found = heads(reversed(notes))
    assert len(found) == MAX_SAW.value
    assert found == tuple(one.reference for one in reversed(notes[6:]))
