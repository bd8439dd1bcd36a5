"""No two pairs of type and payload have one encoding: a signature means one thing (DSSE v1.0, protocol.md)."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from govern.intoto.dsse import pae

TYPES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.text("0 1é€😀DSSEv", max_size=12)
PAYLOADS = st.binary(max_size=20) | st.text("0 1é DSSEv", max_size=12).map(str.encode)


def decoded(data: bytes) -> tuple[str, bytes]:
    """Read an encoding back; a function from encodings to pairs exists only if no two pairs share one."""
    match = re.fullmatch(rb"DSSEv1 (0|[1-9][0-9]*) (.*)", data, re.DOTALL)
    assert match
    length, rest = int(match[1]), match[2]
    kind, rest = rest[:length], rest[length:]
    match = re.fullmatch(rb" (0|[1-9][0-9]*) (.*)", rest, re.DOTALL)
    assert match
    assert int(match[1]) == len(match[2])
    return kind.decode(), match[2]


@given(TYPES, PAYLOADS)
def test_an_encoding_can_be_read_back(kind, payload):
    assert decoded(pae(kind, payload)) == (kind, payload)


@given(TYPES, PAYLOADS, TYPES, PAYLOADS)
def test_two_pairs_never_share_an_encoding(kind, payload, other_kind, other_payload):
    assert (pae(kind, payload) == pae(other_kind, other_payload)) == ((kind, payload) == (other_kind, other_payload))


@given(TYPES, PAYLOADS, st.integers(0, 12))
def test_what_is_moved_from_the_payload_into_the_type_changes_the_encoding(kind, payload, count):
    moved = payload[:count]
    try:
        text = kind + moved.decode()
    except UnicodeDecodeError:
        return
    if moved:
        assert pae(text, payload[count:]) != pae(kind, payload)
