"""The DSSE envelope and its pre-authentication encoding.

Source: DSSE v1.0, protocol.md and envelope.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from govern import canonical
from govern.errors import GovernError, InvalidInput
from govern.intoto import base64


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return what is signed: `DSSEv1 LEN(type) type LEN(payload) payload`, lengths in bytes."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature of an envelope.

    Args:
        sig: the raw signature bytes.
        keyid: an unauthenticated hint, or "".
    """

    sig: bytes
    keyid: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload, its type, and who signed both.

    Args:
        payload: the exact bytes that were signed.
        payload_type: what they are.
        signatures: at least one.
    """

    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]

    @property
    def signed(self) -> bytes:
        """The pre-authentication encoding of this envelope."""
        return pae(self.payload_type, self.payload)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object; an empty keyid is left out, because cosign refuses a filled one."""
        return {
            "payload": base64.encode(self.payload),
            "payloadType": self.payload_type,
            "signatures": [
                {"sig": base64.encode(one.sig)} | ({"keyid": one.keyid} if one.keyid else {}) for one in self.signatures
            ],
        }


def read_envelope(value: object, error: type[GovernError] = InvalidInput) -> Envelope:
    """Read an envelope from parsed JSON.

    Raises:
        error: for unknown fields, no signature, an empty signature, or base64 that is not canonical.
    """
    if not isinstance(value, dict):
        raise error("the envelope is not an object", got=canonical.describe(value), expected="a JSON object")
    unknown = sorted(set(value) - {"payload", "payloadType", "signatures"})
    if unknown:
        raise error("the envelope has unknown fields", got=", ".join(unknown)[:200], expected="none")
    payload_type = value.get("payloadType")
    if not isinstance(payload_type, str) or not payload_type:
        raise error("the envelope has no payloadType", got=repr(payload_type)[:100], expected="a media type")
    payload = base64.decode(value.get("payload"), "the payload", error)
    signatures = value.get("signatures")
    if not isinstance(signatures, list) or not signatures:
        # Empty is never yes: an envelope that nobody signed says nothing.
        raise error("the envelope has no signature", got=canonical.describe(signatures), expected="at least one")
    return Envelope(payload, payload_type, tuple(_signature(item, error) for item in signatures))


def _signature(item: object, error: type[GovernError]) -> Signature:
    if not isinstance(item, dict):
        raise error("a signature is not an object", got=canonical.describe(item), expected="a JSON object")
    unknown = sorted(set(item) - {"sig", "keyid"})
    if unknown:
        raise error("a signature has unknown fields", got=", ".join(unknown)[:200], expected="none")
    sig = base64.decode(item.get("sig"), "a signature", error)
    if not sig:
        raise error("a signature is empty", expected="signature bytes")
    keyid = item.get("keyid")
    if keyid is None:
        # A null is an absent field in protobuf's JSON; model_signing before 1.1 writes it.
        keyid = ""
    if not isinstance(keyid, str):
        raise error("a keyid is not text", got=canonical.describe(keyid), expected="text")
    return Signature(sig, keyid)
