"""`admit`: is it authentic? Every way we know to make it say yes to something that nobody said."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from govern.errors import Denied
from govern.intoto.dsse import pae
from govern.intoto.statement import write_statement
from govern.names import NAMESPACE
from govern.oci.digest import Digest
from govern.oci.media_types import BUNDLE_LONG, IN_TOTO
from govern.predicates.kinds import Wrapping
from govern.signing.signer import sign_statement
from govern.trust.admit import admit
from govern.trust.anchors import Trust
from govern.trust.identity import Voice
from govern.trust.records import Record, Rejected
from support.oms import hashed, oms_of
from support.records import (
    ARTIFACT,
    LINE,
    NAME,
    OTHER,
    D,
    annotation_of,
    as_bytes,
    b64,
    bundle_json,
    claim,
    claim_of,
    key_of,
    provenance_of,
    registration_of,
    signer,
    statement_json,
    subject_json,
    trust,
)

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order n of P-256 (FIPS 186-4, D.1.2.3)."""

STATEMENT = annotation_of()
PAYLOAD = as_bytes(STATEMENT)


def judge(bundle: dict[str, Any] | bytes, *labels: str) -> Record | Rejected:
    data = bundle if isinstance(bundle, bytes) else json.dumps(bundle).encode()
    return admit(claim_of(data), ARTIFACT, trust(*labels))


def refused(bundle: dict[str, Any] | bytes, *labels: str) -> str:
    result = judge(bundle, *labels)
    assert isinstance(result, Rejected), "admitted"
    assert isinstance(result.reason, Denied)
    assert not result.about_another
    return result.reason.message


def test_an_honest_record_is_admitted_and_says_every_step_that_was_made():
    for statement in (registration_of(), annotation_of(), provenance_of()):
        for wrapping in Wrapping:
            bundle = sign_statement(statement, signer())
            result = admit(claim_of(bundle.data, D, wrapping), ARTIFACT, trust("other", "ci"))
            assert isinstance(result, Record)
            assert (result.statement, result.bundle, result.signer) == (statement, bundle, key_of().signer)
            made = {one.step: one.made for one in result.checks}
            assert made == {
                "envelope": True, "payload type": True, "signature": True, "key or certificate": True,
                "identity": False, "trusted time": False, "transparency log": False, "subject": True,
                "predicate type": statement.predicate_type.startswith("https://w3id.org/govern/"),
            }  # fmt: skip


def test_a_record_is_referred_to_by_statement_and_signer():
    result = judge(bundle_json(PAYLOAD))
    assert isinstance(result, Record)
    reference = result.reference
    assert (reference.statement.id, reference.signer.id) == result.identity == (STATEMENT.digest, key_of().signer)
    assert reference.manifest.id == result.claim.manifest
    assert reference.bundle.id == Digest.of(result.claim.bundle)


# --- keys and signatures -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "on", "newer"),
    [
        ("status/v0.1", D, True),
        ("registration/v0.2", D, True),
        ("something/v9", D, True),
        ("status/v0.1", LINE, True),
        ("status/v0.1", OTHER, False),
        ("approval/v0.1", D, False),
        ("snapshot/v0.1", LINE, False),
    ],
)
def test_a_kind_of_a_newer_govern_is_remembered_where_it_may_take_something_back(kind, on, newer):
    statement = write_statement([(f"{NAME}@1.4.0", on)], f"{NAMESPACE}{kind}", {"issuedAt": "2026-11-20T10:00:00Z"})
    result = judge(sign_statement(statement, signer()).data)
    assert isinstance(result, Rejected)
    assert result.newer == (Voice(key_of().signer) if newer else None)
    # Whoever is not trusted cannot bring a decision to a standstill.
    stranger = judge(sign_statement(statement, signer("stranger")).data)
    assert isinstance(stranger, Rejected)
    assert stranger.newer is None


def test_a_field_of_a_newer_govern_is_remembered_where_it_may_matter():
    for statement, newer in (
        (registration_of(quarantined=True), True),
        (registration_of(OTHER, quarantined=True), True),
        (registration_of(OTHER, "9.9.9", quarantined=True), False),
        (registration_of(kind="neither"), False),
    ):
        result = judge(sign_statement(statement, signer()).data)
        assert isinstance(result, Rejected)
        assert (result.newer is not None) is newer, result.reason.message


def test_a_refusal_holds_nothing_of_what_was_refused():
    result = judge(sign_statement(registration_of(kind="neither"), signer()).data)
    assert isinstance(result, Rejected)
    assert (result.reason.__traceback__, result.reason.__context__, result.reason.__cause__) == (None, None, None)


def test_nobody_is_trusted_by_default():
    assert "no key is trusted" in _reason(admit(claim(STATEMENT), ARTIFACT, Trust()))
    assert "no key is trusted" in _reason(admit(claim(STATEMENT), ARTIFACT, Trust({})))


def _reason(result: Record | Rejected) -> str:
    assert isinstance(result, Rejected)
    return result.reason.message


def test_an_unknown_key_is_refused_whatever_it_hints():
    for hint in (None, "", "x" * 100_000, "\x1b[2J"):
        assert "no trusted key" in refused(bundle_json(PAYLOAD, "stranger", hint=hint), "ci", "other")


def test_a_signature_that_the_named_key_did_not_make_is_called_that_and_no_missing_key():
    for bundle in (
        bundle_json(PAYLOAD, "stranger", hint=key_of().hint),
        bundle_json(PAYLOAD, sign=lambda _: b"x" * 70),
    ):
        assert refused(bundle, "ci", "other") == (
            f"the signature does not belong to these bytes: the bundle names the key {key_of().signer} which did not "
            "make it; it was changed or is a forgery"
        )


def test_a_key_that_nobody_trusts_is_spelled_as_key_show_does():
    said = refused(bundle_json(PAYLOAD, "stranger", hint=key_of("stranger").hint))
    assert str(key_of("stranger").signer) in said
    assert key_of("stranger").hint not in said


def test_a_hint_chooses_what_to_try_and_never_whom_to_believe():
    # Another trusted key's hint: the record is still the one's who signed it.
    result = judge(bundle_json(PAYLOAD, "ci", hint=key_of("other").hint), "ci", "other")
    assert isinstance(result, Record)
    assert result.signer == key_of("ci").signer
    for hint in ("", "nonsense", key_of("stranger").hint):
        result = judge(bundle_json(PAYLOAD, "ci", hint=hint), "other", "ci")
        assert isinstance(result, Record)
        assert result.signer == key_of("ci").signer


def test_a_signature_over_anything_else_is_refused():
    good = bundle_json(PAYLOAD)
    for data in (PAYLOAD, pae(IN_TOTO, PAYLOAD + b" "), pae("a/b", PAYLOAD), pae(IN_TOTO, b""), b""):
        signature = signer().sign(data)
        good["dsseEnvelope"]["signatures"] = [{"sig": b64(signature)}]
        assert "does not belong to these bytes" in refused(good)
    for sig in (b"\x00", b"\x30\x06\x02\x01\x00\x02\x01\x00", b"x" * 10_000):
        good["dsseEnvelope"]["signatures"] = [{"sig": b64(sig)}]
        refused(good)


def test_one_changed_byte_of_the_payload_is_noticed():
    bundle = bundle_json(PAYLOAD)
    for changed in (
        PAYLOAD.replace(b"risk", b"RISK"),
        PAYLOAD + b"\n",
        b" " + PAYLOAD,
        PAYLOAD.replace(b'":', b'": ', 1),
    ):
        assert changed != PAYLOAD
        bundle["dsseEnvelope"]["payload"] = b64(changed)
        assert "does not belong to these bytes" in refused(bundle)


def test_the_bytes_that_were_signed_are_judged_not_a_rewriting_of_them():
    # Signed as somebody wrote them: not canonical, and authentic all the same.
    spaced = json.dumps(json.loads(PAYLOAD), indent=1).encode()
    result = judge(bundle_json(spaced))
    assert isinstance(result, Record)
    assert result.statement.data == spaced


def test_two_signatures_are_refused_even_if_both_are_good():
    for labels in (("ci", "ci"), ("ci", "other"), ("stranger", "ci")):
        assert "several signatures" in refused(bundle_json(PAYLOAD, *labels), "ci", "other")


def test_a_signature_of_a_mirrored_s_is_the_same_record():
    def mirrored(data: bytes) -> bytes:
        r, s = decode_dss_signature(signer().sign(data))
        return encode_dss_signature(r, ORDER - s)

    one, other = judge(bundle_json(PAYLOAD)), judge(bundle_json(PAYLOAD, sign=mirrored))
    assert isinstance(one, Record)
    assert isinstance(other, Record)
    assert one.claim.bundle != other.claim.bundle
    assert one.identity == other.identity


def test_the_same_words_of_two_signers_are_two_records():
    identities = {_identity(judge(bundle_json(PAYLOAD, label), "ci", "other")) for label in ("ci", "other")}
    assert len(identities) == 2


def _identity(result: Record | Rejected) -> tuple[Digest, Digest]:
    assert isinstance(result, Record)
    return result.identity


# --- envelope and payload type -------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload_type",
    [
        "application/json",
        "text/plain",
        IN_TOTO.upper(),
        IN_TOTO + ";v=1",
        " " + IN_TOTO,
        "application/vnd.in-toto.provenance+json",
    ],
)
def test_another_payload_type_is_refused_even_if_it_was_signed(payload_type):
    assert "holds something else" in refused(bundle_json(PAYLOAD, payload_type=payload_type))


def test_a_payload_type_that_was_not_signed_is_refused():
    bundle = bundle_json(PAYLOAD, payload_type="application/json")
    bundle["dsseEnvelope"]["payloadType"] = IN_TOTO
    assert "does not belong to these bytes" in refused(bundle)


@pytest.mark.parametrize(
    "payload",
    [b"", b"{}", b"null", b"\xff", b'{"_type":"https://in-toto.io/Statement/v1"}', b"[" * 50_000, PAYLOAD[:-1]],
)
def test_a_signed_payload_that_is_no_statement_is_refused(payload):
    refused(bundle_json(payload))


@pytest.mark.parametrize(
    "material",
    [{"certificate": {"rawBytes": "AAAA"}}, {"x509CertificateChain": {"certificates": [{"rawBytes": "AAAA"}]}}],
)
def test_a_certificate_is_not_verified_yet_and_so_refused(material):
    bundle = bundle_json(PAYLOAD)
    bundle["verificationMaterial"] = {**material, "tlogEntries": []}
    result = judge(bundle)
    assert isinstance(result, Rejected)
    assert "certificate" in result.reason.message
    assert result.claimed_signer == "certificate"


def test_both_a_key_and_a_certificate_are_refused():
    bundle = bundle_json(PAYLOAD)
    bundle["verificationMaterial"]["certificate"] = {"rawBytes": "AAAA"}
    assert "once who signed" in refused(bundle)


def test_what_is_no_timestamp_is_refused():
    bundle = bundle_json(PAYLOAD)
    bundle["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": [{"signedTimestamp": "AAAA"}]}
    assert "a timestamp cannot be read" in refused(bundle)


def test_the_long_media_type_of_a_bundle_is_read():
    assert isinstance(judge(bundle_json(PAYLOAD) | {"mediaType": BUNDLE_LONG}), Record)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\x00\xff", b"{" * 1000, b"null"])
def test_bytes_that_are_no_bundle_are_refused(data):
    refused(data)


def test_what_a_stranger_claims_is_kept_short():
    long = "x" * 100_000
    statement = statement_json(f"https://example.com/{long}", {}, [subject_json()])
    result = judge(bundle_json(as_bytes(statement), "stranger", hint=long))
    assert isinstance(result, Rejected)
    assert len(result.claimed_type) + len(result.claimed_signer) + len(result.reason.message) < 2000


def test_a_refusal_says_what_was_claimed_without_believing_it():
    result = judge(bundle_json(PAYLOAD, "stranger"))
    assert isinstance(result, Rejected)
    assert (result.claimed_type, result.claimed_signer) == (STATEMENT.predicate_type, str(key_of("stranger").signer))


def test_a_model_signature_was_judged_whole_and_says_so():
    files = hashed(weights="w")
    result = admit(claim(oms_of(files)), replace(ARTIFACT, files=files), trust())
    assert isinstance(result, Record)
    (check,) = (one for one in result.checks if one.step == "predicate type")
    assert check.made
    assert "judged whole" in check.detail
