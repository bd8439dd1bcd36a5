"""What is signed, by which key: envelopes, signatures, keys."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from govern.intoto.dsse import pae
from govern.oci.media_types import IN_TOTO
from support.verify_vectors.artifacts import annotation, provenance, registration
from support.verify_vectors.bundles import Json, as_payload, b64, bundle, changed, signature_of
from support.verify_vectors.case import Case, Given, by_key, by_policy
from support.verify_vectors.der import integer, item
from support.verify_vectors.keys import ORDER_ED25519, ORDER_P256, key, pem, public, sign
from support.verify_vectors.layouts import Layout
from support.verify_vectors.policies import person, policy, role

PAYLOAD = as_payload(provenance())
HONEST = bundle(provenance())


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _honest()
    yield from _envelopes()
    yield from _signatures()
    yield from _keys()


def _case(
    name: str,
    sentence: str,
    source: str,
    one: Json | bytes,
    *says: str,
    given: Given | None = None,
    outcome: str = "denied",
) -> Case:
    layout = Layout().model().attach(one)
    return Case(name, sentence, source, layout, given or by_key(), outcome, says)  # type: ignore[arg-type]


def _honest() -> Iterator[Case]:
    yield _case(
        "key", "An honest provenance, signed by the one key that the verifier brought.", "FORMAT §8", HONEST,
        "signature: by sha256:", outcome="allowed",
    )  # fmt: skip
    for kind, source in (
        ("p384", "ECDSA P-384 with SHA-384"),
        ("p521", "ECDSA P-521 with SHA-512"),
        ("ed25519", "RFC 8032, Ed25519"),
        ("rsa2048", "RSA PKCS #1 v1.5 with SHA-256"),
    ):
        yield _case(
            f"key-{kind}", f"An honest provenance, signed with a key of the kind {kind}.", source,
            bundle(provenance(), key("ci", kind)), given=by_key(kind=kind), outcome="allowed",
        )  # fmt: skip
    yield _case(
        "key-p384-sha256", "A P-384 key signs with SHA-256, as cosign does.", "cosign 3, its signature digest algorithm",
        bundle(
            provenance(),
            key("ci", "p384"),
            signature=sign(key("ci", "p384"), pae(IN_TOTO, PAYLOAD), hashes.SHA256()),
        ),
        given=by_key(kind="p384"), outcome="allowed",
    )  # fmt: skip
    other_hint = bundle(provenance(), hint=public(key("reviewer")).hint)
    yield _case(
        "hint-of-another-trusted-key",
        "The hint names another trusted key; it only says which key to try first, and the signature is the producer's.",
        "FORMAT §5; sigstore protobuf-specs, PublicKeyIdentifier", other_hint, "provenance by ci",
        given=by_policy(policy({"ci": person("ci"), "zoe": person("reviewer")}, {"producer": role("ci")})),
        outcome="allowed",
    )  # fmt: skip


def _envelopes() -> Iterator[Case]:
    dsse = "DSSE v1.0, protocol.md"
    document = bundle(provenance(), payload_type="application/json")
    yield _case(
        "payload-type-swapped",
        "The key signed a JSON document; the envelope now calls the same bytes an in-toto statement.",
        dsse, changed(document, lambda one: one["dsseEnvelope"].update(payloadType=IN_TOTO)),
        "no trusted key made this signature",
    )  # fmt: skip
    yield _case(
        "payload-type-other",
        "The key signed a JSON document that only looks like a statement, and the envelope says so.",
        dsse, document, "the envelope holds something else", "'application/json'",
    )  # fmt: skip
    parameter = bundle(provenance(), payload_type=f"{IN_TOTO}; charset=utf-8")
    yield _case(
        "payload-type-with-parameter", "The payload type is in-toto's with a parameter behind it, signed so.",
        dsse, parameter, "the envelope holds something else",
    )  # fmt: skip

    def signed(data: bytes) -> Json:
        return bundle(provenance(), signature=sign(key("ci"), data))

    no_key = "no trusted key made this signature"
    yield _case(
        "pae-left-out", "The signature is over the payload alone, without its type.", dsse, signed(PAYLOAD), no_key
    )
    kind = IN_TOTO.encode()
    yield _case(
        "pae-without-lengths",
        "The signature is over type and payload without their lengths, so that the border between both could move.",
        dsse, signed(b"DSSEv1 %b %b" % (kind, PAYLOAD)), no_key,
    )  # fmt: skip
    said = provenance(builder="https://build.example.test/r\u00fcnner")
    wide = as_payload(said)
    counted = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(wide.decode()), wide)
    yield _case(
        "pae-length-in-characters",
        "The signature is over lengths in characters, where the payload has more bytes than characters.",
        dsse, bundle(said, signature=sign(key("ci"), counted)), no_key,
    )  # fmt: skip
    # Both halves of this one PAE are legal: a type with a blank in it, and a payload that begins later.
    head, tail = PAYLOAD[:10], PAYLOAD[10:]
    moved = pae(f"{IN_TOTO} {len(head)} {head.decode()}", tail)
    yield _case(
        "pae-border-moved",
        "The key signed a longer type and a shorter payload; together they read like the type and payload shown.",
        dsse, signed(moved), no_key,
    )  # fmt: skip

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
            "two-signatures", "The envelope has a stranger's signature beside the trusted one: who said it?",
            "sigstore-go CVE-2026-49834", add_signature, "several signatures",
        ),
        (
            "signature-twice", "The envelope has the same trusted signature twice: twice the same word is not two.",
            "sigstore-go CVE-2026-49834", repeat_signature, "several signatures",
        ),
        (
            "no-signature", "The list of signatures is empty, and every signature in it holds.",
            "policy-controller CVE-2022-35930", lambda one: one["dsseEnvelope"].update(signatures=[]),
            "the envelope has no signature",
        ),
        (
            "signature-empty", "The signature is of no bytes.", "gitsign CVE-2026-44310",
            lambda one: one["dsseEnvelope"].update(signatures=[{"sig": ""}]), "a signature is empty",
        ),
        (
            "signer-named-twice", "The bundle names a key and a certificate: two readers, two signers.",
            "sigstore protobuf-specs, VerificationMaterial (oneof)", two_materials, "must say once who signed",
        ),
        (
            "signer-not-named", "The bundle names nobody.", "sigstore protobuf-specs, VerificationMaterial (oneof)",
            lambda one: one["verificationMaterial"].pop("publicKey"), "must say once who signed",
        ),
        (
            "message-signature", "The bundle signs a bare digest, which says nothing about it.",
            "cosign GHSA-w6c6-c85g-mmv6", bare_digest, "the bundle signs a bare digest",
        ),
        (
            "bundle-of-another-version", "The bundle says that it is of a version whose rules are not these.",
            "sigstore client-spec",
            lambda one: one.update(mediaType="application/vnd.dev.sigstore.bundle.v0.4+json"), "another version",
        ),
        (
            "bundle-unknown-field", "The bundle has a field that a newer writer may narrow it with.",
            "sigstore protobuf-specs, Bundle", lambda one: one.update(validUntil="2020-01-01T00:00:00Z"), "unknown fields",
        ),
        (
            "envelope-unknown-field", "The envelope has a second payload under another spelling of its name.",
            "DSSE v1.0, envelope.md", lambda one: one["dsseEnvelope"].update(Payload="e30="), "unknown fields",
        ),
    )  # fmt: skip
    for name, sentence, source, change, says in table:
        yield _case(name, sentence, source, changed(HONEST, change), says)


def _signatures() -> Iterator[Case]:
    no_key = "no trusted key made this signature"
    r, s = decode_dss_signature(signature_of(HONEST))
    wrong = "CVE-2022-21449; FIPS 186-4 §6.4"

    def signed(signature: bytes) -> Json:
        return bundle(provenance(), signature=signature)

    zero = item(0x30, integer(0) + integer(0))
    yield _case("signature-zero", "r and s are both 0, which holds for every key in a verifier that does not look.",
                wrong, signed(zero), no_key)  # fmt: skip
    order = item(0x30, integer(ORDER_P256) + integer(ORDER_P256))
    yield _case("signature-of-the-order", "r and s are both n, which is 0 by another name.", wrong, signed(order), no_key)
    yield _case("signature-larger-than-the-order", "s is s + n: the same number modulo n, and a second spelling.",
                "FIPS 186-4 §6.4", signed(encode_dss_signature(r, s + ORDER_P256)), no_key)  # fmt: skip
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    yield _case("signature-not-der", "The signature is r and s without DER around them: a second spelling.",
                "RFC 3279 §2.2.3", signed(raw), no_key)  # fmt: skip
    yield _case("signature-followed-by-more", "A byte follows the signature: a second spelling of one signature.",
                "X.690 §8.1", signed(signature_of(HONEST) + b"\0"), no_key)  # fmt: skip
    long_form = b"\x30\x81" + signature_of(HONEST)[1:]
    yield _case("signature-in-ber", "The signature's length is in the long form, which DER does not allow.",
                "X.690 §10.1", signed(long_form), no_key)  # fmt: skip
    yield _case("signature-of-other-bytes", "The signature is by the trusted key, over another statement.",
                "DSSE v1.0, protocol.md", signed(signature_of(bundle(annotation()))), no_key)  # fmt: skip
    yield _case("signature-hash-chosen", "A P-256 key's signature over SHA-512: the hash follows from the key alone.",
                "cosign 3, its signature digest algorithm",
                signed(sign(key("ci"), pae(IN_TOTO, PAYLOAD), hashes.SHA512())), no_key)  # fmt: skip
    ed = key("ci", "ed25519")
    assert isinstance(ed, ed25519.Ed25519PrivateKey)
    good = sign(ed, pae(IN_TOTO, PAYLOAD))
    more = (int.from_bytes(good[32:], "little") + ORDER_ED25519).to_bytes(32, "little")
    yield _case("ed25519-malleable", "S of an Ed25519 signature is S + L: the same equation, and a second spelling.",
                "RFC 8032 §5.1.7", bundle(provenance(), ed, signature=good[:32] + more), no_key,
                given=by_key(kind="ed25519"))  # fmt: skip
    rsa_key = key("ci", "rsa2048")
    assert isinstance(rsa_key, rsa.RSAPrivateKey)
    numbers = rsa_key.private_numbers()
    modulus, bits = numbers.public_numbers.n, 2047
    pss = _pss(pae(IN_TOTO, PAYLOAD), bits)
    yield _case("rsa-pss", "An RSA key's signature in PSS, where this key signs in PKCS #1 v1.5.",
                "FORMAT §5; securesystemslib, whose default is PSS",
                bundle(provenance(), rsa_key, signature=pow(pss, numbers.d, modulus).to_bytes(256, "big")), no_key,
                given=by_key(kind="rsa2048"))  # fmt: skip
    sha1 = bytes.fromhex("3021300906052b0e03021a05000414")
    digest = hashes.Hash(hashes.SHA1())
    digest.update(pae(IN_TOTO, PAYLOAD))
    info = sha1 + digest.finalize()
    block = b"\0\1" + b"\xff" * (256 - 3 - len(info)) + b"\0" + info
    weak = pow(int.from_bytes(block, "big"), numbers.d, modulus).to_bytes(256, "big")
    yield _case("rsa-sha1", "An RSA key's signature over SHA-1.", "NIST SP 800-131A",
                bundle(provenance(), rsa_key, signature=weak), no_key, given=by_key(kind="rsa2048"))  # fmt: skip


def _pss(data: bytes, bits: int) -> int:
    """Return the encoded message of RSASSA-PSS with SHA-256, without a salt: always the same (RFC 8017 §9.1.1)."""
    size = (bits + 7) // 8
    hashed = hashlib.sha256(data).digest()
    top = hashlib.sha256(bytes(8) + hashed).digest()
    block = bytes(size - 32 - 2) + b"\1"
    mask = b"".join(hashlib.sha256(top + count.to_bytes(4, "big")).digest() for count in range(size // 32 + 1))
    masked = int.from_bytes(bytes(a ^ b for a, b in zip(block, mask, strict=False)), "big")
    masked &= (1 << (8 * (size - 33) - (8 * size - bits))) - 1
    return int.from_bytes(masked.to_bytes(size - 33, "big") + top + b"\xbc", "big")


def _keys() -> Iterator[Case]:
    no_key = "no trusted key made this signature"
    by_stranger = bundle(provenance(), "stranger")
    yield _case("key-of-a-stranger", "The signature holds, by a key that nobody trusts.", "FORMAT §8", by_stranger, no_key)
    yield _case("hint-of-a-trusted-key", "A stranger signed, and the hint names the trusted key.",
                "sigstore protobuf-specs, PublicKeyIdentifier",
                bundle(provenance(), "stranger", hint=public(key("ci")).hint), no_key)  # fmt: skip
    two = {"ci": person("ci"), "zoe": person("reviewer")}
    roles = {"producer": role("ci"), "reviewer": role("zoe", kinds=["test-result"])}
    yield _case("hint-of-another-role",
                "A key that may sign test results signed a provenance, with the hint of the key that may sign those.",
                "DESIGN §6, trust is triples", bundle(provenance(), "reviewer", hint=public(key("ci")).hint),
                "no authorised provenance: found one by zoe",
                given=by_policy(policy(two, roles)))  # fmt: skip
    said = registration()
    yield _case("copied-by-another-role",
                "A copy of an honest registration's exact bytes, signed by somebody whose role does not sign those.",
                "FORMAT §5, a record is (statement, signer)", bundle(said, "reviewer"),
                "no authorised registration: found one by zoe",
                given=by_policy(policy(two, roles, require=["registration"])))  # fmt: skip
    for name, pattern in (("name-below-another", "acme/fraud/**"), ("name-that-only-begins-alike", "acme/fra/**")):
        yield _case(name, f"The key may speak about {pattern}, which is not acme/fraud.", "DESIGN §6, trust is triples",
                    HONEST, "no authorised provenance: found one by ci",
                    given=by_policy(policy({"ci": person("ci")}, {"producer": role("ci", names=[pattern])})))  # fmt: skip
    yield _case("name-pattern", "The key may speak about acme/**, and the model is acme/fraud.", "DESIGN §6", HONEST,
                given=by_policy(policy({"ci": person("ci")}, {"producer": role("ci", names=["acme/**"])})),
                outcome="allowed")  # fmt: skip

    def refused(name: str, sentence: str, source: str, text: str, *says: str) -> Case:
        return _case(name, sentence, source, HONEST, *says, given=by_policy(text), outcome="rejected")

    weak = "NIST SP 800-131A"
    for kind, says in (("rsa1024", "RSA"), ("p192", "too weak"), ("k256", "too weak")):
        text = policy({"ci": person(pem(key("ci", kind)), "ci")})
        yield refused(f"policy-key-{kind}", f"The policy trusts a key of the kind {kind}.", weak, text, "weak", says)
    for kind in ("rsa1024", "p192"):
        yield _case(f"key-{kind}", f"The record is signed with a key of the kind {kind}, which the verifier brought.",
                    weak, bundle_weak(kind), "weak", given=by_key(kind=kind), outcome="rejected")  # fmt: skip
    shared = policy({"ci": person("ci"), "zoe": person("ci")})
    yield refused("one-key-two-people", "The policy lets one key speak for two people: one person would be two voices.",
                  "sigstore-go CVE-2026-49834; DESIGN §6, four eyes", shared, "is also ci's")  # fmt: skip
    private = policy({"ci": person("ci")}).replace("PUBLIC KEY", "PRIVATE KEY")
    yield refused("policy-private-key", "The policy holds a private key, which is nobody's secret then.", "DESIGN §6",
                  private, "private key")  # fmt: skip
    unknown = policy({"ci": person("ci")}, {"producer": role("ci", "mallory")})
    yield refused("policy-unknown-member", "A role names somebody whom the policy does not know.", "DESIGN §6", unknown,
                  "'mallory' is not in people")  # fmt: skip
    later = policy({"ci": person("ci")}, stages={"production": {"approvals": 2}})
    yield refused("policy-newer-section", "The policy asks for approvals, which this version cannot judge: not a yes.",
                  "DESIGN §6", later, "belongs to a newer govern")  # fmt: skip
    twice = policy({"ci": person("ci")}) + "require:\n  - annotation\n"
    yield refused("policy-key-twice", "The policy has `require` twice: two readers would ask for two things.",
                  "in-toto-golang GHSA-pmwq-pjrm-6p5r", twice, "require")  # fmt: skip


def bundle_weak(kind: str) -> Json:
    """Return a bundle by a key that is too weak."""
    return bundle(provenance(), key("ci", kind))
