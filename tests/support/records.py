"""Real records, signed with real keys: honest ones, and the raw material of dishonest ones."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from govern import canonical
from govern.intoto.dsse import pae
from govern.intoto.statement import STATEMENT_V1, Statement, write_statement
from govern.line import line_of
from govern.names import Name
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.media_types import BUNDLE, IMAGE_MANIFEST, IN_TOTO
from govern.predicates import annotation, registration
from govern.predicates.kinds import SLSA_V1, Wrapping
from govern.signing.key_file import KeySigner
from govern.signing.signer import sign_statement
from govern.trust.admit import admit
from govern.trust.anchors import Trust
from govern.trust.keys import PublicKey
from govern.trust.records import Claim, Record
from govern.trust.subject import Subject
from govern.trust.wrapping import read_wrapper, wrap_record

NAME: Final = Name("acme/fraud")
VERSION: Final = "1.4.0"
D: Final = Digest.of(b"the artifact")
OTHER: Final = Digest.of(b"another artifact")
LINE: Final = line_of(NAME).digest
TIME: Final = "2026-11-21T09:30:00Z"
AT: Final = datetime(2026, 11, 22, tzinfo=UTC)
HEX: Final = "0" * 64
ARTIFACT: Final = Subject(D, NAME, VERSION)
ON_LINE: Final = Subject(D, NAME, None)
"""The two subjects that a verifier looks at: the artifact, and its line."""

JsonObject = dict[str, Any]


@cache
def signer(label: str = "ci") -> KeySigner:
    """Return a P-256 key: the same one for a label in every run, so that what fails once fails again."""
    scalar = int.from_bytes(hashlib.sha256(label.encode()).digest())
    return KeySigner(ec.derive_private_key(scalar, ec.SECP256R1()))


def key_of(label: str = "ci") -> PublicKey:
    """Return the public half."""
    return signer(label).public_key


def trust(*labels: str) -> Trust:
    """Return trust in these keys; in `ci` where none is named."""
    keys = [key_of(label) for label in labels or ("ci",)]
    return Trust({key.signer: key for key in keys})


# --- statements ----------------------------------------------------------------------------------


def registered(evidence: Sequence[Record] = (), /, **changes: Any) -> JsonObject:
    """Return the predicate of a registration; a change to None leaves the field out."""
    body: JsonObject = {
        "issuedAt": TIME,
        "kind": "model",
        "packing": "v1",
        "files": {"count": 1, "digest": {"sha256": HEX}, "size": 3},
        "evidence": [one.reference.to_json() for one in evidence],
    } | changes
    return {key: value for key, value in body.items() if value is not None}


def noted(**changes: Any) -> JsonObject:
    """Return the predicate of an annotation."""
    body: JsonObject = {"issuedAt": TIME, "schema": annotation.PLAIN_SCHEMA, "entries": {"team": "risk"}} | changes
    return {key: value for key, value in body.items() if value is not None}


def registration_of(
    digest: Digest = D, version: str = VERSION, *, name: str = NAME, evidence: Sequence[Record] = (), **changes: Any
) -> Statement:
    """Return a registration as `push` writes it."""
    subjects = [(f"{name}@{version}", digest), (name, line_of(Name(name)).digest)]
    return write_statement(subjects, registration.TYPE, registered(evidence, **changes))


def annotation_of(digest: Digest = D, version: str = VERSION, *, name: str = NAME, **changes: Any) -> Statement:
    """Return an annotation as `annotate` writes it."""
    return write_statement([(f"{name}@{version}", digest)], annotation.TYPE, noted(**changes))


def provenance_of(digest: Digest = D, version: str = VERSION, *, build: str = "1") -> Statement:
    """Return a standard predicate, of which govern judges the digest alone."""
    return write_statement([(f"{NAME}@{version}", digest)], SLSA_V1, {"buildDefinition": {"buildType": build}})


def statement_json(
    predicate_type: str, predicate: Any, subjects: Sequence[Mapping[str, Any]], kind: str = STATEMENT_V1
) -> JsonObject:
    """Return a statement that no writer of ours would write."""
    return {"_type": kind, "subject": list(subjects), "predicateType": predicate_type, "predicate": predicate}


def subject_json(name: str | None = f"{NAME}@{VERSION}", digest: str = D, **more: Any) -> JsonObject:
    """Return one subject; without a name where it is None."""
    named = {} if name is None else {"name": name}
    return {**named, "digest": {"sha256": digest.removeprefix("sha256:")}, **more}


PAIR: Final = (subject_json(), subject_json(NAME, LINE))
"""The subjects of an honest registration."""


# --- bundles and claims --------------------------------------------------------------------------


def b64(data: bytes) -> str:
    """Return standard base64."""
    return base64.b64encode(data).decode("ascii")


def bundle_json(
    payload: bytes,
    *signers: str,
    payload_type: str = IN_TOTO,
    hint: str | None = None,
    sign: Callable[[bytes], bytes] | None = None,
) -> JsonObject:
    """Return a bundle over any payload, signed by each signer.

    Args:
        payload: the bytes that are signed, whatever they are.
        signers: labels of keys; `ci` where none is named.
        payload_type: what the envelope says they are, and what is signed.
        hint: the key hint, or None for the first signer's own.
        sign: makes the signatures instead of the keys.
    """
    labels = signers or ("ci",)
    data = pae(payload_type, payload)
    return {
        "mediaType": BUNDLE,
        "verificationMaterial": {
            "publicKey": {"hint": key_of(labels[0]).hint if hint is None else hint},
            "tlogEntries": [],
        },
        "dsseEnvelope": {
            "payload": b64(payload),
            "payloadType": payload_type,
            "signatures": [{"sig": b64((sign or signer(label).sign)(data))} for label in labels],
        },
    }


def as_bytes(value: Any) -> bytes:
    """Return the canonical bytes of a statement or of JSON."""
    return value.data if isinstance(value, Statement) else value if isinstance(value, bytes) else canonical.dumps(value)


def claim_of(bundle: bytes | JsonObject, on: Digest = D, wrapping: Wrapping = Wrapping.READING) -> Claim:
    """Return the claim that a registry would serve for a bundle."""
    data = as_bytes(bundle)
    subject = Descriptor(media_type=IMAGE_MANIFEST, digest=on, size=1000)
    wrapper = read_wrapper(wrap_record(subject, data, predicate_type="x:y", created=TIME, wrapping=wrapping))
    assert wrapper is not None
    return Claim(wrapper, data)


def claim(statement: Any, *signers: str, on: Digest = D) -> Claim:
    """Return the claim of a statement, honest or not, signed by real keys."""
    return claim_of(bundle_json(as_bytes(statement), *signers), on)


def record(statement: Statement, label: str = "ci", *, on: Digest = D, subject: Subject = ON_LINE) -> Record:
    """Sign a statement as `govern` does, and admit it."""
    result = admit(claim_of(sign_statement(statement, signer(label)).data, on), subject, trust(label))
    assert isinstance(result, Record), result
    return result
