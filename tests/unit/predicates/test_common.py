"""The fields that all our predicates share, and how strictly they are read."""

from __future__ import annotations

from typing import Any

import pytest

from govern.errors import Denied, InvalidInput
from govern.limits import MAX_SAW
from govern.oci.digest import Digest
from govern.predicates.annotation import Annotation
from govern.predicates.common import DigestSet, RecordReference, is_decimal, read_predicate
from govern.predicates.registration import Registration
from support.records import HEX, TIME, noted, registered

REFERENCE = {part: {"sha256": HEX} for part in ("statement", "signer", "manifest", "bundle")}


def read(value: dict[str, Any], model: Any = Registration) -> Any:
    return read_predicate(model, value, "thing", Denied)


def test_what_is_read_is_written_back():
    for model, value in (
        (Registration, registered(saw=[REFERENCE])),
        (Annotation, noted(reason="because", policy={"sha256": HEX})),
    ):
        assert read(value, model).to_json() == value


@pytest.mark.parametrize(
    "changes",
    [
        {"issuedAt": None},
        {"issuedAt": "2026-11-21"},
        {"issuedAt": TIME + "\n"},
        {"issuedAt": "٢٠٢٦-11-21T09:30:00Z"},
        {"issuedAt": 1},
        {"reason": ""},
        {"reason": "x" * 10_001},
        {"reason": 1},
        {"policy": HEX},
        {"policy": {}},
        {"policy": {"sha256": "sha256:" + HEX}},
        {"policy": {"sha256": HEX + "\n"}},
        {"policy": {"sha256": HEX, "sha512": HEX + HEX}},
        {"saw": REFERENCE},
        {"saw": [{}]},
        {"saw": [REFERENCE | {"manifest": None}]},
        {"saw": [REFERENCE | {"more": 1}]},
        {"saw": [HEX]},
        {"saw": [REFERENCE] * (MAX_SAW.value + 1)},
    ],
)
def test_a_malformed_common_field_is_refused(changes):
    with pytest.raises(Denied, match="the thing is not valid"):
        read(registered(**changes))
    with pytest.raises(Denied):
        read(noted(**changes), Annotation)


def test_as_many_as_the_format_allows_may_be_seen():
    assert len(read(registered(saw=[REFERENCE] * MAX_SAW.value)).saw) == MAX_SAW.value


def test_an_unknown_field_is_called_a_newer_governs():
    with pytest.raises(Denied, match="risk: unknown field, written by a newer govern"):
        read(registered(risk="high"))


def test_several_faults_are_listed_with_their_places_and_the_rest_counted():
    with pytest.raises(Denied, match="and 5 more") as refused:
        read({"files": {"count": -1}, "a": 1})
    assert "issuedAt: " in refused.value.message


@pytest.mark.parametrize("field", ["issued_at", "schema_"])
def test_only_the_formats_spelling_of_a_field_is_read(field):
    camel = {"issued_at": "issuedAt", "schema_": "schema"}[field]
    value = noted()
    value[field] = value.pop(camel)
    with pytest.raises(Denied):
        read(value, Annotation)


@pytest.mark.parametrize("files", [{"count": True}, {"size": 3.0}, {"count": "1"}])
def test_an_integer_is_an_integer(files):
    with pytest.raises(Denied):
        read(registered(files={"count": 1, "digest": {"sha256": HEX}, "size": 3} | files))


def test_a_refusal_is_short_however_long_the_field():
    with pytest.raises(Denied) as refused:
        read(registered(**{"x" * 1_000_000: 1}))
    assert len(refused.value.message) < 2000


def test_a_reference_names_statement_and_signer_and_two_places_to_look():
    assert RecordReference.model_validate(REFERENCE).to_json() == REFERENCE
    assert DigestSet.of(Digest.of(b"x")).id == Digest.of(b"x")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("0", True), ("-1", True), ("0.950", True), ("1e-7", True), ("12.50E+3", True), ("", False), (".5", False),
    ("1.", False), ("01", False),
     ("1,5", False), ("+1", False), ("NaN", False), ("٣", False), ("1\n", False), (" 1", False), ("1_0", False),
     ("0x1", False)],
)  # fmt: skip
def test_a_number_is_a_decimal_string(text, is_one):
    assert is_decimal(text) is is_one


def test_a_model_is_frozen():
    with pytest.raises(Exception, match="frozen"):
        read(registered()).kind = "dataset"


def test_the_user_own_bad_predicate_is_invalid_input():
    with pytest.raises(InvalidInput):
        read_predicate(Registration, {}, "registration", InvalidInput)
