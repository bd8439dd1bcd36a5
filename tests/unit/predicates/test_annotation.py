"""Annotation: a note that decides nothing and does not look as if it did."""

from __future__ import annotations

import pytest

from govern.errors import Denied
from govern.predicates.annotation import PLAIN_SCHEMA, RESERVED, TYPE, Annotation, is_reserved
from govern.predicates.common import read_predicate
from support.records import noted


def read(**changes):
    return read_predicate(Annotation, noted(**changes), "annotation", Denied)


def test_its_type_is_the_formats():
    assert TYPE == "https://w3id.org/govern/annotation/v0.1"


def test_anything_may_be_noted():
    entries = {"team": "risk", "auc": "0.950", "n": 1, "deep": {"a": [None, True]}, "nothing": None}
    assert read(entries=entries, note="see ticket").to_json()["entries"] == entries
    assert read(schema=None).schema_ == PLAIN_SCHEMA


@pytest.mark.parametrize("word", sorted(RESERVED))
@pytest.mark.parametrize("spelling", ["{}", "acme.{}", "acme/{}", "x-{}", "x_{}"])
def test_a_note_must_not_look_like_a_decision(word, spelling):
    for name in (spelling.format(word), spelling.format(word).upper()):
        assert is_reserved(name)
        with pytest.raises(Denied, match="reserved"):
            read(entries={"fine": 1, name: True})


@pytest.mark.parametrize("name", ["approver-notes", "stages", "approved.ticket", "team", "my stage name"])
def test_other_words_are_free(name):
    assert not is_reserved(name)
    read(entries={name: 1})


@pytest.mark.parametrize(
    "name", ["approved ", " approved", "approved:", "acme:approved", "approved.", "approved\u200b", "APPROVED!"]
)
def test_a_reserved_word_in_disguise_is_reserved(name):
    assert is_reserved(name)


@pytest.mark.parametrize(
    "changes",
    [
        {"entries": None},
        {"entries": {}},
        {"entries": []},
        {"entries": {"": 1}},
        {"entries": {"x" * 201: 1}},
        {"entries": {str(number): 1 for number in range(1001)}},
        {"schema": ""},
        {"schema": "no uri"},
        {"schema": "x:"},
        {"schema": "X:y"},
        {"schema": 1},
        {"note": ""},
        {"note": "x" * 10_001},
    ],
)
def test_another_shape_is_refused(changes):
    with pytest.raises(Denied):
        read(**changes)
