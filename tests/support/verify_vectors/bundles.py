"""Statements and bundles of the vectors, honest ones and others."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from govern import canonical
from govern.intoto.bundle import LogEntry
from govern.intoto.dsse import Envelope, Signature, pae
from govern.oci.media_types import BUNDLE, IN_TOTO
from support.verify_vectors.keys import PrivateKey, key, public, sign

Json = dict[str, Any]
STATEMENT_V1: Final = "https://in-toto.io/Statement/v1"


def b64(data: bytes) -> str:
    """Return standard base64."""
    return base64.b64encode(data).decode("ascii")


def as_payload(statement: object) -> bytes:
    """Return the canonical bytes of a statement; bytes stay as they are."""
    return statement if isinstance(statement, bytes) else canonical.dumps(statement)


def bundle(
    statement: object,
    signer: str | PrivateKey = "ci",
    *,
    payload_type: str = IN_TOTO,
    hint: str | None = None,
    signature: bytes | None = None,
    certificates: Sequence[bytes] = (),
    entries: Sequence[Json] = (),
    stamps: Sequence[bytes] = (),
) -> Json:
    """Return a bundle.

    Args:
        statement: JSON, or the exact payload.
        signer: a key, or the label of one on P-256.
        payload_type: what the envelope says, and what is signed.
        hint: the key hint; the signer's own if None.
        signature: the signature, if it is another than the signer's.
        certificates: DER, which take the place of the hint; one is `certificate`, several are a chain.
        entries: of logs.
        stamps: timestamps, DER.
    """
    private = key(signer) if isinstance(signer, str) else signer
    payload = as_payload(statement)
    if signature is None:
        signature = sign(private, pae(payload_type, payload))
    material: Json
    if len(certificates) == 1:
        material = {"certificate": {"rawBytes": b64(certificates[0])}}
    elif certificates:
        material = {"x509CertificateChain": {"certificates": [{"rawBytes": b64(one)} for one in certificates]}}
    else:
        material = {"publicKey": {"hint": public(private).hint if hint is None else hint}}
    material["tlogEntries"] = list(entries)
    if stamps:
        material["timestampVerificationData"] = {
            "rfc3161Timestamps": [{"signedTimestamp": b64(one)} for one in stamps],
        }
    envelope = {"payload": b64(payload), "payloadType": payload_type, "signatures": [{"sig": b64(signature)}]}
    return {"mediaType": BUNDLE, "verificationMaterial": material, "dsseEnvelope": envelope}


def signature_of(one: Mapping[str, Any]) -> bytes:
    """Return the signature in a bundle."""
    return base64.b64decode(one["dsseEnvelope"]["signatures"][0]["sig"])


def envelope_of(one: Mapping[str, Any]) -> Envelope:
    """Return the envelope in a bundle, for a log."""
    inner = one["dsseEnvelope"]
    return Envelope(base64.b64decode(inner["payload"]), inner["payloadType"], (Signature(signature_of(one)),))


def with_proofs(one: Json, *, entries: Sequence[LogEntry | Json] = (), stamps: Sequence[bytes] = ()) -> Json:
    """Return a bundle with these log entries and timestamps instead of its own."""
    result = copied(one)
    material = result["verificationMaterial"]
    material["tlogEntries"] = [entry_json(entry) if isinstance(entry, LogEntry) else entry for entry in entries]
    if stamps:
        listed = [{"signedTimestamp": b64(stamp)} for stamp in stamps]
        material["timestampVerificationData"] = {"rfc3161Timestamps": listed}
    return result


def entry_json(entry: LogEntry) -> Json:
    """Return an entry as it stands in a bundle."""
    value: Json = {
        "logIndex": str(entry.log_index),
        "logId": {"keyId": b64(entry.log_id)},
        "kindVersion": {"kind": entry.kind, "version": entry.kind_version},
        "integratedTime": str(entry.integrated_time),
        "canonicalizedBody": b64(entry.body),
    }
    if entry.promise is not None:
        value["inclusionPromise"] = {"signedEntryTimestamp": b64(entry.promise)}
    if (proof := entry.proof) is not None:
        value["inclusionProof"] = {
            "logIndex": str(proof.log_index),
            "rootHash": b64(proof.root_hash),
            "treeSize": str(proof.tree_size),
            "hashes": [b64(one) for one in proof.hashes],
            "checkpoint": {"envelope": proof.checkpoint},
        }
    return value


def loads(data: bytes | str) -> Json:
    """Return JSON that we wrote ourselves."""
    value: Json = json.loads(data)
    return value


def copied(one: Json) -> Json:
    """Return a deep copy of JSON."""
    return loads(json.dumps(one))


def changed(one: Json, change: Callable[[Json], object]) -> Json:
    """Return a changed copy of JSON."""
    result = copied(one)
    change(result)
    return result


def stray_bits(encoded: str) -> str:
    """Return base64 whose last letter has bits that say nothing; it must end in padding."""
    body, padding = encoded.rstrip("="), "=" * (len(encoded) - len(encoded.rstrip("=")))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    result = body[:-1] + alphabet[alphabet.index(body[-1]) + 1] + padding
    assert base64.b64decode(result) == base64.b64decode(encoded)
    return result
