"""Sigstore's trusted root: the file that pins an instance's authorities and logs.

Strict where it decides whom to trust: a field that the definition does not have is refused, as sigstore-go and
sigstore-python refuse it, because what a newer writer narrows with it (a purpose, an earlier end) would be lost
without a word. Tolerant where a part merely cannot be used: a log with a kind of key that nobody here verifies is
left out, the root says so, and a list of which nothing is left is refused.

Source: sigstore/protobuf-specs, sigstore_trustroot.proto and sigstore_common.proto.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import Certificate, load_der_x509_certificate

from govern import canonical
from govern.errors import GovernError, InvalidInput, shortened
from govern.intoto import base64
from govern.limits import MAX_ANCHORS, MAX_CERTIFICATE, MAX_CHAIN, MAX_TRUSTED_ROOT
from govern.trust.anchors import Authority, Log, TrustedRoot, Window
from govern.trust.keys import PublicKey, accept

MEDIA_TYPES: Final = (
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
)

_LISTS: Final = ("tlogs", "certificateAuthorities", "ctlogs", "timestampAuthorities")
_URL: Final = re.compile(
    r"[a-zA-Z][a-zA-Z0-9+.-]*://(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<host>[^\s/?#@:+\[\]]+))(?::[0-9]{1,5})?(?:[/?#]\S*)?"
)
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_Kind = tuple[type[PublicKeyTypes], str]
_KINDS: Final[dict[str, _Kind]] = {
    "PKIX_ED25519": (ed25519.Ed25519PublicKey, ""),
    "PKIX_ECDSA_P256_SHA_256": (ec.EllipticCurvePublicKey, "secp256r1"),
    "PKIX_ECDSA_P384_SHA_384": (ec.EllipticCurvePublicKey, "secp384r1"),
    "PKIX_ECDSA_P521_SHA_512": (ec.EllipticCurvePublicKey, "secp521r1"),
    "PKIX_RSA_PKCS1V15_2048_SHA256": (rsa.RSAPublicKey, ""),
    "PKIX_RSA_PKCS1V15_3072_SHA256": (rsa.RSAPublicKey, ""),
    "PKIX_RSA_PKCS1V15_4096_SHA256": (rsa.RSAPublicKey, ""),
    "PKIX_RSA_PKCS1V5": (rsa.RSAPublicKey, ""),
    # An older certificate log of Sigstore's own; the bytes are no SPKI.
    "PKCS1_RSA_PKCS1V5": (rsa.RSAPublicKey, ""),
}
_Part = TypeVar("_Part")


class _Unusable(Exception):
    """A part that is well-formed and of a kind that is not verified here."""


def read_trusted_root(data: bytes, what: str, error: type[GovernError] = InvalidInput) -> TrustedRoot:
    """Read a trusted root.

    Args:
        data: the JSON.
        what: where it stands, for messages.
        error: the class to raise.

    Raises:
        error: for other versions, unknown fields, malformed keys, certificates and times, windows without a start,
            roots that pin nothing, and lists in which nothing can be used.
    """
    return _Reader(what, error).read(data)


@dataclass(frozen=True, slots=True)
class _Reader:
    what: str
    error: type[GovernError]

    def read(self, data: bytes) -> TrustedRoot:
        value = canonical.loads(data, self.what, bound=MAX_TRUSTED_ROOT, floats=False, error=self.error)
        # The version first: of another one unknown fields are no surprise.
        if isinstance(value, dict) and value.get("mediaType") not in MEDIA_TYPES:
            raise self.error(
                f"{self.what} is no trusted root of a known version",
                got=shortened(value.get("mediaType")),
                expected=" or ".join(MEDIA_TYPES),
                hint="of a client trust config, give the object in its trustedRoot",
            )
        root = self.fields(value, self.what, {"mediaType", *_LISTS})
        left_out: list[str] = []
        result = TrustedRoot(
            logs=self.every(root, "tlogs", self.log, left_out),
            certificate_authorities=self.every(root, "certificateAuthorities", self.authority, left_out),
            certificate_logs=self.every(root, "ctlogs", self.log, left_out),
            timestamp_authorities=self.every(root, "timestampAuthorities", self.authority, left_out),
        )
        if result == TrustedRoot():
            # Empty is never yes.
            raise self.error(f"{self.what} pins nothing", expected=f"at least one of {', '.join(_LISTS)}")
        return replace(result, left_out=tuple(left_out))

    def every(
        self, root: dict[str, Any], name: str, read: Callable[[object, str], _Part], left_out: list[str]
    ) -> tuple[_Part, ...]:
        values = self.items(root.get(name, []), f"{self.what}: {name}")
        MAX_ANCHORS.check(len(values), f"{self.what}: {name}", self.error)
        result, reasons = [], []
        for number, value in enumerate(values):
            where = f"{self.what}: {name}[{number}]"
            try:
                result.append(read(value, where))
            except _Unusable as reason:
                reasons.append(f"{where} is left out: {reason}")
        if values and not result:
            raise self.error(
                f"nothing in {self.what}: {name} can be used",
                got="; ".join(reasons)[:1000],
                expected=f"SHA2_256, and a key that is one of {', '.join(_KINDS)}",
            )
        left_out += reasons
        return tuple(result)

    def log(self, value: object, where: str) -> Log:
        body = self.fields(
            value, where, {"baseUrl", "hashAlgorithm", "publicKey", "logId", "checkpointKeyId", "operator"}
        )
        key = self.fields(body.get("publicKey"), f"{where}.publicKey", {"rawBytes", "keyDetails", "validFor"})
        names = self.fields(body.get("logId"), f"{where}.logId", {"keyId"})
        key_id = base64.decode(names.get("keyId"), f"{where}.logId.keyId", self.error)
        if not key_id:
            raise self.error(f"{where} has no key id", expected="logId.keyId, by which entries name the log")
        window = self.window(key.get("validFor"), f"{where}.publicKey.validFor")
        origin = self.host(body.get("baseUrl"), f"{where}.baseUrl")
        algorithm = self.text(body.get("hashAlgorithm"), f"{where}.hashAlgorithm")
        if algorithm != "SHA2_256":
            raise _Unusable(f"its tree is hashed with {shortened(algorithm)}")
        return Log(origin, key_id, self.key(key, f"{where}.publicKey"), window)

    def key(self, value: dict[str, Any], where: str) -> PublicKey:
        data = base64.decode(value.get("rawBytes"), f"{where}.rawBytes", self.error)
        details = self.text(value.get("keyDetails"), f"{where}.keyDetails")
        if details not in _KINDS:
            raise _Unusable(f"nothing here verifies with a key of the kind {shortened(details)}")
        try:
            key = load_der_public_key(data)
        except Exception as fault:  # the library raises several kinds for what it cannot parse
            raise self.error(f"{where} cannot be read", got=shortened(str(fault)), expected=details) from fault
        kind, curve = _KINDS[details]
        if not isinstance(key, kind) or (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name != curve):
            raise self.error(f"{where} is another kind of key than it says", got=type(key).__name__, expected=details)
        try:
            return accept(key, where, self.error)
        except self.error as weak:
            raise _Unusable(f"its key is too weak: {weak.got}") from weak

    def authority(self, value: object, where: str) -> Authority:
        body = self.fields(value, where, {"subject", "uri", "certChain", "validFor", "operator"})
        holder = self.fields(body.get("certChain"), f"{where}.certChain", {"certificates"})
        values = self.items(holder.get("certificates"), f"{where}.certChain.certificates")
        MAX_CHAIN.check(len(values), f"{where}.certChain", self.error)
        if not values:
            raise self.error(f"{where} has no certificate", expected="a chain that ends in a root")
        chain = tuple(self.certificate(one, f"{where}.certChain[{at}]") for at, one in enumerate(values))
        for issued, issuer in pairwise(chain):
            if issued.issuer != issuer.subject:
                raise self.error(
                    f"{where}.certChain is not a chain",
                    got=f"a certificate of {issuer.subject.rfc4514_string()[:200]}",
                    expected=f"one of the issuer {issued.issuer.rfc4514_string()[:200]}",
                    hint="the issuing certificate comes first and the root last",
                )
        return Authority(
            chain[0].subject.rfc4514_string(), chain, self.window(body.get("validFor"), f"{where}.validFor")
        )

    def certificate(self, value: object, where: str) -> Certificate:
        data = base64.decode(self.fields(value, where, {"rawBytes"}).get("rawBytes"), f"{where}.rawBytes", self.error)
        MAX_CERTIFICATE.check(len(data), where, self.error)
        try:
            certificate = load_der_x509_certificate(data)
            # Names and keys are read late; whoever verifies must find them readable.
            certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string(), certificate.public_key()
        except Exception as fault:  # the library raises several kinds for what it cannot parse
            raise self.error(
                f"{where} cannot be read", got=shortened(str(fault)), expected="an X.509 certificate, DER"
            ) from fault
        return certificate

    def window(self, value: object, where: str) -> Window:
        body = self.fields(value, where, {"start", "end"})
        if "start" not in body:
            # Its absence would count for all the past, which no instance means.
            raise self.error(f"{where} has no start", expected="the time from which it counts")
        start = self.moment(body["start"], f"{where}.start")
        end = self.moment(body["end"], f"{where}.end") if "end" in body else None
        if end is not None and end < start:
            raise self.error(
                f"{where} ends before it starts", got=str(body["end"]), expected=f"{body['start']} or later"
            )
        return Window(start, end)

    def moment(self, value: object, where: str) -> datetime:
        found = _TIME.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise self.error(
                f"{where} is not a time", got=shortened(value), expected="for example 2026-11-21T09:30:00Z"
            )
        # Nanoseconds are cut off: a clock that tells them apart is nobody's here.
        fraction = (found[2] or "").ljust(6, "0")[:6]
        try:
            return datetime.fromisoformat(f"{found[1]}.{fraction}{found[3]}").astimezone(UTC)
        except (ValueError, OverflowError) as fault:
            raise self.error(f"{where} is not a time", got=repr(value), expected="a day that exists") from fault

    def host(self, value: object, where: str) -> str:
        found = _URL.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise self.error(
                f"{where} is not a URL", got=shortened(value), expected="for example https://rekor.example"
            )
        return found["v6"] or found["host"]

    def fields(self, value: object, where: str, known: set[str]) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.error(f"{where} is not an object", got=canonical.describe(value), expected="a JSON object")
        if unknown := sorted(set(value) - known):
            raise self.error(
                f"{where} has unknown fields",
                got=shortened(", ".join(unknown)),
                expected=", ".join(sorted(known)),
                hint="it was written for a newer version of this format",
            )
        # In the JSON of protobuf null is another way to leave a field out.
        return {name: one for name, one in value.items() if one is not None}

    def items(self, value: object, where: str) -> list[Any]:
        if not isinstance(value, list):
            raise self.error(f"{where} is not a list", got=canonical.describe(value), expected="a JSON array")
        return value

    def text(self, value: object, where: str) -> str:
        if not isinstance(value, str):
            raise self.error(f"{where} is not text", got=canonical.describe(value), expected="text")
        return value
