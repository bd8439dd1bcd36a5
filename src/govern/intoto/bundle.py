"""The Sigstore bundle v0.3: a strict reader that keeps the bytes.

Only what the protobuf definition knows is accepted, in the spelling that the field's own tools write
(camelCase, canonical base64). What the definition allows to be absent may be absent: cosign leaves out
`logIndex` where it is 0 and `hashes` where there are none.

Source: sigstore/protobuf-specs, sigstore_bundle.proto, sigstore_common.proto, sigstore_rekor.proto.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from govern import canonical
from govern.errors import GovernError, InvalidInput, shortened
from govern.intoto import base64
from govern.intoto.dsse import Envelope, read_envelope
from govern.limits import MAX_BUNDLE
from govern.oci.media_types import BUNDLE, BUNDLE_LONG

_INT64: Final = re.compile(r"[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class PublicKeyHint:
    """The bundle was signed with a key that the verifier must bring.

    Args:
        hint: which key, unauthenticated; in our profile base64 of the sha256 of the DER SPKI.
    """

    hint: str


@dataclass(frozen=True, slots=True)
class CertificateChain:
    """The bundle was signed with a certificate.

    Args:
        certificates: DER, leaf first. One in v0.3's `certificate`; several in `x509CertificateChain`.
        chained: whether one alone stands in `x509CertificateChain` too, as model_signing reads it.
    """

    certificates: tuple[bytes, ...]
    chained: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That an entry is in a log's Merkle tree.

    Args:
        log_index: the leaf's index in this tree.
        root_hash: the root.
        tree_size: number of leaves.
        hashes: the audit path, leaf to root.
        checkpoint: the signed note, as text.
    """

    log_index: int
    root_hash: bytes
    tree_size: int
    hashes: tuple[bytes, ...]
    checkpoint: str


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A transparency log entry.

    Args:
        log_index: global index; 0 where the writer left it out.
        log_id: key id of the log.
        kind: entry kind, e.g. `hashedrekord`.
        kind_version: its version.
        integrated_time: seconds since 1970 (Rekor v1), or 0.
        promise: the signed entry timestamp (Rekor v1), or None.
        proof: the inclusion proof, or None.
        body: the canonicalized entry.
    """

    log_index: int
    log_id: bytes
    kind: str
    kind_version: str
    integrated_time: int
    promise: bytes | None
    proof: InclusionProof | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle over a DSSE envelope.

    Args:
        data: the exact bytes.
        material: who signed.
        envelope: what was signed.
        log_entries: transparency log entries, possibly none.
        timestamps: RFC 3161 responses, DER, possibly none.
    """

    data: bytes
    material: PublicKeyHint | CertificateChain
    envelope: Envelope
    log_entries: tuple[LogEntry, ...]
    timestamps: tuple[bytes, ...]


def read_bundle(data: bytes, error: type[GovernError] = InvalidInput) -> Bundle:
    """Parse a bundle strictly.

    Args:
        data: the exact bytes.
        error: the class to raise.

    Raises:
        error: for other versions, unknown fields, bundles over a message digest instead of an
            envelope, no or several kinds of verification material, and malformed parts.
    """
    body = _object(
        canonical.loads(data, "the bundle", bound=MAX_BUNDLE, floats=False, error=error), "the bundle", error
    )
    media_type = body.get("mediaType")
    if media_type not in (BUNDLE, BUNDLE_LONG):
        raise error("the bundle has another version", got=repr(media_type)[:200], expected=BUNDLE)
    if "messageSignature" in body:
        raise error("the bundle signs a bare digest", got="messageSignature", expected="dsseEnvelope")
    _known(body, {"mediaType", "verificationMaterial", "dsseEnvelope"}, "the bundle", error)
    material = _object(body.get("verificationMaterial"), "verificationMaterial", error)
    _known(
        material,
        {"publicKey", "certificate", "x509CertificateChain", "tlogEntries", "timestampVerificationData"},
        "verificationMaterial",
        error,
    )
    return Bundle(
        data=data,
        material=_material(material, error),
        envelope=read_envelope(body.get("dsseEnvelope"), error),
        log_entries=tuple(
            read_log_entry(item, error) for item in _list(material.get("tlogEntries"), "tlogEntries", error)
        ),
        timestamps=_timestamps(material.get("timestampVerificationData"), error),
    )


def _material(material: dict[str, Any], error: type[GovernError]) -> PublicKeyHint | CertificateChain:
    given = [key for key in ("publicKey", "certificate", "x509CertificateChain") if key in material]
    if len(given) != 1:
        # The definition is a oneof; two would let two readers believe two different signers.
        raise error(
            "the bundle must say once who signed",
            got=", ".join(given) or "nothing",
            expected="one of publicKey, certificate, x509CertificateChain",
        )
    value = _object(material[given[0]], given[0], error)
    if given[0] == "publicKey":
        # model_signing before 1.1 wrote the key itself here. It is not looked at: a key comes from the verifier.
        _known(value, {"hint", "rawBytes", "keyDetails"}, "publicKey", error)
        return PublicKeyHint(_text(value.get("hint", ""), "the key hint", error))
    if given[0] == "certificate":
        certificates = [value]
    else:
        _known(value, {"certificates"}, given[0], error)
        certificates = [
            _object(item, "a certificate", error) for item in _list(value.get("certificates"), given[0], error)
        ]
    if not certificates:
        raise error("the certificate chain is empty", expected="at least one certificate")
    for item in certificates:
        _known(item, {"rawBytes"}, "a certificate", error)
    read = tuple(base64.decode(item.get("rawBytes"), "a certificate", error) for item in certificates)
    return CertificateChain(read, chained=given[0] != "certificate")


def _timestamps(value: object, error: type[GovernError]) -> tuple[bytes, ...]:
    if value is None:
        return ()
    data = _object(value, "timestampVerificationData", error)
    _known(data, {"rfc3161Timestamps"}, "timestampVerificationData", error)
    result = []
    for item in _list(data.get("rfc3161Timestamps"), "rfc3161Timestamps", error):
        entry = _object(item, "a timestamp", error)
        _known(entry, {"signedTimestamp"}, "a timestamp", error)
        result.append(base64.decode(entry.get("signedTimestamp"), "a timestamp", error))
    return tuple(result)


def read_log_entry(value: object, error: type[GovernError] = InvalidInput) -> LogEntry:
    """Read one entry from parsed JSON: of a bundle, or of a log's answer, which has the same form.

    Raises:
        error: for unknown fields, and values of other kinds than the definition's.
    """
    entry = _object(value, "a log entry", error)
    _known(
        entry,
        {
            "logIndex",
            "logId",
            "kindVersion",
            "integratedTime",
            "inclusionPromise",
            "inclusionProof",
            "canonicalizedBody",
        },
        "a log entry",
        error,
    )
    log_id = _object(entry.get("logId"), "logId", error)
    _known(log_id, {"keyId"}, "logId", error)
    kind = _object(entry.get("kindVersion"), "kindVersion", error)
    _known(kind, {"kind", "version"}, "kindVersion", error)
    promise = None
    # A null is an absent field in protobuf's JSON; Rekor v2 answers so.
    if entry.get("inclusionPromise") is not None:
        inner = _object(entry["inclusionPromise"], "inclusionPromise", error)
        _known(inner, {"signedEntryTimestamp"}, "inclusionPromise", error)
        promise = base64.decode(inner.get("signedEntryTimestamp"), "signedEntryTimestamp", error)
    return LogEntry(
        log_index=_integer(entry.get("logIndex", 0), "logIndex", error),
        log_id=base64.decode(log_id.get("keyId"), "the log's keyId", error),
        kind=_text(kind.get("kind"), "the entry kind", error),
        kind_version=_text(kind.get("version"), "the entry version", error),
        integrated_time=_integer(entry.get("integratedTime", 0), "integratedTime", error),
        promise=promise,
        proof=_proof(entry["inclusionProof"], error) if entry.get("inclusionProof") is not None else None,
        body=base64.decode(entry.get("canonicalizedBody"), "canonicalizedBody", error),
    )


def _proof(value: object, error: type[GovernError]) -> InclusionProof:
    proof = _object(value, "inclusionProof", error)
    _known(proof, {"logIndex", "rootHash", "treeSize", "hashes", "checkpoint"}, "inclusionProof", error)
    checkpoint = _object(proof.get("checkpoint"), "checkpoint", error)
    _known(checkpoint, {"envelope"}, "checkpoint", error)
    return InclusionProof(
        log_index=_integer(proof.get("logIndex", 0), "logIndex", error),
        root_hash=base64.decode(proof.get("rootHash"), "rootHash", error),
        tree_size=_integer(proof.get("treeSize"), "treeSize", error),
        hashes=tuple(
            base64.decode(item, "a proof hash", error) for item in _list(proof.get("hashes"), "hashes", error)
        ),
        checkpoint=_text(checkpoint.get("envelope"), "the checkpoint", error),
    )


def _object(value: object, what: str, error: type[GovernError]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise error(f"{what} is not an object", got=canonical.describe(value), expected="a JSON object")
    return value


def _list(value: object, what: str, error: type[GovernError]) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise error(f"{what} is not a list", got=canonical.describe(value), expected="a JSON array")
    return value


def _text(value: object, what: str, error: type[GovernError]) -> str:
    if not isinstance(value, str):
        raise error(f"{what} is not text", got=canonical.describe(value), expected="text")
    return value


def _integer(value: object, what: str, error: type[GovernError]) -> int:
    # protobuf's JSON mapping writes int64 as text and accepts both; indexes, sizes and times are not
    # negative.
    number = -1
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str) and _INT64.fullmatch(value):
        number = int(value)
    if not 0 <= number < 2**63:
        raise error(f"{what} is not an integer of a log", got=shortened(value), expected="0 to 2^63 - 1")
    return number


def _known(value: dict[str, Any], fields: set[str], what: str, error: type[GovernError]) -> None:
    unknown = sorted(set(value) - fields)
    if unknown:
        raise error(f"{what} has unknown fields", got=", ".join(unknown)[:200], expected=", ".join(sorted(fields)))
