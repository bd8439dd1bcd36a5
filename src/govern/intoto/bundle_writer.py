"""The writer of Sigstore bundles v0.3: our key profile, and what time and transparency add to it.

Integers are text and zeros are written out, as protobuf's JSON mapping has them: sigstore-python reads no
other spelling, and refuses an entry whose `logIndex` was left out because it is 0.

Source: sigstore/protobuf-specs, sigstore_bundle.proto, sigstore_rekor.proto.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

from govern import canonical
from govern.errors import InvalidInput
from govern.intoto import base64
from govern.intoto.bundle import Bundle, CertificateChain, InclusionProof, LogEntry, PublicKeyHint, read_bundle
from govern.intoto.dsse import Envelope
from govern.oci.media_types import BUNDLE


def write_key_bundle(envelope: Envelope, hint: str) -> Bundle:
    """Return a bundle in the key profile that cosign reads (FORMAT §5).

    Args:
        envelope: one signature, no keyid.
        hint: base64 of the sha256 of the DER SPKI.
    """
    return write_bundle(envelope, PublicKeyHint(hint))


def write_bundle(
    envelope: Envelope,
    material: PublicKeyHint | CertificateChain,
    *,
    log_entries: Sequence[LogEntry] = (),
    timestamps: Sequence[bytes] = (),
) -> Bundle:
    """Return a bundle with canonical bytes.

    Args:
        envelope: one signature, no keyid: cosign refuses anything else.
        material: who signed.
        log_entries: as logs answered.
        timestamps: RFC 3161 responses, DER.

    Raises:
        InvalidInput: for an envelope of another profile, and what our own reader would refuse.
    """
    if len(envelope.signatures) != 1 or envelope.signatures[0].keyid:
        raise InvalidInput("a bundle of ours has one signature without a keyid")
    body = _material(material) | {"tlogEntries": [_entry(one) for one in log_entries]}
    if timestamps:
        stamps = [{"signedTimestamp": base64.encode(one)} for one in timestamps]
        body["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    data = canonical.dumps({"mediaType": BUNDLE, "verificationMaterial": body, "dsseEnvelope": envelope.to_json()})
    return read_bundle(data)


def _material(material: PublicKeyHint | CertificateChain) -> dict[str, Any]:
    match material:
        case PublicKeyHint(hint):
            return {"publicKey": {"hint": hint}}
        case CertificateChain((alone,), False):
            return {"certificate": {"rawBytes": base64.encode(alone)}}
        case CertificateChain(several):
            return {"x509CertificateChain": {"certificates": [{"rawBytes": base64.encode(one)} for one in several]}}
        case _ as unreachable:
            assert_never(unreachable)


def _entry(entry: LogEntry) -> dict[str, Any]:
    value: dict[str, Any] = {
        "logIndex": str(entry.log_index),
        "logId": {"keyId": base64.encode(entry.log_id)},
        "kindVersion": {"kind": entry.kind, "version": entry.kind_version},
        "integratedTime": str(entry.integrated_time),
        "canonicalizedBody": base64.encode(entry.body),
    }
    if entry.promise is not None:
        value["inclusionPromise"] = {"signedEntryTimestamp": base64.encode(entry.promise)}
    if entry.proof is not None:
        value["inclusionProof"] = _proof(entry.proof)
    return value


def _proof(proof: InclusionProof) -> dict[str, Any]:
    return {
        "logIndex": str(proof.log_index),
        "rootHash": base64.encode(proof.root_hash),
        "treeSize": str(proof.tree_size),
        "hashes": [base64.encode(one) for one in proof.hashes],
        "checkpoint": {"envelope": proof.checkpoint},
    }
