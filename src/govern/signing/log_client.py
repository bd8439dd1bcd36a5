"""Rekor v2: logs what a key or a certificate signed, and brings back the proof of it.

The log answers when the entry is in its tree, which takes a second or two: whoever logs many records does so
at the same time. It says nothing about time, so a timestamp is needed beside it.

Source: sigstore/rekor-tiles, api/proto/rekor/v2 and CLIENTS.md; rekor-v2-spec §6.1.4 (hashedrekord over the
PAE of an envelope).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from govern import canonical
from govern.errors import InvalidInput, Undecided, shortened
from govern.intoto import base64
from govern.intoto.bundle import LogEntry, read_log_entry
from govern.intoto.dsse import Envelope
from govern.limits import MAX_SERVICE_ANSWER
from govern.settings import Settings
from govern.signing.service import Service, check_url, patience
from govern.trust.keys import PublicKey

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_KEY_DETAILS: Final = "PKIX_ECDSA_P256_SHA_256"
_WHAT: Final = "the transparency log"


@dataclass(frozen=True, slots=True)
class LogClient:
    """Adds entries to one Rekor v2.

    Args:
        url: of the log, without `/api/v2`.
        settings: proxies and authorities of TLS.
    """

    url: str
    settings: Settings = field(repr=False)

    def __post_init__(self) -> None:
        check_url(self.url, _WHAT)

    def add(self, envelope: Envelope, signer: PublicKey | Certificate) -> LogEntry:
        """Log an envelope's signature.

        Args:
            envelope: one signature, by a P-256 key.
            signer: the key, or the certificate of it.

        Raises:
            InvalidInput: for another kind of key, which the log cannot check.
            Undecided: where the log does not answer, refuses, or answers to something else.
        """
        verifier = _verifier(signer)
        digest, signature = hashlib.sha256(envelope.signed).digest(), envelope.signatures[0].sig
        spec = {
            "digest": base64.encode(digest),
            "signature": {"content": base64.encode(signature), "verifier": verifier},
        }
        service = Service(_WHAT, self.settings, patience(self.settings), "check its URL, --log-url")
        body = json.dumps({"hashedRekordRequestV002": spec}).encode("ascii")
        answer = service.post(f"{self.url.rstrip('/')}/api/v2/log/entries", body, "application/json")
        return _read(answer, digest, signature, verifier)


def _verifier(signer: PublicKey | Certificate) -> dict[str, Any]:
    if isinstance(signer, PublicKey):
        key, form, raw = signer.key, "publicKey", signer.spki
    else:
        key, form, raw = signer.public_key(), "x509Certificate", signer.public_bytes(Encoding.DER)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InvalidInput(
            "a key of this kind cannot be logged",
            got=type(key).__name__,
            expected="ECDSA P-256, whose entries every verifier reads",
        )
    return {form: {"rawBytes": base64.encode(raw)}, "keyDetails": _KEY_DETAILS}


def _read(answer: bytes, digest: bytes, signature: bytes, verifier: dict[str, Any]) -> LogEntry:
    value = canonical.loads(answer, f"the answer of {_WHAT}", bound=MAX_SERVICE_ANSWER, floats=False, error=Undecided)
    if not isinstance(value, dict):
        raise _wrong(canonical.describe(value), "an entry")
    # The log spells out what it leaves empty; a bundle does not.
    entry = read_log_entry({name: item for name, item in value.items() if item is not None}, Undecided)
    if (entry.kind, entry.kind_version) != ("hashedrekord", "0.0.2") or entry.proof is None:
        raise _wrong(f"{entry.kind} {entry.kind_version}"[:100], "hashedrekord 0.0.2 with an inclusion proof")
    body = canonical.loads(entry.body, "the body of the log's entry", bound=MAX_SERVICE_ANSWER, error=Undecided)
    try:
        logged = body["spec"]["hashedRekordV002"]
        same = (
            logged["data"] == {"algorithm": "SHA2_256", "digest": base64.encode(digest)}
            and logged["signature"]["content"] == base64.encode(signature)
            and logged["signature"]["verifier"] == verifier
        )
    except (KeyError, TypeError, IndexError) as fault:
        raise _wrong(f"a body without {fault}"[:100], "a hashedrekord 0.0.2") from fault
    if not same:
        raise _wrong(shortened(logged), "the entry of this signature")
    return entry


def _wrong(got: str, expected: str) -> Undecided:
    return Undecided(f"{_WHAT} answered something else", got=got, expected=expected, hint="check its URL, --log-url")
