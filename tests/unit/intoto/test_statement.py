"""In-toto statements: the exact bytes, and a checked reading beside them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from govern.errors import Denied, InvalidInput
from govern.intoto.statement import STATEMENT_V01, STATEMENT_V1, Subject, read_statement, write_statement
from govern.limits import MAX_STATEMENT
from govern.oci.digest import Digest

HEX = "a" * 64
GOOD: dict[str, Any] = {
    "_type": STATEMENT_V1,
    "subject": [{"name": "acme/fraud@1", "digest": {"sha256": HEX}}],
    "predicateType": "https://example.com/x",
    "predicate": {"a": 1},
}


def encoded(**changes: Any) -> bytes:
    return json.dumps({key: value for key, value in (GOOD | changes).items() if value is not ...}).encode()


def test_the_exact_bytes_are_kept():
    data = b"  " + encoded() + b"\n"
    statement = read_statement(data)
    assert statement.data is data
    assert statement.digest == Digest.of(data)
    assert statement.subjects == (Subject("acme/fraud@1", HEX),)
    assert dict(statement.predicate) == {"a": 1}


def test_what_was_read_cannot_be_changed():
    with pytest.raises(TypeError):
        read_statement(encoded()).predicate["a"] = 2  # type: ignore[index]


def test_a_statement_of_ours_has_canonical_bytes():
    statement = write_statement([("acme/fraud@1", Digest.from_hex(HEX))], "x:y", {"b": "1.5", "a": 1})
    assert (
        statement.data
        == (
            f'{{"_type":"{STATEMENT_V1}","predicate":{{"a":1,"b":"1.5"}},"predicateType":"x:y",'
            f'"subject":[{{"digest":{{"sha256":"{HEX}"}},"name":"acme/fraud@1"}}]}}'
        ).encode()
    )
    assert read_statement(statement.data) == statement


@pytest.mark.parametrize(
    ("subjects", "kind", "predicate"),
    [
        ([], "x:y", {}),
        ([("a", Digest("sha512:" + HEX + HEX))], "x:y", {}),
        ([("a", Digest.from_hex(HEX))], "", {}),
        ([("a", Digest.from_hex(HEX))], "x:y", {"auc": 0.9}),
        ([("a", Digest.from_hex(HEX))], "x:y", {"n": 2**53}),
        ([("\ud800", Digest.from_hex(HEX))], "x:y", {}),
    ],
)
def test_what_could_not_be_read_is_not_written(subjects, kind, predicate):
    with pytest.raises(InvalidInput):
        write_statement(subjects, kind, predicate)


def test_cosigns_statements_are_read():
    read = read_statement(encoded(_type=STATEMENT_V01, subject=[{"digest": {"sha256": HEX}}], predicate=...))
    assert read.subjects == (Subject("", HEX, exact=False),)
    assert dict(read.predicate) == {}


def test_another_digest_than_sha256_is_no_digest_to_compare():
    read = read_statement(
        encoded(subject=[{"name": "a", "digest": {"gitCommit": "abc"}}, {"digest": {"sha256": HEX, "sha512": "x"}}])
    )
    assert read.subjects == (Subject("a", None, exact=False), Subject("", HEX, exact=False))


@pytest.mark.parametrize(
    "changes",
    [
        {"_type": ...},
        {"_type": "https://in-toto.io/Statement/v2"},
        {"_type": [STATEMENT_V1]},
        {"_type": {}},
        {"subject": ...},
        {"subject": []},
        {"subject": {}},
        {"subject": None},
        {"subject": [None]},
        {"subject": [[]]},
        {"subject": [{}]},
        {"subject": [{"digest": {}}]},
        {"subject": [{"digest": None}]},
        {"subject": [{"digest": "sha256:" + HEX}]},
        {"subject": [{"digest": {"sha256": HEX.upper()}}]},
        {"subject": [{"digest": {"sha256": HEX[:-1]}}]},
        {"subject": [{"digest": {"sha256": HEX + "\n"}}]},
        {"subject": [{"digest": {"sha256": "sha256:" + HEX}}]},
        {"subject": [{"digest": {"sha256": 1}}]},
        {"subject": [{"digest": {"sha256": [HEX]}}]},
        {"subject": [{"name": 1, "digest": {"sha256": HEX}}]},
        {"subject": [{"name": None, "digest": {"sha256": HEX}}]},
        {"subject": [GOOD["subject"][0], {"name": "x"}]},
        {"predicateType": ...},
        {"predicateType": ""},
        {"predicateType": 1},
        {"predicate": []},
        {"predicate": "x"},
        {"predicate": 0},
        {"predicate": False},
        {"predicate": {"a": {"b": "\ud800"}}},
        {"unknown": 1},
        {"predicate_type": "x"},
    ],
)
def test_a_statement_that_is_not_one_is_refused(changes):
    with pytest.raises(Denied):
        read_statement(encoded(**changes), Denied)


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"null", b"1", encoded()[:-1], encoded().replace(b'"a": 1', b'"a":1,"a":2'), b"\xff", b"{" * 10_000],
)
def test_bytes_that_are_no_statement_are_refused(data):
    with pytest.raises(Denied):
        read_statement(data, Denied)


def test_the_bound_is_named():
    with pytest.raises(InvalidInput, match="MAX_STATEMENT"):
        read_statement(b" " * (MAX_STATEMENT.value + 1))
