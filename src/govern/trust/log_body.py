"""That the body of a log entry is about one envelope: what was signed, the signature, and who signed.

An entry proves that *something* was logged. A verifier that does not compare every part takes the entry of another
artifact, another signature or another key for this one's (GHSA-8gw7-4j42-w388, GHSA-whqx-f9j3-ch6m,
GHSA-ccxc-vr6p-4858). So the body must be of one of four forms, with no field more or less, and say exactly what the
bundle says.

| kind | digest of | who |
|---|---|---|
| `hashedrekord` 0.0.2 (Rekor v2) | PAE | key or certificate, DER |
| `hashedrekord` 0.0.1 | PAE | PEM |
| `dsse` 0.0.1 | payload (of the envelope too, in a form that is not kept) | PEM |
| `intoto` 0.0.2 | payload (likewise) | PEM |

Source: sigstore/rekor pkg/types/{hashedrekord,dsse,intoto}/v*/*_schema.json; sigstore/rekor-tiles
api/proto/rekor/v2/{entry,hashedrekord,verifier}.proto.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from govern import canonical
from govern.errors import GovernError, shortened
from govern.intoto import base64
from govern.intoto.bundle import LogEntry
from govern.intoto.dsse import Envelope
from govern.limits import MAX_LOG_BODY
from govern.trust.keys import PublicKey

SECOND_GENERATION: Final = frozenset({("hashedrekord", "0.0.2")})
"""Kinds of Rekor v2."""

TIMED: Final = frozenset({("hashedrekord", "0.0.1"), ("dsse", "0.0.1")})
"""Kinds whose promised time counts as trusted, here as in the field's clients."""

_DETAILS: Final = {
    "PKIX_ECDSA_P256_SHA_256": ("SHA2_256", "secp256r1"),
    "PKIX_ECDSA_P384_SHA_384": ("SHA2_384", "secp384r1"),
    "PKIX_ECDSA_P384_SHA_256": ("SHA2_256", "secp384r1"),
    "PKIX_ECDSA_P521_SHA_512": ("SHA2_512", "secp521r1"),
    "PKIX_ECDSA_P521_SHA_256": ("SHA2_256", "secp521r1"),
    "PKIX_RSA_PKCS1V15_2048_SHA256": ("SHA2_256", "rsa 2048"),
    "PKIX_RSA_PKCS1V15_3072_SHA256": ("SHA2_256", "rsa 3072"),
    "PKIX_RSA_PKCS1V15_4096_SHA256": ("SHA2_256", "rsa 4096"),
}
"""How Rekor v2 calls a key and its scheme: the hash of what was signed, and which keys are so called."""

_V2_HASHES: Final = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}
_V1_HASHES: Final = frozenset({"sha256", "sha384", "sha512"})
_HEX: Final = re.compile(r"[0-9a-f]+")


def check_body(entry: LogEntry, envelope: Envelope, verifier: PublicKey | bytes, error: type[GovernError]) -> None:
    """Return if an entry is about this envelope and this signer.

    Args:
        entry: whose kind and body are read; nothing else of it.
        envelope: with one signature.
        verifier: a key, or the DER of a certificate.
        error: the class to raise.

    Raises:
        error: for a kind that is not known, and any part that differs.
    """
    if len(envelope.signatures) != 1:
        # An entry shows one signer; with several, it would vouch for a signature that is not in it.
        raise error("the logged envelope has several signatures", got=str(len(envelope.signatures)), expected="one")
    body = _Part(
        canonical.loads(entry.body, "the log entry's body", bound=MAX_LOG_BODY, floats=False, error=error),
        "the log entry's body",
        error,
    )
    body.only("apiVersion", "kind", "spec")
    body.equal("kind", entry.kind)
    body.equal("apiVersion", entry.kind_version)
    spec = body.part("spec")
    match entry.kind, entry.kind_version:
        case "hashedrekord", "0.0.2":
            _hashedrekord_2(spec, envelope, verifier)
        case "hashedrekord", "0.0.1":
            _hashedrekord_1(spec, envelope, verifier)
        case "dsse", "0.0.1":
            _dsse_1(spec, envelope, verifier)
        case "intoto", "0.0.2":
            _intoto_2(spec, envelope, verifier)
        case kind:
            raise error(
                "the log entry is of a kind that is not known",
                got=shortened(" ".join(kind)),
                expected="hashedrekord 0.0.2 or 0.0.1, dsse 0.0.1, intoto 0.0.2",
            )


def _hashedrekord_2(spec: _Part, envelope: Envelope, verifier: PublicKey | bytes) -> None:
    spec.only("hashedRekordV002")
    spec = spec.part("hashedRekordV002")
    spec.only("data", "signature")
    data, signature = spec.part("data"), spec.part("signature")
    data.only("algorithm", "digest")
    signature.only("content", "verifier")
    signature.bytes_equal("content", envelope.signatures[0].sig)
    who = signature.part("verifier")
    given, raw = ("x509Certificate", verifier) if isinstance(verifier, bytes) else ("publicKey", verifier.spki)
    who.only("keyDetails", given)
    inner = who.part(given)
    inner.only("rawBytes")
    inner.bytes_equal("rawBytes", raw)
    details = who.text("keyDetails")
    algorithm, keys = _DETAILS.get(details, ("", ""))
    if keys != (called := _called(_key(verifier, spec.error))):
        raise spec.error("the log entry names another kind of key", got=shortened(details), expected=f"one of {called}")
    data.equal("algorithm", algorithm)
    data.bytes_equal("digest", hashlib.new(_V2_HASHES[algorithm], envelope.signed).digest())


def _hashedrekord_1(spec: _Part, envelope: Envelope, verifier: PublicKey | bytes) -> None:
    spec.only("data", "signature")
    data, signature = spec.part("data"), spec.part("signature")
    data.only("hash")
    data.part("hash").digest_of(envelope.signed, _V1_HASHES)
    signature.only("content", "publicKey")
    signature.bytes_equal("content", envelope.signatures[0].sig)
    who = signature.part("publicKey")
    who.only("content")
    who.pem_equal("content", verifier)


def _dsse_1(spec: _Part, envelope: Envelope, verifier: PublicKey | bytes) -> None:
    spec.only("envelopeHash", "payloadHash", "signatures")
    # Over JSON that the log saw and nobody kept: what it would prove, payload and signature prove.
    spec.part("envelopeHash").digest()
    spec.part("payloadHash").digest_of(envelope.payload, {"sha256"})
    signature = spec.single("signatures")
    signature.only("signature", "verifier")
    signature.bytes_equal("signature", envelope.signatures[0].sig)
    signature.pem_equal("verifier", verifier)


def _intoto_2(spec: _Part, envelope: Envelope, verifier: PublicKey | bytes) -> None:
    spec.only("content")
    content = spec.part("content")
    content.only("envelope", "hash", "payloadHash")
    content.part("hash").digest()
    content.part("payloadHash").digest_of(envelope.payload, {"sha256"})
    logged = content.part("envelope")
    logged.only("payloadType", "signatures")
    logged.equal("payloadType", envelope.payload_type)
    signature = logged.single("signatures")
    signature.only("publicKey", "sig", optional=("keyid",))
    # The log wrapped the base64 of the envelope into base64 once more.
    signature.bytes_equal("sig", base64.encode(envelope.signatures[0].sig).encode("ascii"))
    signature.pem_equal("publicKey", verifier)


class _Part:
    """An object inside a body, whose refusals name it."""

    def __init__(self, value: object, what: str, error: type[GovernError]) -> None:
        if not isinstance(value, dict):
            raise error(f"{what} is not an object", got=canonical.describe(value), expected="a JSON object")
        self._value: dict[str, Any] = value
        self._what = what
        self.error = error

    def only(self, *names: str, optional: tuple[str, ...] = ()) -> None:
        """Refuse other fields than these, and one of these that is absent."""
        if not set(names) <= set(self._value) <= {*names, *optional}:
            raise self.error(
                f"{self._what} has other fields", got=shortened(", ".join(self._value)), expected=", ".join(names)
            )

    def part(self, name: str) -> _Part:
        """Return the object in a field."""
        return _Part(self._value[name], f"{self._what}'s {name}", self.error)

    def single(self, name: str) -> _Part:
        """Return the one object in a list."""
        value = self._value[name]
        if not isinstance(value, list) or len(value) != 1:
            got = f"{len(value)} of them" if isinstance(value, list) else canonical.describe(value)
            raise self.error(f"{self._what}'s {name} are not one", got=got, expected="one signature")
        return _Part(value[0], f"{self._what}'s {name}", self.error)

    def text(self, name: str) -> str:
        """Return the text in a field."""
        value = self._value[name]
        if not isinstance(value, str):
            raise self.error(f"{self._what}'s {name} is not text", got=canonical.describe(value), expected="text")
        return value

    def equal(self, name: str, expected: str) -> None:
        """Refuse another text."""
        if (got := self.text(name)) != expected:
            raise self.error(f"{self._what} has another {name}", got=shortened(got), expected=shortened(expected))

    def bytes_equal(self, name: str, expected: bytes) -> None:
        """Refuse other bytes than these, in base64."""
        got = base64.decode(self._value[name], f"{self._what}'s {name}", self.error)
        if got != expected:
            raise self.error(
                f"{self._what} has another {name} than the bundle", got=_shown(got), expected=_shown(expected)
            )

    def pem_equal(self, name: str, verifier: PublicKey | bytes) -> None:
        """Refuse another PEM, in base64, than the verifier's: the log writes it anew, so there is one spelling."""
        got = base64.decode(self._value[name], f"{self._what}'s {name}", self.error)
        expected = _pem(verifier)
        if got.rstrip(b"\n") != expected.rstrip(b"\n"):
            whose = "certificate" if isinstance(verifier, bytes) else "public key"
            raise self.error(
                f"{self._what} has another {name} than the bundle",
                got=_shown(got),
                expected=f"the signer's {whose}, {_shown(expected)}",
            )

    def digest(self) -> tuple[str, str]:
        """Return algorithm and lower-case hex."""
        self.only("algorithm", "value")
        algorithm, value = self.text("algorithm"), self.text("value")
        if algorithm not in _V1_HASHES or not _HEX.fullmatch(value):
            raise self.error(
                f"{self._what} is not a digest",
                got=shortened(f"{algorithm}:{value}"),
                expected="sha256 and lower-case hex",
            )
        return algorithm, value

    def digest_of(self, data: bytes, allowed: frozenset[str] | set[str]) -> None:
        """Refuse the digest of anything else."""
        algorithm, value = self.digest()
        if algorithm not in allowed:
            raise self.error(f"{self._what} is of another kind", got=algorithm, expected=" or ".join(sorted(allowed)))
        if value != (expected := hashlib.new(algorithm, data).hexdigest()):
            raise self.error(
                f"{self._what} is not this envelope's",
                got=f"{algorithm}:{value[:128]}",
                expected=f"{algorithm}:{expected}",
            )


def _shown(data: bytes) -> str:
    return f"{len(data)} bytes with sha256 {hashlib.sha256(data).hexdigest()[:16]}…"


def _pem(verifier: PublicKey | bytes) -> bytes:
    if isinstance(verifier, PublicKey):
        return verifier.to_pem().encode("ascii")
    text = base64.encode(verifier)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""]).encode("ascii")


def _key(verifier: PublicKey | bytes, error: type[GovernError]) -> PublicKeyTypes:
    if isinstance(verifier, PublicKey):
        return verifier.key
    # Who verifies with keys alone does not load what reads certificates.
    from cryptography.x509 import load_der_x509_certificate

    try:
        return load_der_x509_certificate(verifier).public_key()
    except Exception as fault:  # the library raises several kinds for what it cannot parse
        raise error(
            "the signer's certificate cannot be read", got=shortened(str(fault)), expected="an X.509 certificate, DER"
        ) from fault


def _called(key: PublicKeyTypes) -> str:
    match key:
        case ec.EllipticCurvePublicKey():
            return key.curve.name
        case rsa.RSAPublicKey():
            return f"rsa {key.key_size}"
        case _:
            # Rekor v2 logs Ed25519 only in its prehashed form, which no record of DSSE has.
            return "a kind that Rekor v2 logs"
