"""JSON and base64 that two readers read differently."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from support.verify_vectors.artifacts import (
    OTHER,
    provenance,
    registration,
)
from support.verify_vectors.bundles import Json, as_payload, bundle, changed, stray_bits
from support.verify_vectors.case import Case, by_key
from support.verify_vectors.cases.subjects import asked
from support.verify_vectors.layouts import Layout


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _encodings()
    yield from _bundle_encodings()


def _encodings() -> Iterator[Case]:
    source = "RFC 8259; RFC 7493 (I-JSON)"
    said = as_payload(provenance()).decode()

    def payload(name: str, sentence: str, data: str | bytes, *says: str, where: str = source) -> Case:
        return asked(name, sentence, where, data if isinstance(data, bytes) else data.encode(), *says)

    other = json.dumps(OTHER.subject)
    yield payload(
        "statement-key-twice",
        "The statement has `subject` twice: the last one is this content.",
        said.replace('"subject":', f'"subject":[{other}],"subject":', 1),
        "twice",
        where="in-toto-golang GHSA-pmwq-pjrm-6p5r",
    )
    yield payload(
        "predicate-key-twice",
        "The predicate has its builder twice.",
        said.replace('"builder":', '"builder":{"id":"https://evil.example.test"},"builder":', 1),
        "twice",
    )
    escaped = said.replace('"subject":', f'"subject":[{other}],"\\u0073ubject":', 1)
    yield payload("statement-key-twice-escaped", "The second `subject` is spelled with an escape.", escaped, "twice")
    yield payload(
        "statement-nan",
        "The predicate holds NaN, which is not JSON.",
        said.replace('"externalParameters":{}', '"externalParameters":NaN'),
        "NaN",
    )
    yield payload(
        "statement-infinity",
        "The predicate holds a number that no double holds.",
        said.replace('"externalParameters":{}', '"externalParameters":1e999'),
        "1e999",
    )
    yield payload(
        "statement-huge-integer",
        "The predicate holds an integer of 5,000 digits.",
        said.replace('"externalParameters":{}', f'"externalParameters":{"9" * 5000}'),
        "digits",
    )
    yield payload(
        "statement-deep",
        "The predicate is nested 200 levels deep.",
        said.replace('"externalParameters":{}', '"externalParameters":' + "[" * 200 + "]" * 200),
        "nesting",
    )
    yield payload(
        "statement-very-deep",
        "The predicate is nested 20,000 levels deep, where readers run out of stack.",
        said.replace('"externalParameters":{}', '"externalParameters":' + "[" * 20_000 + "]" * 20_000),
        "nesting",
    )
    yield payload(
        "statement-lone-surrogate",
        "A text in the predicate is half of a character.",
        said.replace("https://example.test/train/v1", "\\ud800"),
        "surrogate",
    )
    yield payload(
        "statement-byte-order-mark",
        "The statement begins with a byte order mark.",
        b"\xef\xbb\xbf" + said.encode(),
        "byte order mark",
    )
    yield payload("statement-utf-16", "The statement is in UTF-16.", said.encode("utf-16"), "UTF-8")
    yield payload("statement-followed-by-more", "A second statement follows the first.", said + said, "Extra data")
    yield payload(
        "statement-not-json",
        "The payload is no JSON, and its signature holds.",
        "provenance: yes",
        "not valid JSON",
        where="cosign GHSA-w6c6-c85g-mmv6",
    )
    yield payload(
        "statement-no-object",
        "The payload is an array that holds a statement.",
        f"[{said}]",
        "not an object",
        where="cosign GHSA-w6c6-c85g-mmv6",
    )
    yield asked(
        "statement-of-another-version",
        "The statement is of a version whose rules are not these.",
        "in-toto attestation spec, statement.md",
        provenance() | {"_type": "https://in-toto.io/Statement/v2"},
        "unknown type",
    )
    yield asked(
        "statement-unknown-field",
        "The statement has a field that a newer writer may narrow it with.",
        "in-toto attestation spec, statement.md",
        provenance() | {"expires": "2020-01-01T00:00:00Z"},
        "unknown fields",
    )
    yield asked(
        "registration-huge-integer",
        "A size in the registration is beyond what JSON readers agree on.",
        source,
        registration_with_size(2**63).encode(),
        "registration is not valid",
        require="registration",
    )


def registration_with_size(size: int) -> str:
    """Return a registration whose size `canonical` would not write."""
    said = as_payload(registration(files={"count": 1, "digest": {"sha256": "0" * 64}, "size": 7}))
    return said.decode().replace('"size":7', f'"size":{size}')


def _bundle_encodings() -> Iterator[Case]:
    honest = bundle(provenance(builder="https://build.example.test/?>~"))
    written = json.dumps(honest)

    def raw(name: str, sentence: str, source: str, data: str | bytes, says: str) -> Case:
        blob = data if isinstance(data, bytes) else data.encode()
        return Case(name, sentence, source, Layout().model().attach(blob), by_key(), "denied", [says])

    json_source = "RFC 8259; RFC 7493 (I-JSON)"
    stranger = json.dumps(bundle(provenance(OTHER))["dsseEnvelope"])
    yield raw(
        "bundle-key-twice",
        "The bundle has two envelopes under one name: the checked one and the read one.",
        json_source,
        written.replace('"dsseEnvelope":', f'"dsseEnvelope":{stranger},"dsseEnvelope":'),
        "twice",
    )
    yield raw(
        "bundle-float",
        "A number in the bundle is 0.0, where 0 is meant.",
        json_source,
        written.replace('"tlogEntries": []', '"tlogEntries": 0.0'),
        "0.0",
    )
    yield raw(
        "bundle-deep",
        "The bundle is nested 200 levels deep.",
        json_source,
        written.replace('"tlogEntries": []', '"tlogEntries": ' + "[" * 200 + "]" * 200),
        "nesting",
    )
    yield raw("bundle-not-json", "The bundle is no JSON.", json_source, b"\x00\x01\x02", "not valid JSON")
    yield raw(
        "bundle-snake-case",
        "The fields have protobuf's other spelling, which two readers may both read.",
        "sigstore protobuf-specs, ProtoJSON",
        written.replace('"payloadType"', '"payload_type"'),
        "unknown fields",
    )

    rfc = "RFC 4648 §3.5, §4"
    assert set("+/") & set(honest["dsseEnvelope"]["payload"])

    def spelled(field: str, change: Callable[[str], str]) -> Json:
        def apply(one: Json) -> None:
            holder = one["dsseEnvelope"] if field == "payload" else one["dsseEnvelope"]["signatures"][0]
            holder[field] = change(holder[field])

        return changed(honest, apply)

    table: tuple[tuple[str, str, Json, str], ...] = (
        (
            "payload-in-url-safe-base64",
            "The payload is in the URL-safe alphabet, as Go's DSSE also reads it.",
            spelled("payload", lambda one: one.replace("+", "-").replace("/", "_")),
            "the payload is not",
        ),
        (
            "payload-with-line-breaks",
            "The payload's base64 is broken into lines.",
            spelled("payload", lambda one: "\n".join(one[at : at + 76] for at in range(0, len(one), 76))),
            "the payload is not",
        ),
        (
            "payload-without-padding",
            "The payload's base64 lacks its padding.",
            spelled("payload", _unpadded),
            "the payload is not",
        ),
        (
            "payload-with-stray-bits",
            "The last letter of the payload's base64 has bits that say nothing.",
            spelled("payload", stray_bits),
            "the payload is not canonical base64",
        ),
        (
            "signature-with-stray-bits",
            "The last letter of the signature's base64 has bits that say nothing.",
            spelled("sig", lambda one: stray_bits(one)),
            "a signature is not canonical base64",
        ),
        (
            "signature-followed-by-blanks",
            "A blank follows the signature's base64.",
            spelled("sig", lambda one: one + " "),
            "a signature is not",
        ),
    )
    for name, sentence, one, says in table:
        yield raw(name, sentence, rfc, json.dumps(one), says)


def _unpadded(encoded: str) -> str:
    assert encoded.endswith("=")
    return encoded.rstrip("=")
