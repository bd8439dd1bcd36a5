"""Trusted roots and log entries with anything in any place: read or refused, and nothing else."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from govern.errors import Denied, InvalidInput
from govern.intoto.bundle import CertificateChain, LogEntry, read_bundle
from govern.trust.log_body import check_body
from govern.trust.trusted_root import read_trusted_root
from support.tiny_log import b64

VECTORS: Final = Path(__file__).resolve().parents[1] / "vectors" / "transparency"
ROOT: Final[dict[str, Any]] = json.loads((VECTORS / "trusted_root.json").read_text())
BUNDLE: Final = read_bundle((VECTORS / "cosign-keyless.bundle.json").read_bytes())

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (container, key) of every value inside."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(pairs):
        yield value, key
        yield from places(inner)


@given(st.data())
def test_any_value_in_any_place_of_a_root_is_read_or_refused(data):
    root = copy.deepcopy(ROOT)
    container, key = data.draw(st.sampled_from(list(places(root))))
    container[key] = data.draw(json_values)
    with suppress(InvalidInput):
        read_trusted_root(json.dumps(root).encode(), "root.json")


@given(st.data())
def test_any_changed_byte_of_a_key_or_certificate_is_read_or_refused(data):
    root = copy.deepcopy(ROOT)
    container, key = data.draw(st.sampled_from([one for one in places(root) if one[1] == "rawBytes"]))
    raw = bytearray(base64.b64decode(container[key]))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    container[key] = b64(bytes(raw[: data.draw(st.integers(0, len(raw)) | st.just(len(raw)))]))
    with suppress(InvalidInput):
        read_trusted_root(json.dumps(root).encode(), "root.json")


@given(st.data())
def test_any_value_in_any_place_of_a_body_is_refused(data):
    body = json.loads(BUNDLE.log_entries[0].body)
    genuine = copy.deepcopy(body)
    container, key = data.draw(st.sampled_from(list(places(body))))
    container[key] = data.draw(json_values)
    assert isinstance(BUNDLE.material, CertificateChain)
    entry = LogEntry(0, b"", "hashedrekord", "0.0.2", 0, None, None, json.dumps(body).encode())
    try:
        check_body(entry, BUNDLE.envelope, BUNDLE.material.certificates[0], Denied)
    except Denied:
        return
    assert body == genuine


@given(st.data())
def test_any_changed_byte_of_the_signers_certificate_is_refused(data):
    assert isinstance(BUNDLE.material, CertificateChain)
    genuine = BUNDLE.material.certificates[0]
    raw = bytearray(genuine)
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    # As if the log had it too, so that it is parsed.
    body = BUNDLE.log_entries[0].body.replace(b64(genuine).encode(), b64(bytes(raw)).encode())
    entry = LogEntry(0, b"", "hashedrekord", "0.0.2", 0, None, None, body)
    with suppress(Denied):
        check_body(entry, BUNDLE.envelope, bytes(raw), Denied)
