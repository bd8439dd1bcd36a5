"""What a record says of itself."""

from __future__ import annotations

import pytest

from govern.times import write_time
from support.records import TIME, annotation_of, key_of, provenance_of, record, registration_of


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
