"""The DSSE envelope: what is signed, and the strict reading of who signed."""

from __future__ import annotations

from typing import Any

import pytest

from govern.errors import Denied
from govern.intoto.dsse import Envelope, Signature, pae, read_envelope

GOOD: dict[str, Any] = {"payload": "aGVsbG8=", "payloadType": "a/b", "signatures": [{"sig": "c2ln"}]}


def test_the_encoding_is_that_of_the_specification():
    # DSSE v1.0, protocol.md, "Test vectors".
    assert (
        pae("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_lengths_are_counted_in_bytes():
    assert pae("é/€", b"\xff\x00") == "DSSEv1 6 é/€ 2 ".encode() + b"\xff\x00"
    assert pae("", b"") == b"DSSEv1 0  0 "


def test_an_envelope_reads_as_it_is_written():
    for envelope in (
        Envelope(b"hello", "a/b", (Signature(b"sig"),)),
        Envelope(b"", "é", (Signature(b"1", "k"), Signature(b"2"))),
    ):
        assert read_envelope(envelope.to_json()) == envelope
    assert read_envelope(GOOD).signed == b"DSSEv1 3 a/b 5 hello"
    assert "keyid" not in read_envelope(GOOD).to_json()["signatures"][0]


@pytest.mark.parametrize(
    "changes",
    [
        {"payload": ...},
        {"payload": None},
        {"payload": "aGVsbG8"},
        {"payload": "aGVsbG9="},
        {"payload": "aGVs\nbG8="},
        {"payload": "_-=="},
        {"payloadType": ...},
        {"payloadType": ""},
        {"payloadType": None},
        {"payloadType": ["a/b"]},
        {"signatures": ...},
        {"signatures": []},
        {"signatures": None},
        {"signatures": {}},
        {"signatures": "c2ln"},
        {"signatures": [None]},
        {"signatures": ["c2ln"]},
        {"signatures": [{}]},
        {"signatures": [{"sig": ""}]},
        {"signatures": [{"sig": "c2ln"}, {"sig": ""}]},
        {"signatures": [{"sig": "c2l"}]},
        {"signatures": [{"sig": "c2ln", "keyid": 1}]},
        {"signatures": [{"sig": "c2ln", "extra": 1}]},
        {"unknown": 1},
        {"payload_type": "a/b"},
    ],
)
def test_an_envelope_that_is_not_one_is_refused(changes):
    with pytest.raises(Denied):
        read_envelope({key: value for key, value in (GOOD | changes).items() if value is not ...}, Denied)


@pytest.mark.parametrize("value", [None, [], "x", 1, True])
def test_what_is_no_object_is_no_envelope(value):
    with pytest.raises(Denied):
        read_envelope(value, Denied)
