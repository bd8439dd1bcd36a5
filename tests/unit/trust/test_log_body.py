"""Bodies of log entries: about exactly one envelope and one signer, in four forms."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from govern.errors import Denied, InvalidInput
from govern.intoto.bundle import LogEntry
from govern.intoto.dsse import Envelope, Signature
from govern.limits import MAX_LOG_BODY
from govern.trust.keys import PublicKey
from govern.trust.log_body import check_body
from support.tiny_log import Json, Signed, b64, body_of, encoded, sign, signed

KINDS = [("hashedrekord", "0.0.2"), ("hashedrekord", "0.0.1"), ("dsse", "0.0.1"), ("intoto", "0.0.2")]
RECORD = signed()
CERTIFICATE = RECORD.certificate()
RSA = rsa.generate_private_key(65537, 2048)
both = pytest.mark.parametrize("verifier", [RECORD.public, CERTIFICATE], ids=["key", "certificate"])
each_kind = pytest.mark.parametrize(("kind", "version"), KINDS, ids=[" ".join(one) for one in KINDS])


def entry_of(body: Json | bytes, kind: str, version: str) -> LogEntry:
    return LogEntry(0, b"", kind, version, 0, None, None, body if isinstance(body, bytes) else encoded(body))


def check(body: Json | bytes, kind: str, version: str, verifier: PublicKey | bytes, record: Signed = RECORD) -> None:
    check_body(entry_of(body, kind, version), record.envelope, verifier, Denied)


@both
@each_kind
def test_an_entry_of_this_envelope_and_signer_passes(kind, version, verifier):
    check(body_of(kind, version, RECORD.envelope, verifier), kind, version, verifier)


@both
@each_kind
def test_an_entry_of_another_payload_is_refused(kind, version, verifier):
    # The same signer, whose entry for another artifact was moved here.
    other = signed(b'{"a":2}', RECORD.key)
    with pytest.raises(Denied):
        check(body_of(kind, version, other.envelope, verifier), kind, version, verifier)
    # And as if it had the signature of this one.
    mixed = Envelope(b'{"a":2}', RECORD.envelope.payload_type, RECORD.envelope.signatures)
    with pytest.raises(Denied, match=r"digest|[hH]ash"):
        check(body_of(kind, version, mixed, verifier), kind, version, verifier)


@both
@each_kind
def test_an_entry_of_another_signature_is_refused(kind, version, verifier):
    # ECDSA signs anew each time, and turning s around makes a second signature of one: the log saw the other one.
    again = Signature(sign(RECORD.key, RECORD.envelope.signed))
    other = Envelope(RECORD.envelope.payload, RECORD.envelope.payload_type, (again,))
    with pytest.raises(Denied, match=r"has another (signature|content|sig) than the bundle: got \d\d bytes"):
        check(body_of(kind, version, other, verifier), kind, version, verifier)


@both
@each_kind
def test_an_entry_of_another_signer_is_refused(kind, version, verifier):
    stranger = signed()
    other = stranger.certificate() if isinstance(verifier, bytes) else stranger.public
    with pytest.raises(Denied, match="than the bundle"):
        check(body_of(kind, version, RECORD.envelope, other), kind, version, verifier)


@each_kind
def test_a_key_is_not_its_certificate_nor_two_certificates_of_one_key_each_other(kind, version):
    for logged, asked in (
        (RECORD.public, CERTIFICATE),
        (CERTIFICATE, RECORD.public),
        (RECORD.certificate(), CERTIFICATE),
    ):
        with pytest.raises(Denied):
            check(body_of(kind, version, RECORD.envelope, logged), kind, version, asked)


@each_kind
def test_an_entry_of_one_kind_does_not_pass_for_another(kind, version):
    body = body_of(kind, version, RECORD.envelope, RECORD.public)
    for other, its_version in KINDS:
        if (other, its_version) != (kind, version):
            with pytest.raises(Denied, match=r"the log entry's body has another (kind|apiVersion)"):
                check(body, other, its_version, RECORD.public)


@pytest.mark.parametrize(
    ("kind", "version"),
    [("hashedrekord", "0.0.3"), ("intoto", "0.0.1"), ("dsse", "0.0.2"), ("rekord", "0.0.1"), ("", "")],
)
def test_an_unknown_kind_is_refused(kind, version):
    with pytest.raises(Denied, match=r"of a kind that is not known.*expected hashedrekord 0\.0\.2"):
        check({"apiVersion": version, "kind": kind, "spec": {}}, kind, version, RECORD.public)


def changed(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the value with one change: a field less, a field more, a list's item twice, another type, other text."""
    match value:
        case dict():
            for key in value:
                rest = {name: item for name, item in value.items() if name != key}
                yield f"without {key}", rest
                yield f"renamed {key}", {**rest, key + "x": value[key]}
                for where, inner in changed(value[key]):
                    yield f"{key}: {where}", {**rest, key: inner}
            yield "one more", {**value, "more": "x"}
            yield "a list", [value]
            yield "null", None
        case list():
            yield "none", []
            yield "twice", value * 2
            yield "its item", value[0]
            for where, inner in changed(value[0]):
                yield where, [inner]
        case _:
            for other in (
                None,
                1,
                True,
                [value],
                {"x": value},
                "",
                value + "x",
                value[:-1],
                value.swapcase(),
                " " + value,
            ):
                if other != value:
                    yield f"{str(other)[:10]!r}", other


@both
@each_kind
def test_no_change_of_any_part_passes(kind, version, verifier):
    body = body_of(kind, version, RECORD.envelope, verifier)
    tried = 0
    for where, other in changed(copy.deepcopy(body)):
        # Of the envelope as it was sent only the hash is kept: nobody can compare it.
        if where.startswith(("spec: envelopeHash: value: '", "spec: content: hash: value: '")):
            continue
        tried += 1
        try:
            check(encoded(other), kind, version, verifier)
        except Denied:
            continue
        pytest.fail(f"accepted {where}")
    assert tried > 90


@each_kind
def test_the_payload_type_is_bound(kind, version):
    body = body_of(kind, version, RECORD.envelope, RECORD.public)
    other = Envelope(RECORD.envelope.payload, "text/plain", RECORD.envelope.signatures)
    if kind == "dsse":
        # A body of this kind does not have it; the signature, which is compared, was made over it.
        check_body(entry_of(body, kind, version), other, RECORD.public, Denied)
    else:
        with pytest.raises(Denied, match=r"payloadType|digest|hash"):
            check_body(entry_of(body, kind, version), other, RECORD.public, Denied)


@each_kind
def test_of_several_signatures_none_is_the_logged_one(kind, version):
    one = RECORD.envelope.signatures[0]
    several = Envelope(RECORD.envelope.payload, RECORD.envelope.payload_type, (one, one))
    with pytest.raises(Denied, match="the logged envelope has several signatures: got 2, expected one"):
        check_body(
            entry_of(body_of(kind, version, several, RECORD.public), kind, version), several, RECORD.public, Denied
        )


# --- Rekor v2: the kind of key is in the entry -----------------------------------------------------


def second(record: Signed, details: str, algorithm: str, name: str) -> Json:
    body = body_of("hashedrekord", "0.0.2", record.envelope, record.public)
    spec = body["spec"]["hashedRekordV002"]
    spec["signature"]["verifier"]["keyDetails"] = details
    spec["data"] = {"algorithm": algorithm, "digest": b64(hashlib.new(name, record.envelope.signed).digest())}
    return body


P384 = signed(key=ec.generate_private_key(ec.SECP384R1()))


@pytest.mark.parametrize(
    ("record", "details", "algorithm", "name"),
    [
        (P384, "PKIX_ECDSA_P384_SHA_384", "SHA2_384", "sha384"),
        (P384, "PKIX_ECDSA_P384_SHA_256", "SHA2_256", "sha256"),
        (signed(key=RSA), "PKIX_RSA_PKCS1V15_2048_SHA256", "SHA2_256", "sha256"),
    ],
)
def test_other_kinds_of_keys_are_logged_under_their_own_hash(record, details, algorithm, name):
    check(second(record, details, algorithm, name), "hashedrekord", "0.0.2", record.public, record)


@pytest.mark.parametrize(
    ("record", "details", "algorithm", "name", "says"),
    [
        (RECORD, "PKIX_ECDSA_P384_SHA_384", "SHA2_384", "sha384", "another kind of key"),
        (RECORD, "PKIX_ECDSA_P256_SHA_256", "SHA2_384", "sha384", "another algorithm"),
        (RECORD, "PKIX_ECDSA_P256_SHA_256", "SHA2_256", "sha384", "another digest"),
        (RECORD, "PKIX_ED25519", "SHA2_256", "sha256", "another kind of key"),
        (RECORD, "", "SHA2_256", "sha256", "another kind of key"),
        (P384, "PKIX_ECDSA_P384_SHA_384", "SHA2_256", "sha256", "another algorithm"),
        (signed(key=RSA), "PKIX_RSA_PKCS1V15_3072_SHA256", "SHA2_256", "sha256", "another kind of key"),
        (signed(key=ed25519.Ed25519PrivateKey.generate()), "PKIX_ED25519_PH", "SHA2_512", "sha512", "another kind"),
    ],
)
def test_a_key_under_another_kind_or_hash_is_refused(record, details, algorithm, name, says):
    with pytest.raises(Denied, match=says):
        check(second(record, details, algorithm, name), "hashedrekord", "0.0.2", record.public, record)


@pytest.mark.parametrize(
    "other",
    # The second has a version that there is not, for which the library has an error of its own.
    [b"\x30\x03\x02\x01\x01", CERTIFICATE.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x01", 1), b""],
)
def test_what_is_no_certificate_is_refused(other):
    assert other != CERTIFICATE
    body = body_of("hashedrekord", "0.0.2", RECORD.envelope, CERTIFICATE)
    body["spec"]["hashedRekordV002"]["signature"]["verifier"]["x509Certificate"]["rawBytes"] = b64(other)
    with pytest.raises(Denied, match="the signer's certificate cannot be read"):
        check(body, "hashedrekord", "0.0.2", other)


# --- Rekor v1: text in text ------------------------------------------------------------------------


def test_a_pem_with_something_beside_it_is_refused():
    body = body_of("dsse", "0.0.1", RECORD.envelope, CERTIFICATE)
    signature = body["spec"]["signatures"][0]
    genuine = base64.b64decode(signature["verifier"])
    signature["verifier"] = b64(genuine.rstrip(b"\n"))
    check(body, "dsse", "0.0.1", CERTIFICATE)
    stranger = signed().public.to_pem().encode()
    for other in (genuine + stranger, stranger + genuine, b" " + genuine, genuine.replace(b"\n", b"\r\n"), b""):
        signature["verifier"] = b64(other)
        with pytest.raises(Denied, match="another verifier than the bundle"):
            check(body, "dsse", "0.0.1", CERTIFICATE)


def test_digests_of_the_first_generation_may_be_longer_ones():
    body = body_of("hashedrekord", "0.0.1", P384.envelope, P384.public)
    digest = hashlib.sha384(P384.envelope.signed).hexdigest()
    body["spec"]["data"]["hash"] = {"algorithm": "sha384", "value": digest}
    check(body, "hashedrekord", "0.0.1", P384.public, P384)
    for wrong in ({"algorithm": "sha512", "value": digest}, {"algorithm": "md5", "value": digest[:32]}):
        body["spec"]["data"]["hash"] = wrong
        with pytest.raises(Denied):
            check(body, "hashedrekord", "0.0.1", P384.public, P384)


def test_a_hash_of_the_payload_is_sha256():
    body = body_of("dsse", "0.0.1", RECORD.envelope, RECORD.public)
    digest = hashlib.sha512(RECORD.envelope.payload).hexdigest()
    body["spec"]["payloadHash"] = {"algorithm": "sha512", "value": digest}
    with pytest.raises(Denied, match="payloadHash is of another kind: got sha512, expected sha256"):
        check(body, "dsse", "0.0.1", RECORD.public)


# --- bytes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b'{"kind":"dsse","kind":"dsse"}',
        b'{"a":1.5}',
        b"[" * 100_000,
        b'{"apiVersion":"0.0.1","kind":"dsse","spec":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001,
        b'{"apiVersion":"0.0.1","kind":"dsse","spec":"\\ud800"}',
        b'{"apiVersion":"0.0.1","kind":"dsse","spec":1' + b"0" * 5_000 + b"}",
    ],
)
def test_bytes_that_are_no_body_are_refused(body):
    with pytest.raises(Denied):
        check(body, "dsse", "0.0.1", RECORD.public)


def test_a_field_twice_is_refused_though_both_say_the_same():
    body = encoded(body_of("dsse", "0.0.1", RECORD.envelope, RECORD.public))
    twice = body.replace(b'"kind":"dsse"', b'"kind":"dsse","kind":"dsse"')
    with pytest.raises(Denied, match=r"the key 'kind' twice"):
        check(twice, "dsse", "0.0.1", RECORD.public)


def test_bounds_are_named_and_the_class_is_the_callers():
    entry = entry_of(b" " * (MAX_LOG_BODY.value + 1), "dsse", "0.0.1")
    with pytest.raises(InvalidInput, match="MAX_LOG_BODY"):
        check_body(entry, RECORD.envelope, RECORD.public, InvalidInput)
    with pytest.raises(InvalidInput):
        check_body(entry_of(json.dumps([]).encode(), "dsse", "0.0.1"), RECORD.envelope, RECORD.public, InvalidInput)
