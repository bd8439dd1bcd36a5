"""Any bytes into any reader: a value, or a refusal. Never another exception."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govern import canonical
from govern.artifact.file_list import read_file_list
from govern.errors import Denied, GovernError
from govern.intoto.bundle import read_bundle
from govern.intoto.dsse import read_envelope
from govern.intoto.statement import read_statement
from govern.limits import MAX_INDEX, MAX_POLICY
from govern.names import Name, SubjectName, Version, is_repository, is_tag
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, read_index, read_manifest
from govern.oci.media_types import IMAGE_INDEX, IMAGE_MANIFEST
from govern.oci.reference import parse
from govern.paths import check_path
from govern.policy.reading import read_policy
from govern.predicates.kinds import resolve_type, word_for
from govern.secret_shapes import find_shape
from govern.times import read_time
from govern.trust.admit import admit
from govern.trust.keys import read_public_key
from govern.trust.records import Record, Rejected
from govern.trust.wrapping import read_wrapper
from govern.yaml_text import read_yaml
from support.records import (
    ARTIFACT,
    ON_LINE,
    PAIR,
    D,
    annotation_of,
    bundle_json,
    claim,
    claim_of,
    key_of,
    noted,
    registered,
    registration_of,
    statement_json,
    trust,
)

CONFIG = {"mediaType": "a/b", "digest": str(D), "size": 2, "annotations": {"a": "b"}, "data": "e30="}
ENTRY = {"layer": str(D), "offset": 0, "path": "a/b", "sha256": D.encoded, "size": 1}
GOOD: Final[dict[str, Any]] = {
    "manifest": {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": CONFIG,
        "layers": [CONFIG],
        "subject": CONFIG,
    },
    "index": {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": [CONFIG], "annotations": {"a": "b"}},
    "bundle": bundle_json(registration_of().data),
    "statement": json.loads(registration_of().data),
    "files": [ENTRY, ENTRY | {"path": "c"}],
    "wrapper": json.loads(claim(annotation_of()).wrapper.raw.data),
}
READERS: Final[dict[str, Callable[[bytes], object]]] = {
    "manifest": lambda data: read_manifest(RawManifest(IMAGE_MANIFEST, data)),
    "index": lambda data: read_index(RawManifest(IMAGE_INDEX, data), bound=MAX_INDEX),
    "bundle": lambda data: read_bundle(data, Denied),
    "statement": read_statement,
    "files": lambda data: read_file_list(data, [D]),
    "wrapper": lambda data: read_wrapper(RawManifest(IMAGE_MANIFEST, data), Denied),
    "json": lambda data: canonical.loads(data, "it", bound=MAX_INDEX),
    "envelope": lambda data: read_envelope(canonical.loads(data, "it", bound=MAX_INDEX)),
    "yaml": lambda data: read_yaml(data, "it", bound=MAX_POLICY),
    "policy": lambda data: read_policy(data, "it"),
    "key": read_public_key,
    "digest": lambda data: Digest.of(data).check(data, "it"),
}
TEXT_READERS: Final[tuple[Callable[[str], object], ...]] = (
    Digest, Name, Version, SubjectName.parse, parse, read_time, check_path, resolve_type, word_for, find_shape,
    is_repository, is_tag,
)  # fmt: skip

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["", "0", str(D), D.encoded, "AA==", IMAGE_INDEX]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
BYTES = st.binary(max_size=200) | st.text('{}[]",:0-1.eE+\\u d8n\n&*!|>%@`#?', max_size=60).map(
    lambda text: text.encode("utf-8")
)


def refusable(read: Callable[[Any], object], value: Any) -> None:
    try:
        read(value)
    except GovernError as refused:
        length = len(refused.message)
    else:
        length = 0
    assert length < 5_000


@st.composite
def damaged(draw: st.DrawFn, good: Any) -> Any:
    """Replace, drop or add one thing at any place of a good document."""

    def change(node: Any) -> Any:
        places = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
        if not places or draw(st.integers(0, 3)) == 0:
            return draw(JUNK)
        place = draw(st.sampled_from(places))
        copy = node.copy()
        match draw(st.integers(0, 5)):
            case 0:
                del copy[place]
            case 1 if isinstance(node, dict):
                copy[draw(st.text(max_size=6))] = draw(JUNK)
            case 1:
                copy.append(node[place])
            case _:
                copy[place] = change(node[place])
        return copy

    return change(good)


@given(BYTES)
@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=60)
def test_any_bytes_are_read_or_refused(reader, data):
    refusable(READERS[reader], data)


@given(st.data())
@pytest.mark.parametrize("reader", GOOD)
@settings(max_examples=100)
def test_a_good_document_with_one_thing_wrong_is_read_or_refused(reader, data):
    document = data.draw(damaged(GOOD[reader]))
    refusable(READERS[reader], json.dumps(document).encode())


@given(st.data())
@pytest.mark.parametrize("reader", GOOD)
@settings(max_examples=40)
def test_a_good_document_with_one_byte_changed_is_read_or_refused(reader, data):
    text = bytearray(json.dumps(GOOD[reader]).encode())
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    refusable(READERS[reader], bytes(text))


@given(st.text(max_size=80) | st.builds("{}{}".format, st.sampled_from(["layout:", "sha256:", "localhost/", "a/b@",
"https://"]), st.text(max_size=30)))  # fmt: skip
@pytest.mark.parametrize("reader", TEXT_READERS, ids=lambda reader: getattr(reader, "__qualname__", repr(reader)))
@settings(max_examples=60)
def test_any_text_is_read_or_refused(reader, text):
    refusable(reader, text)


@given(BYTES)
def test_any_bundle_is_judged(data):
    assert isinstance(admit(claim_of(data), ARTIFACT, trust()), Rejected)


@given(damaged(GOOD["bundle"]))
def test_a_bundle_with_one_thing_wrong_is_judged(bundle):
    # The hint is unauthenticated, so damage there alone leaves the record what it was.
    result = admit(claim_of(json.dumps(bundle).encode()), ARTIFACT, trust())
    if isinstance(result, Record):
        assert bundle["dsseEnvelope"] == GOOD["bundle"]["dsseEnvelope"]
        assert result.identity == (registration_of().digest, key_of().signer)


@given(st.data())
def test_a_signed_statement_with_one_thing_wrong_is_judged(data):
    statement = data.draw(damaged(GOOD["statement"]))
    try:
        payload = json.dumps(statement).encode()
    except ValueError:
        return
    for subject in (ARTIFACT, ON_LINE):
        result = admit(claim(payload), subject, trust())
        assert isinstance(result, Record | Rejected)


@given(st.sampled_from([("registration", registered(), PAIR), ("annotation", noted(), PAIR[:1])]).flatmap(
    lambda kind: st.tuples(st.just(kind), damaged(kind[1]))
))  # fmt: skip
def test_a_signed_predicate_with_one_thing_wrong_is_judged(drawn):
    (word, _, subjects), predicate = drawn
    statement = statement_json(f"https://w3id.org/govern/{word}/v0.1", predicate, subjects)
    result = admit(claim(json.dumps(statement).encode()), ARTIFACT, trust())
    assert isinstance(result, Record | Rejected)
    if isinstance(result, Record):
        assert result.issued_at is not None
