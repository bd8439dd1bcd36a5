"""Envelopes: what was signed, under which type, by how many."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives import hashes

from govern.intoto.dsse import pae
from govern.oci.media_types import IN_TOTO
from support.verify_vectors.artifacts import provenance
from support.verify_vectors.bundles import Json, as_payload, b64, bundle, changed, signature_of
from support.verify_vectors.case import Case, Given, by_key, by_policy
from support.verify_vectors.keys import key, public, sign
from support.verify_vectors.layouts import Layout
from support.verify_vectors.policies import person, policy, role

PAYLOAD = as_payload(provenance())
HONEST = bundle(provenance())


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _honest()
    yield from _envelopes()


def asked(
    name: str,
    sentence: str,
    source: str,
    one: Json | bytes,
    *says: str,
    given: Given | None = None,
    outcome: str = "denied",
) -> Case:
    """Return a vector about the model, as this theme asks."""
    layout = Layout().model().attach(one)
    return Case(name, sentence, source, layout, given or by_key(), outcome, says)  # type: ignore[arg-type]


def _honest() -> Iterator[Case]:
    yield asked(
        "key",
        "An honest provenance, signed by the one key that the verifier brought.",
        "FORMAT §8",
        HONEST,
        "signature: by sha256:",
        outcome="allowed",
    )
    for kind, source in (
        ("p384", "ECDSA P-384 with SHA-384"),
        ("p521", "ECDSA P-521 with SHA-512"),
        ("ed25519", "RFC 8032, Ed25519"),
        ("rsa2048", "RSA PKCS #1 v1.5 with SHA-256"),
    ):
        yield asked(
            f"key-{kind}",
            f"An honest provenance, signed with a key of the kind {kind}.",
            source,
            bundle(provenance(), key("ci", kind)),
            given=by_key(kind=kind),
            outcome="allowed",
        )
    yield asked(
        "key-p384-sha256",
        "A P-384 key signs with SHA-256, as cosign does.",
        "cosign 3, its signature digest algorithm",
        bundle(
            provenance(),
            key("ci", "p384"),
            signature=sign(key("ci", "p384"), pae(IN_TOTO, PAYLOAD), hashes.SHA256()),
        ),
        given=by_key(kind="p384"),
        outcome="allowed",
    )
    other_hint = bundle(provenance(), hint=public(key("reviewer")).hint)
    yield asked(
        "hint-of-another-trusted-key",
        "The hint names another trusted key; it only says which key to try first, and the signature is the producer's.",
        "FORMAT §5; sigstore protobuf-specs, PublicKeyIdentifier",
        other_hint,
        "provenance by ci",
        given=by_policy(policy({"ci": person("ci"), "zoe": person("reviewer")}, {"producer": role("ci")})),
        outcome="allowed",
    )


def _envelopes() -> Iterator[Case]:
    dsse = "DSSE v1.0, protocol.md"
    document = bundle(provenance(), payload_type="application/json")
    yield asked(
        "payload-type-swapped",
        "The key signed a JSON document; the envelope now calls the same bytes an in-toto statement.",
        dsse,
        changed(document, lambda one: one["dsseEnvelope"].update(payloadType=IN_TOTO)),
        "the signature does not belong to these bytes",
    )
    yield asked(
        "payload-type-other",
        "The key signed a JSON document that only looks like a statement, and the envelope says so.",
        dsse,
        document,
        "the envelope holds something else",
        "'application/json'",
    )
    parameter = bundle(provenance(), payload_type=f"{IN_TOTO}; charset=utf-8")
    yield asked(
        "payload-type-with-parameter",
        "The payload type is in-toto's with a parameter behind it, signed so.",
        dsse,
        parameter,
        "the envelope holds something else",
    )

    def signed(data: bytes) -> Json:
        return bundle(provenance(), signature=sign(key("ci"), data))

    no_key = "the signature does not belong to these bytes"
    yield asked(
        "pae-left-out", "The signature is over the payload alone, without its type.", dsse, signed(PAYLOAD), no_key
    )
    kind = IN_TOTO.encode()
    yield asked(
        "pae-without-lengths",
        "The signature is over type and payload without their lengths, so that the border between both could move.",
        dsse,
        signed(b"DSSEv1 %b %b" % (kind, PAYLOAD)),
        no_key,
    )
    said = provenance(builder="https://build.example.test/r\u00fcnner")
    wide = as_payload(said)
    counted = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(wide.decode()), wide)
    yield asked(
        "pae-length-in-characters",
        "The signature is over lengths in characters, where the payload has more bytes than characters.",
        dsse,
        bundle(said, signature=sign(key("ci"), counted)),
        no_key,
    )
    # Both halves of this one PAE are legal: a type with a blank in it, and a payload that begins later.
    head, tail = PAYLOAD[:10], PAYLOAD[10:]
    moved = pae(f"{IN_TOTO} {len(head)} {head.decode()}", tail)
    yield asked(
        "pae-border-moved",
        "The key signed a longer type and a shorter payload; together they read like the type and payload shown.",
        dsse,
        signed(moved),
        no_key,
    )

    def add_signature(one: Json) -> None:
        stranger = sign(key("stranger"), pae(IN_TOTO, PAYLOAD))
        one["dsseEnvelope"]["signatures"].insert(0, {"sig": b64(stranger)})

    def repeat_signature(one: Json) -> None:
        one["dsseEnvelope"]["signatures"] *= 2

    def two_materials(one: Json) -> None:
        one["verificationMaterial"]["certificate"] = {"rawBytes": b64(b"no certificate")}

    def bare_digest(one: Json) -> None:
        del one["dsseEnvelope"]
        one["messageSignature"] = {
            "messageDigest": {"algorithm": "SHA2_256", "digest": b64(bytes(32))},
            "signature": b64(signature_of(HONEST)),
        }

    table: tuple[tuple[str, str, str, Callable[[Json], object], str], ...] = (
        (
            "two-signatures",
            "The envelope has a stranger's signature beside the trusted one: who said it?",
            "sigstore-go CVE-2026-49834",
            add_signature,
            "several signatures",
        ),
        (
            "signature-twice",
            "The envelope has the same trusted signature twice: twice the same word is not two.",
            "sigstore-go CVE-2026-49834",
            repeat_signature,
            "several signatures",
        ),
        (
            "no-signature",
            "The list of signatures is empty, and every signature in it holds.",
            "policy-controller CVE-2022-35930",
            lambda one: one["dsseEnvelope"].update(signatures=[]),
            "the envelope has no signature",
        ),
        (
            "signature-empty",
            "The signature is of no bytes.",
            "gitsign CVE-2026-44310",
            lambda one: one["dsseEnvelope"].update(signatures=[{"sig": ""}]),
            "a signature is empty",
        ),
        (
            "signer-named-twice",
            "The bundle names a key and a certificate: two readers, two signers.",
            "sigstore protobuf-specs, VerificationMaterial (oneof)",
            two_materials,
            "must say once who signed",
        ),
        (
            "signer-not-named",
            "The bundle names nobody.",
            "sigstore protobuf-specs, VerificationMaterial (oneof)",
            lambda one: one["verificationMaterial"].pop("publicKey"),
            "must say once who signed",
        ),
        (
            "message-signature",
            "The bundle signs a bare digest, which says nothing about it.",
            "cosign GHSA-w6c6-c85g-mmv6",
            bare_digest,
            "the bundle signs a bare digest",
        ),
        (
            "bundle-of-another-version",
            "The bundle says that it is of a version whose rules are not these.",
            "sigstore client-spec",
            lambda one: one.update(mediaType="application/vnd.dev.sigstore.bundle.v0.4+json"),
            "another version",
        ),
        (
            "bundle-unknown-field",
            "The bundle has a field that a newer writer may narrow it with.",
            "sigstore protobuf-specs, Bundle",
            lambda one: one.update(validUntil="2020-01-01T00:00:00Z"),
            "unknown fields",
        ),
        (
            "envelope-unknown-field",
            "The envelope has a second payload under another spelling of its name.",
            "DSSE v1.0, envelope.md",
            lambda one: one["dsseEnvelope"].update(Payload="e30="),
            "unknown fields",
        ),
    )
    for name, sentence, source, change, says in table:
        yield asked(name, sentence, source, changed(HONEST, change), says)
